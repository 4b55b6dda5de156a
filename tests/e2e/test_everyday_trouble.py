"""What goes wrong every day with stock clients: viewers, gaps, reconnects, invented removals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.node_clients import (
    CONNECTED,
    SETTLED,
    SYNCED,
    NodeClients,
    StockClient,
    absent,
    at_least,
    equals,
    exists,
    new_node,
    shared_text,
)

if TYPE_CHECKING:
    from tests.servers import ServerProcess, StartServer

TWO_MINUTES_S = 120


async def open_as(
    clients: NodeClients,
    server: ServerProcess,
    workflow_id: str,
    user_id: str,
    *,
    role: str | None = None,
    events: bool = False,
) -> StockClient:
    params = server.params(user_id, workflows={workflow_id: role}) if role else None
    return await clients.open(
        server.sync_url,
        workflow_id,
        name=user_id,
        params=params or server.params(user_id),
        events=events,
    )


async def make_workflow(server: ServerProcess, workflow_id: str, owner: str) -> None:
    async with server.http(owner) as http:
        response = await http.post("/api/workflows", json={"id": workflow_id})
    assert response.status_code == 201, response.text


async def test_a_viewer_with_the_stock_client_stays_connected_and_reads(
    start_server: StartServer, clients: NodeClients, workflow_id: str
) -> None:
    server = await start_server(auth_mode="jwt")
    await make_workflow(server, workflow_id, "ada")
    ada = await open_as(clients, server, workflow_id, "ada")
    await ada.until(SYNCED)
    await ada.edit(new_node("kept", prompt=shared_text("hello")), new_node("dropped"))
    await ada.edit(["delete", ["nodes", "dropped"]])
    viewer = await open_as(clients, server, workflow_id, "vic", role="viewer")
    await viewer.until(SYNCED)
    await clients.converge(ada, viewer)

    # It has deletions now, which a step 2 would carry; a reconnect must not look like an edit.
    await viewer.cut()
    await viewer.until(at_least(["connections"], 2), SYNCED)
    await ada.edit(["insert", ["nodes", "kept", "data", "prompt"], 5, " world"])
    await viewer.until(equals(["doc", "nodes", "kept", "data", "prompt"], "hello world"))
    assert await viewer.look("final") is None
    assert await viewer.look("connections") == 2
    assert {"step1", "auth"}.isdisjoint(await viewer.look("in"))
    # It reads, and is seen to be there.
    await viewer.set_awareness(cursor={"x": 3, "y": 4})
    await ada.until(equals(["users", "vic", "cursor"], {"x": 3, "y": 4}))
    assert await ada.look("users", "vic", "user", "role") == "viewer"


async def test_acc_2_a_viewer_that_edits_is_told_and_closed_for_good(
    start_server: StartServer, clients: NodeClients, workflow_id: str
) -> None:
    server = await start_server(auth_mode="jwt")
    await make_workflow(server, workflow_id, "ada")
    ada = await open_as(clients, server, workflow_id, "ada")
    viewer = await open_as(clients, server, workflow_id, "vic", role="viewer", events=True)
    await viewer.until(SYNCED)
    await viewer.edit(new_node("forbidden"))
    await viewer.until(exists("final"))
    assert await viewer.look("final", "code") == 4403
    assert "edit_reverted" in await viewer.look("event_types")
    await ada.until(SYNCED)
    await ada.edit(new_node("allowed"))
    newcomer = await open_as(clients, server, workflow_id, "bob", role="viewer")
    await newcomer.until(exists("doc", "nodes", "allowed"))
    assert await newcomer.look("doc", "nodes", "forbidden") is None


async def test_a_client_with_a_gap_causes_no_ping_pong_and_is_healed_by_the_missing_part(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> None:
    author = await clients.open(
        server.sync_url, workflow_id, name="author", params=server.params("ada"), connect=False
    )
    await author.edit(new_node("base", prompt=shared_text("one")))
    before = await author.state_vector()
    await author.edit(["insert", ["nodes", "base", "data", "prompt"], 3, " two"])
    only_the_second = await author.update(since=before)

    bystander = await open_as(clients, server, workflow_id, "bob")
    await bystander.until(SYNCED)
    gap = await clients.open(
        server.sync_url,
        workflow_id,
        name="gap",
        params=server.params("gus"),
        seed=only_the_second,
        events=True,
    )
    assert await gap.look("pending") is True
    await gap.until(SYNCED)
    for number in range(20):
        await bystander.edit(new_node(f"n{number}"))
        await gap.until(exists("doc", "nodes", f"n{number}"))
    # A step 1 with the connection, and at most one more for the clocks that are missing.
    assert (await gap.look("in"))["step1"] <= 2
    assert (await gap.look("out"))["step2"] <= 2
    assert await gap.look("connections") == 1
    assert await bystander.look("doc", "nodes", "base") is None

    await author.connect()
    await gap.until(equals(["doc", "nodes", "base", "data", "prompt"], "one two"))
    await gap.until(equals(["pending"], False))
    await clients.converge(author, gap, bystander)
    await gap.edit(["set", ["nodes", "base", "data", "label"], "healed"])
    await author.until(equals(["doc", "nodes", "base", "data", "label"], "healed"))


@pytest.mark.parametrize("how", ["disconnect", "cut"])
async def test_after_a_reconnect_a_cursor_is_visible_at_once(
    server: ServerProcess, clients: NodeClients, workflow_id: str, how: str
) -> None:
    ada = await open_as(clients, server, workflow_id, "ada")
    bob = await open_as(clients, server, workflow_id, "bob")
    await ada.until(SYNCED)
    await ada.set_awareness(cursor={"x": 1, "y": 1})
    await bob.until(equals(["users", "ada", "cursor"], {"x": 1, "y": 1}))
    if how == "disconnect":
        await ada.disconnect()
        await bob.until(absent("users", "ada"), within_s=5)
        await ada.connect()
    else:
        await ada.cut()
        await bob.until(at_least(["departures", "length"], 1), within_s=5)
    await ada.until(at_least(["connections"], 2), SYNCED)
    # Its state comes with the clock that it had before; by itself it would renew after 15 s.
    await bob.until(equals(["users", "ada", "cursor"], {"x": 1, "y": 1}), within_s=3)
    await ada.set_awareness(cursor={"x": 2, "y": 2})
    await bob.until(equals(["users", "ada", "cursor"], {"x": 2, "y": 2}), within_s=3)


async def test_a_removal_that_another_clients_timer_invents_removes_nobody(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> None:
    ada, bob, cyd = [
        await open_as(clients, server, workflow_id, user) for user in ("ada", "bob", "cyd")
    ]
    await ada.set_awareness(cursor={"x": 1, "y": 1})
    for client in (bob, cyd):
        await client.until(exists("users", "ada"), SYNCED)
    await bob.forget(ada.client_id)
    # Sent after the removal, on the same connection: who sees it has seen what came before.
    await bob.set_awareness(marker="after the removal")
    await cyd.until(equals(["users", "bob", "marker"], "after the removal"))
    assert await cyd.look("departures") == []
    await ada.set_awareness(cursor={"x": 2, "y": 2})
    for client in (bob, cyd):
        await client.until(equals(["users", "ada", "cursor"], {"x": 2, "y": 2}))


async def test_one_cursor_move_is_not_multiplied_by_the_echoes_of_stock_clients(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> None:
    ada, bob, cyd = [
        await open_as(clients, server, workflow_id, user) for user in ("ada", "bob", "cyd")
    ]
    for client in (ada, bob, cyd):
        await client.until(SYNCED)
    await ada.set_awareness(cursor={"x": 0, "y": 0})
    for client in (bob, cyd):
        await client.until(equals(["users", "ada", "cursor", "x"], 0))
    before = (await cyd.look("in"))["awareness"]
    moves = 20
    for x in range(1, moves + 1):
        await ada.set_awareness(cursor={"x": x, "y": 0})
        for client in (bob, cyd):
            await client.until(equals(["users", "ada", "cursor", "x"], x))
    # On plain pycrdt-websocket it is three frames a move.
    assert (await cyd.look("in"))["awareness"] - before <= moves + 5


@pytest.mark.timeout(240)
async def test_a_silent_client_stays_connected_for_two_minutes(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> None:
    """The provider reconnects after 30 s without a message; the real time is the honest test."""
    silent = await clients.open(
        server.sync_url,
        workflow_id,
        name="silent",
        params=server.params("sid"),
        awareness=False,
        events=True,
    )
    await silent.until(SYNCED, CONNECTED, SETTLED)
    assert await silent.stays(at_least(["connections"], 2), for_s=TWO_MINUTES_S)
    assert await silent.look("closes") == []
    await silent.until(CONNECTED, SYNCED)
    await silent.edit(new_node("still-here"))
    await silent.until(SETTLED)
