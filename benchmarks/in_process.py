"""A room of the server in this process, without network or database: for the cost of its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crdt_store.ids import Seq, WorkflowId
from crdt_store.journal import Head, StoredDocument
from crdt_store.shared_values import DEFAULT_KEYS
from crdt_store.update_scan import ScanLimits
from server.core.clock import SystemClock
from server.core.metrics import Metrics
from server.live.context import RoomContext, RoomLimits
from server.live.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from server.core.access import AccessSnapshot
    from server.live.messages import Frame
    from server.live.wire import Pause

_PLENTY = 2**30


class NoWire:
    """A socket that takes everything and sends nothing: its cost is not what is measured.

    Being closed is an error, unless `closes_with` is the code that is expected.
    """

    is_congested = False

    def __init__(self, *, closes_with: int | None = None) -> None:
        self._closes_with = closes_with

    def send_frame(self, frame: Frame) -> None:
        del frame

    def close(self, code: int, reason: str) -> None:
        if code != self._closes_with:
            raise AssertionError(f"the room closed a connection: {code} {reason}")

    def pause_reading(self, why: Pause) -> None:
        raise AssertionError(f"the room stopped reading: {why!r}")

    def resume_reading(self, why: Pause) -> None:
        del why


def refuse_task(coroutine: Coroutine[Any, Any, None]) -> None:
    coroutine.close()
    raise AssertionError("a small update started a task")


def room_without_network(
    workflow: str,
    base: bytes,
    access: AccessSnapshot,
    *,
    start_task: Callable[[Coroutine[Any, Any, None]], None] = refuse_task,
) -> Room:
    """A room whose document is `base`, at seq 1, with limits that nothing comes near."""
    limits = RoomLimits(
        max_document_bytes=_PLENTY,
        max_awareness_state_bytes=8 * 1024,
        max_connections_per_workflow=_PLENTY,
        max_messages_per_second=_PLENTY,  # all at once, not at a pace
        max_pending_bytes_per_workflow=_PLENTY,
        send_buffer_bytes=2**20,
    )
    context = RoomContext(
        limits=limits,
        scan_limits=ScanLimits(),
        shared_keys=DEFAULT_KEYS,
        metrics=Metrics(),
        clock=SystemClock(),
        start_task=start_task,
    )
    stored = StoredDocument(base, Seq(1), (), Head(Seq(1), 0))
    return Room(WorkflowId(workflow), stored, access, context, schedule=lambda room: None)
