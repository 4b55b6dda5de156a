"""Fan-out: one document, ten writers at 20 updates/s each, everybody reads."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks.editing_load import EditingLoad, run_editing_load
from benchmarks.results import RunResult
from benchmarks.workload import RunContext, Workload

if TYPE_CHECKING:
    from collections.abc import Mapping


async def _run(context: RunContext, *, clients: int) -> RunResult:
    load = EditingLoad(documents=1, clients=clients, writers=10, updates_per_s=20)
    async with context.server() as server:
        measured = await run_editing_load(
            server, load, context.timing, name="fanout", seed=context.seed
        )
    return RunResult(
        {
            "cpu_us_per_delivery": measured.cpu_us_per_delivery,
            "p50_ms": measured.p_ms(50),
            "p99_ms": measured.p_ms(99),
            "deliveries_per_s": measured.delivered / measured.window.wall_s,
            "updates_per_frame": measured.delivered / max(1, measured.frames),
            "lost_deliveries": measured.lost,
            "lateness_p99_ms": measured.lateness_p99_ms,
            **measured.window.figures(),
        },
        measured.problems,
    )


def _fanout(clients: int, settings: Mapping[str, str] | None = None) -> Workload:
    summary = f"1 document, {clients} clients, 10 of them write 20 updates/s each"
    return Workload(f"fanout{clients}", summary, partial(_run, clients=clients), settings or {})


WORKLOADS = (
    _fanout(50),
    _fanout(200),
    # The default admits 1,000: one too few for the late joiner that is compared with the others.
    _fanout(1000, {"COFLOW_MAX_CONNECTIONS_PER_WORKFLOW": "1010"}),
)
