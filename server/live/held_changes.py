"""Updates that build on structs nobody has brought yet: kept for a while, then given up.

A Yjs client puts its own pending structs into every step 2, so a gap is no offence; but it must
neither be dropped in silence nor asked about again and again.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.live.batch import Pending, SyncChange
    from server.live.connection import Connection
    from server.live.live_document import LiveDocument

GIVE_UP_AFTER_S = 10.0
RETRY_EVERY_S = 1.0
"""Finding the part that fits copies the document: not more often than this per connection."""
MAX_HELD_PER_CONNECTION = 8
GIVEN_UP_TOO_OFTEN = 3
_WITHIN_S = 60.0


class HeldChanges:
    """The held changes of one room. All times are monotonic seconds."""

    def __init__(self) -> None:
        self._held: list[SyncChange] = []
        self._tried_s: dict[int, float] = {}
        self._given_up_s: dict[int, deque[float]] = {}

    def ready(self, document: LiveDocument, now_s: float) -> list[Pending]:
        """The held changes worth another look: complete by now, or never tried in part."""
        return [
            change
            for change in self._held
            if self._is_due(change, now_s) or not change.scan.missing(document.clocks)
        ]

    def may_apply_partly(self, change: SyncChange, now_s: float) -> bool:
        """Whether the fitting part of a change may be looked for now; if so, count the try."""
        if not self._is_due(change, now_s):
            return False
        self._tried_s[change.connection.id] = now_s
        change.was_tried_in_part = True
        return True

    def _is_due(self, change: SyncChange, now_s: float) -> bool:
        # An update's rest is not looked for: the step 1 that follows brings all the client has.
        return (
            change.arrival == "step_2"
            and not change.was_tried_in_part
            and now_s - self._tried_s.get(change.connection.id, -RETRY_EVERY_S) >= RETRY_EVERY_S
        )

    def hold(self, change: SyncChange, now_s: float) -> list[SyncChange]:
        """Keep a change; return the oldest of its connection if that has become one too many."""
        if change in self._held:
            return []
        change.held_since_s = now_s
        mine = [held for held in self._held if held.connection is change.connection]
        self._held.append(change)
        too_many = mine[: max(0, len(mine) + 1 - MAX_HELD_PER_CONNECTION)]
        for oldest in too_many:
            self._held.remove(oldest)
        return too_many

    def release(self, change: SyncChange) -> None:
        """The change is settled, one way or another."""
        if change.held_since_s and change in self._held:
            self._held.remove(change)

    def give_up(self, now_s: float) -> list[SyncChange]:
        """Take out what has waited for 10 s, and what belongs to connections that are gone."""
        gone = [change for change in self._held if change.connection.is_closed]
        due = [
            change
            for change in self._held
            if change not in gone and now_s - change.held_since_s >= GIVE_UP_AFTER_S
        ]
        for change in [*gone, *due]:
            self._held.remove(change)
        for change in gone:
            self._tried_s.pop(change.connection.id, None)
            self._given_up_s.pop(change.connection.id, None)
        return due

    def gave_up_often(self, connection: Connection, now_s: float) -> bool:
        """Count one that was given up; True at the third within a minute."""
        times = self._given_up_s.setdefault(connection.id, deque())
        times.append(now_s)
        while times and now_s - times[0] > _WITHIN_S:
            times.popleft()
        return len(times) >= GIVEN_UP_TOO_OFTEN

    def __len__(self) -> int:
        return len(self._held)
