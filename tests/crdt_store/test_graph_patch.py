"""JSON Patches of the document: RFC 6902 in meaning, as little as possible in writing."""

from __future__ import annotations

from typing import Any

import jsonpatch
import pytest
from pycrdt import Doc, Map, Text

from crdt_store.errors import InvalidGraph, InvalidPatch, PatchTestFailed
from crdt_store.json_values import json_equal
from crdt_store.workflow import Workflow
from tests.crdt_store.graph_examples import (
    REAL_WORKFLOWS,
    edge,
    example,
    exchange,
    filled,
    fingerprint,
    node,
    read_real,
    replica,
    writes,
)

Json = Any


def ids(workflow: Workflow, collection: str = "nodes") -> list[str]:
    return [entity["id"] for entity in workflow.to_json()[collection]]


def op(name: str, path: str, value: Json = None, source: str = "") -> dict[str, Json]:
    return {"op": name, "path": path, "value": value, "from": source}


A = node("a", data={"label": "A", "prompt": "Be brief.", "inputs": {"x": [1, 2]}})
BARE_A = node("a", data={"label": "A"})


@pytest.mark.parametrize(
    ("operations", "written"),
    [
        ([op("replace", "/nodes/0/data/label", "Z")], ["nodes a data label"]),
        ([op("add", "/nodes/0/data/inputs/x/-", 3)], ["nodes a data inputs x"]),
        ([op("replace", "/nodes/0/data/prompt", "Be nice.")], ["nodes a data prompt ~text"]),
        ([op("replace", "/nodes/0/position/x", 7)], ["nodes a position"]),
        ([op("add", "/nodes/2/parentId", "a")], ["nodes c parentId"]),
        ([op("remove", "/nodes/1/data/label")], ["nodes b data label"]),
        ([op("remove", "/nodes/1")], ["nodes b"]),
        ([op("add", "/nodes/1", node("d"))], ["nodes d"]),
        ([op("add", "/nodes/-", node("d"))], ["nodes d"]),
        ([op("move", "/nodes/0", source="/nodes/2")], ["nodes c order"]),
        ([op("replace", "/nodes/0", BARE_A)], ["nodes a data inputs", "nodes a data prompt"]),
        ([op("replace", "/edges/0/target", "c")], ["edges ab target"]),
        ([op("add", "/edges/0/data/label", "yes")], ["edges ab data label"]),
        ([op("replace", "/meta/name", "New")], ["meta name"]),
        ([op("add", "/meta/tags", ["x"])], ["meta tags"]),
        (
            [op("move", "/meta/label", source="/nodes/1/data/label")],
            ["meta label", "nodes b data label"],
        ),
        ([op("replace", "/nodes/0/data/label", "A")], []),
        ([op("replace", "/nodes/0/position/x", 0.0)], []),
        ([op("test", "/nodes/0/data/label", "A")], []),
        ([op("remove", "/nodes/0"), op("add", "/nodes/0", A)], []),
    ],
)
def test_a_patch_writes_exactly_what_differs(operations: list[Json], written: list[str]) -> None:
    workflow = example()
    before = fingerprint(workflow)
    expected = jsonpatch.apply_patch(workflow.to_json(), operations)
    found = writes(workflow)
    workflow.apply_json_patch(operations)
    assert sorted(" ".join(path) for path in found) == written
    assert (fingerprint(workflow) == before) == (not written)
    assert json_equal(workflow.to_json(), expected)


def test_run_state_in_a_patch_is_accepted_and_left_out() -> None:
    workflow = example()
    before = fingerprint(workflow)
    workflow.apply_json_patch(
        [
            op("add", "/nodes/0/selected", True),
            op("replace", "/edges/0", edge("ab", "a", "b", selected=True)),
        ]
    )
    assert fingerprint(workflow) == before


