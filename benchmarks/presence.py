"""Cursors: clients that move them, see others move, and echo as the stock client does."""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.websocket_frames import client_frame
from benchmarks.wire import awareness_entry, awareness_message, read_awareness

if TYPE_CHECKING:
    from benchmarks.connection import Connection

_CACHED_FRAMES = 4_000


@dataclass(frozen=True, slots=True)
class _Entry:
    """One client's state in a frame. `move` is which of its moves it shows, or -1."""

    client_id: int
    clock: int
    sender: int | None
    move: int
    is_removal: bool
    echoed: bytes


@dataclass(frozen=True, slots=True)
class _Frame:
    entries: tuple[_Entry, ...]
    echo_of_all: bytes


class PresenceLedger:
    """All moves of one room and who saw them. A move that a later one replaced is never seen."""

    def __init__(self, client_ids: list[int]) -> None:
        self.sent_at: list[list[float]] = [[] for _ in client_ids]
        self.seen = 0
        self.echoes = 0
        self._sender_of = {client_id: index for index, client_id in enumerate(client_ids)}
        self._frames: dict[bytes, _Frame] = {}

    @property
    def moves(self) -> int:
        return sum(map(len, self.sent_at))

    def read(self, message: bytes) -> _Frame:
        """The entries of a message, parsed once per distinct message."""
        frame = self._frames.get(message)
        if frame is None:
            if len(self._frames) >= _CACHED_FRAMES:
                self._frames.clear()
            entries = tuple(self._entry(*entry) for entry in read_awareness(message))
            frame = self._frames[message] = _Frame(entries, echo_frame(entries))
        return frame

    def _entry(self, client_id: int, clock: int, state_json: bytes) -> _Entry:
        state = json.loads(state_json)
        sender = self._sender_of.get(client_id)
        cursor = state.get("cursor") if isinstance(state, dict) else None
        move = int(cursor["x"]) if cursor else -1
        # The stock client stringifies the state that it parsed, not the bytes that came.
        echoed = awareness_entry(client_id, clock, _as_javascript_writes(state))
        return _Entry(client_id, clock, sender, move, state is None, echoed)


class CursorClient:
    """One client of the room, on the connection it is attached to.

    With `echoes` it does what y-protocols and y-websocket do: an entry with a newer clock changes
    its state, its own id's entries included, and every changed entry is sent back as it was read.
    """

    def __init__(self, ledger: PresenceLedger, index: int, client_id: int, *, echoes: bool) -> None:
        self.latencies: array[float] = array("d")
        self.window = (float("inf"), float("inf"))
        self._connection: Connection | None = None
        self._ledger = ledger
        self._index = index
        self._client_id = client_id
        self._echoes = echoes
        self._clocks: dict[int, int] = {client_id: 0}
        self._known: set[int] = {client_id}
        self._last_seen = [-1] * len(ledger.sent_at)

    def attach(self, connection: Connection) -> None:
        self._connection = connection

    def _send(self, frame: bytes) -> None:
        assert self._connection is not None
        self._connection.send(frame)

    def move(self, count: int, at: float) -> None:
        """Move the cursor: x is the number of the move, so that a reader can tell which it sees."""
        sent_at = self._ledger.sent_at[self._index]
        for _ in range(count):
            clock = self._clocks[self._client_id] = self._clocks[self._client_id] + 1
            state = {
                "user": {"id": f"user-{self._index}", "name": f"User {self._index}"},
                "cursor": {"x": len(sent_at), "y": clock % 1000},
                "viewport": {"x": 0, "y": 0, "zoom": 1},
                "selected_node": f"node-{self._index}",
            }
            sent_at.append(at)
            entry = awareness_entry(self._client_id, clock, _as_javascript_writes(state))
            self._send(client_frame(awareness_message(entry, 1)))

    def receive(self, message: bytes, at: float) -> None:
        frame = self._ledger.read(message)
        for entry in frame.entries:
            sender = entry.sender
            if sender is None or sender == self._index or entry.move <= self._last_seen[sender]:
                continue
            self._last_seen[sender] = entry.move
            self._ledger.seen += 1
            sent_at = self._ledger.sent_at[sender][entry.move]
            if self.window[0] <= sent_at < self.window[1]:
                self.latencies.append(at - sent_at)
        if self._echoes:
            self._echo(frame)

    def stale(self, last_moves: list[int]) -> int:
        """How many other cursors this client sees elsewhere than at their last move."""
        return sum(
            seen != last
            for index, (seen, last) in enumerate(zip(self._last_seen, last_moves, strict=True))
            if index != self._index
        )

    def _echo(self, frame: _Frame) -> None:
        changed = tuple(entry for entry in frame.entries if self._apply(entry))
        if not changed:
            return
        everything = len(changed) == len(frame.entries)
        self._send(frame.echo_of_all if everything else echo_frame(changed))
        self._ledger.echoes += 1

    def _apply(self, entry: _Entry) -> bool:
        """Whether the stock client's state changes."""
        client_id = entry.client_id
        clock = self._clocks.get(client_id, 0)
        is_known = client_id in self._known
        if entry.clock < clock or (entry.clock == clock and not (entry.is_removal and is_known)):
            return False
        self._clocks[client_id] = entry.clock
        if entry.is_removal:
            if client_id == self._client_id:
                self._clocks[client_id] += 1
            self._known.discard(client_id)
            return is_known
        self._known.add(client_id)
        return True


def echo_frame(entries: tuple[_Entry, ...]) -> bytes:
    return client_frame(awareness_message(b"".join(e.echoed for e in entries), len(entries)))


def _as_javascript_writes(state: object) -> bytes:
    """JSON as JSON.stringify writes it: no spaces, no `.0`, no escapes beyond the needed ones."""
    text = json.dumps(_whole(state), separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def _whole(value: object) -> object:
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {key: _whole(item) for key, item in value.items()}
        case list():
            return [_whole(item) for item in value]
        case _:
            return value
