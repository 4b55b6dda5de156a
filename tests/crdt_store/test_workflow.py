"""The graph schema: real files in and out, what is refused, what is tolerated, what converges."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from pycrdt import Doc, Map, Text

from crdt_store.errors import InvalidGraph
from crdt_store.json_values import json_equal
from crdt_store.workflow import Workflow
from tests.crdt_store.graph_examples import (
    REAL_WORKFLOWS,
    durable,
    edge,
    exchange,
    filled,
    fingerprint,
    graphs,
    node,
    read_real,
    replica,
)

if TYPE_CHECKING:
    from pathlib import Path

Json = Any


def node_ids(workflow: Workflow) -> list[str]:
    return [entity["id"] for entity in workflow.to_json()["nodes"]]


@pytest.mark.parametrize("path", REAL_WORKFLOWS, ids=lambda path: path.stem)
def test_a_real_workflow_comes_out_as_it_went_in_but_for_run_state(path: Path) -> None:
    graph = read_real(path)
    workflow = filled(graph)
    assert json_equal(workflow.to_json(), durable(graph))
    assert json_equal(replica(workflow).to_json(), durable(graph))


@pytest.mark.parametrize("path", REAL_WORKFLOWS, ids=lambda path: path.stem)
def test_an_export_can_be_imported_again(path: Path) -> None:
    exported = filled(read_real(path)).to_json()
    assert json_equal(filled(json.loads(json.dumps(exported))).to_json(), exported)


def test_the_real_workflows_are_there() -> None:
    assert len(REAL_WORKFLOWS) == 5


def test_text_keys_count_in_data_only() -> None:
    graph = {
        "prompt": "of meta",
        "nodes": [node("a", prompt="own", data={"prompt": "p", "in": {"prompt": "d"}})],
        "edges": [edge("e", "a", "a", data={"prompt": ""})],
    }
    workflow = filled(graph)
    assert isinstance(workflow.nodes["a"]["data"]["prompt"], Text)
    assert isinstance(workflow.edges["e"]["data"]["prompt"], Text)
    assert workflow.nodes["a"]["prompt"] == "own"
    assert workflow.nodes["a"]["data"]["in"] == {"prompt": "d"}
    assert json_equal(workflow.to_json(), durable(graph))


def test_run_state_and_viewport_are_left_out_but_data_is_the_applications_own() -> None:
    workflow = filled(
        {
            "viewport": {"x": 1, "y": 2, "zoom": 3},
            "tags": ["a"],
            "nodes": [
                node("a", data={"selected": True, "order": 7}, selected=True, order=99)
                | {"measured": {"width": 1}, "dragging": False, "positionAbsolute": {"x": 1}},
                node("b", parentNode="a", extent="parent", zIndex=3, style={"color": "red"}),
            ],
            "edges": [edge("e", "a", "b", selected=True, sourceHandle=None, animated=True)],
        }
    )
    assert workflow.to_json() == {
        "nodes": [
            node("a", data={"selected": True, "order": 7}),
            node("b", parentId="a", extent="parent", zIndex=3, style={"color": "red"}),
        ],
        "edges": [edge("e", "a", "b", sourceHandle=None, animated=True)],
        "meta": {"tags": ["a"]},
    }
    assert "selected" not in workflow.nodes["a"]


def test_an_entity_is_listed_alone_as_it_is_listed_with_all() -> None:
    workflow = filled(read_real(REAL_WORKFLOWS[0]))
    whole = workflow.to_json()
    for entity in whole["nodes"]:
        assert workflow.node_json(entity["id"]) == entity
    for entity in whole["edges"]:
        assert workflow.edge_json(entity["id"]) == entity


@given(graphs())
@settings(deadline=None)
def test_any_valid_graph_comes_out_as_it_went_in(graph: dict[str, Json]) -> None:
    workflow = filled(graph)
    assert json_equal(workflow.to_json(), durable(graph))
    assert json_equal(replica(workflow).to_json(), durable(graph))
    assert json_equal(filled(workflow.to_json()).to_json(), durable(graph))


# What is refused


def deep(levels: int) -> Json:
    value: Json = 0
    for _ in range(levels):
        value = [value]
    return value


REFUSED: list[tuple[Json, str]] = [
    ([], ""),
    ({"nodes": {}}, "/nodes"),
    ({"edges": None}, "/edges"),
    ({"nodes": ["a"]}, "/nodes/0"),
    ({"nodes": [{"position": {"x": 0, "y": 0}}]}, "/nodes/0/id"),
    ({"nodes": [node("a"), node("")]}, "/nodes/1/id"),
    ({"nodes": [node("x" * 257)]}, "/nodes/0/id"),
    ({"nodes": [node(7)]}, "/nodes/0/id"),  # type: ignore[arg-type]
    ({"nodes": [node("\udc00")]}, "/nodes/0/id"),
    ({"nodes": [node("a"), node("a")]}, "/nodes/1/id"),
    ({"nodes": [{"id": "a"}]}, "/nodes/0/position"),
    ({"nodes": [node("a", position=[0, 0])]}, "/nodes/0/position"),
    ({"nodes": [node("a", position={"x": True, "y": 0})]}, "/nodes/0/position"),
    ({"nodes": [node("a", position={"x": float("nan"), "y": 0})]}, "/nodes/0/position"),
    ({"nodes": [node("a", data="x")]}, "/nodes/0/data"),
    ({"nodes": [node("a", type=5)]}, "/nodes/0/type"),
    ({"nodes": [node("a", width="5")]}, "/nodes/0/width"),
    ({"nodes": [node("a", parentNode=5)]}, "/nodes/0/parentId"),
    ({"nodes": [node("a", data={"a/b": {"~": float("inf")}})]}, "/nodes/0/data/a~1b/~0"),
    ({"nodes": [node("a", data={"n": 2**53 + 1})]}, "/nodes/0/data/n"),
    ({"nodes": [node("a", data={"n": -(2**64) - 1})]}, "/nodes/0/data/n"),
    ({"nodes": [node("a", data={"n": 10**400})]}, "/nodes/0/data/n"),
    ({"nodes": [node("a", data={"s": "a\ud800b"})]}, "/nodes/0/data/s"),
    ({"nodes": [node("a", data={"\ud800": 1})]}, "/nodes/0/data"),
    ({"nodes": [node("a", data={5: 1})]}, "/nodes/0/data"),
    ({"nodes": [node("a", **{"\ud800": 1})]}, "/nodes/0"),
    ({"nodes": [node("a") | {5: 1}]}, "/nodes/0"),
    ({"nodes": [node("a", data={"b": b"x"})]}, "/nodes/0/data/b"),
    ({"nodes": [node("a", data={"b": (1, 2)})]}, "/nodes/0/data/b"),
    ({"nodes": [node("a", data={"b": [object()]})]}, "/nodes/0/data/b/0"),
    ({"nodes": [node("a", data={"b": Map({})})]}, "/nodes/0/data/b"),
    ({"edges": [{"id": "e", "target": "a"}]}, "/edges/0/source"),
    ({"edges": [edge("e", "a", "b", sourceHandle=1)]}, "/edges/0/sourceHandle"),
    ({"edges": [edge("e", None, "b")]}, "/edges/0/source"),  # type: ignore[arg-type]
    ({"edges": [edge("e", "a", "b"), edge("e", "a", "b")]}, "/edges/1/id"),
    ({"name": float("-inf")}, "/name"),
    ({"meta": {"x": {"y": 2**53 + 1}}}, "/meta/x/y"),
    ({5: 1}, ""),
]


@pytest.mark.parametrize(("graph", "path"), REFUSED)
def test_a_refused_graph_names_the_place_and_leaves_the_document_untouched(
    graph: Json, path: str
) -> None:
    workflow = Workflow(Doc())
    before = fingerprint(workflow)
    with pytest.raises(InvalidGraph) as refusal:
        workflow.import_graph(graph)
    assert refusal.value.path == path
    assert fingerprint(workflow) == before


def test_depth_is_allowed_up_to_64_levels_of_the_whole_and_endless_nesting_is_no_danger() -> None:
    # /nodes, its list, the node and data are four levels around the value.
    filled({"nodes": [node("a", data={"v": deep(60)})]})
    endless: list[Json] = []
    endless.append(endless)
    for value in (deep(62), deep(100_000), endless):
        with pytest.raises(InvalidGraph, match="nested deeper than 64"):
            filled({"nodes": [node("a", data={"v": value})]})


def test_a_graph_with_more_nodes_and_edges_than_the_limit_is_refused() -> None:
    workflow = Workflow(Doc(), max_entities=3)
    graph = {"nodes": [node("a"), node("b")], "edges": [edge("e", "a", "b"), edge("f", "b", "a")]}
    with pytest.raises(InvalidGraph, match="at most 3"):
        workflow.import_graph(graph)
    graph["edges"].pop()
    workflow.import_graph(graph)


def test_a_graph_is_imported_into_an_empty_document_only() -> None:
    workflow = filled({"nodes": [node("a")]})
    before = fingerprint(workflow)
    with pytest.raises(InvalidGraph, match="not empty"):
        workflow.import_graph({"nodes": [node("b")]})
    assert fingerprint(workflow) == before


def test_edges_and_parents_may_name_nodes_that_are_not_there() -> None:
    graph = {"nodes": [node("a", parentId="gone")], "edges": [edge("e", "a", "gone")]}
    assert filled(graph).to_json() == durable(graph)


def test_the_callers_graph_is_neither_changed_nor_shared() -> None:
    graph = read_real(REAL_WORKFLOWS[0])
    before = json.dumps(graph)
    workflow = filled(graph)
    workflow.to_json()["nodes"][0]["data"]["label"] = "changed"
    assert json.dumps(graph) == before
    assert json_equal(workflow.to_json(), durable(graph))


# Order


def test_children_come_after_their_parents_else_the_files_order_is_kept() -> None:
    graph = {
        "nodes": [
            node("late", parentId="group"),
            node("x"),
            node("group", parentId="outer"),
            node("outer"),
            node("loop1", parentId="loop2"),
            node("loop2", parentId="loop1"),
            node("self", parentId="self"),
        ]
    }
    expected = ["outer", "group", "late", "x", "loop1", "loop2", "self"]
    assert node_ids(filled(graph)) == expected
    assert node_ids(filled(filled(graph).to_json())) == expected


def test_what_is_added_comes_last_also_after_deletions() -> None:
    workflow = filled({"nodes": [node("c"), node("b"), node("a")]})
    workflow.remove_node("c")
    workflow.add_node(node("0"))
    workflow.add_edge(edge("e2", "a", "b"))
    workflow.add_edge(edge("e1", "a", "b"))
    assert node_ids(workflow) == ["b", "a", "0"]
    assert [entity["id"] for entity in workflow.to_json()["edges"]] == ["e2", "e1"]
    with pytest.raises(InvalidGraph, match="'a'"):
        workflow.add_node(node("a"))


def test_equal_and_missing_orders_are_listed_the_same_on_every_replica() -> None:
    one = filled({"nodes": [node("m")]})
    other = replica(one)
    one.add_node(node("b"))
    other.add_node(node("a"))
    one.nodes["z"] = Map({"id": "z"})
    other.nodes["y"] = {"id": "y", "order": "first"}
    exchange(one, other)
    assert node_ids(one) == node_ids(other) == ["m", "a", "b", "y", "z"]


# Removal, and concurrent work


def test_removing_a_node_takes_its_edges_along_unless_told_otherwise() -> None:
    graph = {
        "nodes": [node("a"), node("b"), node("c", parentId="a")],
        "edges": [edge("ab", "a", "b"), edge("ba", "b", "a"), edge("bc", "b", "c")],
    }
    workflow = filled(graph)
    workflow.remove_node("a")
    assert [entity["id"] for entity in workflow.to_json()["edges"]] == ["bc"]
    assert node_ids(workflow) == ["b", "c"]
    kept = filled(graph)
    kept.remove_node("a", with_edges=False)
    assert len(kept.to_json()["edges"]) == 3
    kept.remove_edge("ab")
    assert [entity["id"] for entity in kept.to_json()["edges"]] == ["ba", "bc"]


@pytest.mark.parametrize(
    "change",
    [
        lambda flow: flow.set_node_value("a", "label", "new"),
        lambda flow: flow.set_node_value("a", "position", {"x": 9, "y": 9}),
        lambda flow: flow.set_node_value("a", "prompt", "typed"),
        lambda flow: flow.merge_node("a", {"type": None, "data": {"label": "x", "k": {"d": 1}}}),
        lambda flow: flow.apply_json_patch(
            [
                {"op": "replace", "path": "/nodes/1", "value": node("a", data={"code": "c"})},
                {"op": "move", "from": "/nodes/1", "path": "/nodes/0"},
            ]
        ),
    ],
)
def test_crdt_1_a_deleted_node_stays_deleted_whatever_others_do_to_it_meanwhile(
    change: Any,
) -> None:
    one = filled({"nodes": [node("b"), node("a", data={"label": "l", "prompt": "p"})]})
    other = replica(one)
    one.remove_node("a")
    change(other)
    exchange(one, other)
    assert node_ids(one) == node_ids(other) == ["b"]


def test_crdt_1_edits_of_different_fields_of_one_node_are_all_kept() -> None:
    one = filled({"nodes": [node("a", data={"label": "l", "prompt": "one two three"})]})
    other = replica(one)
    one.set_node_value("a", "position", {"x": 5, "y": 6})
    one.set_node_value("a", "prompt", "one two three four")
    other.merge_node("a", {"data": {"label": "new", "prompt": "zero one two three"}})
    exchange(one, other)
    expected = node("a", position={"x": 5, "y": 6}) | {
        "data": {"label": "new", "prompt": "zero one two three four"}
    }
    assert one.node_json("a") == other.node_json("a") == expected


def test_one_changed_value_among_5_000_nodes_is_a_small_update() -> None:
    workflow = filled({"nodes": [node(f"n{i}", data={"label": "x" * 50}) for i in range(5_000)]})
    state = workflow.doc.get_state()
    workflow.apply_json_patch([{"op": "replace", "path": "/nodes/4000/data/label", "value": "y"}])
    assert len(workflow.doc.get_update(state)) < 64
