"""The one small interface between a connection and whatever carries its bytes.

`WebSocketProtocol` (uvicorn's transport, the fast way) and `ChannelWire` (any pycrdt Channel)
implement Wire; SocketEnd implements Sink. So the layer can be exchanged.
"""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from server.live.messages import Frame


class Pause(IntFlag):
    """Why reading stands still; it goes on when no reason is left."""

    TOO_FAST = 1
    ROOM_FULL = 2
    SCANNING = 4
    YIELDING = 8
    EDITS_WAIT = 16


class Wire(Protocol):
    """What a connection may do with its transport. Nothing here waits."""

    is_congested: bool
    """More than `send_buffer_bytes` are queued in the transport. The sink learns of the end."""

    def send_frame(self, frame: Frame) -> None:
        """Queue a frame in order. After `close` it does nothing."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake; a peer that does not answer is cut off after 5 s."""
        ...

    def pause_reading(self, why: Pause) -> None: ...

    def resume_reading(self, why: Pause) -> None: ...


class Sink(Protocol):
    """What a transport tells a connection. Called from the event loop, never re-entered."""

    def frame_received(self, payload: bytes) -> None: ...

    def text_received(self, payload: bytes) -> None:
        """A text message came; whether its bytes are UTF-8 is not checked yet."""
        ...

    def control_frame_received(self) -> None:
        """A frame came that is no message: a ping, a pong, a part of a message but its last.

        It costs the server as much as a message does, so it counts against the same limits.
        """
        ...

    def frame_too_large(self, size: int) -> None:
        """A message of more than `size` bytes was announced, or of too many parts.

        It is skipped, however the sink answers.
        """
        ...

    def drained(self) -> None:
        """The transport's queue has fallen below its low-water mark again."""
        ...

    def connection_closed(self) -> None:
        """Called once, however the connection ended."""
        ...
