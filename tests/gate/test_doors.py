"""The same rules at every door, and what a client is told of them. [ACC-2]"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from pycrdt import Map

from tests.gate.doors import DOORS, FIRST, Denied, House, by_yjs
from tests.node_clients import CONNECTED, SETTLED, SYNCED, equals, exists, new_node
from tests.python_clients import python_client
from tests.rest.conftest import fresh
from tests.rest.locking import acquire, held, release
from tests.rest.session_calls import change, join, turn_after

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from tests.node_clients import NodeClients
    from tests.servers import ServerProcess, StartServer

WORKFLOW = ("workflow", None)


async def build(server: ServerProcess) -> House:
    nodes = [
        {"id": name, "position": {"x": 0, "y": 0}, "data": {"label": FIRST, "prompt": "why"}}
        for name in ("n1", "n2")
    ]
    edges = [{"id": "e1", "source": "n1", "target": "n2", "data": {"label": FIRST}}]
    body = {"id": fresh("doors"), "nodes": nodes, "edges": edges}
    async with server.http("own") as own:
        created = await own.post("/api/workflows", json=body)
        assert created.status_code == 201, created.text
        path = f"/api/workflows/{body['id']}"
        session = await join(own, path)
    return House(server, str(body["id"]), session["session_id"])


@pytest.fixture
async def house(server: ServerProcess) -> House:
    return await build(server)


async def lock(house: House, user: str, kind: str, name: str | None) -> None:
    async with house.server.http(user) as http:
        await acquire(http, house.path, kind, name)


async def set_mode(house: House, mode: str) -> None:
    async with house.server.http("own") as own:
        session = {"session_id": house.session_id}
        answer = await change(own, session, collaboration_mode=mode)
        assert answer.status_code == 200, answer.text


async def lock_node(house: House) -> None:
    await lock(house, "ann", "node", "n1")


async def lock_edge(house: House) -> None:
    await lock(house, "ann", "edge", "e1")


async def lock_workflow(house: House) -> None:
    await lock(house, "ann", *WORKFLOW)


async def give_turn(house: House) -> None:
    await set_mode(house, "sequential")
    async with house.server.http("ann") as ann:
        turn = await turn_after(ann, {"session_id": house.session_id}, "request")
    assert turn == ("ann", [])


async def lock_by_mode(house: House) -> None:
    await set_mode(house, "locked")
    await lock_node(house)


@dataclass(frozen=True, slots=True)
class Rule:
    """Ann may change `closed`, bob is told `reason` and `holder`; and bob may change `open`, if
    there is something."""

    begin: Callable[[House], Awaitable[None]]
    closed: tuple[str, str]
    reason: str
    holder: str | None
    open: tuple[str, str] | None


RULES = {
    "node_lock": Rule(lock_node, ("node", "n1"), "locked", "ann", ("node", "n2")),
    "node_lock_and_its_edge": Rule(lock_node, ("node", "n1"), "locked", "ann", ("edge", "e1")),
    "edge_lock": Rule(lock_edge, ("edge", "e1"), "locked", "ann", ("node", "n1")),
    "workflow_lock_of_nodes": Rule(lock_workflow, ("node", "n2"), "locked", "ann", None),
    "workflow_lock_of_edges": Rule(lock_workflow, ("edge", "e1"), "locked", "ann", None),
    "not_ones_turn": Rule(give_turn, ("node", "n2"), "not_your_turn", "ann", None),
    "mode_locked_by_another": Rule(lock_by_mode, ("node", "n1"), "locked", "ann", None),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
async def test_acc_2_a_rule_holds_at_every_door_and_its_holder_passes(
    house: House, rule: Rule, door: Callable[..., Awaitable[Denied | None]]
) -> None:
    await rule.begin(house)
    assert await door(house, "bob", *rule.closed, "bob's") == Denied(
        rule.reason, (rule.closed,), rule.holder
    )
    assert await house.label(*rule.closed) == FIRST
    assert await door(house, "ann", *rule.closed, "ann's") is None
    assert await house.label(*rule.closed) == "ann's"
    if rule.open is not None:
        assert await door(house, "bob", *rule.open, "bob's") is None
        assert await house.label(*rule.open) == "bob's"


@pytest.mark.parametrize("door", DOORS)
async def test_acc_2_in_mode_locked_everybody_needs_a_lock_at_every_door(
    house: House, door: Callable[..., Awaitable[Denied | None]]
) -> None:
    await set_mode(house, "locked")
    assert await door(house, "bob", "node", "n1", "bob's") == Denied(
        "lock_required", (("node", "n1"),), None
    )
    assert await house.label("node", "n1") == FIRST
    await lock(house, "bob", "node", "n1")
    assert await door(house, "bob", "node", "n1", "bob's") is None
    assert await house.label("node", "n1") == "bob's"


@pytest.mark.parametrize("door", DOORS)
async def test_acc_2_without_the_turn_nobody_edits_at_any_door(
    house: House, door: Callable[..., Awaitable[Denied | None]]
) -> None:
    await set_mode(house, "sequential")
    assert await door(house, "own", "node", "n1", "own's") == Denied(
        "not_your_turn", (("node", "n1"),), None
    )


async def create_by_yjs(house: House) -> None:
    async with python_client(house.server, house.workflow_id, "ann") as client:
        data: Map[Any] = Map({"label": FIRST})
        client.nodes["new"] = Map({"id": "new", "position": {"x": 1, "y": 1}, "data": data})
        await client.until_saved()
        assert not [event for event in client.events if event["type"] == "edit_reverted"]


async def create_by_json_patch(house: House) -> None:
    node = {"id": "new", "position": {"x": 1, "y": 1}, "data": {"label": FIRST}}
    async with house.server.http("ann") as ann:
        answer = await ann.patch(
            house.path, json=[{"op": "add", "path": "/nodes/-", "value": node}]
        )
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("create", [create_by_yjs, create_by_json_patch])
async def test_acc_1_in_mode_locked_what_one_creates_is_ones_own(
    house: House, create: Callable[[House], Awaitable[None]]
) -> None:
    await set_mode(house, "locked")
    await create(house)
    async with house.server.http("bob") as bob:
        [granted] = await held(bob, house.path)
    assert (granted["resource_type"], granted["resource_id"]) == ("node", "new")
    assert granted["locked_by"] == "ann"
    for door in DOORS:
        assert await door(house, "bob", "node", "new", "bob's") == Denied(
            "locked", (("node", "new"),), "ann"
        )
    assert await by_yjs(house, "ann", "node", "new", "ann's") is None
    assert await house.label("node", "new") == "ann's"


async def test_saved_counts_what_was_reverted_after_telling_so(house: House) -> None:
    await lock_node(house)
    async with python_client(house.server, house.workflow_id, "bob") as client:
        for node in ("n2", "n1", "n2", "n1", "n2"):
            client.nodes[node]["data"]["label"] = "bob's"
        await client.until_saved()
        assert client.saved == client.sync_frames_sent == 6, "step 2 and five updates"
        kinds = [
            event["count"] if event["type"] == "saved" else event["type"]
            for event in client.events
            if event["type"] in ("saved", "edit_reverted")
        ]
    assert kinds.count("edit_reverted") == 2
    # Whatever came together: of the frames up to the second refused one none was counted before.
    told = [at for at, kind in enumerate(kinds) if kind == "edit_reverted"]
    assert all(kind < 5 for kind in kinds[: told[1]] if isinstance(kind, int))
    assert await house.label("node", "n2") == "bob's"


async def test_crdt_1_a_stock_clients_leaf_violation_is_repaired_and_the_socket_stays(
    house: House, clients: NodeClients
) -> None:
    await lock_node(house)
    bob, cy = [
        await clients.open(
            house.server.sync_url,
            house.workflow_id,
            params=house.server.params(user),
            events=True,
        )
        for user in ("bob", "cy")
    ]
    for client in (bob, cy):
        await client.until(SYNCED)
    await bob.edit(
        ["set", ["nodes", "n1", "data", "label"], "bob's"],
        ["append", ["nodes", "n1", "data", "prompt"], " not"],
        ["set", ["nodes", "n2", "data", "label"], "bob's"],
    )
    node = ["doc", "nodes", "n1", "data"]
    await bob.until(equals(["event_types", "edit_reverted"], 1), equals([*node, "label"], FIRST))
    await bob.until(equals([*node, "prompt"], "why"), SETTLED, CONNECTED)
    [told] = [each for each in await bob.look("events") if each["type"] == "edit_reverted"]
    assert told == {
        "type": "edit_reverted",
        "resources": [{"type": "node", "id": "n1"}],
        "reason": "locked",
        "holder": "ann",
    }
    await cy.until(equals(["doc", "nodes", "n2", "data", "label"], "bob's"))
    await clients.converge(bob, cy)
    # The same document goes on.
    async with house.server.http("ann") as ann:
        await release(ann, house.path, "node", "n1")
    await bob.edit(["set", ["nodes", "n1", "data", "label"], "bob's"])
    await cy.until(equals([*node, "label"], "bob's"))
    assert await bob.look("connections") == 1


async def test_crdt_1_a_reset_is_asked_for_though_a_milder_refusal_came_before_it(
    house: House,
) -> None:
    """Both in one tick: what the first one takes back in place does not repair the second."""
    await lock_node(house)
    async with python_client(house.server, house.workflow_id, "bob") as client:
        client.nodes["n1"]["data"]["label"] = "bob's"
        del client.nodes["n1"]
        await client.flush()
        await client.until(lambda: client.closed is not None)
    assert client.closed is not None
    assert client.closed[0] == 4409
    assert [event["type"] for event in client.events].count("edit_reverted") == 2
    assert await house.label("node", "n1") == FIRST


async def graph(http: httpx.AsyncClient, house: House) -> Any:
    read = (await http.get(house.path)).json()
    return read["nodes"], read["edges"]


async def test_crdt_2_a_structural_violation_takes_a_reset_and_its_old_document_stays_out(
    database_url: str, start_server: StartServer, clients: NodeClients
) -> None:
    """While the lock holds, and in another process as well; afterwards everybody goes on."""
    server = await start_server(database_url=database_url)
    house = await build(server)
    await lock_node(house)

    async def open_client(user: str, seed: bytes | None = None) -> Any:
        return await clients.open(
            server.sync_url,
            house.workflow_id,
            params=server.params(user),
            events=True,
            seed=seed,
        )

    async with server.http("ann") as ann:
        before = await graph(ann, house)
        bob = await open_client("bob")
        await bob.until(SYNCED)
        await bob.edit(
            ["delete", ["nodes", "n1"]], ["set", ["nodes", "n2", "data", "label"], "bob's"]
        )
        await bob.until(exists("final"))
        assert (await bob.look("final"))["code"] == 4409
        [told] = [each for each in await bob.look("events") if each["type"] == "edit_reverted"]
        assert (told["resources"], told["reason"], told["holder"]) == (
            [{"type": "node", "id": "n1"}],
            "locked",
            "ann",
        )
        old = await bob.update()
        await bob.close()
        after = await graph(ann, house)
        assert after[0][0] == before[0][0], "the locked node is as it was"
        assert after[0][1]["data"]["label"] == "bob's", "and the rest of the update has happened"
        for restarts in (False, True):
            if restarts:
                await server.restart()
            stale = await open_client("bob", seed=old)
            await stale.until(exists("final"))
            assert (await stale.look("final"))["code"] == 4409
            await stale.close()
            assert await graph(ann, house) == after

        new = await open_client("bob")
        await new.until(SYNCED, exists("doc", "nodes", "n1"))
        await release(ann, house.path, "node", "n1")
        await new.edit(["set", ["nodes", "n1", "data", "label"], "bob's"])
        await new.edit(new_node("n3"))
        await new.until(SETTLED)
        nodes, _ = await graph(ann, house)
        assert nodes[0]["data"]["label"] == "bob's"
        assert {node["id"] for node in nodes} == {"n1", "n2", "n3"}


async def test_crdt_1_a_document_that_holds_what_was_refused_is_told_so_whatever_has_changed(
    database_url: str, start_server: StartServer, clients: NodeClients
) -> None:
    """It brings nothing new, the lock has ended, the server has restarted: it shows too much."""
    server = await start_server(database_url=database_url)
    house = await build(server)
    await lock(house, "ann", "node", "n9")

    async def open_client(user: str, seed: bytes | None = None) -> Any:
        params = server.params(user)
        return await clients.open(
            server.sync_url, house.workflow_id, params=params, events=True, seed=seed
        )

    bob = await open_client("bob")
    await bob.until(SYNCED)
    await bob.edit(new_node("n9"))
    await bob.until(exists("final"))
    assert (await bob.look("final"))["code"] == 4409
    old = await bob.update()
    await bob.close()
    async with server.http("ann") as ann:
        await release(ann, house.path, "node", "n9")
    await server.restart()
    for user in ("bob", "cy"):
        stale = await open_client(user, seed=old)
        await stale.until(exists("final"))
        assert (await stale.look("final"))["code"] == 4409
        told = [each for each in await stale.look("events") if each["type"] == "edit_reverted"]
        assert [each["reason"] for each in told] == ["stale_document"]
        await stale.close()
    # Whoever began after the refusal goes on, and comes back, undisturbed.
    new = await open_client("bob")
    await new.until(SYNCED)
    kept = await new.update()
    await new.close()
    again = await open_client("bob", seed=kept)
    await again.until(SYNCED)
    await again.edit(new_node("n9"))
    await again.until(SETTLED)
    assert await again.look("final") is None


async def test_acc_1_rules_survive_a_restart(database_url: str, start_server: StartServer) -> None:
    server = await start_server(database_url=database_url)
    houses = [(await build(server), rule) for rule in RULES.values()]
    for house, rule in houses:
        await rule.begin(house)
    await server.restart()
    for house, rule in houses:
        for door in DOORS:
            assert await door(house, "bob", *rule.closed, "bob's") == Denied(
                rule.reason, (rule.closed,), rule.holder
            )
        assert await house.label(*rule.closed) == FIRST
        assert await by_yjs(house, "ann", *rule.closed, "ann's") is None
        assert await house.label(*rule.closed) == "ann's"
