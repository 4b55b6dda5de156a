"""Merge patches and single values of a node or an edge: what is written, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from crdt_store.errors import EntityNotFound, InvalidGraph, InvalidPatch
from tests.crdt_store.graph_examples import (
    edge,
    example,
    filled,
    fingerprint,
    node,
    writes,
)

Json = Any


@pytest.mark.parametrize(
    ("changes", "written"),
    [
        ({"data": {"label": "Z"}}, [("nodes", "a", "data", "label")]),
        ({"data": {"label": None}}, [("nodes", "a", "data", "label")]),
        ({"data": {"inputs": {"y": 2}}}, [("nodes", "a", "data", "inputs", "y")]),
        ({"data": {"prompt": "Be bold."}}, [("nodes", "a", "data", "prompt", "~text")]),
        ({"position": {"x": 5}}, [("nodes", "a", "position")]),
        ({"type": None, "width": 10}, [("nodes", "a", "type"), ("nodes", "a", "width")]),
        ({"parentNode": "b"}, [("nodes", "a", "parentId")]),
        ({"id": "a", "selected": True, "measured": {"width": 5}, "data": {"label": "A"}}, []),
        ({}, []),
    ],
)  # fmt: skip
def test_a_merge_writes_exactly_what_differs(changes: Json, written: list[tuple[str, ...]]) -> None:
    workflow = example()
    found = writes(workflow)
    workflow.merge_node("a", changes)
    assert sorted(found) == sorted(written)


def test_a_merge_reaches_into_deeper_objects_and_null_deletes_there_too() -> None:
    workflow = filled({"nodes": [node("a", data={"inputs": {"x": {"y": 1, "z": 2}, "k": 3}})]})
    workflow.merge_node("a", {"data": {"inputs": {"x": {"y": None, "w": {"v": None}}}}})
    assert workflow.node_json("a")["data"] == {"inputs": {"x": {"z": 2, "w": {}}, "k": 3}}
    workflow.merge_node("a", {"data": None})
    assert workflow.node_json("a")["data"] == {}


def test_an_edge_is_merged_like_a_node() -> None:
    workflow = example()
    workflow.merge_edge("ab", {"target": "c", "data": {"label": "yes"}})
    assert workflow.edge_json("ab") == edge("ab", "a", "c", data={"label": "yes"})


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"id": "z"}, "/id"),
        ({"id": None}, "/id"),
        ({"position": None}, "/position"),
        ({"position": {"x": None}}, "/position"),
        ({"data": 5}, "/data"),
        ({"data": {"label": float("inf")}}, "/data/label"),
        ([], ""),
        (None, ""),
    ],
)
def test_a_refused_merge_leaves_the_document_untouched(changes: Json, path: str) -> None:
    workflow = example()
    before = fingerprint(workflow)
    with pytest.raises(InvalidPatch) as refusal:
        workflow.merge_node("a", changes)
    assert refusal.value.path == path
    assert fingerprint(workflow) == before


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("position", {"x": 1, "y": 2}, [("nodes", "a", "position")]),
        ("type", "other", [("nodes", "a", "type")]),
        ("width", 12.5, [("nodes", "a", "width")]),
        ("data.label", "Z", [("nodes", "a", "data", "label")]),
        ("label", "Z", [("nodes", "a", "data", "label")]),
        ("id", "own", [("nodes", "a", "data", "id")]),
        ("data.a.b", 1, [("nodes", "a", "data", "a.b")]),
        ("data", 1, [("nodes", "a", "data", "data")]),
        ("prompt", "Be very brief.", [("nodes", "a", "data", "prompt", "~text")]),
        ("prompt", None, [("nodes", "a", "data", "prompt")]),
        ("label", "A", []),
        ("unknown", None, []),
        ("parentId", None, []),
    ],
)
def test_setting_a_property_writes_one_place_at_most(
    name: str, value: Json, written: list[tuple[str, ...]]
) -> None:
    workflow = example()
    found = writes(workflow)
    workflow.set_node_value("a", name, value)
    assert found == written


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("position", None, "/position"),
        ("position", {"x": 1}, "/position"),
        ("type", 5, "/type"),
        ("data.", 5, "/data"),
        ("", 5, "/data"),
        (5, 5, "/data"),
        (["position"], 5, "/data"),
        ("label", "\ud800", "/data/label"),
        ("\ud800", 1, ""),
        ("label", {"deep": [2**70 + 1]}, "/data/label/deep/0"),
    ],
)
def test_a_refused_value_leaves_the_document_untouched(name: Any, value: Json, path: str) -> None:
    workflow = example()
    before = fingerprint(workflow)
    with pytest.raises(InvalidGraph) as refusal:
        workflow.set_node_value("a", name, value)
    assert refusal.value.path == path
    assert fingerprint(workflow) == before


def test_properties_of_edges_are_their_ends_and_handles_and_else_data() -> None:
    workflow = example()
    workflow.set_edge_value("ab", "targetHandle", "in")
    workflow.set_edge_value("ab", "position", {"x": 1})
    assert workflow.edge_json("ab") == edge(
        "ab", "a", "b", targetHandle="in", data={"position": {"x": 1}}
    )
    with pytest.raises(InvalidGraph, match="required"):
        workflow.set_edge_value("ab", "source", None)


@pytest.mark.parametrize("missing", ["nobody", "", "\ud800", None, 5, ["a"]])
def test_what_is_not_there_is_named_in_the_error(missing: Any) -> None:
    workflow = example()
    for attempt in (
        lambda: workflow.set_node_value(missing, "label", 1),
        lambda: workflow.merge_node(missing, {}),
        lambda: workflow.node_json(missing),
        lambda: workflow.remove_node(missing),
    ):
        with pytest.raises(EntityNotFound) as refusal:
            attempt()
        assert refusal.value.kind == "node"
    with pytest.raises(EntityNotFound):
        workflow.remove_edge(missing)
