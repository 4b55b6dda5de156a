"""One client connection on a raw transport: handshake, sync protocol, and nothing that costs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import cast

from benchmarks.websocket_frames import BINARY, CLOSE, PING, PONG, FrameParser, client_frame
from benchmarks.wire import (
    AWARENESS,
    EMPTY_STATE_VECTOR,
    EMPTY_UPDATE,
    EVENTS,
    STEP_1,
    STEP_2,
    SYNC,
    read_bytes,
    sync_message,
)

Receive = Callable[[bytes, float], None]
"""Takes a message, and when it arrived (perf_counter, s)."""

_STEP_1_FRAME = client_frame(sync_message(STEP_1, EMPTY_STATE_VECTOR))
_EMPTY_STEP_2_FRAME = client_frame(sync_message(STEP_2, EMPTY_UPDATE))


class ServerClosed(Exception):
    """The server closed a connection, or refused its handshake. The message says with what."""


class Connection(asyncio.Protocol):
    """A fresh client: its state vector is empty, its answer to the server's step 1 too.

    `on_update` gets every step 2 and update message, `on_awareness` every awareness message, whole.
    """

    __slots__ = (
        "_handshake",
        "_on_awareness",
        "_on_update",
        "_parser",
        "_request",
        "close_reason",
        "on_event",
        "opened_at",
        "step_2",
        "synced_at",
        "transport",
    )

    def __init__(
        self, request: bytes, on_update: Receive | None = None, on_awareness: Receive | None = None
    ) -> None:
        self._request = request
        self._handshake: bytes | None = b""
        self._parser = FrameParser()
        self._on_update = on_update
        self._on_awareness = on_awareness
        self.on_event: Callable[[bytes], None] | None = None
        self.transport: asyncio.Transport | None = None
        self.opened_at = 0.0
        self.synced_at = 0.0
        self.step_2: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.close_reason: str | None = None

    def send(self, frames: bytes) -> None:
        """Write frames; a closed connection swallows them, and is reported in the end."""
        if self.transport is not None and self.close_reason is None:
            self.transport.write(frames)

    def abort(self) -> None:
        """Leave without a close handshake, as a client does whose network is gone."""
        if self.transport is not None:
            self.close_reason = "left"
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports don't derive from asyncio's.
        self.transport = cast("asyncio.Transport", transport)
        self.opened_at = perf_counter()
        self.transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.close_reason is None:
            self.close_reason = f"connection lost: {exc}"
        if not self.step_2.done():
            self.step_2.set_exception(ServerClosed(self.close_reason))
            self.step_2.exception()  # counted by whoever waits; not a warning of its own

    def data_received(self, data: bytes) -> None:
        at = perf_counter()
        if self._handshake is not None:
            data = self._finish_handshake(data)
        for opcode, payload in self._parser.feed(data):
            if opcode == BINARY:
                self._receive(payload, at)
            elif opcode == PING:
                self.send(client_frame(payload, PONG))
            elif opcode == CLOSE:
                code = int.from_bytes(payload[:2], "big")
                self.close_reason = f"closed {code} {payload[2:].decode(errors='replace')}".strip()
                if self.transport is not None:
                    self.transport.close()

    def _finish_handshake(self, data: bytes) -> bytes:
        """Bytes behind the response's head; the client's step 1 leaves with the upgrade."""
        head = (self._handshake or b"") + data
        end = head.find(b"\r\n\r\n")
        if end < 0:
            self._handshake = head
            return b""
        self._handshake = None
        status_line = head[: head.find(b"\r\n")]
        if b" 101 " not in status_line + b" ":
            self.close_reason = f"refused: {status_line.decode(errors='replace')}"
            assert self.transport is not None
            self.transport.close()
            return b""
        self.send(_STEP_1_FRAME)
        return head[end + 4 :]

    def _receive(self, payload: bytes, at: float) -> None:
        kind = payload[0]
        if kind == SYNC:
            subtype = payload[1]
            if subtype == STEP_1:
                self.send(_EMPTY_STEP_2_FRAME)
                return
            if subtype == STEP_2 and not self.step_2.done():
                self.synced_at = at
                self.step_2.set_result(read_bytes(payload, 2)[0])
            if self._on_update is not None:
                self._on_update(payload, at)
        elif kind == AWARENESS:
            if self._on_awareness is not None:
                self._on_awareness(payload, at)
        elif kind == EVENTS and self.on_event is not None:
            self.on_event(read_bytes(payload, 1)[0])
