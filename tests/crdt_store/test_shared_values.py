"""The settings of a node, one level inside `data`, are shared types: several edit them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text

from crdt_store.json_values import json_equal
from crdt_store.shared_values import SharedKeys
from crdt_store.workflow import Workflow
from tests.crdt_store.graph_examples import (
    REAL_WORKFLOWS,
    data_objects,
    durable,
    edge,
    exchange,
    filled,
    node,
    read_real,
    replica,
    writes,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Json = Any
LONG = "You answer questions about the quarterly reports, and about nothing else at all."


def with_inputs(**inputs: Json) -> Workflow:
    return filled({"nodes": [node("a", data={"inputs": inputs})]})


def inputs_of(workflow: Workflow) -> Any:
    return workflow.nodes["a"]["data"]["inputs"]


# What becomes of JSON


def test_settings_of_real_workflows_are_maps_and_their_long_texts_are_texts() -> None:
    texts: set[str] = set()
    for path in REAL_WORKFLOWS:
        for shared in filled(read_real(path)).nodes.values():
            inputs = shared["data"]["inputs"]
            assert isinstance(inputs, Map)
            for key, value in inputs.items():
                if isinstance(value, Text):
                    texts.add(key)
                elif isinstance(value, str):
                    assert len(value) <= 64
                    assert "\n" not in value
    assert texts >= {"systemMessagePrompt", "note", "conditionAgentInstructions", "description"}
    assert not texts & {"modelName", "model", "agentMemoryType"}


@pytest.mark.parametrize(
    ("value", "is_text"),
    [
        ("x" * 64, False),
        ("x" * 65, True),
        ("😀" * 64, False),
        ("😀" * 65, True),
        ("a\nb", True),
        ("a\rb", True),
        ("a\u2028b", False),
        ("", False),
        (["x" * 65], False),
        ({"prompt": "x" * 65}, False),
    ],
)
def test_a_setting_is_a_text_if_it_is_long_or_has_several_lines(value: Json, is_text: bool) -> None:
    workflow = with_inputs(some=value)
    assert isinstance(inputs_of(workflow)["some"], Text) == is_text
    workflow.merge_node("a", {"data": {"inputs": {"other": value}}})
    assert isinstance(inputs_of(workflow)["other"], Text) == is_text
    assert workflow.node_json("a")["data"] == {"inputs": {"some": value, "other": value}}


def test_exactly_one_level_of_settings_is_shared_and_only_objects_are() -> None:
    data = {
        "inputs": {"prompt": "p", "inputs": {"prompt": LONG}, "list": [{"code": LONG}]},
        "parameters": [LONG],
        "config": None,
        "label": LONG,
        "options": {"prompt": LONG},
    }
    graph = {"nodes": [node("a", data=data)], "edges": [edge("e", "a", "a", data=data)]}
    workflow = filled(graph)
    for shared in (workflow.nodes["a"], workflow.edges["e"]):
        held = shared["data"]
        assert isinstance(held["inputs"], Map)
        assert isinstance(held["inputs"]["prompt"], Text)
        assert held["inputs"]["inputs"] == {"prompt": LONG}
        assert held["inputs"]["list"] == [{"code": LONG}]
        for key in ("parameters", "config", "label", "options"):
            assert held[key] == data[key]
    assert json_equal(workflow.to_json(), durable(graph))


def test_the_keys_are_the_callers_choice() -> None:
    keys = SharedKeys(texts=frozenset({"body"}), maps=frozenset({"options"}))
    workflow = Workflow(Doc(), keys=keys)
    data = {"options": {"body": "b", "prompt": "p"}, "inputs": {"body": LONG}, "body": "b"}
    workflow.import_graph({"nodes": [node("a", data=data)]})
    held = workflow.nodes["a"]["data"]
    assert isinstance(held["body"], Text)
    assert isinstance(held["options"]["body"], Text)
    assert held["options"]["prompt"] == "p"
    assert held["inputs"] == {"body": LONG}


# Every way in writes what differs


def by_json_patch(workflow: Workflow, inputs: Json) -> None:
    workflow.apply_json_patch([{"op": "replace", "path": "/nodes/0/data/inputs", "value": inputs}])


def by_merge_patch(workflow: Workflow, inputs: Json) -> None:
    gone = workflow.node_json("a")["data"]["inputs"].keys() - inputs.keys()
    workflow.merge_node("a", {"data": {"inputs": inputs | dict.fromkeys(gone)}})


def by_event(workflow: Workflow, inputs: Json) -> None:
    workflow.set_node_value("a", "data.inputs", inputs)


WAYS = [by_json_patch, by_merge_patch, by_event]


@pytest.mark.parametrize("write", WAYS)
def test_of_settings_only_those_that_differ_are_written(
    write: Callable[[Workflow, Json], None],
) -> None:
    workflow = with_inputs(model="gpt", system=LONG, topK=4, gone=1, same={"a": [1.0]})
    found = writes(workflow)
    write(workflow, {"model": "gpt", "system": f"{LONG}!", "topK": 5, "new": 1, "same": {"a": [1]}})
    at = ("nodes", "a", "data", "inputs")
    assert sorted(found) == [(*at, "gone"), (*at, "new"), (*at, "system", "~text"), (*at, "topK")]


@pytest.mark.parametrize("write", WAYS)
def test_crdt_1_edits_of_different_settings_of_one_node_are_all_kept(
    write: Callable[[Workflow, Json], None],
) -> None:
    one = with_inputs(model="gpt", system=LONG, topK=4)
    other = replica(one)
    write(one, {"model": "llama", "system": f"{LONG} Thank you.", "topK": 4})
    inputs_of(other)["topK"] = 9
    inputs_of(other)["system"].insert(0, "Please: ")
    inputs_of(other)["fresh"] = True
    exchange(one, other)
    assert one.node_json("a") == other.node_json("a")
    assert one.node_json("a")["data"]["inputs"] == {
        "model": "llama",
        "system": f"Please: {LONG} Thank you.",
        "topK": 9,
        "fresh": True,
    }


@pytest.mark.parametrize("op", ["add", "replace", "remove"])
def test_a_patch_of_one_setting_writes_that_one(op: str) -> None:
    workflow = with_inputs(**{"a/b": 1, "c": 2})
    found = writes(workflow)
    operation = {"op": op, "path": "/nodes/0/data/inputs/a~1b", "value": 3}
    workflow.apply_json_patch([operation])
    assert found == [("nodes", "a", "data", "inputs", "a/b")]
    assert workflow.node_json("a")["data"]["inputs"] == (
        {"c": 2} if op == "remove" else {"a/b": 3, "c": 2}
    )


def test_what_is_moved_into_settings_is_a_text_by_their_rule() -> None:
    workflow = filled({"nodes": [node("a", data={"label": LONG, "inputs": {}})]})
    workflow.apply_json_patch(
        [{"op": "move", "from": "/nodes/0/data/label", "path": "/nodes/0/data/inputs/label"}]
    )
    assert isinstance(inputs_of(workflow)["label"], Text)


# What is not converted, and what is


@pytest.mark.parametrize("write", WAYS)
def test_a_plain_object_of_an_older_document_stays_plain(
    write: Callable[[Workflow, Json], None],
) -> None:
    workflow = filled({"nodes": [node("a")]})
    workflow.nodes["a"]["data"]["inputs"] = {"x": 1, "system": LONG}
    found = writes(workflow)
    write(workflow, {"x": 2, "system": LONG})
    assert inputs_of(workflow) == {"x": 2, "system": LONG}
    assert found == [("nodes", "a", "data", "inputs")]


def test_a_plain_setting_that_grows_long_stays_plain() -> None:
    workflow = with_inputs(system="short")
    workflow.merge_node("a", {"data": {"inputs": {"system": LONG}}})
    assert inputs_of(workflow)["system"] == LONG


def test_settings_where_there_was_something_else_become_a_map_and_the_other_way_round() -> None:
    workflow = filled({"nodes": [node("a", data={"inputs": [1]})]})
    workflow.set_node_value("a", "inputs", {"x": 1})
    assert isinstance(inputs_of(workflow), Map)
    workflow.set_node_value("a", "inputs", "none")
    assert inputs_of(workflow) == "none"


def test_shared_types_that_others_have_put_into_settings_are_changed_in_place() -> None:
    workflow = with_inputs(x=1)
    inputs_of(workflow)["deep"] = Map({"text": Text("Hello"), "n": 1})
    found = writes(workflow)
    deep = {"text": "Hello!", "n": 1, "new": LONG}
    workflow.merge_node("a", {"data": {"inputs": {"deep": deep}}})
    at = ("nodes", "a", "data", "inputs", "deep")
    assert sorted(found) == [(*at, "new"), (*at, "text", "~text")]
    assert inputs_of(workflow)["deep"]["new"] == LONG


@given(data_objects, data_objects)
@settings(deadline=None, max_examples=300)
def test_any_data_becomes_any_other_and_texts_and_maps_stay_themselves(
    before: Json, after: Json
) -> None:
    workflow = filled({"nodes": [node("a", data=before)]})
    held = workflow.nodes["a"]["data"]
    watched = {key: type(value) for key, value in held.items() if isinstance(value, Map | Text)}
    found = writes(workflow)
    index = {"op": "replace", "path": "/nodes/0/data", "value": after}
    workflow.apply_json_patch([index])
    assert json_equal(workflow.node_json("a")["data"], after)
    assert json_equal(replica(workflow).node_json("a")["data"], after)
    for key, kind in watched.items():
        if isinstance(after.get(key), dict if kind is Map else str):
            assert ("nodes", "a", "data", key) not in found


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_crdt_1_whatever_two_set_in_different_settings_at_once_is_kept(data: st.DataObject) -> None:
    values = st.one_of(st.integers(0, 3), st.sampled_from(["", "short", LONG, f"{LONG}?"]))
    keys = ("p", "q", "r", "s")
    before: Json = data.draw(st.dictionaries(st.sampled_from(keys), values))
    one = with_inputs(**before)
    other = replica(one)
    wanted: Json = dict(before)
    for workflow, mine in ((one, keys[:2]), (other, keys[2:])):
        own = data.draw(st.dictionaries(st.sampled_from(mine), st.one_of(st.none(), values)))
        write = data.draw(st.sampled_from(WAYS))
        changed = {**before, **own}
        write(workflow, {key: value for key, value in changed.items() if value is not None})
        wanted.update(own)
    exchange(one, other)
    kept = {key: value for key, value in wanted.items() if value is not None}
    assert one.node_json("a")["data"]["inputs"] == kept
    assert other.node_json("a")["data"]["inputs"] == kept
