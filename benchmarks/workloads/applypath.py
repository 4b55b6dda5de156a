"""The apply path in this process: a room takes in small updates, ten per tick, without network."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from benchmarks.edits import base_update, write_script
from benchmarks.results import RunResult
from benchmarks.wire import UPDATE, sync_message
from benchmarks.workload import RunContext, Workload
from crdt_store.ids import ClientId, Seq, UserId, WorkflowId
from crdt_store.journal import Head, StoredDocument
from crdt_store.update_scan import ScanLimits
from server.core.access import AccessSnapshot
from server.core.clock import SystemClock
from server.core.identity import Identity
from server.core.metrics import Metrics
from server.core.roles import Role
from server.live.connection import Connection
from server.live.context import RoomContext, RoomLimits
from server.live.room import Room

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from server.live.messages import Frame
    from server.live.wire import Pause

_UPDATES = 10_000
_PER_TICK = 10
_WRITER = UserId("writer")


class _NoWire:
    """A socket that takes everything and sends nothing: its cost is not what is measured."""

    is_congested = False

    def send_frame(self, frame: Frame) -> None:
        del frame

    def close(self, code: int, reason: str) -> None:
        raise AssertionError(f"the room refused a plain edit: {code} {reason}")

    def pause_reading(self, why: Pause) -> None:
        raise AssertionError(f"the room stopped reading: {why!r}")

    def resume_reading(self, why: Pause) -> None:
        del why


def _room(base: bytes) -> Room:
    limits = RoomLimits(
        max_document_bytes=2**30,
        max_awareness_state_bytes=8 * 1024,
        max_connections_per_workflow=10,
        max_messages_per_second=2**30,  # all at once, not at a pace
        max_pending_bytes_per_workflow=2**30,
        send_buffer_bytes=2**20,
    )
    context = RoomContext(
        limits=limits,
        scan_limits=ScanLimits(),
        text_keys=frozenset({"prompt"}),
        metrics=Metrics(),
        clock=SystemClock(),
        start_task=_no_task,
    )
    stored = StoredDocument(base, Seq(1), (), Head(Seq(1), 0))
    access = AccessSnapshot(0, {_WRITER: Role.EDITOR})
    return Room(WorkflowId("bench-apply"), stored, access, context, schedule=lambda room: None)


def _no_task(coroutine: Coroutine[Any, Any, None]) -> None:
    coroutine.close()
    raise AssertionError("a small update started a task")


async def _run(context: RunContext) -> RunResult:
    base = base_update(nodes=20, edges=19, seed=context.seed)
    script = write_script(base, writer=0, count=_UPDATES, seed=context.seed)
    messages = [sync_message(UPDATE, update) for update in script.updates]
    room = _room(base)
    connection = Connection(_NoWire(), Identity(_WRITER, "Writer"), room)
    room.join(connection)
    scan_s = apply_s = 0.0
    seq = 1
    for first in range(0, _UPDATES, _PER_TICK):
        start = time.process_time()
        for message in messages[first : first + _PER_TICK]:
            connection.frame_received(message)
        scanned = time.process_time()
        outcome = room.apply(deadline_s=time.monotonic() + 1)
        applied = time.process_time()
        scan_s += scanned - start
        apply_s += applied - scanned
        seq += len(outcome.rows)
        room.publish(Seq(seq))
    held = room.document.clocks.get(ClientId(script.client_id))
    return RunResult(
        {
            "receive_and_scan_us": 1e6 * scan_s / _UPDATES,
            "gate_and_apply_us": 1e6 * apply_s / _UPDATES,
            "apply_path_us": 1e6 * (scan_s + apply_s) / _UPDATES,
        },
        [] if held == script.ends[-1] else [f"the room holds {held} of {script.ends[-1]} clocks"],
    )


WORKLOADS = (
    Workload("applypath", f"{_UPDATES:,} small updates, {_PER_TICK} per tick, in process", _run),
)
