"""WebSocket frames by hand: the generator must cost less than the server."""

from __future__ import annotations

import struct

BINARY, CLOSE, PING, PONG = 0x2, 0x8, 0x9, 0xA

# One key for every frame, so that equal messages are equal bytes and can be made once. The server
# unmasks them all the same: it cannot know.
MASK_KEY = b"\x5a\xc3\x96\x2d"


def client_frame(payload: bytes, opcode: int = BINARY) -> bytes:
    """One final, masked frame, ready to be written to a socket."""
    size = len(payload)
    if size < 126:
        header = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
    elif size < 1 << 16:
        header = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        header = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
    key = (MASK_KEY * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return header + MASK_KEY + masked.to_bytes(size, "big")


def upgrade_request(host: str, port: int, path: str) -> bytes:
    """The opening handshake. The key is fixed: the answer's hash is not checked."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: Y29mbG93LWJlbmNobWFyaw==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


class FrameParser:
    """Cuts a server's byte stream into (opcode, payload); keeps what is incomplete."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """All frames that are complete now. Raises ValueError on a fragmented message."""
        if self._rest:
            data = self._rest + data
        frames: list[tuple[int, bytes]] = []
        at, end = 0, len(data)
        while end - at >= 2:
            first, size = data[at], data[at + 1]
            start = at + 2
            if size == 126:
                if end - at < 4:
                    break
                size = data[at + 2] << 8 | data[at + 3]
                start = at + 4
            elif size == 127:
                if end - at < 10:
                    break
                size = int.from_bytes(data[at + 2 : at + 10], "big")
                start = at + 10
            if end - start < size:
                break
            if not first & 0x80:
                raise ValueError("the generator does not read fragmented messages")
            frames.append((first & 0x0F, data[start : start + size]))
            at = start + size
        self._rest = data[at:]
        return frames
