"""A connection that speaks Yjs: the y-websocket protocol of one socket in one room."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, Protocol

from crdt_store.errors import UpdateRefused, UpdateTooLarge
from crdt_store.update_parts import cut_in_slices
from crdt_store.update_scan import (
    Scan,
    count_state_vector_clients,
    read_state_vector,
    scan,
    scan_in_slices,
)
from server.core.close_codes import CloseCode
from server.live import messages
from server.live.messages import Frame, MalformedMessage
from server.live.presence import StateTooLarge
from server.live.socket_end import Host, SocketEnd
from server.live.wire import Pause

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Mapping

    from crdt_store.ids import ClientId
    from crdt_store.update_scan import ScanLimits
    from server.core.identity import Identity
    from server.live.gate import Arrival
    from server.live.wire import Wire

SCAN_AT_ONCE_BYTES = 2 * 1024
"""A larger update is scanned in slices, with the event loop's turn between them [LIVE-2]."""
MAX_STATE_VECTOR_CLIENTS = 20_000
CUT_ABOVE_BYTES = 32 * 1024
"""A larger update may have so many structs that it is applied in parts."""
_STRUCTS_PER_SLICE = 1_000
_AWARENESS = bytes([messages.AWARENESS])


class SyncHost(Host, Protocol):
    """What a connection that speaks Yjs needs of its room."""

    scan_limits: ScanLimits

    def start_task(self, coroutine: Coroutine[Any, Any, None]) -> None: ...

    def known_state_vector(self) -> bytes:
        """A state vector that the committed document is at, or beyond."""
        ...

    def everyone(self, but: Connection) -> Frame | None:
        """All awareness states but those that `but` claims, or None if there are none."""
        ...

    def receive_awareness(self, payload: bytes, sender: Connection) -> None: ...

    def is_complete(self, scan: Scan) -> bool:
        """Whether the document has all that an update builds on."""
        ...

    def submit(
        self,
        connection: Connection,
        update: bytes,
        scan: Scan,
        arrival: Arrival,
        *,
        is_whole: bool = True,
    ) -> None: ...

    def answer_step_1(
        self, connection: Connection, state_vector: bytes, read: Mapping[ClientId, int]
    ) -> None: ...

    def catch_up_reader(self, connection: Connection) -> None: ...


class Connection(SocketEnd):
    """The server's side of one socket whose client has a Yjs document."""

    __slots__ = (
        "_saved_shown",
        "answered_s",
        "asked_for",
        "asks_since",
        "awareness_missed",
        "clocks",
        "lagging_since",
        "must_be_asked",
        "room",
        "settled_frames",
    )

    def __init__(
        self, wire: Wire, identity: Identity, room: SyncHost, *, wants_events: bool = False
    ) -> None:
        super().__init__(wire, identity, room, wants_events=wants_events)
        self.room = room
        self.lagging_since: bytes | None = None
        """The state vector up to which a slow reader has been sent everything [LIVE-1]."""
        self.awareness_missed = False
        self.asks_since: bytes | None = None
        """The state vector of a step 1 that waits for its answer."""
        self.clocks: Mapping[ClientId, int] = {}
        """What the last step 1 said that the client holds, until its step 2 has come."""
        self.answered_s = -math.inf
        self.must_be_asked = False
        """A step 1 of the server's waits until this slow reader has drained."""
        self.settled_frames = 0
        """Sync frames of subtypes 1 and 2, in order of arrival, whose outcome is durable."""
        self.asked_for: tuple[tuple[ClientId, int], ...] = ()
        """The missing clocks for which a step 1 was sent already."""
        self._saved_shown = 0

    def start(self) -> None:
        """Greet: ask for what the client has (if it may edit), show who is there."""
        super().start()
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

    # Sink: what the wire tells

    def frame_received(self, payload: bytes) -> None:
        # Stock clients repeat their presence all the time: what is new in it the room notices.
        is_sign = payload[:1] != _AWARENESS
        if not self._message_received(len(payload), is_sign=is_sign):
            return
        try:
            self._dispatch(payload)
        except (MalformedMessage, UpdateRefused, StateTooLarge) as error:
            self._refuse(error)

    def text_received(self, payload: bytes) -> None:
        self.close(CloseCode.MALFORMED, "this socket speaks the binary y-websocket protocol")

    def drained(self) -> None:
        self.room.catch_up_reader(self)

    # What the room tells

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

    def event_frame(self, event: bytes) -> Frame:
        return Frame(messages.event(event))

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
                self.clocks = read
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
                    await self._submit_in_parts(body, found, subtype)
                elif self.is_closed:
                    return
                else:
                    await asyncio.sleep(0)
        except UpdateRefused as error:
            self._refuse(error)
        finally:
            self.wire.resume_reading(Pause.SCANNING)

    async def _submit_in_parts(self, body: bytes, found: Scan, subtype: int) -> None:
        """A large update goes to its room part by part; it counts as one when all are settled."""
        parts: list[bytes] = [body]
        if len(body) > CUT_ABOVE_BYTES and self.room.is_complete(found):
            for cut in cut_in_slices(body, found, part_structs=_STRUCTS_PER_SLICE):
                parts = cut or parts
                await asyncio.sleep(0)
        for part in parts[:-1]:
            self._submit(part, scan(part, self.room.scan_limits), subtype, is_whole=False)
            await asyncio.sleep(0)
        last = found if len(parts) == 1 else scan(parts[-1], self.room.scan_limits)
        self._submit(parts[-1], last, subtype)

    def _submit(self, body: bytes, found: Scan, subtype: int, *, is_whole: bool = True) -> None:
        arrival: Arrival = "update" if subtype == messages.UPDATE else "step_2"
        self.room.submit(self, body, found, arrival, is_whole=is_whole)

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
