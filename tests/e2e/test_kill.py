"""kill -9 at a random moment loses nothing that anyone was shown or told was saved [DUR-1]."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.node_clients import DISCONNECTED, SYNCED, NodeClients, at_least, exists, new_node

if TYPE_CHECKING:
    from tests.servers import ServerProcess, StartServer

WRITES = ["nodes", "n", "data"]
LONGEST_S = 1.0
PER_SERVER = 5
BATCHES = [range(first, first + PER_SERVER) for first in range(0, 20, PER_SERVER)]
POSTGRES_SEEDS = range(1000, 1005)
FAST_SEEDS = range(2000, 2004)


async def kill_while_writing(
    server: ServerProcess, clients: NodeClients, *, seed: int, rate_per_s: float
) -> None:
    """One writer, one reader, one SIGKILL; then everything noted must still be there."""
    moment_s = random.Random(seed).uniform(0, LONGEST_S)
    workflow_id = f"killed-{seed}"
    writer = await clients.open(
        server.sync_url, workflow_id, name="writer", params=server.params("ada"), events=True
    )
    reader = await clients.open(
        server.sync_url, workflow_id, name="reader", params=server.params("bob")
    )
    await writer.until(SYNCED)
    await reader.until(SYNCED)
    await writer.edit(new_node("n"))
    await writer.start_stream(WRITES, rate_per_s=rate_per_s)
    await reader.until(exists("doc", *WRITES, "5"))
    await writer.until(at_least(["saved"], 3))
    await anyio.sleep(moment_s)
    await server.kill()

    # What was on its way when the process died has been shown too.
    await writer.until(DISCONNECTED)
    await reader.until(DISCONNECTED)
    shown = {int(write) for write in await reader.look("doc", *WRITES)}
    saved = {write for write in await writer.look("saved_writes") if write > 0}
    assert shown
    assert saved
    # Before the restart: they would bring their edits back.
    await writer.close()
    await reader.close()
    await server.restart()
    witness = await clients.open(
        server.sync_url, workflow_id, name="witness", params=server.params("cyd")
    )
    await witness.until(SYNCED)
    stored = {int(write) for write in await witness.look("doc", *WRITES)}
    assert shown - stored == set(), f"shown to another client, and lost (seed {seed})"
    assert saved - stored == set(), f"called saved, and lost (seed {seed})"
    assert stored == set(range(1, max(stored) + 1)), f"a hole in one writer's history (seed {seed})"
    await witness.close()


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
async def test_dur_1_killed_server_keeps_all_that_was_shown_or_saved(
    start_server: StartServer, clients: NodeClients, seeds: range
) -> None:
    server = await start_server()
    for seed in seeds:
        await kill_while_writing(server, clients, seed=seed, rate_per_s=200)


async def test_dur_1_killed_server_keeps_all_that_was_shown_or_saved_on_postgresql(
    postgres_url: str, start_server: StartServer, clients: NodeClients
) -> None:
    server = await start_server(database_url=postgres_url)
    for seed in POSTGRES_SEEDS:
        await kill_while_writing(server, clients, seed=seed, rate_per_s=200)


async def test_dur_1_killed_server_keeps_all_of_a_thousand_updates_a_second(
    start_server: StartServer, clients: NodeClients
) -> None:
    # Above the limit that a person's editor needs, hence the setting.
    server = await start_server(max_messages_per_second=10_000)
    for seed in FAST_SEEDS:
        await kill_while_writing(server, clients, seed=seed, rate_per_s=1000)
