"""Everyone who has a workflow open, and how one encoded frame reaches them all.

A slow reader costs one flag: what it misses is not queued, and once it has drained it gets one
diff [LIVE-1].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.live import messages
from server.live.connection import Connection
from server.live.messages import Frame
from server.live.socket_end import encode_event

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from crdt_store.ids import UserId
    from server.core.clock import Clock
    from server.core.metrics import Metrics
    from server.live.socket_end import SocketEnd


class Audience:
    """The open connections of one room, by their id; `readers` are those that speak Yjs."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self.connections: dict[int, SocketEnd] = {}
        self.readers: dict[int, Connection] = {}
        self._sockets_of: dict[UserId, int] = {}
        self._metrics = metrics
        self._clock = clock

    def add(self, connection: SocketEnd) -> bool:
        """True if it is its user's first."""
        self.connections[connection.id] = connection
        if isinstance(connection, Connection):
            self.readers[connection.id] = connection
        open_already = self._sockets_of.get(connection.user_id, 0)
        self._sockets_of[connection.user_id] = open_already + 1
        return not open_already

    def remove(self, connection: SocketEnd) -> bool:
        """True if it was its user's last."""
        del self.connections[connection.id]
        self.readers.pop(connection.id, None)
        still_open = self._sockets_of.pop(connection.user_id) - 1
        if still_open:
            self._sockets_of[connection.user_id] = still_open
        return not still_open

    def is_here(self, user_id: UserId) -> bool:
        return user_id in self._sockets_of

    def announce(self, event: Mapping[str, Any], *, but: UserId | None = None) -> None:
        """Send an event to everyone who reads events, except the user `but`."""
        encoded: bytes | None = None
        frames: dict[type[SocketEnd], Frame] = {}
        for connection in list(self.connections.values()):
            if connection.wants_events and connection.user_id != but:
                encoded = encoded or encode_event(event)
                kind = type(connection)
                if kind not in frames:
                    frames[kind] = connection.event_frame(encoded)
                connection.send_encoded(encoded, frames[kind])

    def show_update(self, frame: Frame, before: bytes, but: Collection[Connection] = ()) -> None:
        """Send a committed change to all `but` these; `before` is the state that it changed."""
        now_s = self._clock.now_s()
        sent = 0
        for connection in self.readers.values():
            if connection in but or connection.lagging_since is not None:
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

    def show_presence(self, shared: Frame, owners: Mapping[SocketEnd, Frame | None]) -> None:
        """Send the tick's awareness changes: `shared`, but to the owners of states their own."""
        now_s = self._clock.now_s()
        sent = 0
        for connection in self.readers.values():
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
        for connection in self.readers.values():
            if now_s - connection.last_sent_s > silence_s and not connection.wire.is_congested:
                connection.send(frame)

    def _count(self, sent: int, frame: Frame) -> None:
        self._metrics.frames_sent += sent
        self._metrics.bytes_sent += sent * len(frame.payload)
