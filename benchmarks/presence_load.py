"""A room of cursors under load: everybody moves at a rate, and everybody watches."""

from __future__ import annotations

import asyncio
import random
from array import array
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.clients import in_groups, open_client, unexpected_closes
from benchmarks.cpu_window import CpuWindow
from benchmarks.pacing import Pace, keep_pace
from benchmarks.presence import CursorClient, PresenceLedger
from benchmarks.results import percentile_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.connection import Connection
    from benchmarks.editing_load import Timing
    from benchmarks.server_process import ServerProcess

_SETTLE_S = 1.0


@dataclass(frozen=True, slots=True)
class PresenceResult:
    """`seen` and `echoes` count the window only; latencies (s, sorted) are of moves made in it."""

    window: CpuWindow
    moves: int
    seen: int
    echoes: int
    latencies: Sequence[float]
    lateness_p99_ms: float
    problems: list[str]

    def p_ms(self, percent: float) -> float:
        return percentile_ms(self.latencies, percent)


async def run_presence_load(
    server: ServerProcess,
    timing: Timing,
    *,
    clients: int,
    moves_per_s: float,
    echoes: bool,
    workflow: str,
    seed: int,
) -> PresenceResult:
    """Connect `clients` to an existing workflow and move every cursor at `moves_per_s`."""
    generator = random.Random(f"cursors-{seed}")
    client_ids = [generator.getrandbits(32) for _ in range(clients)]
    ledger = PresenceLedger(client_ids)
    cursors = [
        CursorClient(ledger, index, client_id, echoes=echoes)
        for index, client_id in enumerate(client_ids)
    ]
    opening = [
        open_client(
            server, workflow, f"user-{index}", on_awareness=cursor.receive, on_made=cursor.attach
        )
        for index, cursor in enumerate(cursors)
    ]
    # The first one alone: pycrdt-websocket answers only one of several that open a room at once.
    connections = [await opening[0], *await in_groups(opening[1:])]
    start = perf_counter() + timing.warm_up_s
    for cursor in cursors:
        cursor.window = (start, start + timing.measured_s)
    pacing = asyncio.create_task(
        keep_pace(
            [cursor.move for cursor in cursors],
            Pace.of_rate(moves_per_s),
            duration_s=timing.warm_up_s + timing.measured_s,
            seed=seed,
        )
    )
    await asyncio.sleep(start - perf_counter())
    moves, seen, echoed = ledger.moves, ledger.seen, ledger.echoes
    window = CpuWindow(server)
    await asyncio.sleep(timing.measured_s)
    window.end()
    moves, seen, echoed = ledger.moves - moves, ledger.seen - seen, ledger.echoes - echoed
    lateness = sorted(await pacing)
    await asyncio.sleep(_SETTLE_S)
    problems = unexpected_closes(connections) + _blind_spots(ledger, cursors)
    _leave(connections)
    latencies: array[float] = array("d")
    for cursor in cursors:
        latencies.extend(cursor.latencies)
    return PresenceResult(
        window, moves, seen, echoed, sorted(latencies), percentile_ms(lateness, 99), problems
    )


def _blind_spots(ledger: PresenceLedger, cursors: Sequence[CursorClient]) -> list[str]:
    """Clients that, a second after the last move, don't see every other cursor where it is."""
    last = [len(sent_at) - 1 for sent_at in ledger.sent_at]
    stale = sum(cursor.stale(last) for cursor in cursors)
    return [f"{stale} cursors are not where their owners left them"] if stale else []


def _leave(connections: Sequence[Connection]) -> None:
    for connection in connections:
        connection.abort()
