"""Updates that build on structs nobody has brought yet: kept for a while, then given up.

A Yjs client puts its own pending structs into every step 2, so a gap is no offence; but it must
neither be dropped in silence nor asked about again and again.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crdt_store.ids import ClientId
    from server.live.changes import Pending, SyncChange
    from server.live.connection import Connection

GIVE_UP_AFTER_S = 10.0
RETRY_EVERY_S = 1.0
"""Finding the part that fits reads all of an update: not more often than this per connection,"""
ROOM_RETRY_EVERY_S = 0.25
"""and this per room."""
MAX_HELD_PER_CONNECTION = 8
MAX_HELD_BYTES_PER_CONNECTION = 4 * 1024 * 1024
GIVEN_UP_TOO_OFTEN = 3
_WITHIN_S = 60.0


class HeldChanges:
    """The held changes of one room. All times are monotonic seconds."""

    def __init__(self) -> None:
        self._held: dict[int, list[SyncChange]] = {}
        self._tried_s: dict[int, float] = {}
        self._room_tried_s = -ROOM_RETRY_EVERY_S
        self._given_up_s: dict[int, deque[float]] = {}

    def ready(self, clocks: Mapping[ClientId, int], now_s: float) -> list[Pending]:
        """The held changes worth another look: complete by now, or never tried in part."""
        if not self._held:
            return []
        return [
            change
            for mine in self._held.values()
            for change in mine
            if self._is_due(change, now_s) or _may_fit(change, clocks)
        ]

    def may_apply_partly(self, change: SyncChange, now_s: float) -> bool:
        """Whether the fitting part of a change may be looked for now; if so, count the try."""
        if not self._is_due(change, now_s):
            return False
        self._tried_s[change.connection.id] = now_s
        self._room_tried_s = now_s
        change.was_tried_in_part = True
        return True

    def _is_due(self, change: SyncChange, now_s: float) -> bool:
        # An update's rest is not looked for: the step 1 that follows brings all the client has.
        return (
            change.arrival == "step_2"
            and not change.was_tried_in_part
            and now_s - self._room_tried_s >= ROOM_RETRY_EVERY_S
            and now_s - self._tried_s.get(change.connection.id, -RETRY_EVERY_S) >= RETRY_EVERY_S
        )

    def hold(self, change: SyncChange, now_s: float) -> list[SyncChange]:
        """Keep a change; return those of its connection that have become too many or too large."""
        mine = self._held.setdefault(change.connection.id, [])
        if change in mine:
            return []
        change.held_since_s = now_s
        mine.append(change)
        too_many: list[SyncChange] = []
        size = sum(len(held.update) for held in mine)
        while len(mine) > MAX_HELD_PER_CONNECTION or size > MAX_HELD_BYTES_PER_CONNECTION:
            oldest = mine.pop(0)
            size -= len(oldest.update)
            too_many.append(oldest)
        return too_many

    def release(self, change: SyncChange) -> None:
        """The change is settled, one way or another."""
        mine = self._held.get(change.connection.id)
        if mine is not None and change in mine:
            mine.remove(change)
            if not mine:
                del self._held[change.connection.id]

    def forget(self, connection: Connection) -> None:
        """The connection has ended, and what it brought is nobody's concern any more."""
        for by_connection in (self._held, self._tried_s, self._given_up_s):
            by_connection.pop(connection.id, None)

    def give_up(self, now_s: float) -> list[SyncChange]:
        """Take out what has waited for 10 s."""
        due = [
            change
            for mine in self._held.values()
            for change in mine
            if now_s - change.held_since_s >= GIVE_UP_AFTER_S
        ]
        for change in due:
            self.release(change)
        return due

    def gave_up_often(self, connection: Connection, now_s: float) -> bool:
        """Count one that was given up; True at the third within a minute."""
        times = self._given_up_s.setdefault(connection.id, deque())
        times.append(now_s)
        while times and now_s - times[0] > _WITHIN_S:
            times.popleft()
        return len(times) >= GIVEN_UP_TOO_OFTEN

    def __len__(self) -> int:
        return sum(len(mine) for mine in self._held.values())


def _may_fit(change: SyncChange, clocks: Mapping[ClientId, int]) -> bool:
    """True if what it lacked when it was last looked at is there: ends at the first that is not."""
    missing = change.missing or {}
    return all(clocks.get(client, 0) >= needed for client, needed in missing.items())
