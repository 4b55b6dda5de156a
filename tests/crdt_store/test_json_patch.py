"""RFC 6902 on a JSON tree: the standard's cases, and agreement with the jsonpatch package."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonpatch
import jsonpointer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt_store.errors import InvalidPatch, PatchTestFailed, StoreError
from crdt_store.json_patch import MAX_COPIED_VALUES, PatchTarget
from crdt_store.json_values import MAX_DEPTH, json_equal

Json = Any


def patched(document: Json, operations: list[Json]) -> Json:
    target = PatchTarget(copy.deepcopy(document))
    for index, operation in enumerate(operations):
        target.apply(index, operation)
    return target.root


@pytest.mark.parametrize(
    ("document", "operation", "result"),
    [
        ({"foo": 1}, {"op": "add", "path": "/baz", "value": 2}, {"foo": 1, "baz": 2}),
        ({"foo": ["a"]}, {"op": "add", "path": "/foo/0", "value": "b"}, {"foo": ["b", "a"]}),
        ({"foo": ["a"]}, {"op": "add", "path": "/foo/1", "value": "b"}, {"foo": ["a", "b"]}),
        ({"foo": ["a"]}, {"op": "add", "path": "/foo/-", "value": ["b"]}, {"foo": ["a", ["b"]]}),
        ({"foo": 1}, {"op": "add", "path": "/foo", "value": None}, {"foo": None}),
        ({"foo": 1}, {"op": "add", "path": "", "value": [2]}, [2]),
        ({"foo": 1}, {"op": "add", "path": "/", "value": 2}, {"foo": 1, "": 2}),
        ({"a": 1, "b": 2}, {"op": "remove", "path": "/b"}, {"a": 1}),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/0"}, {"a": [2]}),
        ({"a": [1, 2]}, {"op": "replace", "path": "/a/1", "value": {}}, {"a": [1, {}]}),
        ({"a": {"b": 1}}, {"op": "move", "from": "/a/b", "path": "/c"}, {"a": {}, "c": 1}),
        ({"a": [1, 2, 3]}, {"op": "move", "from": "/a/0", "path": "/a/2"}, {"a": [2, 3, 1]}),
        ({"a": 1}, {"op": "move", "from": "/a", "path": "/a"}, {"a": 1}),
        ({"a": [1]}, {"op": "copy", "from": "/a", "path": "/a/-"}, {"a": [1, [1]]}),
        ({"a/b": 1, "m~n": 2}, {"op": "test", "path": "/a~1b", "value": 1.0}, {"a/b": 1, "m~n": 2}),
        ({"~1": 10}, {"op": "test", "path": "/~01", "value": 10}, {"~1": 10}),
        ({"a": 1}, {"op": "test", "path": "", "value": {"a": 1}}, {"a": 1}),
        ({"a": 1}, {"op": "test", "path": "/a", "value": 1, "more": "ignored"}, {"a": 1}),
    ],
)  # fmt: skip
def test_what_the_standard_allows_is_done(document: Json, operation: Json, result: Json) -> None:
    assert patched(document, [operation]) == result


@pytest.mark.parametrize(
    ("document", "operation"),
    [
        ({}, {"op": "add", "path": "/a/b", "value": 1}),
        ({"a": [1]}, {"op": "add", "path": "/a/2", "value": 1}),
        ({"a": [1]}, {"op": "add", "path": "/a/01", "value": 1}),
        ({"a": [1]}, {"op": "add", "path": "/a/-1", "value": 1}),
        ({"a": [1]}, {"op": "add", "path": "/a/1e0", "value": 1}),
        ({"a": [1]}, {"op": "add", "path": "/a/\u0661", "value": 1}),
        ({"a": [1]}, {"op": "add", "path": f"/a/{'9' * 5_000}", "value": 1}),
        ({"a": "text"}, {"op": "add", "path": "/a/0", "value": 1}),
        ({"a": 1}, {"op": "add", "path": "a", "value": 1}),
        ({"a": 1}, {"op": "add", "path": "/~2", "value": 1}),
        ({"a": 1}, {"op": "add", "path": "/a"}),
        ({"a": 1}, {"op": "add", "path": 5, "value": 1}),
        ({"a": 1}, {"op": "add", "value": 1}),
        ({"a": 1}, {"op": "remove", "path": ""}),
        ({"a": 1}, {"op": "remove", "path": "/b"}),
        ({"a": [1]}, {"op": "remove", "path": "/a/-"}),
        ({"a": [1]}, {"op": "replace", "path": "/a/1", "value": 1}),
        ({"a": 1}, {"op": "replace", "path": "/b", "value": 1}),
        ({"a": 1}, {"op": "move", "path": "/b"}),
        ({"a": 1}, {"op": "move", "from": "/b", "path": "/b"}),
        ({"a": {"b": 1}}, {"op": "move", "from": "/a", "path": "/a/b/c"}),
        ({"a": {"b": 1}}, {"op": "move", "from": "", "path": "/a"}),
        ({"a": 1}, {"op": "copy", "from": "/b", "path": "/a"}),
        ({"a": 1}, {"op": "test", "path": "/a"}),
        ({"a": 1}, {"op": "increment", "path": "/a"}),
        ({"a": 1}, {"op": None, "path": "/a"}),
        ({"a": 1}, {"path": "/a"}),
        ({"a": 1}, "remove /a"),
        ({"a": 1}, None),
    ],
)
def test_what_the_standard_forbids_is_refused_with_the_operations_index(
    document: Json, operation: Json
) -> None:
    noop = {"op": "test", "path": "", "value": document}
    with pytest.raises(InvalidPatch) as refusal:
        patched(document, [noop, operation])
    assert refusal.value.index == 1


@pytest.mark.parametrize("value", [2, True, "1", None, [1], {"a": 1}, float("nan")])
def test_a_test_that_does_not_hold_says_which_and_shows_no_content(value: Json) -> None:
    with pytest.raises(PatchTestFailed) as failure:
        patched({"secret": 1}, [{"op": "test", "path": "/secret", "value": value}])
    assert (failure.value.path, failure.value.index) == ("/secret", 0)
    assert "1:" not in str(failure.value)


def test_a_test_of_what_is_not_there_fails_as_a_test() -> None:
    with pytest.raises(PatchTestFailed):
        patched({}, [{"op": "test", "path": "/a", "value": None}])


@pytest.mark.parametrize(
    "value", [float("nan"), 2**60 + 1, "\ud800", {"\ud800": 1}, {1: 1}, object()]
)
def test_a_value_that_no_document_can_hold_is_refused(value: Json) -> None:
    with pytest.raises(InvalidPatch) as refusal:
        patched({}, [{"op": "add", "path": "/a", "value": [value]}])
    assert refusal.value.path.startswith("/a/0")


def test_copies_that_double_the_document_again_and_again_are_refused() -> None:
    bomb = [{"op": "copy", "from": "/a", "path": f"/a/{index}"} for index in range(40)]
    with pytest.raises(InvalidPatch, match=str(MAX_COPIED_VALUES)):
        patched({"a": {}}, bomb)


def test_a_document_built_ever_deeper_by_moves_is_refused_when_it_is_copied() -> None:
    deeper: list[Json] = []
    for _ in range(MAX_DEPTH + 1):
        deeper += [
            {"op": "add", "path": "/b", "value": {}},
            {"op": "move", "from": "/a", "path": "/b/x"},
            {"op": "move", "from": "/b", "path": "/a"},
        ]
    with pytest.raises(InvalidPatch, match="nested deeper"):
        patched({"a": {}}, [*deeper, {"op": "copy", "from": "/a", "path": "/c"}])


def test_the_callers_operations_are_neither_changed_nor_shared() -> None:
    value = {"list": [1]}
    operations = [
        {"op": "add", "path": "/a", "value": value},
        {"op": "add", "path": "/a/list/-", "value": 2},
    ]
    before = json.dumps(operations)
    assert patched({}, operations) == {"a": {"list": [1, 2]}}
    assert json.dumps(operations) == before


def test_shared_objects_are_copied_before_the_first_change_wherever_they_were_moved() -> None:
    first, second, third = {"n": 1}, {"n": 2}, {"n": {"m": 3}}
    originals = copy.deepcopy([first, third])
    shared = {id(first), id(third)}
    target = PatchTarget({"l": [first, second, third], "x": {}}, shared=shared)
    target.apply(0, {"op": "move", "from": "/l/0", "path": "/x/y"})
    assert target.root["x"]["y"] is first
    target.apply(1, {"op": "add", "path": "/x/y/n", "value": 5})
    target.apply(2, {"op": "remove", "path": "/l/0/n"})
    target.apply(3, {"op": "move", "from": "/x/y", "path": "/l/0"})
    target.apply(4, {"op": "add", "path": "/l/0/o", "value": 6})
    target.apply(5, {"op": "test", "path": "/l/2/n/m", "value": 3})
    assert target.root["l"][2] is third
    target.apply(6, {"op": "move", "from": "/l/2/n/m", "path": "/x/m"})
    assert target.root == {"l": [{"n": 5, "o": 6}, {}, {"n": {}}], "x": {"m": 3}}
    assert [first, third] == originals
    copies = {id(target.root["l"][0]): first, id(target.root["l"][2]): third}
    assert target.originals == copies


def test_a_shared_object_that_became_the_root_is_copied_before_it_is_changed() -> None:
    meta = {"name": "kept"}
    target = PatchTarget({"meta": meta}, shared={id(meta)})
    target.apply(0, {"op": "move", "from": "/meta", "path": ""})
    assert target.root is meta
    target.apply(1, {"op": "replace", "path": "/name", "value": "new"})
    assert (target.root, meta) == ({"name": "new"}, {"name": "kept"})


keys = st.sampled_from(["a", "b", "0", "1", "~", "/"])
documents: st.SearchStrategy[Json] = st.recursive(
    st.sampled_from([None, True, 0, 1, 1.5, "t"]),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=8,
)
parts = st.sampled_from(["a", "b", "0", "1", "2", "-", "~0", "~1", ""])
pointers = st.lists(parts, max_size=3).map(lambda found: "".join("/" + part for part in found))
operations = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
        "path": pointers,
        "from": pointers,
        "value": documents,
    }
)


@given(documents, st.lists(operations, max_size=4))
@settings(deadline=None, max_examples=400)
def test_any_patch_has_the_result_that_the_jsonpatch_package_gives(
    document: Json, patch: list[Json]
) -> None:
    try:
        expected = jsonpatch.apply_patch(document, patch)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError):
        expected = StoreError
    try:
        result = patched(document, patch)
    except StoreError:
        result = StoreError
    assert (expected is StoreError) == (result is StoreError)
    assert expected is StoreError or json_equal(result, expected)
