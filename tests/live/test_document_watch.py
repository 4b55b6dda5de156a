"""A plan is used later only if nothing that it was made from has changed since."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Map, Text

from crdt_store.errors import InvalidPatch, PatchTestFailed
from crdt_store.footprint import Footprint
from crdt_store.graph_listing import list_graph
from crdt_store.graph_patch import plan_patch
from crdt_store.json_values import json_equal
from server.live.document_watch import DocumentWatch
from tests.crdt_store.graph_examples import edge, example, filled, graphs, node, replica
from tests.crdt_store.random_operations import operations_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from crdt_store.graph_changes import Change
    from crdt_store.workflow import Workflow

Json = Any
_REFUSALS = (InvalidPatch, PatchTestFailed)


def planned(workflow: Workflow, patch: list[Json]) -> tuple[list[Change] | Exception, Footprint]:
    footprint = Footprint()
    listed = list_graph(workflow.raw())
    try:
        plan = plan_patch(listed, patch, max_entities=20_000, footprint=footprint)
    except _REFUSALS as refusal:
        return refusal, footprint
    return plan, footprint


@given(graphs(), st.data())
@settings(deadline=None, max_examples=400)
def test_a_plan_that_was_spared_does_what_a_new_one_would(
    graph: dict[str, Json], data: st.DataObject
) -> None:
    workflow = filled(graph)
    listed = workflow.to_json()
    patch = data.draw(st.lists(operations_on(listed), min_size=1, max_size=3))
    watch = DocumentWatch(workflow)
    with watch.following():
        plan, footprint = planned(workflow, patch)
        for operation in data.draw(st.lists(operations_on(listed), max_size=2)):
            with suppress(*_REFUSALS):
                workflow.apply_json_patch([operation])
        if not watch.spared(footprint):
            return
    other = replica(workflow)
    if isinstance(plan, Exception):
        # Of several faults either may be named: a replica lists its keys in an order of its own.
        with pytest.raises(type(plan)):
            other.apply_json_patch(patch)
    else:
        other.apply_json_patch(patch)
        workflow.carry_out(plan)
        assert json_equal(workflow.to_json(), other.to_json())


LABEL: list[Json] = [
    {"op": "test", "path": "/nodes/0/id", "value": "a"},
    {"op": "replace", "path": "/nodes/0/data/label", "value": "new"},
]
LONGER: list[Json] = [{"op": "add", "path": "/nodes/-", "value": node("new")}]
RENAMED: list[Json] = [{"op": "replace", "path": "/meta/name", "value": "new"}]


def type_into_a(workflow: Workflow) -> None:
    prompt = workflow.nodes["a"]["data"]["prompt"]
    assert isinstance(prompt, Text)
    prompt += "!"


def put_a_text_among_the_nodes(workflow: Workflow) -> None:
    workflow.nodes["odd"] = Text("no node")


def make_b_a_child_by_a_text(workflow: Workflow) -> None:
    workflow.nodes["b"]["parentId"] = Text("c")


def set_a_number_of_c(workflow: Workflow) -> None:
    workflow.nodes["c"]["width"] = 5


@pytest.mark.parametrize(
    ("patch", "meanwhile", "is_spared"),
    [
        (LABEL, lambda it: None, True),
        (LABEL, lambda it: it.set_node_value("b", "label", "x"), True),
        (LABEL, lambda it: it.set_node_value("b", "position", {"x": 9, "y": 9}), True),
        (LABEL, lambda it: it.set_edge_value("ab", "label", "x"), True),
        (LABEL, lambda it: it.meta.update({"name": "x"}), True),
        (LABEL, set_a_number_of_c, True),
        (LABEL, type_into_a, False),
        (LABEL, lambda it: it.set_node_value("a", "position", {"x": 9, "y": 9}), False),
        (LABEL, lambda it: it.remove_node("c"), False),
        (LABEL, lambda it: it.add_edge(edge("new", "a", "b")), False),
        (LABEL, lambda it: it.set_node_value("b", "parentId", "c"), False),
        (LABEL, make_b_a_child_by_a_text, False),
        (LABEL, put_a_text_among_the_nodes, False),
        (LABEL, lambda it: it.set_edge_value("ab", "target", "c"), False),
        (LONGER, type_into_a, True),
        (LONGER, lambda it: it.add_node(node("other")), False),
        (RENAMED, type_into_a, True),
        (RENAMED, lambda it: it.meta.update({"other": "x"}), False),
        ([{"op": "replace", "path": "/nodes", "value": []}], type_into_a, True),
        ([{"op": "test", "path": "/nodes", "value": []}], type_into_a, False),
        ([{"op": "copy", "from": "/nodes", "path": "/meta/all"}], type_into_a, False),
        ([{"op": "move", "from": "/nodes/0", "path": "/meta/a"}], type_into_a, False),
        ([{"op": "move", "from": "/nodes/0", "path": "/nodes/2"}], type_into_a, False),
        ([{"op": "replace", "path": "/nodes/0", "value": node("a")}], type_into_a, False),
    ],
)
def test_what_a_plan_was_made_from_decides_whether_it_is_spared(
    patch: list[Json], meanwhile: Callable[[Workflow], None], is_spared: bool
) -> None:
    workflow = example()
    watch = DocumentWatch(workflow)
    with watch.following():
        _, footprint = planned(workflow, patch)
        meanwhile(workflow)
        assert watch.spared(footprint) == is_spared


def test_no_plan_is_spared_once_nobody_follows_and_the_document_can_be_freed() -> None:
    workflow = example()
    watch = DocumentWatch(workflow)
    with watch.following():
        _, footprint = planned(workflow, LABEL)
        with watch.following():
            workflow.set_node_value("b", "label", "x")
        assert watch.spared(footprint)
    assert not watch.spared(footprint)


def test_changes_of_a_map_that_is_no_entity_do_not_disturb_a_watch() -> None:
    workflow = example()
    workflow.nodes["odd"] = Text("no node")
    workflow.nodes["plain"] = {"id": "plain"}
    watch = DocumentWatch(workflow)
    with watch.following():
        _, footprint = planned(workflow, LABEL)
        odd = workflow.nodes["odd"]
        assert isinstance(odd, Text)
        odd += "!"
        workflow.nodes["b"]["data"]["deep"] = Map({"k": Map({"m": Text("t")})})
        workflow.nodes["b"]["data"]["deep"]["k"]["m"] += "!"
        assert watch.spared(footprint)
