"""Everybody opens the same new workflow at the same instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from tests.node_clients import SYNCED, NodeClients, StockClient, equals, new_node

if TYPE_CHECKING:
    from tests.servers import ServerProcess

CLIENTS = 50


async def test_fifty_clients_that_open_a_new_workflow_at_once_all_get_step_2(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> None:
    everybody = [
        await clients.open(
            server.sync_url, workflow_id, params=server.params(f"user-{number}"), connect=False
        )
        for number in range(CLIENTS)
    ]
    async with anyio.create_task_group() as tasks:
        for client in everybody:
            tasks.start_soon(client.connect)

    async def got_one_step_2(client: StockClient) -> None:
        await client.until(SYNCED)
        assert (await client.look("in"))["step2"] == 1

    async with anyio.create_task_group() as tasks:
        for client in everybody:
            tasks.start_soon(got_one_step_2, client)

    await everybody[0].edit(new_node("first", label="hello"))
    async with anyio.create_task_group() as tasks:
        for client in everybody:
            tasks.start_soon(
                client.until, equals(["doc", "nodes", "first", "data", "label"], "hello")
            )
    assert await everybody[-1].look("connections") == 1
