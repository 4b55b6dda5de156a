"""Idle connections: 2,000 of them on 1,000 documents, what each costs in memory and to open."""

from __future__ import annotations

import asyncio
import random

from benchmarks.clients import in_groups, open_client, unexpected_closes
from benchmarks.cpu_window import CpuWindow
from benchmarks.results import RunResult
from benchmarks.websocket_frames import client_frame
from benchmarks.wire import awareness_entry, awareness_message
from benchmarks.workload import RunContext, Workload

_CONNECTIONS, _DOCUMENTS = 2_000, 1_000
_WARM_UP_CONNECTIONS = 50
_SETTLE_S = 1.5
_IDLE_S = 5.0


async def _run(context: RunContext) -> RunResult:
    workflows = [f"bench-idle-{index}" for index in range(_DOCUMENTS)]
    async with context.server() as server:
        await server.create_workflows([*workflows, "bench-warm"])
        warm = [
            await open_client(server, "bench-warm", f"warm-{index}")
            for index in range(_WARM_UP_CONNECTIONS)
        ]
        await asyncio.sleep(_SETTLE_S)
        rss = server.rss_bytes()
        window = CpuWindow(server)
        connections = await in_groups(
            [
                open_client(server, workflows[index % _DOCUMENTS], f"user-{index}")
                for index in range(_CONNECTIONS)
            ]
        )
        window.end()
        await asyncio.sleep(_SETTLE_S)
        figures = {
            "connect_cpu_ms": 1000 * window.server_s / _CONNECTIONS,
            "kib_per_connection": (server.rss_bytes() - rss) / 1024 / _CONNECTIONS,
            "connects_per_s": _CONNECTIONS / window.wall_s,
        }
        idling = CpuWindow(server)
        await asyncio.sleep(_IDLE_S)
        idling.end()
        figures["idle_server_percent_of_core"] = idling.server_percent
        figures["others_percent_of_core"] = window.others_percent
        generator = random.Random(context.seed)
        for connection in connections:  # a stock client announces `{}` when it connects
            entry = awareness_entry(generator.getrandbits(32), 1, b"{}")
            connection.send(client_frame(awareness_message(entry, 1)))
        await asyncio.sleep(_SETTLE_S)
        figures["kib_per_connection_with_presence"] = (
            (server.rss_bytes() - rss) / 1024 / _CONNECTIONS
        )
        problems = unexpected_closes([*connections, *warm])
        for connection in connections:
            connection.abort()
        await asyncio.sleep(_SETTLE_S)
    return RunResult(figures, problems)


WORKLOADS = (Workload("idle", "2,000 idle connections on 1,000 documents", _run),)
