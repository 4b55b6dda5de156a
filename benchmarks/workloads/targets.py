"""The product's targets: connect in under 1 s, see a cursor in under 100 ms, on a busy document."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.clients import fill_document, open_client
from benchmarks.edits import base_update
from benchmarks.presence_load import run_presence_load
from benchmarks.results import RunResult, percentile_ms
from benchmarks.workload import RunContext, Workload

if TYPE_CHECKING:
    from benchmarks.server_process import ServerProcess

_WORKFLOW = "bench-targets"
_NODES = 200
_CLIENTS, _MOVES_PER_S = 50, 10.0
_CONNECT_EVERY_S = 0.05
_CONNECTS = 100


async def _run(context: RunContext) -> RunResult:
    base = base_update(nodes=_NODES, edges=_NODES - 1, seed=context.seed)
    timing = replace(context.timing, measured_s=_CONNECTS * _CONNECT_EVERY_S + 1)
    async with context.server() as server:
        await server.create_workflows([_WORKFLOW])
        await fill_document(server, _WORKFLOW, base)
        cursors = asyncio.create_task(
            run_presence_load(
                server,
                timing,
                clients=_CLIENTS,
                moves_per_s=_MOVES_PER_S,
                echoes=True,
                workflow=_WORKFLOW,
                seed=context.seed,
            )
        )
        await asyncio.sleep(timing.warm_up_s)
        connects = sorted(await _connect_repeatedly(server))
        measured = await cursors
    return RunResult(
        {
            "connect_p95_ms": percentile_ms(connects, 95),
            "connect_p99_ms": percentile_ms(connects, 99),
            "cursor_p95_ms": measured.p_ms(95),
            "cursor_p99_ms": measured.p_ms(99),
            **measured.window.figures(),
        },
        measured.problems,
    )


async def _connect_repeatedly(server: ServerProcess) -> list[float]:
    """Seconds from the TCP connect until the document is here, newcomers one after the other."""
    waits: list[float] = []
    for index in range(_CONNECTS):
        start = perf_counter()
        newcomer = await open_client(server, _WORKFLOW, f"newcomer-{index}")
        waits.append(newcomer.synced_at - start)
        newcomer.abort()
        await asyncio.sleep(_CONNECT_EVERY_S)
    return waits


WORKLOADS = (
    Workload(
        "targets",
        "connect time and cursor latency: 200 nodes, 50 stock clients moving, newcomers",
        _run,
    ),
)
