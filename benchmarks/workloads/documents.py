"""Many documents: 200 of them, two clients on each, both write 5 updates/s."""

from __future__ import annotations

from benchmarks.editing_load import EditingLoad, run_editing_load
from benchmarks.results import RunResult
from benchmarks.workload import RunContext, Workload

_LOAD = EditingLoad(documents=200, clients=2, writers=2, updates_per_s=5)


async def _run(context: RunContext) -> RunResult:
    async with context.server() as server:
        measured = await run_editing_load(
            server, _LOAD, context.timing, name="documents", seed=context.seed
        )
    return RunResult(
        {
            "cpu_us_per_update": measured.cpu_us_per_delivery,
            "p50_ms": measured.p_ms(50),
            "p99_ms": measured.p_ms(99),
            "updates_per_s": measured.delivered / measured.window.wall_s,
            "lost_deliveries": measured.lost,
            "lateness_p99_ms": measured.lateness_p99_ms,
            **measured.window.figures(),
        },
        measured.problems,
    )


WORKLOADS = (Workload("documents", "200 documents, 2 clients each, both write 5 updates/s", _run),)
