"""The unmodified npm packages yjs and y-websocket edit a real workflow together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.node_clients import (
    DISCONNECTED,
    SETTLED,
    SYNCED,
    NodeClients,
    absent,
    equals,
    exists,
    new_node,
    shared_map,
)

if TYPE_CHECKING:
    from tests.servers import ServerProcess

WORKFLOWS = sorted((Path(__file__).parent.parent / "data" / "workflows").glob("*.json"))
GRAPHS: dict[str, dict[str, Any]] = {file.stem: json.loads(file.read_text()) for file in WORKFLOWS}
ROLES = {"viewer", "commenter", "editor", "owner"}


async def import_workflow(server: ServerProcess, workflow_id: str, name: str) -> None:
    """Create the workflow through REST, as an application would."""
    graph = GRAPHS[name]
    body = {"id": workflow_id, "name": name, "nodes": graph["nodes"], "edges": graph["edges"]}
    async with server.http("ada") as http:
        response = await http.post("/api/workflows", json=body)
    assert response.status_code == 201, response.text


@pytest.mark.parametrize("name", GRAPHS)
async def test_crdt_1_three_clients_one_of_them_offline_edit_a_real_workflow_and_converge(
    server: ServerProcess, clients: NodeClients, workflow_id: str, name: str
) -> None:
    await import_workflow(server, workflow_id, name)
    graph = GRAPHS[name]
    nodes = [node["id"] for node in graph["nodes"]]
    edges = [edge["id"] for edge in graph["edges"]]
    ada, bob, cyd = [
        await clients.open(server.sync_url, workflow_id, params=server.params(user))
        for user in ("ada", "bob", "cyd")
    ]
    for client in (ada, bob, cyd):
        await client.until(SYNCED)
    # Import made a shared text of it: two people can type in it at once.
    description = ["nodes", nodes[0], "data", "description"]
    original = await ada.look("doc", *description)
    assert original == graph["nodes"][0]["data"]["description"]

    await bob.disconnect()
    await bob.edit(["insert", description, len(original), " (bob)"])
    await bob.edit(["set", ["nodes", nodes[1], "position"], {"x": -1, "y": -2}])
    await bob.edit(["delete", ["edges", edges[0]]])
    await bob.edit(new_node("bobs", x=5, label="made offline"))
    await ada.edit(["insert", description, 0, "(ada) "])
    await ada.edit(["set", ["nodes", nodes[1], "data", "label"], "renamed by ada"])
    await cyd.edit(
        [
            "set",
            ["edges", "cyds"],
            shared_map(id="cyds", source=nodes[0], target=nodes[1], data=shared_map(), order=99),
        ]
    )
    await cyd.edit(["set", ["meta", "name"], "renamed by cyd"])
    await bob.connect()

    await clients.converge(ada, bob, cyd)
    assert await ada.look("doc", *description) == f"(ada) {original} (bob)"
    assert await ada.look("doc", "nodes", nodes[1], "position") == {"x": -1, "y": -2}
    assert await bob.look("doc", "nodes", nodes[1], "data", "label") == "renamed by ada"
    assert await bob.look("doc", "meta", "name") == "renamed by cyd"
    assert edges[0] not in await cyd.look("doc", "edges")
    assert set(await cyd.look("doc", "edges")) == {*edges[1:], "cyds"}
    assert set(await ada.look("doc", "nodes")) == {*nodes, "bobs"}

    dan = await clients.open(server.sync_url, workflow_id, params=server.params("dan"))
    await dan.until(SYNCED)
    await clients.converge(ada, bob, cyd, dan)
    # The late joiner got it all as one step 2, not as a history to replay.
    assert (await dan.look("in")).get("update", 0) == 0

    async with server.http("ada") as http:
        listed = (await http.get(f"/api/workflows/{workflow_id}")).json()
    assert {node["id"] for node in listed["nodes"]} == {*nodes, "bobs"}
    assert next(node for node in listed["nodes"] if node["id"] == nodes[1])["position"] == {
        "x": -1,
        "y": -2,
    }


async def test_dur_1_saved_counts_every_sync_frame_of_the_sender(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> None:
    ada = await clients.open(server.sync_url, workflow_id, params=server.params("ada"), events=True)
    await ada.until(SYNCED)
    await ada.edit(new_node("n"))
    for number in range(10):
        await ada.edit(["set", ["nodes", "n", "data", "count"], number])
    await ada.until(SETTLED)
    assert await ada.look("saved_writes") == list(range(11))


async def test_a_client_that_asked_for_no_events_gets_only_what_y_websocket_knows(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> None:
    ada = await clients.open(server.sync_url, workflow_id, params=server.params("ada"))
    bob = await clients.open(server.sync_url, workflow_id, params=server.params("bob"), events=True)
    await ada.until(SYNCED)
    await bob.until(SYNCED)
    await ada.edit(new_node("by-ada"))
    await bob.edit(new_node("by-bob"))
    await bob.until(SETTLED)
    await clients.converge(ada, bob)
    assert set(await ada.look("in")) <= {"step1", "step2", "update", "awareness"}


async def test_sec_1_awareness_arrives_with_the_user_that_the_server_knows(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> None:
    ada = await clients.open(server.sync_url, workflow_id, params=server.params("ada"))
    bob = await clients.open(server.sync_url, workflow_id, params=server.params("bob"))
    await ada.until(SYNCED)
    await bob.until(SYNCED)

    await ada.set_awareness(
        user={"id": "root", "name": "Root", "color": "#000000", "role": "owner"},
        cursor={"x": 12.5, "y": -3},
        selected_node="n1",
        hint="unknown keys pass",
    )

    await bob.until(equals(["users", "ada", "hint"], "unknown keys pass"))
    seen = await bob.look("users", "ada")
    assert seen["cursor"] == {"x": 12.5, "y": -3}
    assert seen["selected_node"] == "n1"
    assert seen["client_id"] == ada.client_id
    assert seen["user"]["role"] in ROLES
    assert seen["user"]["color"].startswith("#")
    assert seen["user"]["name"] != "Root"
    assert await bob.look("users", "root") is None


async def test_a_late_joiner_sees_who_is_there_already(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> None:
    ada = await clients.open(server.sync_url, workflow_id, params=server.params("ada"))
    await ada.until(SYNCED)
    await ada.set_awareness(cursor={"x": 1, "y": 2})
    bob = await clients.open(server.sync_url, workflow_id, params=server.params("bob"))
    await bob.until(equals(["users", "ada", "cursor"], {"x": 1, "y": 2}))


async def test_a_client_that_leaves_or_dies_is_gone_from_the_others_at_once(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> None:
    ada, bob, cyd = [
        await clients.open(server.sync_url, workflow_id, params=server.params(user))
        for user in ("ada", "bob", "cyd")
    ]
    for client in (bob, cyd):
        await client.set_awareness(cursor={"x": 0, "y": 0})
    await ada.until(exists("users", "bob"), exists("users", "cyd"))
    await bob.disconnect()
    await bob.until(DISCONNECTED)
    await cyd.close()  # without a word of farewell
    await ada.until(absent("users", "bob"), absent("users", "cyd"), within_s=5)
