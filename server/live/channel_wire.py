"""A Wire over any pycrdt Channel, for transports other than our own WebSocket protocol.

It costs a queue and a task where `WebSocketProtocol` costs neither; embedders and tests use it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from server.live.wire import Pause, Sink

if TYPE_CHECKING:
    from pycrdt import Channel

    from server.live.messages import Frame

CLOSE_TIMEOUT_S = 5.0
"""How long a closed channel may take to accept what was queued before it is cut off."""


class ChannelWire:
    """Frames out one after another through a queue, frames in as the channel yields them.

    With more than `send_buffer_bytes` queued it is congested, until half of them are gone.
    """

    def __init__(self, channel: Channel, *, send_buffer_bytes: int) -> None:
        self.is_congested = False
        self._channel = channel
        self._send_buffer_bytes = send_buffer_bytes
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
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
        self._queued_bytes += len(frame.payload)
        if self._queued_bytes > self._send_buffer_bytes:
            # Only draining ends it: the sink waits for `drained`.
            self.is_congested = True
        self._wake.set()

    def close(self, code: int, reason: str) -> None:
        """A Channel has no close codes: what is queued is sent, then `run` returns."""
        self._is_closed = True
        self._wake.set()
        self._limit_flushing()

    def pause_reading(self, why: Pause) -> None:
        if not self._pauses:
            self._may_read = anyio.Event()
        self._pauses |= why

    def resume_reading(self, why: Pause) -> None:
        self._pauses &= ~why
        if not self._pauses:
            self._may_read.set()

    async def run(self, sink: Sink) -> None:
        """Carry frames both ways until either side ends.

        What the channel raises comes out in an ExceptionGroup, after the sink has been told.
        """
        try:
            async with anyio.create_task_group() as tasks:
                self._scope = tasks.cancel_scope
                if self._is_closed:
                    self._limit_flushing()
                tasks.start_soon(self._send_queued, sink)
                async for payload in self._channel:
                    # A channel with much to say must not keep the event loop to itself.
                    await anyio.lowlevel.checkpoint()
                    while self._pauses:
                        await self._may_read.wait()
                    sink.frame_received(payload)
                tasks.cancel_scope.cancel()
        finally:
            self._is_closed = True
            sink.connection_closed()

    def _limit_flushing(self) -> None:
        if self._scope is not None:
            self._scope.deadline = asyncio.get_running_loop().time() + CLOSE_TIMEOUT_S

    async def _send_queued(self, sink: Sink) -> None:
        while True:
            while self._queue:
                payload = self._queue.popleft()
                await self._channel.send(payload)
                self._queued_bytes -= len(payload)
                if self.is_congested and self._queued_bytes <= self._send_buffer_bytes // 2:
                    self.is_congested = False
                    sink.drained()
            if self._is_closed:
                assert self._scope is not None
                self._scope.cancel()
                return
            self._wake = anyio.Event()
            if not self._queue and not self._is_closed:
                await self._wake.wait()
