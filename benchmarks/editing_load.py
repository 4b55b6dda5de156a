"""The load most workloads share: documents, clients on each, writers that edit at a rate."""

from __future__ import annotations

import asyncio
import math
from array import array
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.clients import fill_document, in_groups, open_client, unexpected_closes
from benchmarks.cpu_window import CpuWindow
from benchmarks.deliveries import Ledger, Reader
from benchmarks.edits import Script, base_update, replica_of, write_script
from benchmarks.pacing import Pace, keep_pace
from benchmarks.results import percentile_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.connection import Connection
    from benchmarks.server_process import ServerProcess

_NOTED_LATENCIES_PER_S = 100_000
_CHECKED_DOCUMENTS = 3
_CHECKED_READERS = 3
_PROGRESS_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class EditingLoad:
    """`writers` of each document's `clients` edit, each at `updates_per_s`; all read.

    With `reads_events` they are all told of events too, as our own web client is.
    """

    documents: int
    clients: int
    writers: int
    updates_per_s: float
    reads_events: bool = False

    @property
    def updates_per_s_in(self) -> float:
        return self.documents * self.writers * self.updates_per_s

    @property
    def deliveries_per_s(self) -> float:
        return self.updates_per_s_in * (self.clients - 1)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: before the measured window, the window itself, and how long to wait for the rest."""

    warm_up_s: float = 1.5
    measured_s: float = 6.0
    drain_s: float = 20.0


@dataclass(frozen=True, slots=True)
class EditingResult:
    """`delivered` counts the window only; latencies (s, sorted) are of updates sent in it."""

    window: CpuWindow
    sent: int
    delivered: int
    frames: int
    latencies: Sequence[float]
    lost: int
    problems: list[str]
    lateness_p99_ms: float
    rss_growth_mib: float

    def p_ms(self, percent: float) -> float:
        return percentile_ms(self.latencies, percent)

    @property
    def cpu_us_per_delivery(self) -> float:
        return 1e6 * self.window.server_s / max(1, self.delivered)


class _Document:
    """One document under load: its clients, its scripts, its ledger."""

    def __init__(
        self, workflow: str, load: EditingLoad, base: bytes, count: int, seed: int
    ) -> None:
        self.workflow = workflow
        self.base = base
        self.scripts = [
            write_script(base, writer=writer, count=count, seed=seed)
            for writer in range(load.writers)
        ]
        self.ledger = Ledger(self.scripts)
        noting = max(1, int(_NOTED_LATENCIES_PER_S / load.updates_per_s_in))
        # The readers whose latencies are noted are spread over the room, not its first ones.
        stride = max(1, load.clients // noting)
        self.readers = [
            Reader(
                self.ledger,
                own=client if client < load.writers else None,
                notes_latency=client % stride == 0,
                keeps_frames=client >= load.clients - _CHECKED_READERS,
            )
            for client in range(load.clients)
        ]
        self.connections: list[Connection] = []

    def send(self, writer: int, count: int, at: float) -> None:
        script = self.scripts[writer]
        sent = script.sent
        frames = script.frames[sent : sent + count]
        script.sent_at.extend([at] * len(frames))
        self.connections[writer].send(b"".join(frames) if count > 1 else frames[0])

    @property
    def missing(self) -> int:
        return sum(reader.missing() for reader in self.readers)

    async def problems(self, server: ServerProcess) -> list[str]:
        """What differs from the expected document, at a few readers and a late joiner."""
        sent = [update for script in self.scripts for update in script.updates[: script.sent]]
        expected = replica_of([self.base, *sent])
        late = await open_client(server, self.workflow, "late")
        found: list[str] = []
        if replica_of([late.step_2.result()]) != expected:
            found.append(f"{self.workflow}: a late joiner's document differs")
        late.abort()
        kept = [reader.kept_updates for reader in self.readers]
        for client, updates in enumerate(kept):
            if updates is not None and self.differs(client, updates, expected):
                found.append(f"{self.workflow}: client {client}'s document differs")
        return found

    def differs(self, client: int, updates: list[bytes], expected: object) -> bool:
        own = self.scripts[client] if client < len(self.scripts) else None
        return replica_of([*updates, *(own.updates[: own.sent] if own else ())]) != expected


Beside = Callable[[str, float], Awaitable[None]]
"""What else goes on in the measured window: gets the first document's id, and the window's end."""


async def run_editing_load(
    server: ServerProcess,
    load: EditingLoad,
    timing: Timing,
    *,
    name: str,
    seed: int,
    beside: Beside | None = None,
) -> EditingResult:
    """Fill the documents, connect everybody, edit at the rate, wait for the rest, compare.

    `beside` may run on while what is left is waited for, and must end by itself.
    """
    documents = await _open_documents(server, load, timing, name, seed)
    ledgers = [document.ledger for document in documents]
    senders = [
        partial(document.send, writer) for document in documents for writer in range(load.writers)
    ]
    start = perf_counter() + timing.warm_up_s
    for document in documents:
        for reader in document.readers:
            reader.window = (start, start + timing.measured_s)
    rss_before = server.rss_bytes()
    pacing = asyncio.create_task(
        keep_pace(
            senders,
            Pace.of_rate(load.updates_per_s),
            duration_s=timing.warm_up_s + timing.measured_s,
            seed=seed,
        )
    )
    await asyncio.sleep(start - perf_counter())
    delivered, frames, sent = _totals(ledgers)
    window = CpuWindow(server)
    async with asyncio.TaskGroup() as others:
        if beside is not None:
            others.create_task(
                _run_beside(beside, documents[0].workflow, start + timing.measured_s)
            )
        await asyncio.sleep(start + timing.measured_s - perf_counter())
        window.end()
    delivered_after, frames_after, sent_after = _totals(ledgers)
    rss_growth = server.rss_bytes() - rss_before
    lateness = sorted(await pacing)
    await _drain(documents, timing.drain_s)

    latencies: array[float] = array("d")
    for document in documents:
        for reader in document.readers:
            latencies.extend(reader.latencies or ())
    connections = [connection for document in documents for connection in document.connections]
    problems = unexpected_closes(connections)
    lost = sum(document.missing for document in documents)
    if lost:
        problems.append(f"{lost} deliveries missing {timing.drain_s:.0f} s after the last edit")
    if gaps := sum(ledger.gaps for ledger in ledgers):
        problems.append(f"{gaps} frames with a gap before them")
    if not lost:
        for document in documents[:_CHECKED_DOCUMENTS]:
            problems += await document.problems(server)
    for connection in connections:
        connection.abort()
    return EditingResult(
        window=window,
        sent=sent_after - sent,
        delivered=delivered_after - delivered,
        frames=frames_after - frames,
        latencies=sorted(latencies),
        lost=lost,
        problems=problems,
        lateness_p99_ms=percentile_ms(lateness, 99),
        rss_growth_mib=rss_growth / 2**20,
    )


def user_of(document: int, client: int) -> str:
    return f"user-{document}-{client}"


async def _open_documents(
    server: ServerProcess, load: EditingLoad, timing: Timing, name: str, seed: int
) -> list[_Document]:
    count = math.ceil(load.updates_per_s * (timing.warm_up_s + timing.measured_s)) + 2
    nodes = max(20 if load.documents == 1 else 2, load.writers)
    base = base_update(nodes=nodes, edges=nodes - 1, seed=seed)
    documents = [
        _Document(f"bench-{name}-{index}", load, base, count, seed * 100_000 + index)
        for index in range(load.documents)
    ]
    await server.create_workflows([document.workflow for document in documents])
    await in_groups([fill_document(server, document.workflow, base) for document in documents])
    opening = [
        open_client(
            server,
            document.workflow,
            user_of(index, client),
            on_update=reader.receive,
            events="1" if load.reads_events else "0",
        )
        for index, document in enumerate(documents)
        for client, reader in enumerate(document.readers)
    ]
    connections = await in_groups(opening)
    for index, document in enumerate(documents):
        document.connections = connections[index * load.clients : (index + 1) * load.clients]
    return documents


async def _run_beside(beside: Beside, workflow: str, end: float) -> None:
    await beside(workflow, end)


def _totals(ledgers: Sequence[Ledger]) -> tuple[int, int, int]:
    """Delivered, frames received, sent: so far."""
    return (
        sum(ledger.delivered for ledger in ledgers),
        sum(ledger.frames for ledger in ledgers),
        sum(_sent(ledger.scripts) for ledger in ledgers),
    )


def _sent(scripts: Sequence[Script]) -> int:
    return sum(script.sent for script in scripts)


async def _drain(documents: Sequence[_Document], drain_s: float) -> None:
    deadline = perf_counter() + drain_s
    while any(document.missing for document in documents) and perf_counter() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(_PROGRESS_EVERY_S)
