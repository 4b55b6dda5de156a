"""A drain, a restart, and the clients that come back with what they did meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.node_clients import (
    DISCONNECTED,
    SYNCED,
    NodeClients,
    StockClient,
    at_least,
    equals,
    exists,
    new_node,
    shared_text,
)

if TYPE_CHECKING:
    from tests.servers import ServerProcess, StartServer


async def open_two(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> tuple[StockClient, StockClient]:
    ada, bob = [
        await clients.open(
            server.sync_url, workflow_id, name=user, params=server.params(user), events=True
        )
        for user in ("ada", "bob")
    ]
    await ada.until(SYNCED)
    await bob.until(SYNCED)
    return ada, bob


@pytest.mark.parametrize("ending", ["terminate", "kill"])
async def test_crdt_1_edits_made_while_the_server_is_away_arrive_after_its_restart(
    start_server: StartServer, clients: NodeClients, workflow_id: str, ending: str
) -> None:
    server = await start_server()
    ada, bob = await open_two(server, clients, workflow_id)
    await ada.edit(new_node("n", prompt=shared_text("-"), label="before"))
    await bob.until(exists("doc", "nodes", "n"))
    if ending == "terminate":
        assert await server.terminate() == 0
    else:
        await server.kill()
    await ada.until(DISCONNECTED)
    await bob.until(DISCONNECTED)
    prompt = ["nodes", "n", "data", "prompt"]
    await ada.edit(["insert", prompt, 0, "ada"])
    await ada.edit(["set", ["nodes", "n", "position"], {"x": 10, "y": 20}])
    await bob.edit(["insert", prompt, 1, "bob"])
    await bob.edit(new_node("made-by-bob"))
    await bob.edit(["set", ["nodes", "n", "data", "label"], "after"])

    await server.start()
    await ada.until(SYNCED)
    await bob.until(SYNCED)
    await clients.converge(ada, bob)
    assert await ada.look("doc", *prompt) == "ada-bob"
    assert await bob.look("doc", "nodes", "n", "position") == {"x": 10, "y": 20}
    assert await ada.look("doc", "nodes", "made-by-bob") is not None
    newcomer = await clients.open(server.sync_url, workflow_id, params=server.params("cyd"))
    await newcomer.until(SYNCED)
    await clients.converge(ada, bob, newcomer)


async def test_a_drain_closes_with_1012_and_exits_0_while_edits_stream_in(
    start_server: StartServer, clients: NodeClients, workflow_id: str
) -> None:
    server = await start_server()
    ada, bob = await open_two(server, clients, workflow_id)
    await ada.edit(new_node("n"))
    writes = ["nodes", "n", "data"]
    await ada.start_stream(writes, rate_per_s=200)
    await bob.until(exists("doc", *writes, "50"))
    assert await server.terminate() == 0
    for client in (ada, bob):
        await client.until(at_least(["closes", "length"], 1))
        assert (await client.look("closes"))[0]["code"] == 1012
    await ada.stop_stream()
    shown = set(await bob.look("doc", *writes))
    saved = {str(write) for write in await ada.look("saved_writes") if write > 0}
    await ada.close()
    await bob.close()

    await server.start()
    witness = await clients.open(server.sync_url, workflow_id, params=server.params("cyd"))
    await witness.until(SYNCED)
    stored = set(await witness.look("doc", *writes))
    assert shown - stored == set()
    assert saved - stored == set()


async def test_a_drain_loses_nothing_that_is_queued(
    start_server: StartServer, clients: NodeClients, workflow_id: str
) -> None:
    # A tick so long that the edit surely waits for its commit when the signal comes.
    server = await start_server(tick_ms=1000)
    ada, bob = await open_two(server, clients, workflow_id)
    await ada.edit(new_node("first"))
    await ada.edit(new_node("second"))
    await ada.ping()
    assert await server.terminate() == 0
    await ada.close()
    await bob.close()
    await server.start()
    witness = await clients.open(server.sync_url, workflow_id, params=server.params("cyd"))
    await witness.until(SYNCED)
    assert set(await witness.look("doc", "nodes")) == {"first", "second"}


async def test_clients_that_the_drain_closed_come_back_by_themselves(
    start_server: StartServer, clients: NodeClients, workflow_id: str
) -> None:
    server = await start_server()
    ada, bob = await open_two(server, clients, workflow_id)
    await ada.set_awareness(cursor={"x": 7, "y": 8})
    await bob.until(equals(["users", "ada", "cursor"], {"x": 7, "y": 8}))
    await server.restart()
    await ada.until(at_least(["connections"], 2), SYNCED)
    await bob.until(at_least(["connections"], 2), SYNCED)
    # Bob still remembers the clock of her state, and the server has forgotten all clocks.
    await bob.until(equals(["users", "ada", "cursor"], {"x": 7, "y": 8}), within_s=5)
    await ada.edit(new_node("after"))
    await bob.until(exists("doc", "nodes", "after"))
