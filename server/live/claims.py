"""Which user may write under which Yjs client id, and show presence under it [SEC-1].

A claim lasts while a connection that holds it is open, and 60 s after.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crdt_store.ids import ClientId, UserId

CLAIM_OUTLIVES_CONNECTION_S = 60.0
MAX_CLAIMS_PER_CONNECTION = 16


@dataclass(slots=True)
class _Claim:
    user_id: UserId
    holders: set[int] = field(default_factory=set)
    """Ids of the open connections that made or share the claim."""
    expires_at_s: float = 0.0
    """Monotonic; counts only while there are no holders."""


class Claims:
    """The claims of one room. `reserved` is the server's own client id, nobody else's."""

    def __init__(self, reserved: ClientId) -> None:
        self.reserved = reserved
        self._claims: dict[ClientId, _Claim] = {}
        self._held: dict[int, set[ClientId]] = {}

    def is_foreign(self, client_id: ClientId, user_id: UserId) -> bool:
        """True if somebody else has claimed `client_id`."""
        claim = self._claims.get(client_id)
        if claim is None:
            return client_id == self.reserved
        return claim.user_id != user_id

    def claim(self, client_id: ClientId, user_id: UserId, connection_id: int) -> bool:
        """Claim, or share the claim of the same user. False if it is foreign or one too many."""
        claim = self._claims.get(client_id)
        if claim is not None and connection_id in claim.holders:
            return True
        if self.is_foreign(client_id, user_id):
            return False
        held = self._held.setdefault(connection_id, set())
        if len(held) >= MAX_CLAIMS_PER_CONNECTION:
            return False
        held.add(client_id)
        if claim is None:
            claim = self._claims[client_id] = _Claim(user_id)
        claim.holders.add(connection_id)
        return True

    def release(self, connection_id: int, now_s: float) -> None:
        """The connection closed; its claims run out unless another connection shares them."""
        for client_id in self._held.pop(connection_id, ()):
            claim = self._claims[client_id]
            claim.holders.discard(connection_id)
            claim.expires_at_s = now_s + CLAIM_OUTLIVES_CONNECTION_S

    def expire(self, now_s: float) -> None:
        """Forget the claims that have run out."""
        due = [
            client_id
            for client_id, claim in self._claims.items()
            if not claim.holders and claim.expires_at_s <= now_s
        ]
        for client_id in due:
            del self._claims[client_id]

    def __len__(self) -> int:
        return len(self._claims)
