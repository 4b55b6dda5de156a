"""The apply path in this process: scan, gate and apply small updates, a tick's ten at a time."""

from __future__ import annotations

import time
from typing import Any

from pycrdt import Doc, Map

from benchmarks.edits import base_update, write_script
from benchmarks.results import RunResult
from benchmarks.workload import RunContext, Workload
from crdt_store.update_scan import ScanLimits, scan

_UPDATES = 5_000
_PER_TICK = 10


async def _run(context: RunContext) -> RunResult:
    base = base_update(nodes=20, edges=19, seed=context.seed)
    updates = write_script(base, writer=0, count=_UPDATES, seed=context.seed).updates
    limits = ScanLimits()
    start = time.process_time()
    for update in updates:
        scan(update, limits)
    scanned_s = time.process_time() - start
    doc: Doc[Any] = Doc()
    roots = [doc.get(name, type=Map) for name in ("nodes", "edges")]
    doc.apply_update(base)
    merged: list[bytes] = []
    subscription = doc.observe(lambda event: merged.append(event.update))
    start = time.process_time()
    for tick in range(0, len(updates), _PER_TICK):
        with doc.transaction():
            for update in updates[tick : tick + _PER_TICK]:
                doc.apply_update(update)
    applied_s = time.process_time() - start
    doc.unobserve(subscription)
    return RunResult(
        {
            "scan_us": 1e6 * scanned_s / _UPDATES,
            "apply_us": 1e6 * applied_s / _UPDATES,
            "scan_and_apply_us": 1e6 * (scanned_s + applied_s) / _UPDATES,
        },
        [] if len(roots[0]) == 20 else ["the document lost nodes"],
    )


WORKLOADS = (
    Workload("applypath", f"{_UPDATES} small updates, {_PER_TICK} per tick, in process", _run),
)
