"""uvicorn's WebSocket protocol, with frames handed to the connection without an ASGI task.

The handshake is ASGI as ever. Then the sync socket calls `attach`, its ASGI task ends, and what
remains of a connection is this object. Plain binary frames are parsed here; everything rarer
(fragments, control frames, errors) goes through the `websockets` library's state machine.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Opcode

from server.live.wire import Pause, Sink

try:
    from websockets.speedups import apply_mask
except ImportError:  # pragma: no cover - wheels carry the C version
    from websockets.utils import apply_mask

if TYPE_CHECKING:
    from websockets.http11 import Request

    from server.live.messages import Frame

WIRE_EXTENSION = "coflow.wire"
"""Key of the ASGI scope's `extensions` under which the transport offers itself."""

_FRAMES_PER_TURN = 64
_CLOSE_TIMEOUT_S = 5.0
_PLAIN_BINARY = 0x82
_MASKED = 0x80


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket. Before `attach` it is uvicorn's; afterwards it is a Wire."""

    _sink: Sink | None = None
    _max_frame_bytes = 0
    _pauses = Pause(0)
    _needed = 0
    _in_fragments = False
    is_congested = False

    def attach(self, sink: Sink, *, send_buffer_bytes: int) -> None:
        """Hand all further frames to `sink`. Call it after `websocket.accept`, without waiting."""
        self._sink = sink
        self._tail = bytearray()
        self._max_frame_bytes = self.config.ws_max_size
        self.transport.set_write_buffer_limits(high=send_buffer_bytes)
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        while not self.queue.empty():
            event = self.queue.get_nowait()
            if event["type"] == "websocket.receive":
                if (data := event.get("bytes")) is not None:
                    sink.frame_received(data)
                else:
                    sink.text_received()
        if self.disconnected:
            sink.connection_closed()

    # Wire

    def send_frame(self, frame: Frame) -> None:
        if not self.close_sent:
            self.transport.write(frame.encoded)

    def close(self, code: int, reason: str) -> None:
        if self.close_sent or self.disconnected:
            return
        try:
            # RFC 6455 §5.5: a control frame holds 125 bytes, two of them the code.
            self.conn.send_close(code, reason.encode()[:123].decode(errors="ignore"))
        except InvalidState:
            return
        self.close_sent = True
        self.stop_keepalive()
        self.transport.write(b"".join(self.conn.data_to_send()))
        self._pauses = Pause(0)
        self._resume_transport()
        self.close_timer = self.loop.call_later(_CLOSE_TIMEOUT_S, self.transport.abort)

    def pause_reading(self, why: Pause) -> None:
        if not self._pauses and not self.transport.is_closing():
            self.transport.pause_reading()
        self._pauses |= why

    def resume_reading(self, why: Pause) -> None:
        if self._pauses & why:
            self._pauses &= ~why
            if not self._pauses:
                # In a turn of its own: what was read already may pause reading again.
                self.loop.call_soon(self._read_on)

    # What uvicorn calls

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[str, Any] = self.scope.setdefault("extensions", {})
            extensions[WIRE_EXTENSION] = self

    def data_received(self, data: bytes) -> None:
        if self._sink is None:
            super().data_received(data)
        else:
            self._feed(data)

    def send_receive_event_to_app(self) -> None:
        if self._sink is None:
            super().send_receive_event_to_app()
            return
        data = b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "bytes":
            self._sink.frame_received(data)
        else:
            self._sink.text_received()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.is_congested = True

    def resume_writing(self) -> None:
        super().resume_writing()
        self.is_congested = False
        if self._sink is not None and not self.close_sent:
            self._sink.drained()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._sink is not None:
            self._sink.connection_closed()

    def shutdown(self) -> None:
        if self._sink is None:
            super().shutdown()
        elif not self.close_sent:
            self.close(1012, "the server restarts")

    async def run_asgi(self) -> None:
        """As uvicorn's, but the end of the ASGI task does not end an attached connection."""
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            self.logger.debug("the client left during the handshake")
        except asyncio.CancelledError:
            raise
        except BaseException:
            self.logger.exception("Exception in ASGI application\n")
            self.send_500_response()
        if self._sink is not None:
            # 10 KiB that an idle connection does not need.
            del self.scope, self.request, self.response
        elif self.close_timer is None:
            self.transport.close()

    # Frames

    def _feed(self, data: bytes) -> None:
        """Split off the complete frames; keep the rest until more arrives or reading goes on."""
        tail = self._tail
        if tail:
            tail += data
            if len(tail) < self._needed:
                return
            data = bytes(tail)
            tail.clear()
        sink = self._sink
        assert sink is not None
        position = 0
        size = len(data)
        self._needed = 0
        budget = _FRAMES_PER_TURN
        while size - position >= 2:
            if self._pauses:
                break
            if budget == 0:
                # Without a read budget the loop drowns in reading and delivers nothing [LIVE-2].
                self.pause_reading(Pause.YIELDING)
                self.resume_reading(Pause.YIELDING)
                break
            first = data[position]
            second = data[position + 1]
            if not second & _MASKED:
                self._through_library(data[position:])
                return
            length = second & 0x7F
            if length < 126:
                start = position + 6
            elif length == 126:
                start = position + 8
                length = int.from_bytes(data[position + 2 : position + 4], "big")
            else:
                start = position + 14
                length = int.from_bytes(data[position + 2 : position + 10], "big")
            if start > size:
                break
            if length > self._max_frame_bytes:
                sink.frame_too_large(length)
                return
            end = start + length
            if end > size:
                self._needed = end - position
                break
            if self.close_sent and first != 0x88:
                position = end
                continue
            budget -= 1
            if first == _PLAIN_BINARY and not self._in_fragments:
                sink.frame_received(apply_mask(data[start:end], data[start - 4 : start]))
            else:
                opcode = first & 0x0F
                if opcode < Opcode.CLOSE:
                    self._in_fragments = not first & 0x80
                if not self._through_library(data[position:end]):
                    return
            position = end
        if position < size:
            tail += data[position:] if position else data

    def _through_library(self, data: bytes) -> bool:
        """Let `websockets` judge these bytes; False when it ended the connection."""
        self.conn.receive_data(data)
        if self.conn.parser_exc is not None:
            self.handle_parser_exception()
            return False
        self.handle_events()
        return True

    def _read_on(self) -> None:
        if self._pauses or self.disconnected:
            return
        self._resume_transport()
        if self._tail and len(self._tail) >= self._needed:
            self._feed(b"")

    def _resume_transport(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()