def test_an_entity_changed_and_then_thrown_away_is_just_gone() -> None:
    workflow = example()
    workflow.apply_json_patch(
        [op("remove", "/edges/0/id"), op("replace", "/edges", []), op("remove", "/nodes/0")]
    )
    assert ids(workflow, "edges") == []


def test_replacing_the_whole_document_by_itself_writes_nothing() -> None:
    for path in REAL_WORKFLOWS:
        workflow = filled(read_real(path))
        before = fingerprint(workflow)
        whole = workflow.to_json()
        workflow.apply_json_patch([{"op": "replace", "path": "", "value": whole}])
        workflow.apply_json_patch([{"op": "replace", "path": "/nodes", "value": whole["nodes"]}])
        assert fingerprint(workflow) == before


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ({"op": "replace", "path": "/nodes/0/id", "value": "z"}, "/nodes/0/id"),
        ({"op": "remove", "path": "/nodes/0/id"}, "/nodes/0/id"),
        ({"op": "remove", "path": "/nodes/0/position"}, "/nodes/0/position"),
        ({"op": "replace", "path": "/nodes/0/position", "value": {"x": 1}}, "/nodes/0/position"),
        ({"op": "replace", "path": "/nodes/0/position/x", "value": "1"}, "/nodes/0/position"),
        ({"op": "replace", "path": "/nodes/0/data", "value": []}, "/nodes/0/data"),
        ({"op": "replace", "path": "/nodes/0", "value": 5}, "/nodes/0"),
        ({"op": "add", "path": "/nodes/1", "value": node("a")}, "/nodes/1/id"),
        ({"op": "copy", "from": "/nodes/0", "path": "/nodes/-"}, "/nodes/3/id"),
        ({"op": "add", "path": "/nodes/1", "value": {"id": "q"}}, "/nodes/1/position"),
        ({"op": "add", "path": "/nodes/0/parentId", "value": 5}, "/nodes/0/parentId"),
        ({"op": "remove", "path": "/edges/0/source"}, "/edges/0/source"),
        ({"op": "replace", "path": "/edges/0/target", "value": None}, "/edges/0/target"),
        ({"op": "remove", "path": "/nodes"}, "/nodes"),
        ({"op": "replace", "path": "/edges", "value": {}}, "/edges"),
        ({"op": "replace", "path": "/meta", "value": []}, "/meta"),
        ({"op": "replace", "path": "", "value": []}, ""),
        ({"op": "add", "path": "/name", "value": "x"}, "/name"),
        ({"op": "add", "path": "/nodes/9", "value": node("q")}, "/nodes/9"),
        ({"op": "add", "path": "/meta/x", "value": 2**60 + 1}, "/meta/x"),
    ],
)
def test_a_refused_patch_names_the_place_and_leaves_the_document_untouched(
    operation: Json, path: str
) -> None:
    workflow = example()
    before = fingerprint(workflow)
    harmless: Json = {"op": "replace", "path": "/nodes/2/position/x", "value": 99}
    with pytest.raises(InvalidPatch) as refusal:
        workflow.apply_json_patch([harmless, operation])
    assert refusal.value.path == path
    assert fingerprint(workflow) == before


def test_a_test_that_does_not_hold_leaves_the_document_untouched() -> None:
    workflow = example()
    before = fingerprint(workflow)
    with pytest.raises(PatchTestFailed):
        workflow.apply_json_patch(
            [
                {"op": "remove", "path": "/nodes/0"},
                {"op": "test", "path": "/nodes/0/id", "value": "a"},
            ]
        )
    assert fingerprint(workflow) == before


def test_more_nodes_and_edges_than_the_limit_are_refused_but_a_full_one_can_be_edited() -> None:
    workflow = Workflow(Doc(), max_entities=2)
    workflow.import_graph({"nodes": [node("a"), node("b")]})
    with pytest.raises(InvalidPatch, match="at most 2"):
        workflow.apply_json_patch([{"op": "add", "path": "/nodes/-", "value": node("c")}])
    with pytest.raises(InvalidGraph, match="at most 2"):
        workflow.add_node(node("c"))
    swap: list[Json] = [
        {"op": "remove", "path": "/nodes/0"},
        {"op": "add", "path": "/nodes/-", "value": node("c")},
    ]
    workflow.apply_json_patch(swap)
    assert ids(workflow) == ["b", "c"]


