"""uvicorn's WebSocket protocol, with frames handed to the connection without an ASGI task.

The handshake is ASGI as ever. Then the socket's door calls `attach`, its ASGI task ends, and what
remains of a connection is this object. Plain binary and text frames are parsed here; everything
rarer (fragments, control frames, errors) goes through the `websockets` library's state machine.
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
    from uvicorn._types import ASGISendEvent
    from websockets.frames import Frame as WebSocketFrame
    from websockets.http11 import Request

    from server.live.messages import Frame

WIRE_EXTENSION = "coflow.wire"
"""Key of the ASGI scope's `extensions` under which the transport offers itself."""

_FRAMES_PER_TURN = 64
_MAX_FRAGMENTS = 4_096
"""Per message: an empty fragment costs 6 bytes on the wire and ten times that here."""
_CLOSE_TIMEOUT_S = 5.0
_PLAIN_TEXT = 0x81
_PLAIN_BINARY = 0x82
_PLAIN_CLOSE = 0x88
_FINAL = 0x80
_MASKED = 0x80


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket. Before `attach` it is uvicorn's; afterwards it is a Wire."""

    _sink: Sink | None = None
    _max_frame_bytes = 0
    _pauses = Pause(0)
    _needed = 0
    _to_skip = 0
    _will_read_on = False
    _in_fragments = False
    _fragmented_bytes = 0
    _owed_pong = b""
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
                elif (text := event.get("text")) is not None:
                    sink.text_received(text.encode())
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
        # The peer's own close may wait behind what was not read yet.
        self._read_on_soon()
        self.close_timer = self.loop.call_later(_CLOSE_TIMEOUT_S, self.transport.abort)

    def pause_reading(self, why: Pause) -> None:
        if self.close_sent and why != Pause.YIELDING:
            # Only the end of the closing handshake is still read.
            return
        if not self._pauses and not self.transport.is_closing():
            self.transport.pause_reading()
        self._pauses |= why

    def resume_reading(self, why: Pause) -> None:
        if self._pauses & why:
            self._pauses &= ~why
            if not self._pauses:
                self._read_on_soon()

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
            self._sink.text_received(data)

    def handle_ping(self) -> None:
        """Answer, unless the peer does not read: its pongs must not pile up here [LIVE-1]."""
        pong = b"".join(self.conn.data_to_send())
        if not self.is_congested:
            self.transport.write(pong)
        elif pong:
            # RFC 6455 §5.5.3: only the most recent ping need be answered.
            self._owed_pong = pong

    def handle_parser_exception(self) -> None:
        if self.conn.close_sent is None:
            # Frames before the handshake's answer: there is no WebSocket yet to close.
            self.transport.abort()
            return
        super().handle_parser_exception()

    def handle_cont(self, event: WebSocketFrame) -> None:
        if self._sink is None and len(self.frames) >= _MAX_FRAGMENTS:
            # Nobody counts them before `attach`, nor after a refusal.
            self.transport.abort()
            return
        super().handle_cont(event)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.is_congested = True

    def resume_writing(self) -> None:
        super().resume_writing()
        self.is_congested = False
        pong, self._owed_pong = self._owed_pong, b""
        if pong and not self.close_sent and not self.transport.is_closing():
            self.transport.write(pong)
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

    async def send(self, message: ASGISendEvent) -> None:
        """As uvicorn's, which logs an error if the client leaves between two steps of this."""
        await self.writable.wait()
        if self.transport.is_closing():
            raise ClientDisconnected
        await super().send(message)

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
        size = len(data)
        position = min(self._to_skip, size)
        self._to_skip -= position
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
            end = start + length
            budget -= 1
            is_skipped = self.close_sent and first != _PLAIN_CLOSE
            if not is_skipped and self._is_too_much(first, length):
                sink.frame_too_large(length)
                is_skipped = True
            if is_skipped:
                self._to_skip = max(0, end - size)
                position = min(end, size)
                continue
            if end > size:
                self._needed = end - position
                break
            if first == _PLAIN_BINARY and not self._in_fragments:
                sink.frame_received(apply_mask(data[start:end], data[start - 4 : start]))
            elif first == _PLAIN_TEXT and not self._in_fragments:
                sink.text_received(apply_mask(data[start:end], data[start - 4 : start]))
            elif not self._take_rare(first, length, data[position:end]):
                return
            position = end
        if position < size:
            tail += data[position:] if position else data

    def _is_too_much(self, first: int, length: int) -> bool:
        """Whether this frame, or the message that it continues, is over a limit."""
        if self._in_fragments and first & 0x0F == Opcode.CONT:
            length += self._fragmented_bytes
            if len(self.frames) >= _MAX_FRAGMENTS:
                return True
        return length > self._max_frame_bytes

    def _take_rare(self, first: int, length: int, data: bytes) -> bool:
        """Take a whole frame that is no plain message; False when it ended the connection."""
        assert self._sink is not None
        opcode = first & 0x0F
        is_last = bool(first & _FINAL)
        if opcode < Opcode.CLOSE:
            continued = self._fragmented_bytes if opcode == Opcode.CONT else 0
            self._fragmented_bytes = 0 if is_last else continued + length
            self._in_fragments = not is_last
        if opcode > Opcode.CLOSE or not is_last:
            self._sink.control_frame_received()
            if self.close_sent:
                return True
        return self._through_library(data)

    def _through_library(self, data: bytes) -> bool:
        """Let `websockets` judge these bytes; False when it ended the connection."""
        self.conn.receive_data(data)
        if self.conn.parser_exc is not None:
            self.handle_parser_exception()
            return False
        self.handle_events()
        return True

    def _read_on_soon(self) -> None:
        """In a turn of its own: what was read already may pause reading again."""
        if not self._will_read_on:
            self._will_read_on = True
            self.loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        self._will_read_on = False
        if self._pauses or self.disconnected:
            return
        if not self.transport.is_closing():
            self.transport.resume_reading()
        if self._tail and len(self._tail) >= self._needed:
            self._feed(b"")
