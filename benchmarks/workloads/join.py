"""Joining a document of 5,000 nodes: alone, after an edit, 50 at once, after a restart."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.clients import fill_document, open_client
from benchmarks.cpu_window import CpuWindow
from benchmarks.edits import base_update, replica_of, write_script
from benchmarks.results import RunResult
from benchmarks.workload import RunContext, Workload

if TYPE_CHECKING:
    from benchmarks.server_process import ServerProcess

_NODES, _EDGES = 5_000, 2_100  # 1.29 MB, as in the peers' measurement
_WORKFLOW = "bench-join"
_JOINS_IN_TURN = 20
_JOINS_AT_ONCE = 50
_SETTLE_S = 0.5


async def _run(context: RunContext) -> RunResult:
    base = base_update(nodes=_NODES, edges=_EDGES, seed=context.seed)
    edits = write_script(base, writer=0, count=_JOINS_IN_TURN, seed=context.seed)
    async with context.server() as server:
        await server.create_workflows([_WORKFLOW])
        await fill_document(server, _WORKFLOW, base)
        keeper = await open_client(server, _WORKFLOW, "keeper")  # the room stays loaded
        await asyncio.sleep(_SETTLE_S)
        figures = {"document_mb": len(keeper.step_2.result()) / 1e6}
        figures |= await _alone(server)
        figures |= await _at_once(server)
        figures |= await _after_edits(server, edits.frames)
        problems: list[str] = []
        last = await open_client(server, _WORKFLOW, "last")
        if replica_of([last.step_2.result()]) != replica_of([base, *edits.updates]):
            problems.append("the last joiner's document differs")
        if not server.spec.plain:
            await server.stop()
            await server.start()
            figures |= await _first_after_restart(server)
    return RunResult(figures, problems)


async def _join(server: ServerProcess, user: str) -> float:
    """Seconds from connecting until step 2 is here."""
    start = perf_counter()
    client = await open_client(server, _WORKFLOW, user)
    client.abort()
    return client.synced_at - start


async def _alone(server: ServerProcess) -> dict[str, float]:
    """One after the other, the document at rest."""
    window = CpuWindow(server)
    waits = sorted([await _join(server, f"alone-{index}") for index in range(_JOINS_IN_TURN)])
    window.end()
    return {
        "alone_cpu_ms": 1000 * window.server_s / _JOINS_IN_TURN,
        "alone_p50_ms": 1000 * waits[len(waits) // 2],
    }


async def _after_edits(server: ServerProcess, frames: list[bytes]) -> dict[str, float]:
    """One after the other, an edit before each: nothing prepared for the last joiner still fits."""
    writer = await open_client(server, _WORKFLOW, "writer")
    cpu_s = 0.0
    for index, frame in enumerate(frames):
        writer.send(frame)
        await asyncio.sleep(_SETTLE_S / 5)
        window = CpuWindow(server)
        await _join(server, f"after-{index}")
        window.end()
        cpu_s += window.server_s
    writer.abort()
    return {"after_an_edit_cpu_ms": 1000 * cpu_s / len(frames)}


async def _at_once(server: ServerProcess) -> dict[str, float]:
    window = CpuWindow(server)
    start = perf_counter()
    clients = await asyncio.gather(
        *(open_client(server, _WORKFLOW, f"crowd-{index}") for index in range(_JOINS_AT_ONCE))
    )
    window.end()
    for client in clients:
        client.abort()
    await asyncio.sleep(_SETTLE_S)
    return {
        "crowd_all_done_ms": 1000 * (max(client.synced_at for client in clients) - start),
        "crowd_cpu_ms_each": 1000 * window.server_s / _JOINS_AT_ONCE,
    }


async def _first_after_restart(server: ServerProcess) -> dict[str, float]:
    """The room is not loaded yet: the document comes from the database."""
    window = CpuWindow(server)
    wait = await _join(server, "first")
    window.end()
    return {
        "first_after_restart_cpu_ms": 1000 * window.server_s,
        "first_after_restart_ms": 1000 * wait,
    }


WORKLOADS = (
    Workload("join5000", "join a document of 5,000 nodes: alone, and 50 clients at once", _run),
)
