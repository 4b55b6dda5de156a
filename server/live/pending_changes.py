"""What waits for a room's next write turn: bounded, by not reading on from those who bring it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.live.changes import Edit, Pending, SyncChange
from server.live.wire import Pause

if TYPE_CHECKING:
    from collections.abc import Iterable

    from server.live.connection import Connection


class PendingChanges:
    """The queue of one room, in order of arrival. [LIVE-1]"""

    def __init__(self, max_bytes: int) -> None:
        self.cost_bytes = 0
        """Of the Yjs updates; edits from REST are bounded by their requests."""
        self._max_bytes = max_bytes
        self._items: list[Pending] = []
        self._paused: set[Connection] = set()

    def __bool__(self) -> bool:
        return bool(self._items)

    def add(self, item: Pending) -> None:
        """Queue it; who makes the queue too long is not read until it is short again."""
        self._items.append(item)
        if isinstance(item, SyncChange):
            self.cost_bytes += item.cost_bytes
            if self.cost_bytes > self._max_bytes:
                self._paused.add(item.connection)
                item.connection.wire.pause_reading(Pause.ROOM_FULL)

    def take(self) -> list[Pending]:
        """All that waits; then nothing does."""
        taken, self._items = self._items, []
        self.cost_bytes = 0
        return taken

    def put_back(self, items: Iterable[Pending]) -> None:
        """Before all others, but for what was held and still is: that has a place of its own."""
        waiting = [item for item in items if isinstance(item, Edit) or not item.held_since_s]
        self._items = waiting + self._items
        self.cost_bytes += sum(item.cost_bytes for item in waiting if isinstance(item, SyncChange))

    def resume_reading(self) -> None:
        """Read on from everyone, if the queue is at most half full."""
        if self.cost_bytes > self._max_bytes // 2:
            return
        for connection in self._paused:
            connection.wire.resume_reading(Pause.ROOM_FULL)
        self._paused.clear()

    def forget(self, connection: Connection) -> None:
        """The connection has ended."""
        self._paused.discard(connection)
