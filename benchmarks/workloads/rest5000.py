"""REST on a document of 5,000 nodes: its CPU, and what others feel who edit another document."""

from __future__ import annotations

import asyncio
from array import array
from time import perf_counter
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.clients import fill_document, open_client
from benchmarks.cpu_window import CpuWindow
from benchmarks.edits import base_update, write_script
from benchmarks.results import RunResult, percentile_ms
from benchmarks.server_process import token_for
from benchmarks.update_ranges import clock_ranges
from benchmarks.wire import read_bytes
from benchmarks.workload import RunContext, Workload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from benchmarks.edits import Script
    from benchmarks.server_process import ServerProcess

_NODES = _EDGES = 5_000
_LARGE, _SMALL = "bench-rest", "bench-beside"
_REQUESTS = 30
_PAUSE_S = 0.05
_EDIT_EVERY_S = 0.01
_EDITS = 20_000


class _Neighbour:
    """Somebody else's document: one client edits at a steady pace, another one is shown it."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._sent_at: dict[int, float] = {}
        self.latencies_s: array[float] = array("d")

    def shown(self, message: bytes, at: float) -> None:
        for client_id, start, end in clock_ranges(read_bytes(message, 2)[0]):
            if client_id == self._script.client_id:
                for clock in range(start + 1, end + 1):
                    if (sent_at := self._sent_at.pop(clock, None)) is not None:
                        self.latencies_s.append(at - sent_at)

    async def edit_on(self, server: ServerProcess) -> None:
        watcher = await open_client(server, _SMALL, "watcher", on_update=self.shown)
        writer = await open_client(server, _SMALL, "writer")
        try:
            for frame, end in zip(self._script.frames, self._script.ends, strict=True):
                self._sent_at[end] = perf_counter()
                writer.send(frame)
                await asyncio.sleep(_EDIT_EVERY_S)
        finally:
            watcher.abort()
            writer.abort()

    def take(self) -> list[float]:
        taken, self.latencies_s = sorted(self.latencies_s), array("d")
        return taken


async def _run(context: RunContext) -> RunResult:
    small = base_update(nodes=20, edges=19, seed=context.seed)
    neighbour = _Neighbour(write_script(small, writer=0, count=_EDITS, seed=context.seed))
    figures: dict[str, float] = {}
    problems: list[str] = []
    async with context.server() as server:
        await server.create_workflows([_LARGE, _SMALL])
        large = base_update(nodes=_NODES, edges=_EDGES, seed=context.seed)
        await fill_document(server, _LARGE, large)
        await fill_document(server, _SMALL, small)
        keeper = await open_client(server, _LARGE, "keeper")  # the room stays loaded
        typist = await open_client(server, _LARGE, "typist")
        typing = write_script(large, writer=4_000, count=_EDITS // 10, seed=context.seed)
        headers = {"Authorization": f"Bearer {token_for('reader')}"}
        base_url = f"http://{server.host}:{server.port}/api/workflows/{_LARGE}"
        async with httpx.AsyncClient(trust_env=False, headers=headers, timeout=60) as http:

            async def get(number: int) -> None:
                await node_patch(number)
                _check(await http.get(base_url), problems)

            async def get_again(number: int) -> None:
                _check(await http.get(base_url), problems)

            async def node_patch(number: int) -> None:
                body = {"data": {"label": f"merged {number}"}}
                _check(await http.patch(f"{base_url}/nodes/node-7", json=body), problems)

            async def patch(number: int) -> None:
                body: list[dict[str, Any]] = [
                    {"op": "replace", "path": "/nodes/70/data/label", "value": f"patched {number}"}
                ]
                _check(await http.patch(base_url, json=body), problems)

            async def patch_while_edited(number: int) -> None:
                async with asyncio.TaskGroup() as tasks:
                    patching = tasks.create_task(patch(number))
                    while not patching.done():
                        typist.send(typing.frames[typed.pop()])
                        await asyncio.sleep(_EDIT_EVERY_S * 3)

            typed = list(reversed(range(len(typing.frames))))
            editing = asyncio.create_task(neighbour.edit_on(server))
            await asyncio.sleep(1)
            neighbour.take()
            for name, request in (
                ("idle", _nothing),
                ("get_again", get_again),
                ("node_patch", node_patch),
                ("get", get),
                ("patch", patch),
                ("patch_while_edited", patch_while_edited),
            ):
                figures |= await _measure(server, neighbour, name, request)
            editing.cancel()
            await asyncio.wait([editing])
        keeper.abort()
        typist.abort()
    return RunResult(figures, problems)


def _check(response: httpx.Response, problems: list[str]) -> None:
    if response.status_code != 200:
        problems.append(f"{response.request.method}: {response.status_code} {response.text[:200]}")


async def _nothing(number: int) -> None:
    await asyncio.sleep(0.02)


async def _measure(
    server: ServerProcess,
    neighbour: _Neighbour,
    name: str,
    request: Callable[[int], Awaitable[None]],
) -> dict[str, float]:
    """Requests one after the other, and what the neighbour felt; its own CPU is in all of them."""
    window = CpuWindow(server)
    answered_s = []
    for number in range(_REQUESTS):
        start = perf_counter()
        await request(number)
        answered_s.append(perf_counter() - start)
        await asyncio.sleep(_PAUSE_S)
    window.end()
    felt = neighbour.take()
    return {
        f"{name}_cpu_ms": 1000 * window.server_s / _REQUESTS,
        f"{name}_p50_ms": percentile_ms(sorted(answered_s), 50),
        f"{name}_others_p99_ms": percentile_ms(felt, 99),
        f"{name}_others_max_ms": percentile_ms(felt, 100),
    }


WORKLOADS = (
    Workload("rest5000", "GET and PATCH a document of 5,000 nodes while others edit", _run),
)
