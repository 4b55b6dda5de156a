"""One socket of one room: who it is, what it may do, what it was sent, how fast it talks."""

from __future__ import annotations

import asyncio
import math
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

import orjson
import structlog

from crdt_store.errors import UpdateRefused, UpdateTooLarge
from crdt_store.update_scan import (
    Scan,
    ScanLimits,
    count_state_vector_clients,
    read_state_vector,
    scan,
    scan_in_slices,
)
from server.core.close_codes import CloseCode
from server.core.roles import Permission, highest_role
from server.live import messages
from server.live.messages import Frame, MalformedMessage
from server.live.presence import StateTooLarge
from server.live.rate_limit import RateLimit
from server.live.wire import Pause

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping

    from crdt_store.ids import ClientId, UserId, WorkflowId
    from server.core.clock import Clock
    from server.core.identity import Identity
    from server.core.metrics import Metrics
    from server.core.roles import Role
    from server.live.context import RoomLimits
    from server.live.gate import Arrival
    from server.live.wire import Wire

log = structlog.get_logger(__name__)

SCAN_AT_ONCE_BYTES = 2 * 1024
"""A larger update is scanned in slices, with the event loop's turn between them [LIVE-2]."""
MAX_STATE_VECTOR_CLIENTS = 20_000
_STRUCTS_PER_SLICE = 1_000
_MAX_QUEUED_EVENTS = 256

_next_id = count(1)


class Host(Protocol):
    """What a connection needs of the room that it is in; Room is one."""

    workflow_id: WorkflowId
    limits: RoomLimits
    scan_limits: ScanLimits
    metrics: Metrics
    clock: Clock

    def known_state_vector(self) -> bytes:
        """A state vector that the committed document is at, or beyond."""
        ...

    def everyone(self, but: Connection) -> Frame | None:
        """All awareness states but those that `but` claims, or None if there are none."""
        ...

    def show_user(self, identity: Identity, role: Role | None) -> dict[str, Any]: ...

    def receive_awareness(self, payload: bytes, sender: Connection) -> None: ...

    def submit(
        self, connection: Connection, update: bytes, scan: Scan, arrival: Arrival
    ) -> None: ...

    def answer_step_1(
        self, connection: Connection, state_vector: bytes, read: Mapping[ClientId, int]
    ) -> None: ...

    def catch_up_reader(self, connection: Connection) -> None: ...

    def start_task(self, coroutine: Coroutine[Any, Any, None]) -> None: ...

    def leave(self, connection: Connection) -> None: ...


