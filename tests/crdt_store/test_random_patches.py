"""Random JSON Patches mean the same to the document as to the jsonpatch package."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

import jsonpatch
import jsonpointer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt_store.errors import InvalidGraph, InvalidPatch, PatchTestFailed
from crdt_store.graph_listing import list_graph
from crdt_store.graph_patch import plan_patch
from crdt_store.json_values import json_equal
from tests.crdt_store.graph_examples import (
    filled,
    fingerprint,
    graphs,
    replica,
)
from tests.crdt_store.random_operations import operations_on

if TYPE_CHECKING:
    from crdt_store.workflow import Workflow

Json = Any


def _meaning(document: Json) -> Json:
    """What the schema makes of a document; an InvalidGraph if it refuses it."""
    if not isinstance(document, dict) or document.keys() != {"nodes", "edges", "meta"}:
        raise InvalidGraph("", "not the three roots")
    if not isinstance(document["meta"], dict):
        raise InvalidGraph("/meta", "no object")
    return filled(document).to_json()


def refusal_of(workflow: Workflow, patch: list[Json]) -> InvalidPatch | None:
    try:
        workflow.apply_json_patch(patch)
    except InvalidPatch as refusal:
        return refusal
    return None


@given(graphs(), st.data())
@settings(deadline=None, max_examples=400)
def test_any_patch_means_what_the_jsonpatch_package_makes_of_it(
    graph: dict[str, Json], data: st.DataObject
) -> None:
    workflow = filled(graph)
    model = workflow.to_json()
    before = fingerprint(workflow)
    patch: list[Json] = []
    for _ in range(data.draw(st.integers(1, 4))):
        operation = data.draw(operations_on(model))
        patch.append(operation)
        try:
            model = jsonpatch.apply_patch(model, [operation])
        except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException):
            with pytest.raises((InvalidPatch, PatchTestFailed)):
                workflow.apply_json_patch(patch)
            assert fingerprint(workflow) == before
            return
        if not isinstance(model, dict) or not model:
            break
    try:
        expected = _meaning(copy.deepcopy(model))
    except InvalidGraph:
        with pytest.raises(InvalidPatch):
            workflow.apply_json_patch(patch)
        assert fingerprint(workflow) == before
        return
    refused = refusal_of(workflow, patch)
    if refused is not None:
        assert "cannot change" in refused.detail  # an id, which the package cannot know of
        assert fingerprint(workflow) == before
        return
    assert json_equal(workflow.to_json(), expected)
    assert json_equal(replica(workflow).to_json(), expected)


@given(graphs(), st.data())
@settings(deadline=None, max_examples=400)
def test_live_2_a_plan_from_printed_roots_does_what_the_document_would_and_keeps_the_listing(
    graph: dict[str, Json], data: st.DataObject
) -> None:
    workflow = filled(graph)
    other = replica(workflow)
    listed = list_graph(workflow.raw())
    unchanged = copy.deepcopy(listed)
    patch = data.draw(st.lists(operations_on(workflow.to_json()), min_size=1, max_size=4))
    try:
        plan = plan_patch(listed, patch, max_entities=workflow.max_entities)
    except (InvalidPatch, PatchTestFailed) as refusal:
        with pytest.raises(type(refusal), match=re.escape(str(refusal))):
            other.apply_json_patch(patch)
    else:
        workflow.carry_out(plan)
        other.apply_json_patch(patch)
    assert json_equal(workflow.to_json(), other.to_json())
    assert listed == unchanged
