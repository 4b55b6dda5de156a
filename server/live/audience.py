"""Everyone who has a document open, and how one encoded frame reaches them all.

A slow reader costs one flag: what it misses is not queued, and once it has drained it gets one
diff [LIVE-1].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.live import messages
from server.live.messages import Frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from server.core.clock import Clock
    from server.core.metrics import Metrics
    from server.live.connection import Connection


class Audience:
    """The open connections of one room, by their id."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self.connections: dict[int, Connection] = {}
        self._metrics = metrics
        self._clock = clock

    def show_update(self, frame: Frame, before: bytes, sender: Connection | None) -> None:
        """Send a committed change to all but `sender`; `before` is the state that it changed."""
        now_s = self._clock.now_s()
        sent = 0
        for connection in self.connections.values():
            if connection is sender or connection.lagging_since is not None:
                continue
            wire = connection.wire
            if wire.is_congested:
                connection.lagging_since = before
                self._metrics.lagging += 1
                continue
            wire.send_frame(frame)
            connection.last_sent_s = now_s
            sent += 1
        self._count(sent, frame)

    def show_presence(self, shared: Frame, owners: Mapping[Connection, Frame | None]) -> None:
        """Send the tick's awareness changes: `shared`, but to the owners of states their own."""
        now_s = self._clock.now_s()
        sent = 0
        for connection in self.connections.values():
            wire = connection.wire
            if wire.is_congested:
                connection.awareness_missed = True
                continue
            frame = owners.get(connection, shared)
            if frame is None:
                continue
            wire.send_frame(frame)
            connection.last_sent_s = now_s
            sent += 1
        self._count(sent, shared)

    def show_life(self, silence_s: float) -> None:
        """Send an empty message to those who were sent nothing for `silence_s`."""
        now_s = self._clock.now_s()
        frame = Frame(messages.EMPTY_AWARENESS)
        for connection in self.connections.values():
            if now_s - connection.last_sent_s > silence_s and not connection.wire.is_congested:
                connection.send(frame)

    def _count(self, sent: int, frame: Frame) -> None:
        self._metrics.frames_sent += sent
        self._metrics.bytes_sent += sent * len(frame.payload)
