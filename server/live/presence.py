"""Awareness of one room: who owns which state, which clock others see, one frame per tick.

The states are the clients' own, but for `user`, which is the server's [SEC-1]. Stock clients send
back every state they receive; those echoes are recognised by their bytes, before any parsing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar

import orjson

from crdt_store.ids import ClientId
from server.live.echoes import Echoes
from server.live.messages import (
    Frame,
    MalformedMessage,
    awareness,
    read_body,
    read_var_uint,
    var_uint,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from crdt_store.ids import UserId
    from server.live.claims import Claims

NULL: Final = b"null"
STATE_EXPIRES_S = 60.0
"""A stock client renews its state every 15 s, and drops others' after 30 s."""

_MAX_CLOCK = 2**31
_SHOWN_CLOCKS = 2**24
"""Clocks that others see begin here; a client's own, one per change, do not come so far.

So a state that is sent back is told from one that its owner sends. And as the first clock also
grows with the time at which the room was opened, peers that knew somebody before the server was
restarted take what they are shown afterwards for news. It all fits the 32 bits of other clients.
"""
_MAX_LEAP = 2**26
"""How far above a room's first clock a client can move its own by adopting one and going on."""
_MAX_CLIENT_ID = 2**53
"""lib0 throws at a larger number, in every client that is shown it."""
_EPOCH_S = 1_767_225_600  # 2026-01-01T00:00:00Z
_MAX_ENTRIES = 4_096
_MAX_NEWS = 64
"""States of one message that are looked into; a client has one, and 16 claims at most."""
_ECHO_WITHIN_S = 10.0
"""What is sent back comes within this time; a client renews its state every 15 s."""
_CLOCKS_KEPT = 20_000


class StateTooLarge(Exception):
    """One awareness state exceeds the limit; the text says by how much."""


class Owner(Protocol):
    """The connection that a state belongs to, or comes from."""

    id: int
    """Higher than that of every connection before it."""
    user_id: UserId
    shown_user: dict[str, Any]

    @property
    def may_edit(self) -> bool: ...


OwnerT = TypeVar("OwnerT", bound=Owner)


@dataclass(slots=True)
class _Entry(Generic[OwnerT]):
    owner: OwnerT
    received_clock: int
    clock: int
    """What others see."""
    received_state: bytes
    state: bytes
    """As others see it: JSON with the server's `user`, written as JSON.stringify would."""
    encoded: bytes
    """client id, clock and state, as one item of an awareness update."""
    seen_at_s: float
    changed_at_s: float
    is_new: bool = True


class _News(NamedTuple):
    client_id: ClientId
    clock: int
    raw: bytes
    state: bytes | None
    """As others will see it; None for a removal."""
    is_known: bool = False
    """Nothing but the connection is new."""


