"""The event door between a JSON client, stock Yjs clients and REST, on one workflow together."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from subprocess import PIPE
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from websockets.exceptions import ConnectionClosed

from tests.event_clients import event_client
from tests.node_clients import (
    CLIENTS_DIR,
    SYNCED,
    NodeClients,
    absent,
    equals,
    exists,
    new_node,
    shared_map,
    shared_text,
)

if TYPE_CHECKING:
    from tests.servers import ServerProcess, StartServer

# The seed's "WebSocket Connection", but for the address, the import that Node 20 needs, and that
# a socket which is still connecting cannot send.
SEED_EXAMPLE = """
import { WebSocket } from 'ws';
const ws = new WebSocket('ws://localhost:PORT/api/collaboration/ws/session-123/user-456');

ws.onopen = () => {
  console.log('Connected to collaboration session');
  // Send cursor updates
  ws.send(JSON.stringify({
    type: 'cursor_update',
    cursor_position: { x: 100, y: 200 },
    selected_node: 'node-123'
  }));
};

ws.onmessage = (event) => {
  const message = JSON.parse(event.data);

  switch (message.type) {
    case 'cursor_update':
      console.log(`${message.user_name} moved to`, message.cursor_position);
      break;
    case 'lock_acquired':
      console.log(`Resource ${message.resource_id} locked by ${message.locked_by}`);
      break;
    // ... handle other events
  }
};
"""
GRAPH: dict[str, Any] = {
    "nodes": [
        {"id": "n", "type": "agent", "position": {"x": 0, "y": 0}, "data": {"prompt": "Why?"}},
        {"id": "m", "position": {"x": 9, "y": 9}, "data": {"label": "M"}},
    ],
    "edges": [{"id": "e", "source": "n", "target": "m", "data": {}}],
}


async def make_workflow(server: ServerProcess, workflow_id: str, owner: str = "ann") -> None:
    async with server.http(owner) as http:
        made = await http.post("/api/workflows", json={"id": workflow_id, **GRAPH})
        assert made.status_code == 201, made.text


async def read_graph(server: ServerProcess, workflow_id: str, user: str = "ann") -> dict[str, Any]:
    async with server.http(user) as http:
        answer = await http.get(f"/api/workflows/{workflow_id}")
        assert answer.status_code == 200, answer.text
        graph: dict[str, Any] = answer.json()
    return graph


async def read_node(server: ServerProcess, workflow_id: str, node_id: str = "n") -> dict[str, Any]:
    graph = await read_graph(server, workflow_id)
    return next(node for node in graph["nodes"] if node["id"] == node_id)


async def test_the_seeds_websocket_example_runs_as_printed(start_server: StartServer) -> None:
    server = await start_server()
    source = SEED_EXAMPLE.replace("PORT", str(server.port))
    async with event_client(server, "session-123", "user-789") as other:
        await other.point(7, 8)
        command = ["node", "--input-type=module", "--eval", source]
        async with await anyio.open_process(
            command, cwd=CLIENTS_DIR, stdout=PIPE, stderr=None
        ) as process:
            assert process.stdout is not None
            moved = await other.until_came("cursor_update", user_id="user-456")
            assert moved["cursor_position"] == {"x": 100, "y": 200}
            assert moved["selected_node"] == "node-123"
            await other.point(9, 10)
            async with server.http("user-789") as http:
                lock = await http.post(
                    "/api/collaboration/locks/acquire",
                    json={
                        "workflow_id": "session-123",
                        "resource_type": "node",
                        "resource_id": "node-123",
                    },
                )
                assert lock.status_code == 200, lock.text
            said = ""
            with anyio.fail_after(20):
                while "locked by" not in said or "moved" not in said:
                    said += (await process.stdout.receive()).decode()
            process.terminate()
    assert "Connected to collaboration session" in said
    assert "user-789 moved to { x: 9, y: 10 }" in said
    assert "Resource node-123 locked by user-789" in said


async def test_who_connects_is_told_where_it_is_and_who_is_there(
    server: ServerProcess, workflow_id: str
) -> None:
    await make_workflow(server, workflow_id)
    async with event_client(server, workflow_id, "ann") as ann:
        await ann.point(1, 2, "n")
        await ann.barrier()
        async with event_client(server, workflow_id, "bob") as bob:
            (greeting,) = bob.of("connected")
            assert greeting["session_id"] == workflow_id
            assert greeting["workflow_id"] == workflow_id
            assert greeting["user_id"] == "bob"
            assert greeting["role"] == "editor"
            there = {each["user_id"]: each for each in greeting["participants"]}
            assert there.keys() == {"ann", "bob"}
            assert there["ann"]["cursor_position"] == {"x": 1, "y": 2}
            assert there["ann"]["selected_node"] == "n"
            assert there["ann"]["role"] == "owner"
            assert there["ann"]["user_color"].startswith("#")
            assert there["ann"]["last_active"].endswith("Z")


async def test_a_session_that_rest_made_is_joined_by_its_id(
    server: ServerProcess, workflow_id: str
) -> None:
    async with server.http("ann") as http:
        made = await http.post("/api/collaboration/sessions", json={"workflow_id": workflow_id})
        assert made.status_code == 201, made.text
        session_id = made.json()["session_id"]
        assert session_id != workflow_id
        async with event_client(server, session_id, "bob") as bob:
            (greeting,) = bob.of("connected")
            assert greeting["workflow_id"] == workflow_id
            seen = (await http.get(f"/api/collaboration/sessions/{session_id}")).json()
            assert "bob" in {each["user_id"] for each in seen["participants"]}
        ended = await http.delete(f"/api/collaboration/sessions/{session_id}")
        assert ended.status_code in (200, 204), ended.text
    async with event_client(server, session_id, "bob") as late:
        assert await late.until_closed() == 4404


async def test_joins_and_leaves_are_told_once_per_user_whatever_they_speak(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> None:
    async with event_client(server, workflow_id, "ann") as ann:
        yjs = await clients.open(
            server.sync_url, workflow_id, params=server.params("yve"), events=True
        )
        joined = await ann.until_came("user_joined", user_id="yve")
        assert joined["user_name"] == "yve"
        assert joined["user_color"].startswith("#")
        assert joined["role"] == "editor"
        assert joined["timestamp"].endswith("Z")
        async with event_client(server, workflow_id, "bob") as bob:
            await ann.until_came("user_joined", user_id="bob")
            await yjs.until(exists("event_types", "user_joined"))
            async with event_client(server, workflow_id, "bob") as phone:
                await phone.barrier()
            assert not bob.of("user_joined", user_id="bob")
            assert not bob.of("user_left")
        left = await ann.until_came("user_left", user_id="bob")
        assert left["user_name"] == "bob"
        await yjs.until(exists("event_types", "user_left"))
        await yjs.close()
        await ann.until_came("user_left", user_id="yve")
        assert [each["user_id"] for each in ann.of("user_joined")] == ["yve", "bob"]
        assert [each["user_id"] for each in ann.of("user_left")] == ["bob", "yve"]


async def test_cursors_move_between_json_and_yjs_clients(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> None:
    yjs = await clients.open(server.sync_url, workflow_id, params=server.params("yve"))
    await yjs.until(SYNCED)
    async with (
        event_client(server, workflow_id, "ann") as ann,
        event_client(server, workflow_id, "bob") as bob,
    ):
        await ann.say(
            "cursor_update",
            cursor_position={"x": 1.5, "y": -2, "viewport": {"x": 0, "y": 0, "zoom": 2}},
            selected_node="n",
        )
        await yjs.until(
            equals(["users", "ann", "cursor"], {"x": 1.5, "y": -2}),
            equals(["users", "ann", "viewport"], {"x": 0, "y": 0, "zoom": 2}),
            equals(["users", "ann", "selected_node"], "n"),
            equals(["users", "ann", "user", "name"], "ann"),
        )
        moved = await bob.until_came("cursor_update", user_id="ann")
        assert moved["cursor_position"]["viewport"] == {"x": 0, "y": 0, "zoom": 2}
        assert moved["user_name"] == "ann"
        assert moved["user_color"].startswith("#")
        assert moved["timestamp"].endswith("Z")

        await yjs.set_awareness(cursor={"x": 5, "y": 6}, selected_node="m")
        await ann.until_came(
            "cursor_update", user_id="yve", cursor_position={"x": 5, "y": 6}, selected_node="m"
        )
        await yjs.set_awareness(cursor=None)
        await ann.until_came(
            "cursor_update", user_id="yve", cursor_position=None, selected_node="m"
        )
        # What is not named stays.
        await ann.say("cursor_update", selected_node=None)
        await yjs.until(
            equals(["users", "ann", "selected_node"], None),
            equals(["users", "ann", "cursor"], {"x": 1.5, "y": -2}),
        )
        await bob.barrier()
        assert not ann.of("cursor_update", user_id="ann")
    await yjs.until(absent("users", "ann"))


async def test_a_presence_that_cannot_be_shown_is_an_error_and_changes_nothing(
    server: ServerProcess, workflow_id: str
) -> None:
    async with (
        event_client(server, workflow_id, "ann") as ann,
        event_client(server, workflow_id, "bob") as bob,
    ):
        await ann.say("cursor_update", cursor_position={"x": 1, "y": 1, "note": "x" * 9000})
        assert (await ann.until_came("error"))["code"] == "too_large"
        await ann.say("cursor_update", selected_node="n")
        moved = await bob.until_came("cursor_update", user_id="ann")
        assert moved["cursor_position"] is None


@pytest.mark.parametrize(
    ("property", "value", "where", "stored"),
    [
        ("name", "New Name", ("data", "name"), "New Name"),
        ("data.name", {"a": [1, None]}, ("data", "name"), {"a": [1, None]}),
        ("data.a.b", 1, ("data", "a.b"), 1),
        ("position", {"x": 3, "y": 4}, ("position",), {"x": 3, "y": 4}),
        ("type", "tool", ("type",), "tool"),
        ("width", 120, ("width",), 120),
        ("prompt", "Why not?", ("data", "prompt"), "Why not?"),
    ],
)
async def test_a_text_change_is_an_edit_that_everyone_sees(
    server: ServerProcess,
    clients: NodeClients,
    workflow_id: str,
    property: str,
    value: Any,
    where: tuple[str, ...],
    stored: Any,
) -> None:
    await make_workflow(server, workflow_id)
    yjs = await clients.open(server.sync_url, workflow_id, params=server.params("yve"))
    await yjs.until(SYNCED)
    async with (
        event_client(server, workflow_id, "ann") as ann,
        event_client(server, workflow_id, "bob") as bob,
    ):
        await ann.change(property, value, node_id="n")
        saved = await ann.until_came("change_saved")
        assert (saved["node_id"], saved["property"]) == ("n", property)
        await yjs.until(equals(["doc", "nodes", "n", *where], stored))
        node = await read_node(server, workflow_id)
        for key in where:
            node = node[key]
        assert node == stored
        update = await bob.until_came("content_update")
        assert update["user_id"] == "ann"
        shown = "data." + ".".join(where[1:]) if where[0] == "data" else where[0]
        assert update["change"] == {
            "op": "set",
            "node_id": "n",
            "property": shown,
            "value": stored,
        }
        await ann.barrier()
        assert not ann.of("content_update")


async def test_null_deletes_and_edges_are_changed_like_nodes(
    server: ServerProcess, workflow_id: str
) -> None:
    await make_workflow(server, workflow_id)
    async with (
        event_client(server, workflow_id, "ann") as ann,
        event_client(server, workflow_id, "bob") as bob,
    ):
        await ann.change("label", None, node_id="m")
        await ann.change("label", "on error", edge_id="e")
        await ann.change("sourceHandle", "out", edge_id="e")
        await bob.until(lambda: len(bob.changes()) == 3)
        assert bob.changes() == [
            {"op": "delete", "node_id": "m", "property": "data.label"},
            {"op": "set", "edge_id": "e", "property": "data.label", "value": "on error"},
            {"op": "set", "edge_id": "e", "property": "sourceHandle", "value": "out"},
        ]
        await ann.until(lambda: len(ann.of("change_saved")) == 3)
        assert [each["edge_id"] for each in ann.of("change_saved")[1:]] == ["e", "e"]
    graph = await read_graph(server, workflow_id)
    assert graph["edges"] == [
        {
            "id": "e",
            "source": "n",
            "target": "m",
            "sourceHandle": "out",
            "data": {"label": "on error"},
        }
    ]


async def test_a_changed_text_keeps_what_others_type_into_it_meanwhile(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> None:
    await make_workflow(server, workflow_id)
    yjs = await clients.open(server.sync_url, workflow_id, params=server.params("yve"))
    await yjs.until(SYNCED)
    await yjs.disconnect()
    await yjs.edit(["insert", ["nodes", "n", "data", "prompt"], 0, "Please: "])
    async with event_client(server, workflow_id, "ann") as ann:
        await ann.change("prompt", "Why? Because.", node_id="n")
        await ann.until_came("change_saved")
        await yjs.connect()
        update = await ann.until_came("content_update", user_id="yve")
        assert update["change"]["value"] == "Please: Why? Because."
        await yjs.until(equals(["doc", "nodes", "n", "data", "prompt"], "Please: Why? Because."))


async def test_edits_by_yjs_and_rest_clients_arrive_as_content_updates(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> None:
    await make_workflow(server, workflow_id)
    yjs = await clients.open(server.sync_url, workflow_id, params=server.params("yve"))
    await yjs.until(SYNCED)
    async with event_client(server, workflow_id, "ann") as ann:

        async def told(*operations: Any) -> list[dict[str, Any]]:
            before = len(ann.of("content_update"))
            await yjs.edit(*operations)
            await ann.until(lambda: len(ann.of("content_update")) > before)
            new = ann.of("content_update")[before:]
            assert {each["user_id"] for each in new} == {"yve"}
            return [each["change"] for each in new]

        made = await told(new_node("y", x=1, prompt=shared_text("typed")))
        assert made == [
            {
                "op": "add_node",
                "node_id": "y",
                "value": {
                    "id": "y",
                    "type": "agent",
                    "position": {"x": 1, "y": 0},
                    "data": {"prompt": "typed"},
                },
            }
        ]
        edge = shared_map(id="ye", source="y", target="n", data=shared_map(), order=1)
        assert await told(["set", ["edges", "ye"], edge]) == [
            {
                "op": "add_edge",
                "edge_id": "ye",
                "value": {"id": "ye", "source": "y", "target": "n", "data": {}},
            }
        ]
        assert await told(["insert", ["nodes", "y", "data", "prompt"], 5, " text"]) == [
            {"op": "set", "node_id": "y", "property": "data.prompt", "value": "typed text"}
        ]
        assert await told(["set", ["nodes", "y", "data", "deep"], {"a": 1}]) == [
            {"op": "set", "node_id": "y", "property": "data.deep", "value": {"a": 1}}
        ]
        assert await told(["delete", ["nodes", "y", "data", "deep"]]) == [
            {"op": "delete", "node_id": "y", "property": "data.deep"}
        ]
        settings = shared_map(system=shared_text("Be brief"), topK=4)
        assert await told(["set", ["nodes", "y", "data", "inputs"], settings]) == [
            {
                "op": "set",
                "node_id": "y",
                "property": "data.inputs",
                "value": {"system": "Be brief", "topK": 4},
            }
        ]
        inputs = ["nodes", "y", "data", "inputs"]
        assert await told(
            ["set", [*inputs, "topK"], 5], ["insert", [*inputs, "system"], 8, "."]
        ) == [
            {
                "op": "set",
                "node_id": "y",
                "property": "data.inputs",
                "value": {"system": "Be brief.", "topK": 5},
            }
        ]
        assert await told(["set", ["nodes", "y", "position"], {"x": 2, "y": 3}]) == [
            {"op": "set", "node_id": "y", "property": "position", "value": {"x": 2, "y": 3}}
        ]
        assert await told(["delete", ["edges", "ye"]]) == [{"op": "remove_edge", "edge_id": "ye"}]
        assert await told(["delete", ["nodes", "y"]]) == [{"op": "remove_node", "node_id": "y"}]

        async with server.http("rae") as http:
            patched = await http.patch(
                f"/api/workflows/{workflow_id}/nodes/m",
                json={"data": {"label": "by rest"}},
                headers={"content-type": "application/merge-patch+json"},
            )
            assert patched.status_code == 200, patched.text
        update = await ann.until_came("content_update", user_id="rae")
        assert update["change"] == {
            "op": "set",
            "node_id": "m",
            "property": "data.label",
            "value": "by rest",
        }


async def test_a_users_other_device_is_told_of_the_users_own_edits(
    server: ServerProcess, workflow_id: str
) -> None:
    await make_workflow(server, workflow_id)
    async with (
        event_client(server, workflow_id, "ann") as desk,
        event_client(server, workflow_id, "ann") as phone,
    ):
        await phone.change("label", "by phone", node_id="m")
        await phone.until_came("change_saved")
        update = await desk.until_came("content_update")
        assert update["user_id"] == "ann"
        assert not phone.of("content_update")


async def test_the_edits_of_one_socket_are_carried_out_and_answered_in_order(
    server: ServerProcess, workflow_id: str
) -> None:
    await make_workflow(server, workflow_id)
    async with (
        event_client(server, workflow_id, "ann") as ann,
        event_client(server, workflow_id, "bob") as bob,
    ):
        for number in range(200):
            await ann.change("count", number, node_id="n")
            await ann.change(f"p{number}", number, node_id="missing" if number % 50 == 7 else "n")
        await ann.until(lambda: len(ann.of("change_saved")) + len(ann.of("error")) == 400)
        answered = [
            each["property"] for each in ann.messages if each["type"] in ("change_saved", "error")
        ]
        assert answered == [name for number in range(200) for name in ("count", f"p{number}")]
        assert [each["code"] for each in ann.of("error")] == ["node_not_found"] * 4
        await bob.until(lambda: any(each["property"] == "data.p199" for each in bob.changes()))
        counts = [each["value"] for each in bob.changes() if each["property"] == "data.count"]
        assert counts == sorted(counts)
        assert counts[-1] == 199
    assert (await read_node(server, workflow_id))["data"]["count"] == 199


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("not json", "malformed_json"),
        ("[1, 2]", "invalid_request"),
        ({"type": "nonsense"}, "unknown_type"),
        ({"type": "cursor_update", "cursor_position": {"x": "1"}}, "invalid_request"),
        ({"type": "text_change", "change": {"node_id": "n", "property": "a"}}, "invalid_request"),
        (
            {"type": "text_change", "change": {"node_id": "q", "property": "a", "value": 1}},
            "node_not_found",
        ),
        (
            {"type": "text_change", "change": {"edge_id": "q", "property": "a", "value": 1}},
            "edge_not_found",
        ),
        (
            {"type": "text_change", "change": {"node_id": "n", "property": "position", "value": 1}},
            "invalid_graph",
        ),
        (
            {
                "type": "text_change",
                "change": {"node_id": "n", "property": "position", "value": None},
            },
            "invalid_graph",
        ),
    ],
)
async def test_what_cannot_be_done_is_told_with_a_code_and_the_socket_stays(
    server: ServerProcess, workflow_id: str, message: Any, code: str
) -> None:
    await make_workflow(server, workflow_id)
    async with event_client(server, workflow_id, "ann") as ann:
        await ann.socket.send(message if isinstance(message, str) else json.dumps(message))
        error = await ann.until_came("error")
        assert error["code"] == code
        assert error["detail"]
        await ann.barrier()
        assert ann.closed is None
    assert (await read_graph(server, workflow_id))["nodes"] == [
        {**node, "data": node["data"]} for node in GRAPH["nodes"]
    ]


async def test_what_rest_announces_reaches_json_clients_and_yjs_clients_with_events(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> None:
    await make_workflow(server, workflow_id)
    yjs = await clients.open(server.sync_url, workflow_id, params=server.params("yve"), events=True)
    await yjs.until(SYNCED)
    resource = {"workflow_id": workflow_id, "resource_type": "node", "resource_id": "n"}
    async with event_client(server, workflow_id, "ann") as ann, server.http("bob") as http:
        assert (await http.post("/api/collaboration/locks/acquire", json=resource)).is_success
        locked = await ann.until_came("lock_acquired", resource_id="n")
        assert locked["locked_by"] == "bob"
        await yjs.until(exists("event_types", "lock_acquired"))
        await ann.change("label", "mine?", node_id="n")
        error = await ann.until_came("error")
        assert error["code"] == "edit_forbidden"
        assert error["resources"] == [{"type": "node", "id": "n"}]
        assert error["holder"] == "bob"
        assert (await http.post("/api/collaboration/locks/release", json=resource)).is_success
        await ann.until_came("lock_released", resource_id="n")
        await ann.change("label", "mine", node_id="n")
        await ann.until_came("change_saved")
        # What is awareness and updates to a Yjs client does not come as events besides.
        await yjs.until(equals(["doc", "nodes", "n", "data", "label"], "mine"))
        assert "content_update" not in await yjs.look("event_types")
        assert "cursor_update" not in await yjs.look("event_types")


async def test_dur_1_a_killed_server_keeps_every_change_that_was_called_saved_or_shown(
    start_server: StartServer, workflow_id: str
) -> None:
    server = await start_server()
    await make_workflow(server, workflow_id)
    async with (
        event_client(server, workflow_id, "ann") as ann,
        event_client(server, workflow_id, "bob") as bob,
    ):
        for number in range(300):
            await ann.change(f"p{number}", number, node_id="n")
        await bob.until(lambda: len(bob.changes()) > 40)
        await server.kill()
        await ann.until_closed()
        await bob.until_closed()
        saved = {each["property"] for each in ann.of("change_saved")}
        shown = {each["property"].removeprefix("data.") for each in bob.changes("set")}
    await server.restart()
    stored = (await read_node(server, workflow_id))["data"]
    assert len(saved | shown) > 40
    assert saved | shown <= stored.keys()


async def test_crdt_2_what_the_rules_take_back_of_a_yjs_edit_is_told_to_nobody(
    server: ServerProcess, clients: NodeClients, workflow_id: str
) -> None:
    await make_workflow(server, workflow_id)
    yjs = await clients.open(server.sync_url, workflow_id, params=server.params("yve"), events=True)
    await yjs.until(SYNCED)
    resource = {"workflow_id": workflow_id, "resource_type": "node", "resource_id": "n"}
    async with event_client(server, workflow_id, "ann") as ann, server.http("bob") as http:
        assert (await http.post("/api/collaboration/locks/acquire", json=resource)).is_success
        await yjs.until(exists("event_types", "lock_acquired"))
        await yjs.edit(
            ["set", ["nodes", "n", "position"], {"x": 77, "y": 77}],
            ["set", ["nodes", "n", "data", "label"], "not mine"],
            ["set", ["nodes", "m", "data", "label"], "mine"],
        )
        await yjs.until(exists("event_types", "edit_reverted"))
        await ann.until_came("content_update")
        assert ann.changes() == [
            {"op": "set", "node_id": "m", "property": "data.label", "value": "mine"}
        ]


async def test_live_2_any_messages_leave_the_socket_open_or_close_it_with_a_documented_code(
    start_server: StartServer,
) -> None:
    server = await start_server()
    await make_workflow(server, "w")
    chance = random.Random(7)
    async with event_client(server, "w", "bob") as bystander:
        for _ in range(40):
            async with event_client(server, "w", "ann") as ann:
                with suppress(ConnectionClosed):
                    for _ in range(50):
                        await ann.socket.send(_junk(chance), text=chance.random() < 0.99)
                    await ann.barrier()
                assert ann.closed is None or ann.closed[0] in (4400, 4413, 4529)
        await bystander.change("label", "still here", node_id="m")
        await bystander.until_came("change_saved")
    # `start_server` fails the test if the server logged an exception.


def _junk(chance: random.Random) -> bytes:
    """A message of the protocol, more or less."""
    value = chance.choice(["1", "null", '"x"', "[]", "{}", "1e300", '{"x":1,"y":2}', '"\\ud83d"'])
    message = chance.choice(
        [
            '{"type":"heartbeat"}',
            f'{{"type":"cursor_update","cursor_position":{value},"selected_node":{value}}}',
            f'{{"type":"cursor_update","cursor_position":{{"x":1,"y":{value},"viewport":{value}}}}}',
            f'{{"type":"text_change","change":{value}}}',
            f'{{"type":"text_change","change":{{"node_id":"n","property":"a","value":{value}}}}}',
            f'{{"type":"text_change","change":{{"node_id":"n","property":"data","value":{value}}}}}',
            f'{{"type":"text_change","change":{{"edge_id":"e","property":"source","value":{value}}}}}',
            f'{{"type":{value}}}',
            "[" * 900 + "]" * 900,
            '{"type":"text_change","change":{"node_id":"n","property":"deep","value":'
            + "[" * 300
            + "]" * 300
            + "}}",
        ]
    ).encode()
    if chance.random() < 0.3:
        at = chance.randrange(len(message))
        message = message[:at] + chance.randbytes(chance.randrange(4)) + message[at + 1 :]
    return message