class Connection:
    """The server's side of one socket. It is the wire's Sink, and holds no task."""

    __slots__ = (
        "_events",
        "_expiry",
        "_rate",
        "_saved_shown",
        "answered_s",
        "asked_for",
        "asks_since",
        "awareness_missed",
        "id",
        "identity",
        "is_closed",
        "lagging_since",
        "last_sent_s",
        "must_be_asked",
        "on_closed",
        "permissions",
        "room",
        "settled_frames",
        "shown_user",
        "user_id",
        "wants_events",
        "wire",
    )

    def __init__(
        self, wire: Wire, identity: Identity, room: Host, *, wants_events: bool = False
    ) -> None:
        self.id = next(_next_id)
        self.wire = wire
        self.identity = identity
        self.user_id: UserId = identity.user_id
        self.room = room
        self.wants_events = wants_events
        self.permissions: frozenset[Permission] = frozenset()
        self.shown_user: dict[str, Any] = {}
        self.is_closed = False
        self.on_closed: Callable[[], None] | None = None
        """Called once when the connection has ended."""
        self.last_sent_s = 0.0
        self.lagging_since: bytes | None = None
        """The state vector up to which a slow reader has been sent everything [LIVE-1]."""
        self.awareness_missed = False
        self.asks_since: bytes | None = None
        """The state vector of a step 1 that waits for its answer."""
        self.answered_s = -math.inf
        self.must_be_asked = False
        """A step 1 of the server's waits until this slow reader has drained."""
        self.settled_frames = 0
        """Sync frames of subtypes 1 and 2, in order of arrival, whose outcome is durable."""
        self.asked_for: tuple[tuple[ClientId, int], ...] = ()
        """The missing clocks for which a step 1 was sent already."""
        self._saved_shown = 0
        self._events: list[bytes] = []
        self._rate = RateLimit(room.limits.max_messages_per_second, now_s=room.clock.now_s())
        self._expiry: asyncio.TimerHandle | None = None

    @property
    def may_edit(self) -> bool:
        return Permission.EDIT in self.permissions

    def start(self) -> None:
        """Greet: ask for what the client has (if it may edit), show who is there."""
        if self.identity.expires_at is not None:
            loop = asyncio.get_running_loop()
            wait_s = self.identity.expires_at.timestamp() - self.room.clock.wall_s()
            self._expiry = loop.call_later(max(0.0, wait_s), self._token_expired)
        if self.may_edit:
            self.ask_for_state()
        if (everyone := self.room.everyone(but=self)) is not None:
            self.send(everyone)

    def ask_for_state(self) -> None:
        """Sync step 1: the client answers with everything that the room does not have.

        A slow reader is asked once it has drained.
        """
        self.must_be_asked = self.wire.is_congested
        if self.must_be_asked:
            return
        self.send(Frame(messages.step_1(self.room.known_state_vector())))

    def set_permissions(self, permissions: frozenset[Permission]) -> None:
        """Enforce what the access snapshot says now; take `shown_user` along [ACC-3]."""
        self.permissions = permissions
        role = highest_role(permissions)
        self.shown_user = self.room.show_user(self.identity, role)

    # Sink: what the wire tells

    def frame_received(self, payload: bytes) -> None:
        if self.is_closed:
            return
        metrics = self.room.metrics
        metrics.bytes_received += len(payload)
        if not self._may_go_on():
            return
        try:
            self._dispatch(payload)
        except (MalformedMessage, UpdateRefused, StateTooLarge) as error:
            self._refuse(error)

    def control_frame_received(self) -> None:
        if not self.is_closed:
            self._may_go_on()

    def _may_go_on(self) -> bool:
        """Count what came; slow the reading down. False when that closed the connection."""
        slow_down_s = self._rate.spend(self.room.clock.now_s())
        if slow_down_s:
            if self._rate.is_hopeless:
                self.close(CloseCode.TOO_FAST, "too many messages per second")
                return False
            self.wire.pause_reading(Pause.TOO_FAST)
            asyncio.get_running_loop().call_later(
                slow_down_s, self.wire.resume_reading, Pause.TOO_FAST
            )
        return True

    def text_received(self) -> None:
        self.close(CloseCode.MALFORMED, "this socket speaks the binary y-websocket protocol")

    def frame_too_large(self, size: int) -> None:
        self.close(CloseCode.TOO_LARGE, f"a message too large ({size} bytes), or in too many parts")

    def drained(self) -> None:
        self.room.catch_up_reader(self)

    def connection_closed(self) -> None:
        self.is_closed = True
        self._leave()

    # What the room tells

    def send(self, frame: Frame) -> None:
        """Send now, whatever is queued. For what the client asked for or must not miss."""
        self.last_sent_s = self.room.clock.now_s()
        self.wire.send_frame(frame)
        self.room.metrics.frames_sent += 1
        self.room.metrics.bytes_sent += len(frame.payload)

    def send_event(self, event: Mapping[str, Any]) -> None:
        """A JSON event, if the client wants them; a slow reader gets it once it has drained."""
        if not self.wants_events or self.is_closed:
            return
        encoded = orjson.dumps(event, option=orjson.OPT_UTC_Z)
        if not self.wire.is_congested:
            self.send(Frame(messages.event(encoded)))
        elif len(self._events) < _MAX_QUEUED_EVENTS:
            self._events.append(encoded)
        else:
            self.close(CloseCode.OVERLOAD, "too many events wait for a reader that does not read")

    def show_saved(self) -> None:
        """Tell the client how many of its frames are settled, if that number has grown."""
        # A slow reader is told the newest count when it has drained.
        if (
            self.wants_events
            and self.settled_frames > self._saved_shown
            and not self.wire.is_congested
        ):
            self._saved_shown = self.settled_frames
            self.send_event({"type": "saved", "count": self.settled_frames})

    def send_queued_events(self) -> None:
        """After a congestion: what had to wait, in order."""
        waiting, self._events = self._events, []
        for encoded in waiting:
            self.send(Frame(messages.event(encoded)))

    def close(self, code: CloseCode, reason: str) -> None:
        """Close with a reason that the client can show; idempotent."""
        if self.is_closed:
            return
        self.is_closed = True
        self.room.metrics.closed(int(code))
        log.info(
            "connection closed",
            workflow=self.room.workflow_id,
            user=self.user_id,
            code=int(code),
            reason=reason,
        )
        self.wire.close(int(code), reason)
        self._leave()

    def _leave(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        self.room.leave(self)
        if self.on_closed is not None:
            ended, self.on_closed = self.on_closed, None
            ended()

    # Messages

    def _dispatch(self, payload: bytes) -> None:
        if not payload:
            raise MalformedMessage("an empty message")
        kind = payload[0]
        if kind == messages.AWARENESS:
            self.room.receive_awareness(payload, self)
        elif kind == messages.SYNC:
            if len(payload) < 2:
                raise MalformedMessage("a sync message without a subtype")
            subtype = payload[1]
            body = messages.read_body(payload, 2)
            if subtype == messages.UPDATE or subtype == messages.STEP_2:
                self._receive_update(body, subtype)
            elif subtype == messages.STEP_1:
                if count_state_vector_clients(body) > MAX_STATE_VECTOR_CLIENTS:
                    raise UpdateTooLarge("too_large", "a state vector of too many clients")
                read = read_state_vector(body)
                self.room.answer_step_1(self, body, read)
            else:
                raise MalformedMessage(f"unknown sync subtype {subtype}")
        elif kind == messages.QUERY_AWARENESS:
            if self.wire.is_congested:
                self.awareness_missed = True
            elif (everyone := self.room.everyone(but=self)) is not None:
                self.send(everyone)
        else:
            raise MalformedMessage(f"unknown message type {kind}")

    def _receive_update(self, body: bytes, subtype: int) -> None:
        if not body:
            raise MalformedMessage("a sync message without an update")
        if len(body) <= SCAN_AT_ONCE_BYTES:
            self._submit(body, scan(body, self.room.scan_limits), subtype)
            return
        slices = scan_in_slices(body, self.room.scan_limits, structs_per_slice=_STRUCTS_PER_SLICE)
        if (found := next(slices)) is not None:
            self._submit(body, found, subtype)
            return
        # Later frames wait in the transport, so that their order is kept.
        self.wire.pause_reading(Pause.SCANNING)
        self.room.start_task(self._scan_slowly(body, slices, subtype))

    async def _scan_slowly(self, body: bytes, slices: Iterator[Scan | None], subtype: int) -> None:
        try:
            for found in slices:
                if found is not None:
                    self._submit(body, found, subtype)
                elif self.is_closed:
                    return
                else:
                    await asyncio.sleep(0)
        except UpdateRefused as error:
            self._refuse(error)
        finally:
            self.wire.resume_reading(Pause.SCANNING)

    def _submit(self, body: bytes, found: Scan, subtype: int) -> None:
        arrival: Arrival = "update" if subtype == messages.UPDATE else "step_2"
        self.room.submit(self, body, found, arrival)

    def _refuse(self, error: MalformedMessage | UpdateRefused | StateTooLarge) -> None:
        code = getattr(error, "code", "malformed")
        self.room.metrics.refused(code)
        if isinstance(error, (UpdateTooLarge, StateTooLarge)):
            self.close(CloseCode.TOO_LARGE, str(error))
        elif code == "not_json":
            # An editor's slip (a NaN position) that its document now holds and would send again.
            self.close(CloseCode.RESET_NEEDED, str(error))
        else:
            self.close(CloseCode.MALFORMED, str(error))

    def _token_expired(self) -> None:
        self.close(CloseCode.UNAUTHENTICATED, "the token has expired")
