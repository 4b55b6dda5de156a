"""Locks hold one level deeper in `data` too: settings of a locked node are its holder's alone."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from pycrdt import Map, Text

from server.core.access import Resource, ResourceType
from server.core.close_codes import CloseCode
from server.live.gate import Refuse
from tests.event_clients import event_client
from tests.gate.doors import DOORS, Denied, House
from tests.gate.gated import Gated
from tests.gate.people import content, new_node
from tests.python_clients import python_client
from tests.rest.conftest import fresh
from tests.rest.locking import acquire, release
from tests.rest.session_calls import join

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.gate.people import Person
    from tests.servers import ServerProcess

N1 = Resource(ResourceType.NODE, "n1")
REVERTED = Refuse("locked", None, (N1,), "ann")  # type: ignore[arg-type]
RESET = Refuse("locked", CloseCode.RESET_NEEDED, (N1,), "ann")  # type: ignore[arg-type]
SYSTEM = "You answer questions about the quarterly reports, and about nothing else."


# In one document


@pytest.fixture
def gated() -> Gated:
    """A node `n1` with settings, which ann has locked."""
    gated = Gated(Random(1))
    [maker] = gated.meet("dan")
    with maker.at_once():
        maker.nodes["n1"] = node = new_node("n1", "dan1")
        node["data"]["inputs"] = Map({"system": Text(SYSTEM), "model": "gpt", "topK": 4})
    gated.send(maker)
    gated.people.clear()
    gated.lock(N1, "ann")
    return gated


def shown(gated: Gated) -> Any:
    return content(gated.document.doc)["nodes"]["n1"]["data"]["inputs"]


def inputs_of(person: Person) -> Any:
    return person.nodes["n1"]["data"]["inputs"]


def test_crdt_2_a_setting_of_a_locked_node_is_taken_back_and_the_holders_edits_stand(
    gated: Gated,
) -> None:
    ann, bob = gated.meet("ann", "bob")
    with bob.at_once():
        inputs_of(bob)["model"] = "bob's"
        inputs_of(bob)["topK"] = 9
        inputs_of(bob)["system"].insert(0, "bob's ")
    with ann.at_once():
        inputs_of(ann)["topK"] = 5
        inputs_of(ann)["system"].insert(len(SYSTEM), " ann's")
    anns_text = inputs_of(ann)["system"]
    frames = gated.take(bob) + gated.take(ann)
    assert gated.deliver(frames) == [REVERTED, None]
    assert shown(gated) == {"system": f"{SYSTEM} ann's", "model": "gpt", "topK": 5}
    gated.settle()
    assert inputs_of(bob)["model"] == "gpt"
    with ann.at_once():
        anns_text.insert(0, "Still: ")
    assert gated.send(ann) == [None]
    assert shown(gated)["system"] == f"Still: {SYSTEM} ann's", "the very text that she had"


def test_crdt_2_a_setting_that_a_locked_node_did_not_have_does_not_appear(gated: Gated) -> None:
    ann, bob = gated.meet("ann", "bob")
    with bob.at_once():
        inputs_of(bob)["new"] = "bob's"
    with ann.at_once():
        inputs_of(ann)["model"] = "llama"
    # Where nothing was, nothing may stay that stands in the holder's way.
    assert gated.deliver(gated.take(bob) + gated.take(ann)) == [RESET, None]
    assert shown(gated) == {"system": SYSTEM, "model": "llama", "topK": 4}
    gated.settle()


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("inputs"),
        lambda data: data.__setitem__("inputs", {"model": "bob's"}),
        lambda data: data.__setitem__("inputs", Map({"model": "bob's"})),
        lambda data: data["inputs"].pop("system"),
        lambda data: data["inputs"].__setitem__("system", "bob's"),
        lambda data: data["inputs"].__setitem__("system", Text("bob's")),
    ],
)
def test_crdt_2_the_settings_of_a_locked_node_stay_the_same_shared_types(
    gated: Gated, change: Callable[[Any], object]
) -> None:
    ann, bob = gated.meet("ann", "bob")
    with bob.at_once():
        change(bob.nodes["n1"]["data"])
    assert gated.send(bob) == [RESET]
    # Into what she had before, and knows nothing else of.
    with ann.at_once():
        inputs_of(ann)["system"].insert(0, "ann's ")
        inputs_of(ann)["model"] = "llama"
    assert gated.send(ann) == [None]
    assert shown(gated) == {"system": f"ann's {SYSTEM}", "model": "llama", "topK": 4}
    gated.settle()


# At every door of a server


SETTINGS = {"system": SYSTEM, "model": "gpt", "topK": 4}


def set_inputs(inputs: Any) -> Any:
    return {"op": "set", "node_id": "n1", "property": "data.inputs", "value": inputs}


@pytest.fixture
async def house(server: ServerProcess) -> House:
    nodes = [
        {"id": name, "position": {"x": 0, "y": 0}, "data": {"inputs": SETTINGS}}
        for name in ("n1", "n2")
    ]
    body = {"id": fresh("settings"), "nodes": nodes}
    async with server.http("own") as own:
        created = await own.post("/api/workflows", json=body)
        assert created.status_code == 201, created.text
        session = await join(own, f"/api/workflows/{body['id']}")
    return House(server, str(body["id"]), session["session_id"])


@pytest.mark.parametrize("door", DOORS)
async def test_acc_2_a_locked_nodes_settings_are_closed_at_every_door_and_open_to_its_holder(
    house: House, door: Callable[..., Awaitable[Denied | None]]
) -> None:
    at = ("inputs", "model")
    async with house.server.http("ann") as ann:
        await acquire(ann, house.path, "node", "n1")
        refused = Denied("locked", (("node", "n1"),), "ann")
        async with (
            python_client(house.server, house.workflow_id, "ann") as holder,
            event_client(house.server, house.session_id, "vic") as vic,
        ):
            inputs = holder.nodes["n1"]["data"]["inputs"]
            inputs["topK"] = 5
            await holder.flush()
            assert await door(house, "bob", "node", "n1", "bob's", at) == refused
            inputs["system"].insert(0, "ann's ")
            await holder.until_saved()
            mine = {"system": f"ann's {SYSTEM}", "model": "gpt", "topK": 5}
            assert (await house.data("node", "n1"))["inputs"] == mine
            assert await door(house, "ann", "node", "n1", "ann's", at) is None
            await holder.until(lambda: inputs["model"] == "ann's")
            told = await vic.until_came(
                "content_update", change=set_inputs({**mine, "model": "ann's"})
            )
            assert told["user_id"] == "ann"
            assert not vic.of("content_update", user_id="bob"), "what was taken back is not told"
            assert await door(house, "bob", "node", "n2", "bob's", at) is None
        await release(ann, house.path, "node", "n1")
    assert await door(house, "bob", "node", "n1", "bob's", at) is None
    assert (await house.data("node", "n1"))["inputs"] == {**mine, "model": "bob's"}


@pytest.mark.parametrize("door", DOORS)
async def test_crdt_1_edits_of_other_settings_survive_an_edit_by_every_door(
    house: House, door: Callable[..., Awaitable[Denied | None]]
) -> None:
    async with python_client(house.server, house.workflow_id, "ann") as ann:
        inputs = ann.nodes["n1"]["data"]["inputs"]
        inputs["topK"] = 9
        inputs["system"].insert(0, "Please: ")
        # Hers is sent after bob's, which knows nothing of it, is stored.
        assert await door(house, "bob", "node", "n1", "bob's", ("inputs", "model")) is None
        await ann.until_saved()
        await ann.until(lambda: inputs["model"] == "bob's")
    assert (await house.data("node", "n1"))["inputs"] == {
        "system": f"Please: {SYSTEM}",
        "model": "bob's",
        "topK": 9,
    }
