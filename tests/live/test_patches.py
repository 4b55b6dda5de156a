"""Patches are planned beside the event loop; what changes meanwhile is neither lost nor undone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import orjson
import pytest
from pycrdt import Map, Text

from crdt_store.errors import InvalidPatch, PatchTestFailed, WorkflowNotFound
from crdt_store.ids import Seq, UserId, WorkflowId
from crdt_store.loading import load_doc
from crdt_store.workflow import Workflow
from server.core.documents import EditForbidden, Graph, StaleSeq
from server.core.identity import Identity
from server.live.changes import Edit, PlanOutdated
from server.live.documents import LiveDocuments
from tests.crdt_store.graph_examples import edge, node
from tests.live.rooms import WORKFLOW, House, Peer, open_house

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Json = Any
ANN = Identity(UserId("ann"), "Ann")
VIC = Identity(UserId("vic"), "Vic")


def nodes_of(graph: Graph) -> dict[str, Json]:
    return {each["id"]: each for each in orjson.loads(graph.nodes_json)}


async def fill(documents: LiveDocuments, count: int = 3) -> Seq:
    def change(workflow: Workflow) -> None:
        nodes = [node(f"n{index}", data={"prompt": "p"}) for index in range(count)]
        workflow.import_graph({"nodes": nodes, "edges": [edge("e", "n0", "n1")], "meta": {"n": 0}})

    return await documents.edit(WORKFLOW, ANN, change)


async def stored(house: House) -> Json:
    return Workflow(load_doc(WORKFLOW, await house.journal.load(WORKFLOW))).to_json()


def label(index: int, value: str) -> Json:
    return {"op": "add", "path": f"/nodes/{index}/data/label", "value": value}


async def submit(
    house: House,
    change: Callable[[Workflow], None],
    *,
    identity: Identity = ANN,
    expected_seq: Seq | None = None,
    fits: Callable[[Seq], bool],
) -> Edit:
    room = await house.room()
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    edit = Edit(identity, change, expected_seq, done, fits)
    room.submit_edit(edit)
    await done
    return edit


async def test_a_patch_returns_the_committed_graph_and_an_edit_its_seq(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        documents = LiveDocuments(house.rooms)
        assert await fill(documents) == 1
        graph = await documents.patch(WORKFLOW, ANN, [label(1, "new")])
        assert (graph.seq, nodes_of(graph)["n1"]["data"]) == (2, {"prompt": "p", "label": "new"})
        assert await stored(house) == {
            "nodes": orjson.loads(graph.nodes_json),
            "edges": orjson.loads(graph.edges_json),
            "meta": graph.meta,
        }
        # What changes nothing is no new state.
        assert (await documents.patch(WORKFLOW, ANN, [label(1, "new")])).seq == 2
        assert await documents.edit(WORKFLOW, ANN, lambda workflow: None) == 2


async def test_a_graph_is_listed_once_however_many_ask_and_anew_after_a_change(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        documents = LiveDocuments(house.rooms)
        await fill(documents)
        first, second = await asyncio.gather(documents.graph(WORKFLOW), documents.graph(WORKFLOW))
        assert first is second
        patched = await documents.patch(WORKFLOW, ANN, [label(0, "x")])
        assert patched is not first
        assert await documents.graph(WORKFLOW) is patched
        assert "label" not in nodes_of(first)["n0"]["data"]


async def test_who_asks_for_a_graph_and_leaves_does_not_end_it_for_the_others(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        documents = LiveDocuments(house.rooms)
        await fill(documents)
        impatient = asyncio.create_task(documents.graph(WORKFLOW))
        patient = asyncio.create_task(documents.graph(WORKFLOW))
        await asyncio.sleep(0)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        assert (await patient).seq == 1


async def test_patches_at_once_are_all_kept(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        documents = LiveDocuments(house.rooms)
        await fill(documents, 8)

        async def change(index: int) -> None:
            operations = [label(index, "new"), {"op": "add", "path": "/nodes/-", "value": None}]
            operations[1]["value"] = node(f"added{index}")
            await documents.patch(WORKFLOW, ANN, operations)

        async with anyio.create_task_group() as tasks:
            for index in range(8):
                tasks.start_soon(change, index)
        listed = {each["id"]: each for each in (await stored(house))["nodes"]}
        assert [listed[f"n{index}"]["data"].get("label") for index in range(8)] == ["new"] * 8
        assert {f"added{index}" for index in range(8)} <= listed.keys()


async def test_a_test_and_the_change_after_it_are_one_step(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        documents = LiveDocuments(house.rooms)
        await fill(documents)

        async def count_up() -> None:
            while True:
                value = (await documents.graph(WORKFLOW)).meta["n"]
                try:
                    await documents.patch(
                        WORKFLOW,
                        ANN,
                        [
                            {"op": "test", "path": "/meta/n", "value": value},
                            {"op": "replace", "path": "/meta/n", "value": value + 1},
                        ],
                    )
                except PatchTestFailed:
                    continue
                return

        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                for _ in range(6):
                    tasks.start_soon(count_up)
        assert (await stored(house))["meta"]["n"] == 6


async def type_on(house: House, peer: Peer, text: Text, patching: asyncio.Task[Graph]) -> int:
    """Type a character per commit until the patch has landed; return how many."""
    typed = 0
    with anyio.fail_after(60):
        while not patching.done():
            text += "."
            typed += 1
            peer.send_made()
            await house.settle()
            peer.read()
            await anyio.lowlevel.checkpoint()
    return typed


@pytest.mark.parametrize("typed_into", ["n0", "n2"])
async def test_a_patch_lands_while_a_client_types_without_end(
    tmp_path: Path, typed_into: str
) -> None:
    async with open_house(tmp_path) as house:
        documents = LiveDocuments(house.rooms)
        await fill(documents)
        bob = Peer(await house.room(), "bob").join()
        bob.read()
        root: Map[Any] = bob.doc.get("nodes", type=Map)
        text = root[typed_into]["data"]["prompt"]
        operations: Sequence[Json] = [
            label(0, "new"),
            {"op": "test", "path": "/nodes/0/id", "value": "n0"},
        ]
        patching = asyncio.create_task(documents.patch(WORKFLOW, ANN, operations))
        typed = await type_on(house, bob, text, patching)
        patched = nodes_of(await patching)["n0"]["data"]
        assert patched["label"] == "new"
        listed = {each["id"]: each["data"] for each in (await stored(house))["nodes"]}
        assert listed["n0"]["label"] == "new"
        assert listed[typed_into]["prompt"] == "p" + "." * typed


async def test_a_plan_that_does_not_fit_any_more_writes_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await fill(LiveDocuments(house.rooms))
        before = await stored(house)
        seen: list[Seq] = []

        def fits_no_more(at: Seq) -> bool:
            seen.append(at)
            return False

        with pytest.raises(PlanOutdated):
            await submit(house, lambda it: it.remove_node("n0"), fits=fits_no_more)
        assert seen == [1]
        assert await stored(house) == before
        done = await submit(
            house, lambda workflow: workflow.remove_node("n0"), fits=lambda at: at == 1
        )
        assert done.seq == 2


async def test_a_condition_and_the_gate_go_before_the_plan(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        documents = LiveDocuments(house.rooms)
        await fill(documents)
        with pytest.raises(StaleSeq):
            await submit(
                house, lambda it: it.remove_node("n0"), expected_seq=Seq(7), fits=lambda at: False
            )
        with pytest.raises(EditForbidden):
            await submit(
                house, lambda it: it.remove_node("n0"), identity=VIC, fits=lambda at: False
            )
        with pytest.raises(EditForbidden):
            await documents.patch(WORKFLOW, VIC, [{"op": "remove", "path": "/nodes/99"}])
        with pytest.raises(InvalidPatch):
            await documents.patch(WORKFLOW, ANN, [{"op": "remove", "path": "/nodes/99"}])
        with pytest.raises(WorkflowNotFound):
            await documents.patch(WorkflowId("none"), ANN, [])
        assert (await documents.graph(WORKFLOW)).seq == 1


async def test_of_two_conditional_patches_of_one_state_one_is_stale(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        documents = LiveDocuments(house.rooms)
        seq = await fill(documents)
        outcomes = await asyncio.gather(
            documents.patch(WORKFLOW, ANN, [label(0, "x")], expected_seq=seq),
            documents.patch(WORKFLOW, ANN, [label(1, "y")], expected_seq=seq),
            return_exceptions=True,
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Graph", "StaleSeq"]
        with pytest.raises(StaleSeq):
            await documents.patch(WORKFLOW, ANN, [label(2, "z")], expected_seq=seq)
        labels = ["label" in each["data"] for each in (await stored(house))["nodes"]]
        assert sum(labels) == 1


async def test_edges_are_listed_anew_exactly_when_they_changed(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        documents = LiveDocuments(house.rooms)
        await fill(documents)
        first = await documents.graph(WORKFLOW)
        second = await documents.patch(WORKFLOW, ANN, [label(0, "x")])
        assert second.edges_json is first.edges_json
        bob = Peer(await house.room(), "bob").join()
        bob.read()
        root: Map[Any] = bob.doc.get("edges", type=Map)
        root["e"]["data"]["deep"] = "new"
        bob.send_made()
        await house.settle()
        third = await documents.graph(WORKFLOW)
        assert orjson.loads(third.edges_json)[0]["data"] == {"deep": "new"}
        fourth = await documents.patch(WORKFLOW, ANN, [{"op": "remove", "path": "/edges/0"}])
        assert fourth.edges_json == b"[]"
        fifth = await documents.patch(WORKFLOW, ANN, [label(0, "y")])
        assert (fifth.edges_json, nodes_of(fifth)["n0"]["data"]["label"]) == (b"[]", "y")
        assert (await stored(house))["edges"] == []
