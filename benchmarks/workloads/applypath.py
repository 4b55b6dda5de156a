"""The apply path in this process: a room takes in small updates, ten per tick, without network."""

from __future__ import annotations

import time

from benchmarks.edits import base_update, write_script
from benchmarks.in_process import NoWire, room_without_network
from benchmarks.results import RunResult
from benchmarks.wire import UPDATE, sync_message
from benchmarks.workload import RunContext, Workload
from crdt_store.ids import ClientId, Seq, UserId
from server.core.access import AccessSnapshot
from server.core.identity import Identity
from server.core.roles import Role
from server.live.connection import Connection

_UPDATES = 10_000
_PER_TICK = 10
_WRITER = UserId("writer")


async def _run(context: RunContext) -> RunResult:
    base = base_update(nodes=20, edges=19, seed=context.seed)
    script = write_script(base, writer=0, count=_UPDATES, seed=context.seed)
    messages = [sync_message(UPDATE, update) for update in script.updates]
    room = room_without_network("bench-apply", base, AccessSnapshot(0, {_WRITER: Role.EDITOR}))
    connection = Connection(NoWire(), Identity(_WRITER, "Writer"), room)
    room.join(connection)
    assert room.can_enforce()
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
