"""A printed map is cut into its entries as parsing would, however deep they are."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from crdt_store.json_entries import entries
from tests.crdt_store.graph_examples import json_values, texts

awkward_keys = st.one_of(texts, st.sampled_from(['"', "\\", '\\"', "{", "},", '",":[', ""]))


@given(st.dictionaries(awkward_keys, st.one_of(json_values, awkward_keys), max_size=5))
def test_the_entries_are_those_that_parsing_finds(value: dict[str, object]) -> None:
    for option in (0, orjson.OPT_INDENT_2):
        printed = orjson.dumps(value, option=option).decode()
        assert {key: orjson.loads(text) for key, text in entries(printed)} == value


def test_depth_does_not_matter() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    assert list(entries(f'{{"a":1,"deep":{deep},"z":{{"k":"v"}}}}')) == [
        ("a", "1"),
        ("deep", deep),
        ("z", '{"k":"v"}'),
    ]
