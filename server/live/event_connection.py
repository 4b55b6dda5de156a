"""A connection that speaks JSON: the seed's event protocol, for clients without Yjs.

What it says of its cursor becomes an awareness state that Yjs clients see; what it changes goes
through the same write turn as every other edit, and it is told once that is committed [DUR-1].
"""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, assert_never

import orjson
import structlog

from crdt_store.errors import CommitFailed, EntityNotFound, InvalidGraph
from crdt_store.item_index import Owner
from server.core.close_codes import CloseCode
from server.core.colors import color_of
from server.core.documents import EditForbidden
from server.live.changes import Edit
from server.live.event_messages import (
    BadMessage,
    CursorUpdate,
    Heartbeat,
    TextChange,
    read_message,
)
from server.live.messages import Frame, MalformedMessage, TextFrame
from server.live.presence import StateTooLarge
from server.live.socket_end import Host, SocketEnd
from server.live.wire import Pause

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crdt_store.ids import ClientId
    from crdt_store.workflow import Workflow
    from server.core.identity import Identity
    from server.core.participants import LiveParticipant
    from server.live.wire import Wire

log = structlog.get_logger(__name__)

RENEW_PRESENCE_AFTER_S = 13.0
"""Seen to every 2 s, this renews a state within 15 s, as Yjs clients do with theirs."""
MAX_WAITING_EDITS = 64
MAX_WAITING_BYTES = 64 * 1024
"""With more edits than these waiting for their commit, the connection is not read."""


class _Waiting(NamedTuple):
    edit: Edit
    named: Mapping[str, str]
    """`node_id` or `edge_id`, and `property`: how the client knows it again."""
    size_bytes: int


class Bridge(Protocol):
    """Between the document and those who speak JSON; EventBridge is one."""

    def made_by(self, connection: EventConnection) -> None:
        """The edit that is being written is this connection's."""
        ...

    def catch_up(self, listener: EventConnection) -> None:
        """A slow reader has drained."""
        ...


class EventHost(Host, Protocol):
    """What a connection that speaks JSON needs of its room."""

    is_gone: bool
    """Closed for good; whoever comes back finds another one."""

    @property
    def bridge(self) -> Bridge: ...

    def participants(self) -> list[LiveParticipant]: ...

    def new_client_id(self) -> ClientId:
        """A client id that nobody has used, for the presence of somebody without Yjs."""
        ...

    def show_state(self, sender: SocketEnd, client_id: ClientId, clock: int, state: bytes) -> bool:
        """Show an awareness state; False if the client id is another user's by now.

        Raises StateTooLarge and MalformedMessage, changing nothing.
        """
        ...

    def submit_edit(self, edit: Edit) -> None: ...


