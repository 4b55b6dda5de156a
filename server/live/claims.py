"""Which user may write under which Yjs client id, and show presence under it [SEC-1].

A claim lasts while a connection that holds it is open, and 60 s after. Whose committed structs an
id has is remembered for longer, so that nobody takes the id of an author who is away.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from crdt_store.ids import ClientId, UserId

CLAIM_OUTLIVES_CONNECTION_S = 60.0
MAX_CLAIMS_PER_CONNECTION = 16

_CLAIMS_KEPT = 50_000
"""Beyond this, claims that nobody holds any more end early, oldest first."""
_AUTHORS_KEPT = 20_000
_NO_IDS: Final[frozenset[ClientId]] = frozenset()
_NOBODY: Final[frozenset[int]] = frozenset()


@dataclass(slots=True)
class _Claim:
    user_id: UserId
    may_write: bool
    """False if it was only ever made by somebody who may not edit: it keeps nobody from writing."""
    holders: set[int] = field(default_factory=set)
    """Ids of the open connections that made or share the claim."""


class Claims:
    """The claims of one room. `reserved` is the server's own client id, nobody else's."""

    def __init__(self, reserved: ClientId) -> None:
        self.reserved = reserved
        self._claims: dict[ClientId, _Claim] = {}
        self._held: dict[int, set[ClientId]] = {}
        self._run_out_at_s: OrderedDict[ClientId, float] = OrderedDict()
        """Monotonic, for the claims without holders, in order."""
        self._authors: OrderedDict[ClientId, UserId] = OrderedDict()

    def is_foreign(self, client_id: ClientId, user_id: UserId) -> bool:
        """True if structs of `client_id` are somebody else's to bring.

        Who may not edit reserves nothing, and an author who is away neither: what somebody wrote
        offline may come with another tab of the same browser.
        """
        if client_id == self.reserved:
            return True
        claim = self._claims.get(client_id)
        return claim is not None and claim.may_write and claim.user_id != user_id

    def is_foreign_presence(self, client_id: ClientId, user_id: UserId) -> bool:
        """True if a state under `client_id` is somebody else's to show."""
        if client_id == self.reserved:
            return True
        claim = self._claims.get(client_id)
        author = self._authors.get(client_id)
        if claim is None:
            return author is not None and author != user_id
        # An author takes the id back from a viewer who shows presence under it.
        return claim.user_id != user_id and (claim.may_write or author != user_id)

    def claim(
        self,
        client_id: ClientId,
        user_id: UserId,
        connection_id: int,
        may_write: bool = True,
    ) -> bool:
        """Claim, or share the claim of the same user. False if it is foreign or one too many.

        A claim of somebody who may write replaces one of somebody who may not.
        """
        if not self._may_claim(client_id, user_id, may_write=may_write):
            return False
        held = self._held.setdefault(connection_id, set())
        if client_id not in held and len(held) >= MAX_CLAIMS_PER_CONNECTION:
            return False
        held.add(client_id)
        claim = self._claims.get(client_id)
        if claim is not None and claim.user_id != user_id:
            for holder in claim.holders:
                self._held[holder].discard(client_id)
            claim = None
        if claim is None:
            claim = self._claims[client_id] = _Claim(user_id, may_write)
        claim.may_write = claim.may_write or may_write
        claim.holders.add(connection_id)
        self._run_out_at_s.pop(client_id, None)
        return True

    def claim_all(
        self,
        client_ids: Collection[ClientId],
        user_id: UserId,
        connection_id: int,
        *,
        may_write: bool,
    ) -> bool:
        """Claim all of these, each once, or none of them."""
        held = self._held.get(connection_id, _NO_IDS)
        fresh = sum(client_id not in held for client_id in client_ids)
        if len(held) + fresh > MAX_CLAIMS_PER_CONNECTION or not all(
            self._may_claim(client_id, user_id, may_write=may_write) for client_id in client_ids
        ):
            return False
        for client_id in client_ids:
            self.claim(client_id, user_id, connection_id, may_write)
        return True

    def _may_claim(self, client_id: ClientId, user_id: UserId, *, may_write: bool) -> bool:
        if self.is_foreign(client_id, user_id):
            return False
        if self._authors.get(client_id, user_id) != user_id:
            return False
        claim = self._claims.get(client_id)
        return may_write or claim is None or claim.user_id == user_id

    def wrote(self, client_id: ClientId, user_id: UserId) -> None:
        """Remember the author of committed structs. The first one stays: others may relay them."""
        self._authors.setdefault(client_id, user_id)
        self._authors.move_to_end(client_id)
        if len(self._authors) > _AUTHORS_KEPT:
            self._authors.popitem(last=False)

    def author_of(self, client_id: ClientId) -> UserId | None:
        """Whose committed structs an id has, as far as that is remembered."""
        return self._authors.get(client_id)

    def holders(self, client_id: ClientId) -> Collection[int]:
        """Ids of the open connections that hold a claim on `client_id`."""
        claim = self._claims.get(client_id)
        return _NOBODY if claim is None else claim.holders

    def held_by(self, connection_id: int) -> Collection[ClientId]:
        """The client ids that an open connection claims; at most MAX_CLAIMS_PER_CONNECTION."""
        return self._held.get(connection_id, _NO_IDS)

    def release(self, connection_id: int, now_s: float) -> None:
        """The connection closed; its claims run out unless another connection shares them."""
        for client_id in self._held.pop(connection_id, ()):
            claim = self._claims[client_id]
            claim.holders.discard(connection_id)
            if not claim.holders:
                self._run_out_at_s[client_id] = now_s + CLAIM_OUTLIVES_CONNECTION_S
        while len(self._claims) > _CLAIMS_KEPT and self._run_out_at_s:
            self._forget_oldest()

    def expire(self, now_s: float) -> None:
        """Forget the claims that have run out."""
        waiting = self._run_out_at_s
        while waiting and waiting[next(iter(waiting))] <= now_s:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        client_id, _ = self._run_out_at_s.popitem(last=False)
        del self._claims[client_id]

    def __len__(self) -> int:
        return len(self._claims)
