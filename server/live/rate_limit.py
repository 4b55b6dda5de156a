"""How fast one connection may talk: a token bucket that slows reading first, then gives up."""

from __future__ import annotations

_BURST_S = 2.0
"""A burst of this many seconds' worth is free: a client that comes back sends a lot at once."""
_PATIENCE_S = 30.0
"""A client that has been slowed without a break for this long does not listen to back-pressure."""


class RateLimit:
    """`per_second` messages on the long run. All times are monotonic seconds."""

    __slots__ = ("_checked_s", "_per_second", "_slowed_since_s", "_tokens", "is_hopeless")

    def __init__(self, per_second: int, *, now_s: float) -> None:
        self._per_second = per_second
        self._tokens = per_second * _BURST_S
        self._checked_s = now_s
        self._slowed_since_s: float | None = None
        self.is_hopeless = False

    def spend(self, now_s: float) -> float:
        """Count one message. Return for how many seconds reading should pause (0.0 = not)."""
        self._tokens -= 1
        if self._tokens > 0:
            return 0.0
        most = self._per_second * _BURST_S
        self._tokens = min(most, self._tokens + (now_s - self._checked_s) * self._per_second)
        self._checked_s = now_s
        if self._tokens >= most / 2:
            self._slowed_since_s = None
        if self._tokens > 0:
            return 0.0
        if self._slowed_since_s is None:
            self._slowed_since_s = now_s
        elif now_s - self._slowed_since_s > _PATIENCE_S:
            self.is_hopeless = True
        return min(1.0, (1 - self._tokens) / self._per_second + 0.05)
