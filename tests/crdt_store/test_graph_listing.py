"""Whatever a Yjs client may write into the roots is listed without an error, and can be edited."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text

from crdt_store.json_values import json_equal
from crdt_store.workflow import Workflow
from tests.crdt_store.graph_examples import (
    edge,
    filled,
    json_values,
    node,
    replica,
    texts,
)

Json = Any


def node_ids(workflow: Workflow) -> list[str]:
    return [entity["id"] for entity in workflow.to_json()["nodes"]]


def assert_readable(workflow: Workflow) -> None:
    listed = workflow.to_json()
    assert orjson.loads(orjson.dumps(listed)) == listed
    for entity in listed["nodes"]:
        assert entity["id"]
        assert isinstance(entity["data"], dict)
        assert isinstance(entity["position"]["x"], int | float)
        assert isinstance(entity["position"]["y"], int | float)
        assert json_equal(workflow.node_json(entity["id"]), entity)
    for entity in listed["edges"]:
        assert entity["id"]
        assert isinstance(entity["data"], dict)
        assert isinstance(entity["source"], str)
        assert isinstance(entity["target"], str)
        assert json_equal(workflow.edge_json(entity["id"]), entity)


hostile_values = st.one_of(
    json_values,
    st.sampled_from([float("nan"), float("inf"), b"\xff", 2**62 + 1, -0.0, "", None]),
    st.just({"x": "1", "y": None}),
)


def shared_values(depth: int = 2) -> st.SearchStrategy[Any]:
    """What to build: a plain value, ("text", …) or ("map", {…})."""
    keys = st.one_of(
        st.sampled_from(
            ["id", "position", "data", "order", "parentId", "source", "target", "selected", ""]
        ),
        texts,
    )
    inner = shared_values(depth - 1) if depth else hostile_values.map(lambda v: ("plain", v))
    return st.one_of(
        hostile_values.map(lambda value: ("plain", value)),
        texts.map(lambda value: ("text", value)),
        st.dictionaries(keys, inner, max_size=5).map(lambda value: ("map", value)),
    )


def build(plan: Any) -> Any:
    kind, value = plan
    if kind == "text":
        return Text(value)
    return Map({key: build(item) for key, item in value.items()}) if kind == "map" else value


entity_ids = st.sampled_from(["a", "b", "", "c/d", "x" * 300])


@given(
    st.lists(st.tuples(st.sampled_from(["nodes", "edges", "meta"]), entity_ids, shared_values())),
    st.data(),
)
@settings(deadline=None, max_examples=200)
def test_whatever_a_client_wrote_is_listed_and_what_is_listed_can_be_edited(
    written: list[tuple[str, str, Any]], data: st.DataObject
) -> None:
    workflow = Workflow(Doc())
    for root, key, plan in written:
        workflow.doc.get(root, type=Map)[key] = build(plan)
    assert_readable(workflow)
    listed = workflow.to_json()
    for entity in listed["nodes"]:
        workflow.set_node_value(entity["id"], "label", "edited")
        workflow.merge_node(entity["id"], {"data": {"prompt": "p", "new": {"k": 1}}})
        assert workflow.node_json(entity["id"])["data"]["label"] == "edited"
    for index in range(len(listed["edges"])):
        operation = {"op": "add", "path": f"/edges/{index}/data/label", "value": "edited"}
        workflow.apply_json_patch([operation])
    workflow.add_node(node("last"))
    if listed["nodes"]:
        workflow.apply_json_patch([{"op": "move", "from": "/nodes/0", "path": "/nodes/-"}])
    assert_readable(workflow)
    assert json_equal(replica(workflow).to_json(), workflow.to_json())


@pytest.mark.parametrize("levels", [240, 252, 300, 2_000])
def test_live_2_an_entry_nested_too_deep_is_left_out_and_the_others_are_listed(
    levels: int,
) -> None:
    workflow = filled({"nodes": [node("a"), node("b")], "edges": [edge("e", "a", "b")]})
    with workflow.doc.transaction():
        inner = workflow.nodes["a"]["data"]
        for _ in range(levels):
            deeper: Map[Any] = Map({})
            inner["k"] = deeper
            inner = deeper
    workflow.nodes["plain"] = {"id": "plain", "position": {"x": 1, "y": 2}, "blob": b"\x01"}
    assert node_ids(workflow) == (["a"] if levels == 240 else []) + ["b", "plain"]
    assert_readable(workflow)
    orjson.dumps({"workflow": {"graph": workflow.to_json()}})


def update_with(content_type: int, content: bytes) -> bytes:
    """A Yjs update that sets nodes["k"] to raw content, as no library writes it."""
    struct = bytes([1, 1, 7, 0, 0x20 | content_type, 1, 5]) + b"nodes" + b"\x01k" + content
    return struct + b"\x00"


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        (8, b"\x01\x7f"),  # undefined
        (8, b"\x01\x7a\x7f\xff\xff\xff\xff\xff\xff\xff"),  # a bigint
        (8, b"\x01\x76\x01\x01q\x7f"),  # an object that holds undefined
        (8, b"\x01\x76\x02\x08position\x7f\x04data\x74\x01"),  # cut short below
        (3, b"\x02ab"),  # bytes
        (4, b"\x03abc"),  # string content
        (5, b'\x07{"a":1}'),  # an embed
        (6, b"\x01b\x04true"),  # formatting
        (1, b"\x01"),  # deleted
    ],
)
def test_raw_content_of_every_kind_is_tolerated(content_type: int, content: bytes) -> None:
    workflow = filled({"nodes": [node("a")]})
    try:
        workflow.doc.apply_update(update_with(content_type, content))
    except ValueError:
        assert content.endswith(b"\x74\x01")
    assert_readable(workflow)
    workflow.apply_json_patch([{"op": "add", "path": "/nodes/-", "value": node("last")}])
    assert "a" in node_ids(workflow)
