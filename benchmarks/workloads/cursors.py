"""Cursors: 50 clients of one document, each moves its cursor ten times a second."""

from __future__ import annotations

from functools import partial

from benchmarks.presence_load import run_presence_load
from benchmarks.results import RunResult
from benchmarks.workload import RunContext, Workload

_CLIENTS, _MOVES_PER_S = 50, 10.0


async def _run(context: RunContext, *, echoes: bool) -> RunResult:
    async with context.server() as server:
        await server.create_workflows(["bench-cursors"])
        measured = await run_presence_load(
            server,
            context.timing,
            clients=_CLIENTS,
            moves_per_s=_MOVES_PER_S,
            echoes=echoes,
            workflow="bench-cursors",
            seed=context.seed,
        )
    possible = measured.moves * (_CLIENTS - 1)
    return RunResult(
        {
            "cpu_us_per_delivery": 1e6 * measured.window.server_s / max(1, measured.seen),
            "p50_ms": measured.p_ms(50),
            "p99_ms": measured.p_ms(99),
            "deliveries_per_s": measured.seen / measured.window.wall_s,
            "replaced_percent": 100 * max(0.0, 1 - measured.seen / max(1, possible)),
            "echoes_per_s": measured.echoes / measured.window.wall_s,
            "lateness_p99_ms": measured.lateness_p99_ms,
            **measured.window.figures(),
        },
        measured.problems,
    )


WORKLOADS = (
    Workload("cursors", "50 clients, 10 cursor moves/s each", partial(_run, echoes=False)),
    Workload(
        "cursors-echo",
        "the same, and every client echoes what it sees, as stock clients do",
        partial(_run, echoes=True),
    ),
)