def test_removing_a_node_by_patch_leaves_its_edges_alone() -> None:
    workflow = example()
    workflow.apply_json_patch([{"op": "remove", "path": "/nodes/0"}])
    assert ids(workflow, "edges") == ["ab", "bc"]


def test_a_child_listed_before_its_parent_comes_after_it() -> None:
    workflow = example()
    workflow.apply_json_patch([{"op": "add", "path": "/nodes/0/parentId", "value": "c"}])
    assert ids(workflow) == ["c", "a", "b"]
    workflow.apply_json_patch([{"op": "add", "path": "/nodes/1", "value": node("d")}])
    assert ids(workflow) == ["c", "d", "a", "b"]


def test_typing_in_a_text_survives_a_patch_of_the_same_text() -> None:
    workflow = example()
    peer = replica(workflow)
    prompt = peer.nodes["a"]["data"]["prompt"]
    assert isinstance(prompt, Text)
    prompt.insert(0, "Always! ")
    workflow.apply_json_patch(
        [{"op": "replace", "path": "/nodes/0/data/prompt", "value": "Be very brief."}]
    )
    exchange(workflow, peer)
    assert workflow.node_json("a")["data"]["prompt"] == "Always! Be very brief."
    assert peer.to_json() == workflow.to_json()


def test_a_new_text_key_becomes_a_shared_text_and_a_plain_string_stays_plain() -> None:
    workflow = example()
    workflow.apply_json_patch([{"op": "add", "path": "/nodes/2/data/code", "value": "x = 1"}])
    assert isinstance(workflow.nodes["c"]["data"]["code"], Text)
    workflow.nodes["b"]["data"]["prompt"] = "plain"
    workflow.apply_json_patch([{"op": "replace", "path": "/nodes/1/data/prompt", "value": "new"}])
    assert workflow.nodes["b"]["data"]["prompt"] == "new"


def test_what_a_foreign_client_wrote_beside_the_change_is_left_as_it_is() -> None:
    workflow = example()
    data = workflow.nodes["a"]["data"]
    data["blob"], data["nan"] = b"\x00\xff", float("nan")
    data["nested"] = Map({"x": 1, "t": Text("typed")})
    found = writes(workflow)
    workflow.apply_json_patch([{"op": "replace", "path": "/nodes/0/data/label", "value": "Z"}])
    workflow.apply_json_patch([{"op": "replace", "path": "/nodes/0/data/nested/x", "value": 2}])
    workflow.apply_json_patch(
        [{"op": "replace", "path": "/nodes/0/data/nested/t", "value": "tied"}]
    )
    assert found == [
        ("nodes", "a", "data", "label"),
        ("nodes", "a", "data", "nested", "x"),
        ("nodes", "a", "data", "nested", "t", "~text"),
    ]
    assert data["blob"] == b"\x00\xff"


def test_a_patch_inside_the_callers_transaction_is_part_of_its_one_update() -> None:
    workflow = example()
    updates: list[bytes] = []
    subscription = workflow.doc.observe(lambda event: updates.append(event.update))
    with workflow.doc.transaction():
        workflow.meta["touched"] = True
        workflow.apply_json_patch([{"op": "remove", "path": "/nodes/1"}])
        with pytest.raises(InvalidPatch):
            workflow.apply_json_patch([{"op": "remove", "path": "/nodes/7"}])
        workflow.set_node_value("a", "label", "Z")
    workflow.doc.unobserve(subscription)
    assert len(updates) == 1
    assert ids(workflow) == ["a", "c"]
