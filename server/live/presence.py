"""Awareness of one room: who owns which state, which clock others see, one frame per tick.

The states are the clients' own, but for `user`, which is the server's [SEC-1]. Stock clients send
back every state they receive; those echoes are recognised by their bytes, before any parsing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

import orjson

from server.live.messages import (
    Frame,
    MalformedMessage,
    awareness,
    read_body,
    read_var_uint,
    var_uint,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crdt_store.ids import ClientId, UserId
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
_EPOCH_S = 1_767_225_600  # 2026-01-01T00:00:00Z
_MAX_ENTRIES = 4_096
_ECHOES_KEPT = 512
_CLOCKS_KEPT = 20_000


class StateTooLarge(Exception):
    """One awareness state exceeds the limit; the text says by how much."""


class Owner(Protocol):
    """The connection that a state belongs to, or comes from."""

    id: int
    user_id: UserId
    shown_user: dict[str, Any]


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
    is_new: bool = True


class Presence(Generic[OwnerT]):
    """The awareness states of one room."""

    def __init__(self, claims: Claims, *, max_state_bytes: int, wall_s: float) -> None:
        self._claims = claims
        self._first_clock = _SHOWN_CLOCKS + max(0, int(wall_s - _EPOCH_S))
        self._max_state_bytes = max_state_bytes
        self._entries: dict[ClientId, _Entry[OwnerT]] = {}
        self._last_clocks: dict[ClientId, int] = {}
        self._changed: dict[ClientId, None] = {}
        self._removed: dict[ClientId, bytes] = {}
        self._recent: set[bytes] = set()
        self._recent_order: deque[bytes] = deque()
        self._everyone: Frame | None = None

    @property
    def has_changes(self) -> bool:
        return bool(self._changed or self._removed)

    def is_echo(self, payload: bytes) -> bool:
        """True if the message is what the room sent a moment ago, word for word."""
        return payload in self._recent

    def receive(self, payload: bytes, sender: OwnerT, now_s: float) -> None:
        """Take an awareness message. Raises MalformedMessage, StateTooLarge."""
        body = read_body(payload, 1)
        count, position = read_var_uint(body, 0)
        if count > _MAX_ENTRIES or count * 3 > len(body):
            raise MalformedMessage(f"an awareness message with {count} states")
        accepted: list[tuple[ClientId, int, bytes, dict[str, Any] | None]] = []
        for _ in range(count):
            client_id, position = read_var_uint(body, position)
            clock, position = read_var_uint(body, position)
            length, position = read_var_uint(body, position)
            end = position + length
            if end > len(body):
                raise MalformedMessage("the message ends inside an awareness state")
            state = body[position:end]
            position = end
            taken = self._consider(client_id, clock, state, sender)  # type: ignore[arg-type]
            if taken is not None:
                accepted.append(taken)
        if position != len(body):
            raise MalformedMessage("bytes follow the last awareness state")
        # Only now, so that a malformed message changes nothing.
        for client_id, clock, raw, value in accepted:
            self._take(client_id, clock, raw, value, sender, now_s)

    def _consider(
        self, client_id: ClientId, clock: int, raw: bytes, sender: OwnerT
    ) -> tuple[ClientId, int, bytes, dict[str, Any] | None] | None:
        """Judge one item; None if it is not the sender's to say, or says nothing new."""
        if self._claims.is_foreign(client_id, sender.user_id):
            return None
        if clock >= _MAX_CLOCK:
            raise MalformedMessage(f"awareness clock {clock} of client {client_id}")
        if clock >= _SHOWN_CLOCKS:
            # Sent back as it was shown, or a removal that another client's timer invented.
            return None
        entry = self._entries.get(client_id)
        if entry is None:
            if raw == NULL:
                return None
        elif clock <= entry.received_clock:
            if clock == entry.received_clock and raw == entry.received_state:
                # The same client on a new socket, whose old one may not be known to be dead yet.
                self._hand_over(client_id, entry, sender)
            return None
        if len(raw) > self._max_state_bytes:
            raise StateTooLarge(
                f"an awareness state of {len(raw)} bytes; at most {self._max_state_bytes} fit"
            )
        if raw == NULL:
            return client_id, clock, raw, None
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise MalformedMessage(f"an awareness state is not JSON: {error}") from None
        if not isinstance(value, dict):
            raise MalformedMessage("an awareness state must be a JSON object or null")
        return client_id, clock, raw, value

    def _take(
        self,
        client_id: ClientId,
        clock: int,
        raw: bytes,
        value: dict[str, Any] | None,
        sender: OwnerT,
        now_s: float,
    ) -> None:
        entry = self._entries.get(client_id)
        if value is None:
            if entry is not None:
                self._remove(client_id, entry)
            return
        if not self._claims.claim(client_id, sender.user_id, sender.id):
            raise MalformedMessage("one connection shows more client ids than it may")
        value["user"] = sender.shown_user
        state = orjson.dumps(value)
        if entry is None:
            entry = _Entry(sender, clock, 0, raw, state, b"", now_s)
            self._entries[client_id] = entry
        self._removed.pop(client_id, None)
        entry.owner = sender
        entry.received_clock = clock
        entry.received_state = raw
        entry.state = state
        entry.seen_at_s = now_s
        self._publish(client_id, entry)

    def refresh_user(self, connection: OwnerT) -> None:
        """The user's role changed: show it in the states of this connection."""
        for client_id, entry in self._entries.items():
            if entry.owner is connection:
                value = orjson.loads(entry.received_state)
                value["user"] = connection.shown_user
                entry.state = orjson.dumps(value)
                self._publish(client_id, entry)

    def leave(self, connection: OwnerT) -> None:
        """The connection closed: remove the states whose latest owner it is."""
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
        while len(self._last_clocks) > _CLOCKS_KEPT:
            # Oldest first; those of states still shown are written again with their next change.
            self._last_clocks.pop(next(iter(self._last_clocks)))

    def _hand_over(self, client_id: ClientId, entry: _Entry[OwnerT], sender: OwnerT) -> None:
        if entry.owner is not sender and self._claims.claim(client_id, sender.user_id, sender.id):
            entry.owner = sender

    def _publish(self, client_id: ClientId, entry: _Entry[OwnerT]) -> None:
        last = self._last_clocks.get(client_id, -1)
        clock = entry.clock = max(self._first_clock + entry.received_clock, last + 1)
        self._last_clocks[client_id] = clock
        state = entry.state
        entry.encoded = var_uint(client_id) + var_uint(clock) + var_uint(len(state)) + state
        self._changed[client_id] = None
        self._everyone = None

    def _remove(self, client_id: ClientId, entry: _Entry[OwnerT]) -> None:
        clock = self._last_clocks.get(client_id, entry.clock) + 1
        self._last_clocks[client_id] = clock
        del self._entries[client_id]
        self._changed.pop(client_id, None)
        self._everyone = None
        self._removed[client_id] = var_uint(client_id) + var_uint(clock) + b"\x04null"

    def everyone(self) -> Frame | None:
        """All states, for a connection that knows none; None if there is nobody."""
        if not self._entries:
            return None
        if self._everyone is None:
            self._everyone = self._frame([entry.encoded for entry in self._entries.values()])
        return self._everyone

    def take_changes(self) -> tuple[Frame, Mapping[OwnerT, Frame | None]]:
        """What changed since the last call: a frame for all, and other frames for the owners.

        An owner is not sent its own state: with a clock above its own it would overwrite itself.
        Items go in the order added, updated, removed, in which stock clients send them back.
        """
        added: list[tuple[OwnerT | None, bytes]] = []
        updated: list[tuple[OwnerT | None, bytes]] = []
        for client_id in self._changed:
            entry = self._entries[client_id]
            (added if entry.is_new else updated).append((entry.owner, entry.encoded))
            entry.is_new = False
        items = added + updated + [(None, item) for item in self._removed.values()]
        self._changed.clear()
        self._removed.clear()
        shared = self._frame([item for _, item in items])
        owners: dict[OwnerT, Frame | None] = {}
        for owner in {owner for owner, _ in items if owner is not None}:
            rest = [item for of, item in items if of is not owner]
            owners[owner] = self._frame(rest) if rest else None
        return shared, owners

    def _frame(self, items: list[bytes]) -> Frame:
        frame = Frame(awareness(var_uint(len(items)) + b"".join(items)))
        if frame.payload not in self._recent:
            self._recent.add(frame.payload)
            self._recent_order.append(frame.payload)
            if len(self._recent_order) > _ECHOES_KEPT:
                self._recent.discard(self._recent_order.popleft())
        return frame

    def __len__(self) -> int:
        return len(self._entries)
