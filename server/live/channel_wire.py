"""A Wire over any pycrdt Channel, for transports other than our own WebSocket protocol.

It costs a queue and a task where `WebSocketProtocol` costs neither; embedders and tests use it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import anyio

from server.live.wire import Pause, Sink

if TYPE_CHECKING:
    from pycrdt import Channel

    from server.live.messages import Frame

MAX_QUEUED_FRAMES = 256
"""More than that and the reader counts as slow: it is congested until half of them are gone."""


class ChannelWire:
    """Frames out through a bounded queue, frames in as the channel yields them."""

    def __init__(self, channel: Channel) -> None:
        self.is_congested = False
        self._channel = channel
        self._queue: deque[bytes] = deque()
        self._wake = anyio.Event()
        self._may_read = anyio.Event()
        self._may_read.set()
        self._pauses = Pause(0)
        self._is_closed = False
        self._scope: anyio.CancelScope | None = None

    def send_frame(self, frame: Frame) -> None:
        if self._is_closed:
            return
        self._queue.append(frame.payload)
        self.is_congested = len(self._queue) > MAX_QUEUED_FRAMES
        self._wake.set()

    def close(self, code: int, reason: str) -> None:
        """A Channel has no close codes: what is queued is sent, then `run` returns."""
        self._is_closed = True
        self._wake.set()

    def pause_reading(self, why: Pause) -> None:
        if not self._pauses:
            self._may_read = anyio.Event()
        self._pauses |= why

    def resume_reading(self, why: Pause) -> None:
        self._pauses &= ~why
        if not self._pauses:
            self._may_read.set()

    async def run(self, sink: Sink) -> None:
        """Carry frames both ways until either side ends."""
        try:
            async with anyio.create_task_group() as tasks:
                self._scope = tasks.cancel_scope
                tasks.start_soon(self._send_queued, sink)
                async for payload in self._channel:
                    await self._may_read.wait()
                    sink.frame_received(payload)
                tasks.cancel_scope.cancel()
        finally:
            self._is_closed = True
            sink.connection_closed()

    async def _send_queued(self, sink: Sink) -> None:
        while True:
            while self._queue:
                await self._channel.send(self._queue.popleft())
                if self.is_congested and len(self._queue) <= MAX_QUEUED_FRAMES // 2:
                    self.is_congested = False
                    sink.drained()
            if self._is_closed:
                assert self._scope is not None
                self._scope.cancel()
                return
            self._wake = anyio.Event()
            if not self._queue and not self._is_closed:
                await self._wake.wait()
