"""Random JSON Patches mean the same to the document as to the jsonpatch package."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import jsonpatch
import jsonpointer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt_store.errors import InvalidGraph, InvalidPatch, PatchTestFailed
from crdt_store.json_values import json_equal
from tests.crdt_store.graph_examples import (
    edge,
    filled,
    fingerprint,
    graphs,
    json_values,
    node,
    replica,
)

if TYPE_CHECKING:
    from crdt_store.workflow import Workflow

Json = Any


@st.composite
def operations_on(draw: st.DrawFn, document: Json) -> Json:
    """An operation that more often than not makes sense for `document`."""
    paths = _pointers(document)
    path = draw(st.sampled_from(paths))
    match draw(st.sampled_from(["add", "add_entity", "remove", "replace", "move", "copy", "test"])):
        case "add":
            key = draw(st.sampled_from(["label", "prompt", "-", "0", "parentId", "selected"]))
            return {"op": "add", "path": f"{path}/{key}", "value": draw(json_values)}
        case "add_entity":
            index = draw(st.sampled_from(["-", "0", "1"]))
            if draw(st.booleans()):
                return {"op": "add", "path": f"/nodes/{index}", "value": node(draw(_names))}
            new = edge(draw(_names), draw(_names), draw(_names))
            return {"op": "add", "path": f"/edges/{index}", "value": new}
        case "replace":
            return {"op": "replace", "path": path, "value": draw(json_values)}
        case "move" | "copy" as name:
            return {"op": name, "from": path, "path": draw(st.sampled_from(paths))}
        case "test":
            value = jsonpointer.resolve_pointer(document, path)
            return {"op": "test", "path": path, "value": value}
        case _:
            return {"op": "remove", "path": path}


_names = st.sampled_from(["a", "b", "new1", "new2", "new3"])


def _pointers(document: Json, path: str = "") -> list[str]:
    if isinstance(document, dict):
        inner = {str(key): value for key, value in document.items()}
    elif isinstance(document, list):
        inner = {str(index): value for index, value in enumerate(document)}
    else:
        return [path]
    found = [path] if path else []
    for key, value in sorted(inner.items()):  # a map lists its keys in no particular order
        found += _pointers(value, f"{path}/{key.replace('~', '~0').replace('/', '~1')}")
    return found


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
