"""The y-websocket framing: which message a frame holds, and how ours are written.

Source of the format: y-protocols `sync.js`, `awareness.js`, `auth.js` and y-websocket's
`messageTypes`. One WebSocket frame holds one message.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

SYNC: Final = 0
AWARENESS: Final = 1
AUTH: Final = 2
QUERY_AWARENESS: Final = 3
EVENT: Final = 100

STEP_1: Final = 0
STEP_2: Final = 1
UPDATE: Final = 2

EMPTY_AWARENESS: Final = b"\x01\x01\x00"
"""Changes nothing at the receiver, and tells it that the connection lives."""

_MAX_VAR_UINT_BYTES = 8


class MalformedMessage(Exception):
    """The frame holds no message of the y-websocket protocol; the text says why."""


def var_uint(value: int) -> bytes:
    """LEB128, as lib0 writes it."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_var_uint(data: bytes, position: int) -> tuple[int, int]:
    """Return (value, next position). At most 8 bytes are read, whatever they hold."""
    value = 0
    shift = 0
    try:
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, position
            shift += 7
            if shift == 7 * _MAX_VAR_UINT_BYTES:
                raise MalformedMessage("a number has more than 8 bytes")
    except IndexError:
        raise MalformedMessage("the message ends inside a number") from None


def read_body(data: bytes, position: int) -> bytes:
    """The length-prefixed rest of a message, which must end with the frame."""
    length, position = read_var_uint(data, position)
    if len(data) - position != length:
        raise MalformedMessage(
            f"the message announces {length} bytes and the frame holds {len(data) - position}"
        )
    return data[position:]


def step_1(state_vector: bytes) -> bytes:
    return b"\x00\x00" + var_uint(len(state_vector)) + state_vector


def step_2(update: bytes) -> bytes:
    return b"\x00\x01" + var_uint(len(update)) + update


def update(update: bytes) -> bytes:
    return b"\x00\x02" + var_uint(len(update)) + update


def awareness(body: bytes) -> bytes:
    return b"\x01" + var_uint(len(body)) + body


def permission_denied(reason: str) -> bytes:
    text = reason.encode()
    return b"\x02\x00" + var_uint(len(text)) + text


def event(json: bytes) -> bytes:
    """One JSON event, for clients that asked for them with `events=1`."""
    return b"\x64" + var_uint(len(json)) + json


class Frame:
    """One message, encoded once for however many receivers.

    `payload` is the message; `encoded` the whole unmasked WebSocket frame (RFC 6455 §5.2), a binary
    one.
    """

    __slots__ = ("_encoded", "payload")

    _first_byte: ClassVar[int] = 0x82

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self._encoded: bytes | None = None

    @property
    def encoded(self) -> bytes:
        if self._encoded is None:
            length = len(self.payload)
            if length < 126:
                header = bytes((self._first_byte, length))
            elif length < 65_536:
                header = struct.pack("!BBH", self._first_byte, 126, length)
            else:
                header = struct.pack("!BBQ", self._first_byte, 127, length)
            self._encoded = header + self.payload
        return self._encoded


class TextFrame(Frame):
    """One JSON message of the event protocol, as a text frame."""

    __slots__ = ()

    _first_byte: ClassVar[int] = 0x81


class Frames(Frame):
    """Several frames in order, to be written at once to however many receivers."""

    __slots__ = ("count",)

    def __init__(self, frames: Sequence[Frame]) -> None:
        super().__init__(b"".join(frame.payload for frame in frames))
        self.count = len(frames)
        self._encoded = b"".join(frame.encoded for frame in frames)
