"""The server's end of one socket: identity, permissions, limits, queued events, and its ending.

What is said over it, Yjs or JSON, is its subclasses' (`connection.py`, `event_connection.py`).
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

import orjson
import structlog

from server.core.close_codes import CloseCode
from server.core.roles import Permission, highest_role, listed
from server.live.rate_limit import RateLimit
from server.live.wire import Pause

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crdt_store.ids import UserId, WorkflowId
    from server.core.clock import Clock
    from server.core.identity import Identity
    from server.core.metrics import Metrics
    from server.core.roles import Role
    from server.live.context import RoomLimits
    from server.live.messages import Frame
    from server.live.wire import Wire

log = structlog.get_logger(__name__)

_MAX_QUEUED_EVENTS = 256

_next_id = count(1)


class Host(Protocol):
    """What every socket needs of the room that it is in; Room is one."""

    workflow_id: WorkflowId
    limits: RoomLimits
    metrics: Metrics
    clock: Clock

    def show_user(self, identity: Identity, role: Role | None) -> dict[str, Any]: ...

    def leave(self, connection: SocketEnd) -> None: ...


class SocketEnd(ABC):
    """One socket of one room. It is the wire's Sink, and holds no task."""

    __slots__ = (
        "_events",
        "_expiry",
        "_host",
        "_rate",
        "id",
        "identity",
        "is_closed",
        "last_heard_s",
        "last_sent_s",
        "on_closed",
        "permissions",
        "shown_user",
        "user_id",
        "wants_events",
        "wire",
    )

    def __init__(self, wire: Wire, identity: Identity, room: Host, *, wants_events: bool) -> None:
        self.id = next(_next_id)
        self.wire = wire
        self.identity = identity
        self.user_id: UserId = identity.user_id
        self._host: Host = room
        self.wants_events = wants_events
        self.permissions: frozenset[Permission] = frozenset()
        self.shown_user: dict[str, Any] = {}
        self.is_closed = False
        self.on_closed: Callable[[], None] | None = None
        """Called once when the connection has ended."""
        self.last_sent_s = 0.0
        self.last_heard_s = room.clock.now_s()
        """When the last message came, or the socket was opened."""
        self._events: list[bytes] = []
        self._rate = RateLimit(room.limits.max_messages_per_second, now_s=self.last_heard_s)
        self._expiry: asyncio.TimerHandle | None = None

    @property
    def may_edit(self) -> bool:
        return Permission.EDIT in self.permissions

    def start(self) -> None:
        """The room has let the connection in: greet it. The token's end is the connection's."""
        if self.identity.expires_at is not None:
            loop = asyncio.get_running_loop()
            wait_s = self.identity.expires_at.timestamp() - self._host.clock.wall_s()
            self._expiry = loop.call_later(max(0.0, wait_s), self._token_expired)

    def set_permissions(self, permissions: frozenset[Permission]) -> None:
        """Enforce what the access snapshot says now; take `shown_user` along [ACC-3]."""
        self.permissions = permissions
        role = highest_role(permissions)
        self.shown_user = self._host.show_user(self.identity, role)

    def rights(self) -> dict[str, Any]:
        """What the user may do, as the user is told. A role alone would not say all of it."""
        return {"role": self.shown_user["role"], "permissions": listed(self.permissions)}

    @abstractmethod
    def ask_for_state(self) -> None:
        """Ask for the edits that the server does not have, if the client can hold any."""

    # Sink: what the wire tells

    @abstractmethod
    def frame_received(self, payload: bytes) -> None: ...

    @abstractmethod
    def text_received(self, payload: bytes) -> None: ...

    @abstractmethod
    def drained(self) -> None: ...

    def control_frame_received(self) -> None:
        if not self.is_closed:
            self._may_go_on()

    def frame_too_large(self, size: int) -> None:
        self.close(CloseCode.TOO_LARGE, f"a message too large ({size} bytes), or in too many parts")

    def connection_closed(self) -> None:
        self.is_closed = True
        self._leave()

    def _message_received(self, size: int, *, is_sign: bool = True) -> bool:
        """Count what came; False if that closed the connection, or it was closed already.

        `is_sign`: it shows that somebody is active, and is no renewal that comes by itself.
        """
        if self.is_closed:
            return False
        self._host.metrics.bytes_received += size
        if not self._may_go_on():
            return False
        if is_sign:
            self.last_heard_s = self._host.clock.now_s()
        return True

    def _may_go_on(self) -> bool:
        """Slow the reading down if it is too fast. False when that closed the connection."""
        slow_down_s = self._rate.spend(self._host.clock.now_s())
        if slow_down_s:
            if self._rate.is_hopeless:
                self.close(CloseCode.TOO_FAST, "too many messages per second")
                return False
            self.wire.pause_reading(Pause.TOO_FAST)
            asyncio.get_running_loop().call_later(
                slow_down_s, self.wire.resume_reading, Pause.TOO_FAST
            )
        return True

    # What the room tells

    def send(self, frame: Frame) -> None:
        """Send now, whatever is queued. For what the client asked for or must not miss."""
        self.last_sent_s = self._host.clock.now_s()
        self.wire.send_frame(frame)
        self._host.metrics.frames_sent += 1
        self._host.metrics.bytes_sent += len(frame.payload)

    def send_event(self, event: Mapping[str, Any]) -> None:
        """A JSON event, if the client wants them; a slow reader gets it once it has drained."""
        if self.wants_events and not self.is_closed:
            self.send_encoded(encode_event(event))

    def send_encoded(self, event: bytes, frame: Frame | None = None) -> None:
        """As `send_event`, for what `encode_event` returned, and `event_frame` of it if at hand."""
        if not self.wants_events or self.is_closed:
            return
        if not self.wire.is_congested:
            self.send(frame or self.event_frame(event))
        elif len(self._events) < _MAX_QUEUED_EVENTS:
            self._events.append(event)
        else:
            self.close(CloseCode.OVERLOAD, "too many events wait for a reader that does not read")

    def send_queued_events(self) -> None:
        """After a congestion: what had to wait, in order."""
        waiting, self._events = self._events, []
        for event in waiting:
            self.send(self.event_frame(event))

    @abstractmethod
    def event_frame(self, event: bytes) -> Frame:
        """An encoded event as it goes over sockets of this kind."""
        ...

    # The end

    def close(self, code: CloseCode, reason: str) -> None:
        """Close with a reason that the client can show; idempotent."""
        if self.is_closed:
            return
        self.is_closed = True
        self._host.metrics.closed(int(code))
        log.info(
            "connection closed",
            workflow=self._host.workflow_id,
            user=self.user_id,
            code=int(code),
            reason=reason,
        )
        self.wire.close(int(code), reason)
        self._leave()

    def _leave(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        self._host.leave(self)
        if self.on_closed is not None:
            ended, self.on_closed = self.on_closed, None
            ended()

    def _token_expired(self) -> None:
        self.close(CloseCode.UNAUTHENTICATED, "the token has expired")


def encode_event(event: Mapping[str, Any]) -> bytes:
    """An event of the JSON protocol; times become RFC 3339 with Z."""
    return orjson.dumps(event, option=orjson.OPT_UTC_Z)
