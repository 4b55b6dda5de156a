"""The two clocks that the server reads, as one seam for tests."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    def now_s(self) -> float:
        """Monotonic seconds, for durations."""
        ...

    def wall_s(self) -> float:
        """Seconds since the epoch (UTC), for expiry times that others wrote."""
        ...


class SystemClock:
    """The machine's clocks."""

    now_s = staticmethod(time.monotonic)
    wall_s = staticmethod(time.time)