class EventConnection(SocketEnd):
    """The server's side of one socket of the event door."""

    __slots__ = (
        "_client_id",
        "_shown_clock",
        "_shown_s",
        "_state",
        "_waiting",
        "_waiting_bytes",
        "content_missed",
        "cursors_missed",
        "room",
        "session_id",
    )

    def __init__(self, wire: Wire, identity: Identity, room: EventHost, *, session_id: str) -> None:
        super().__init__(wire, identity, room, wants_events=True)
        self.room = room
        self.session_id = session_id
        self.cursors_missed = False
        self.content_missed = False
        self._client_id = room.new_client_id()
        self._shown_clock = 0
        self._shown_s = 0.0
        self._state: dict[str, Any] = {"cursor": None, "selected_node": None}
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0

    def start(self) -> None:
        """Greet with who is there, and be there."""
        super().start()
        self.send_event(
            {
                "type": "connected",
                "session_id": self.session_id,
                "workflow_id": self.room.workflow_id,
                "user_id": self.user_id,
                **self.rights(),
                "participants": [_participant(each) for each in self.room.participants()],
            }
        )
        self._show(self._state)

    def ask_for_state(self) -> None:
        """There is no state here that the server has not been told of."""

    def renew_presence(self, now_s: float) -> None:
        """Yjs clients drop a state that is not renewed within 30 s."""
        if now_s - self._shown_s >= RENEW_PRESENCE_AFTER_S:
            self._show(self._state)

    # Sink: what the wire tells

    def frame_received(self, payload: bytes) -> None:
        self.close(CloseCode.MALFORMED, "this socket speaks JSON, in text messages")

    def text_received(self, payload: bytes) -> None:
        if not self._message_received(len(payload)):
            return
        try:
            match read_message(payload):
                case Heartbeat():
                    self.send_event({"type": "heartbeat_ack", "timestamp": self._now()})
                case CursorUpdate(fields):
                    self._move(fields)
                case TextChange() as change:
                    self._change(change, len(payload))
                case unreachable:
                    assert_never(unreachable)
        except BadMessage as error:
            self._send_error(error.code, str(error))

    def drained(self) -> None:
        if not self.is_closed:
            self.room.bridge.catch_up(self)

    def close(self, code: CloseCode, reason: str) -> None:
        """As ever; but what is settled already is told before."""
        self._tell_outcomes()
        super().close(code, reason)

    # Presence

    def _move(self, fields: Mapping[str, Any]) -> None:
        moved = {**self._state, **fields}
        try:
            self._show(moved)
        except StateTooLarge as error:
            raise BadMessage("too_large", str(error)) from None
        except MalformedMessage as error:
            raise BadMessage("invalid_request", str(error)) from None
        self._state = moved

    def _show(self, state: Mapping[str, Any]) -> None:
        try:
            encoded = orjson.dumps(state)
        except orjson.JSONEncodeError as error:
            raise MalformedMessage(f"the state cannot be shown: {error}") from None
        self._shown_clock += 1
        while not self.room.show_state(self, self._client_id, self._shown_clock, encoded):
            # Somebody has written under this id, which was nobody's when it was chosen.
            self._client_id = self.room.new_client_id()
        self._shown_s = self.room.clock.now_s()

    # Edits

    def _change(self, change: TextChange, size_bytes: int) -> None:
        bridge = self.room.bridge

        def write(workflow: Workflow) -> None:
            setter = workflow.set_node_value if change.kind == "node" else workflow.set_edge_value
            setter(change.entity_id, change.property, change.value)
            bridge.made_by(self)

        edit = Edit(
            identity=self.identity,
            change=write,
            expected_seq=None,
            done=asyncio.get_running_loop().create_future(),
            origin="event",
            touches=Owner(f"{change.kind}s", change.entity_id),
        )
        named = {f"{change.kind}_id": change.entity_id, "property": change.property}
        self._waiting.append(_Waiting(edit, named, size_bytes))
        self._waiting_bytes += size_bytes
        edit.done.add_done_callback(lambda _: self._tell_outcomes())
        if self._has_much_waiting(MAX_WAITING_EDITS, MAX_WAITING_BYTES):
            self.wire.pause_reading(Pause.EDITS_WAIT)
        self.room.submit_edit(edit)

    def _tell_outcomes(self) -> None:
        """Of the edits that are settled, in the order in which they were asked for."""
        while self._waiting and self._waiting[0].edit.done.done():
            edit, named, size_bytes = self._waiting.popleft()
            self._waiting_bytes -= size_bytes
            if (error := edit.done.exception()) is None:
                self.send_event({"type": "change_saved", **named})
            else:
                self._send_refusal(error, named)
        if not self._has_much_waiting(MAX_WAITING_EDITS // 2, MAX_WAITING_BYTES // 2):
            self.wire.resume_reading(Pause.EDITS_WAIT)

    def _has_much_waiting(self, edits: int, size_bytes: int) -> bool:
        return len(self._waiting) >= edits or self._waiting_bytes >= size_bytes

    def _send_refusal(self, error: BaseException, named: Mapping[str, str]) -> None:
        """The codes are those of REST's problems."""
        match error:
            case EntityNotFound():
                self._send_error(f"{error.kind}_not_found", str(error), **named)
            case InvalidGraph():
                self._send_error("invalid_graph", str(error), path=error.path, **named)
            case EditForbidden():
                self._send_error("edit_forbidden", str(error), **_forbidden(error), **named)
            case CommitFailed():
                self._send_error("commit_failed", str(error), **named)
            case _ if self.room.is_gone:
                self._send_error("commit_failed", "the change was not saved; try again", **named)
            case _:
                log.error("an event's edit failed", exc_info=error)
                self._send_error("internal_error", "the change failed and was undone", **named)

    def _send_error(self, code: str, detail: str, **members: Any) -> None:
        if not self.is_closed:
            self.room.metrics.refused(code)
        self.send_event({"type": "error", "code": code, "detail": detail, **members})

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.room.clock.wall_s(), UTC)

    def event_frame(self, event: bytes) -> Frame:
        return TextFrame(event)


def _forbidden(error: EditForbidden) -> dict[str, Any]:
    members: dict[str, Any] = {
        "reason": error.reason,
        "resources": [{"type": kind, "id": name} for kind, name in error.resources],
    }
    if error.holder is not None:
        members["holder"] = error.holder
    return members


def _participant(each: LiveParticipant) -> dict[str, Any]:
    return {
        "user_id": each.user_id,
        "user_name": each.user_name,
        "user_color": color_of(each.user_id),
        "role": each.role,
        "cursor_position": each.cursor_position,
        "selected_node": each.selected_node,
        "last_active": each.last_active,
    }