class Presence(Generic[OwnerT]):
    """The awareness states of one room."""

    def __init__(self, claims: Claims, *, max_state_bytes: int, wall_s: float) -> None:
        self._claims = claims
        self._first_clock = _SHOWN_CLOCKS + max(0, int(wall_s - _EPOCH_S))
        self._max_state_bytes = max_state_bytes
        self._entries: dict[ClientId, _Entry[OwnerT]] = {}
        self._last_clocks: dict[ClientId, tuple[int, int]] = {}
        """The last clock shown and, if it was a removal, the newest connection at that time."""
        self._connections: dict[int, OwnerT] = {}
        self._newest_connection = 0
        self.touched: set[UserId] = set()
        """Whose states have changed since the last `take_changes`."""
        self._changed: dict[ClientId, None] = {}
        self._removed: dict[ClientId, bytes] = {}
        self._echoes = Echoes()
        self._everyone: Frame | None = None

    @property
    def has_changes(self) -> bool:
        return bool(self._changed or self._removed)

    def is_echo(self, payload: bytes, sender: OwnerT | None = None) -> bool:
        """True if the message is what the room sent a moment ago, word for word.

        What `sender` may say of itself is not, even so: a client that adopted its shown clock
        and state announces itself, after a reconnect, in the very words of the room.
        """
        if payload not in self._echoes:
            return False
        if sender is None:
            return True
        _, position = read_var_uint(payload, 1)
        count, position = read_var_uint(payload, position)
        if count != 1:
            # Clients announce nobody with themselves.
            return True
        client_id = ClientId(read_var_uint(payload, position)[0])
        return client_id in self._entries and sender.id not in self._claims.holders(client_id)

    def receive(self, payload: bytes, sender: OwnerT, now_s: float) -> None:
        """Take an awareness message. Raises MalformedMessage, StateTooLarge, changing nothing."""
        self._meet(sender)
        body = read_body(payload, 1)
        count, position = read_var_uint(body, 0)
        if count > _MAX_ENTRIES or count * 3 > len(body):
            raise MalformedMessage(f"an awareness message with {count} states")
        told: set[int] = set()
        news: list[_News] = []
        for _ in range(count):
            number, position = read_var_uint(body, position)
            clock, position = read_var_uint(body, position)
            length, position = read_var_uint(body, position)
            start, position = position, position + length
            if position > len(body):
                raise MalformedMessage("the message ends inside an awareness state")
            if number >= _MAX_CLIENT_ID or number in told:
                raise MalformedMessage(f"client id {number} is too large, or there twice")
            told.add(number)
            client_id = ClientId(number)
            if len(news) < _MAX_NEWS and not self._claims.is_foreign_presence(
                client_id, sender.user_id
            ):
                item = self._consider(client_id, clock, body[start:position], sender, now_s)
                if item is not None:
                    news.append(item)
        if position != len(body):
            raise MalformedMessage("bytes follow the last awareness state")
        self._take_all(news, sender, now_s)

    def show(
        self, client_id: ClientId, clock: int, raw: bytes, sender: OwnerT, now_s: float
    ) -> bool:
        """Take a state that the server keeps for a client without awareness.

        False if the id is somebody else's. Raises MalformedMessage and StateTooLarge, changing
        nothing.
        """
        self._meet(sender)
        if self._claims.is_foreign_presence(client_id, sender.user_id):
            return False
        item = self._consider(client_id, clock, raw, sender, now_s)
        if item is not None:
            self._take_all([item], sender, now_s)
        return True

    def _consider(
        self, client_id: ClientId, clock: int, raw: bytes, sender: OwnerT, now_s: float
    ) -> _News | None:
        """Judge one item that is not foreign; None if it says nothing new."""
        if clock >= _MAX_CLOCK:
            raise MalformedMessage(f"awareness clock {clock} of client {client_id}")
        entry = self._entries.get(client_id)
        if entry is not None and entry.owner.user_id != sender.user_id:
            # It was shown by somebody who has lost the claim since.
            entry = None
        if entry is not None and (clock, raw) == (entry.received_clock, entry.received_state):
            if entry.owner is sender or clock >= _SHOWN_CLOCKS:
                # With a shown clock, it may as well be an echo from another browser of the user.
                return None
            # The same client on a new socket, whose old one may not be known to be dead yet.
            return _News(client_id, clock, raw, entry.state, is_known=True)
        if clock >= _SHOWN_CLOCKS:
            if not self._is_from_adopter(client_id, entry, clock, raw, sender, now_s):
                return None
        elif entry is not None and clock <= entry.received_clock:
            return None
        if raw == NULL:
            return None if entry is None else _News(client_id, clock, raw, None)
        if len(raw) > self._max_state_bytes:
            raise StateTooLarge(
                f"an awareness state of {len(raw)} bytes; at most {self._max_state_bytes} fit"
            )
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise MalformedMessage(f"an awareness state is not JSON: {error}") from None
        if not isinstance(value, dict):
            raise MalformedMessage("an awareness state must be a JSON object or null")
        if clock >= _SHOWN_CLOCKS and client_id not in self._last_clocks:
            # From before a restart of the server: a client's own, or what it saw of another.
            user = value.get("user")
            ours = sender.shown_user
            if isinstance(user, dict) and user.keys() == ours.keys() and user["id"] != ours["id"]:
                return None
        return _News(client_id, clock, raw, _dump(value, sender))

    def _is_from_adopter(
        self,
        client_id: ClientId,
        entry: _Entry[OwnerT] | None,
        clock: int,
        raw: bytes,
        sender: OwnerT,
        now_s: float,
    ) -> bool:
        """True if an item whose clock the server made is its client's own word, and no echo.

        A client that saw its own entry (another tab relays it, an old socket is still open)
        takes over the clock and counts on from there.
        """
        if entry is not None:
            if clock <= entry.received_clock:
                return False
            if raw == NULL:
                # Other clients' timers invent removals.
                return entry.owner is sender and clock > entry.clock
            if clock > entry.clock:
                return True
            if sender.id not in self._claims.holders(client_id):
                return False
            # It adopted an older clock than the last. Who holds the id is not sent it, so an echo
            # has come through another tab, and at once; a renewal comes later.
            repeats = clock < entry.clock or raw == entry.state
            return not repeats or now_s - entry.seen_at_s > _ECHO_WITHIN_S
        last, newest_connection = self._last_clocks.get(client_id, (-1, 0))
        if clock > last:
            return True
        if clock == last and sender.id in self._claims.holders(client_id):
            return True
        # After a reconnect, the clock is unchanged. Who came after the removal cannot echo.
        return sender.id > newest_connection

    def _take_all(self, news: list[_News], sender: OwnerT, now_s: float) -> None:
        """Raises MalformedMessage before anything is changed."""
        user_id = sender.user_id
        entries = self._entries
        claimed = [item.client_id for item in news if item.state and not item.is_known]
        may_write = sender.may_edit
        if not self._claims.claim_all(claimed, user_id, sender.id, may_write=may_write):
            raise MalformedMessage("one connection shows more client ids than it may")
        for item in news:
            entry = entries.get(item.client_id)
            if item.state is None:
                if entry is not None:
                    self._remove(item.client_id, entry)
            elif entry is not None and item.is_known:
                if self._claims.claim(item.client_id, user_id, sender.id, may_write):
                    entry.owner = sender
            else:
                self._take(item, item.state, sender, now_s)

    def _take(self, item: _News, state: bytes, sender: OwnerT, now_s: float) -> None:
        entry = self._entries.get(item.client_id)
        if entry is None:
            entry = _Entry(sender, item.clock, -1, item.raw, state, b"", now_s, now_s)
            self._entries[item.client_id] = entry
        elif item.raw != entry.received_state:
            entry.changed_at_s = now_s
        self._removed.pop(item.client_id, None)
        entry.owner = sender
        entry.received_clock = item.clock
        entry.received_state = item.raw
        entry.state = state
        entry.seen_at_s = now_s
        self._publish(item.client_id, entry)

    def refresh_user(self, connection: OwnerT) -> None:
        """The user's role changed: show it in the states of this connection."""
        for client_id, entry in self._entries.items():
            if entry.owner is connection:
                entry.state = _dump(orjson.loads(entry.received_state), connection)
                self._publish(client_id, entry)

    def last_changes_s(self) -> dict[UserId, float]:
        """For each user who shows a state: when one of them last changed, renewals aside."""
        last: dict[UserId, float] = {}
        for entry in self._entries.values():
            user_id = entry.owner.user_id
            last[user_id] = max(last.get(user_id, entry.changed_at_s), entry.changed_at_s)
        return last

    def newest_states(self, of: Collection[UserId] | None = None) -> dict[UserId, dict[str, Any]]:
        """For each user, or each of these, who shows one: the state that has changed last."""
        newest: dict[UserId, _Entry[OwnerT]] = {}
        for entry in self._entries.values():
            user_id = entry.owner.user_id
            if of is None or user_id in of:
                known = newest.get(user_id)
                if known is None or entry.changed_at_s >= known.changed_at_s:
                    newest[user_id] = entry
        return {user_id: orjson.loads(entry.state) for user_id, entry in newest.items()}

    def leave(self, connection: OwnerT) -> None:
        """The connection closed: remove the states whose latest owner it is."""
        self._connections.pop(connection.id, None)
        owned = [
            (client_id, entry)
            for client_id, entry in self._entries.items()
            if entry.owner is connection
        ]
        for client_id, entry in owned:
            self._remove(client_id, entry)

    def expire(self, now_s: float) -> None:
        """Remove the states that their owners have stopped renewing."""
        silent = [
            (client_id, entry)
            for client_id, entry in self._entries.items()
            if now_s - entry.seen_at_s > STATE_EXPIRES_S
        ]
        for client_id, entry in silent:
            self._remove(client_id, entry)
        excess = len(self._last_clocks) - _CLOCKS_KEPT
        if excess > 0:
            # Oldest first; those of states still shown are written again with their next change.
            # A new dict: one whose head was deleted is slow to iterate.
            self._last_clocks = dict(islice(self._last_clocks.items(), excess, None))

    def _meet(self, connection: OwnerT) -> None:
        self._connections[connection.id] = connection
        self._newest_connection = max(self._newest_connection, connection.id)

    def _publish(self, client_id: ClientId, entry: _Entry[OwnerT]) -> None:
        last = max(self._last_clocks.get(client_id, (-1, 0))[0], entry.clock)
        received = entry.received_clock
        clock = received if received >= _SHOWN_CLOCKS else self._first_clock + received
        if clock > self._first_clock + _MAX_LEAP:
            # A leap that no honest client makes; it would use the 32 bits up.
            clock = 0
        clock = entry.clock = max(clock, last + 1)
        self._last_clocks[client_id] = (clock, 0)
        self.touched.add(entry.owner.user_id)
        state = entry.state
        entry.encoded = var_uint(client_id) + var_uint(clock) + var_uint(len(state)) + state
        self._changed[client_id] = None
        self._everyone = None

    def _remove(self, client_id: ClientId, entry: _Entry[OwnerT]) -> None:
        clock = entry.clock + 1
        self._last_clocks[client_id] = (clock, self._newest_connection)
        del self._entries[client_id]
        self.touched.add(entry.owner.user_id)
        self._changed.pop(client_id, None)
        self._everyone = None
        self._removed[client_id] = var_uint(client_id) + var_uint(clock) + b"\x04null"

    def everyone(self, but: OwnerT | None = None) -> Frame | None:
        """All states, for a connection that knows none; None if there is nobody.

        `but` is that connection: the states under ids that it claims are left out.
        """
        if but is not None:
            self._meet(but)
            own = [held for held in self._claims.held_by(but.id) if held in self._entries]
            if own:
                rest = [entry.encoded for of, entry in self._entries.items() if of not in own]
                return self._frame(rest) if rest else None
        if not self._entries:
            return None
        if self._everyone is None:
            self._everyone = self._frame([entry.encoded for entry in self._entries.values()])
        return self._everyone

    def take_changes(self) -> tuple[Frame, Mapping[OwnerT, Frame | None]]:
        """What changed since the last call: a frame for all, and other frames for the owners.

        Whoever claims an id is not sent its state or removal: with a clock above its own, a client
        would overwrite itself. Items go in the order added, updated, removed, in which stock
        clients send them back.
        """
        added: list[tuple[ClientId, bytes]] = []
        updated: list[tuple[ClientId, bytes]] = []
        for client_id in self._changed:
            entry = self._entries[client_id]
            (added if entry.is_new else updated).append((client_id, entry.encoded))
            entry.is_new = False
        items = [*added, *updated, *self._removed.items()]
        self._changed.clear()
        self._removed.clear()
        self.touched.clear()
        shared = self._frame([item for _, item in items])
        own: dict[int, set[ClientId]] = {}
        for client_id, _ in items:
            for holder in self._claims.holders(client_id):
                own.setdefault(holder, set()).add(client_id)
        owners: dict[OwnerT, Frame | None] = {}
        for connection_id, left_out in own.items():
            connection = self._connections.get(connection_id)
            if connection is not None:
                rest = [item for of, item in items if of not in left_out]
                owners[connection] = self._frame(rest) if rest else None
        return shared, owners

    def _frame(self, items: list[bytes]) -> Frame:
        frame = Frame(awareness(var_uint(len(items)) + b"".join(items)))
        self._echoes.remember(frame.payload)
        return frame

    def __len__(self) -> int:
        return len(self._entries)


def _dump(value: dict[str, Any], owner: Owner) -> bytes:
    value["user"] = owner.shown_user
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        # What is nested more deeply than it writes can be read all the same.
        raise MalformedMessage(f"an awareness state cannot be shown: {error}") from None
