"""A large update in parts does what the whole one does."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pycrdt import Doc, Map, Text

from crdt_store.structs import read_structs
from crdt_store.update_parts import cut_in_slices, part_that_fits
from crdt_store.update_scan import ScanLimits, read_own_state_vector, scan


def parts_of(update: bytes, part_structs: int) -> list[bytes]:
    *_, parts = cut_in_slices(update, scan(update, ScanLimits()), part_structs=part_structs)
    assert parts is not None
    return parts


def written_by_many(seed: int) -> bytes:
    """A document that several clients made together, with deletions and text."""
    rng = random.Random(seed)
    docs: list[Doc[Any]] = [Doc() for _ in range(4)]
    for step in range(60):
        doc = rng.choice(docs)
        nodes = doc.get("nodes", type=Map)
        key = f"n{rng.randrange(6)}"
        node = nodes.get(key)
        if not isinstance(node, Map) or rng.random() < 0.1:
            nodes[key] = Map({"id": key, "data": Map({"prompt": Text(f"text {step}")})})
        elif rng.random() < 0.2:
            del nodes[key]
        elif rng.random() < 0.5:
            node["position"] = {"x": step, "y": 0}
        else:
            text = node["data"]["prompt"]
            text.insert(rng.randint(0, len(text)), f"<{step}>")
        if rng.random() < 0.5:
            other = rng.choice(docs)
            other.apply_update(doc.get_update(other.get_state()))
    for doc in docs[1:]:
        docs[0].apply_update(doc.get_update())
    return docs[0].get_update()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("part_structs", [1, 7])
def test_parts_apply_one_after_another_and_make_the_same_document(
    seed: int, part_structs: int
) -> None:
    whole = written_by_many(seed)
    document: Doc[Any] = Doc()
    for part in parts_of(whole, part_structs):
        missing = scan(part, ScanLimits()).missing(read_own_state_vector(document.get_state()))
        assert not missing
        assert sum(1 for _ in read_structs(part)) <= part_structs
        document.apply_update(part)
    expected: Doc[Any] = Doc()
    expected.apply_update(whole)
    state, expected_state = map(read_own_state_vector, (document.get_state(), expected.get_state()))
    assert state == expected_state
    assert document.get("nodes", type=Map).to_py() == expected.get("nodes", type=Map).to_py()


def test_a_small_update_stays_whole() -> None:
    whole = written_by_many(1)
    assert parts_of(whole, 10_000) == [whole]


@pytest.mark.parametrize("seed", range(20))
def test_what_fits_leaves_no_gap_and_the_rest_follows(seed: int) -> None:
    """Some parts are there, some come later: what fits applies, and all of it in the end."""
    whole = written_by_many(seed)
    parts = parts_of(whole, 5)
    rng = random.Random(seed)
    document: Doc[Any] = Doc()
    for part in rng.sample(parts, len(parts)):
        clocks = read_own_state_vector(document.get_state())
        fitting = part_that_fits(part, scan(part, ScanLimits()), clocks)
        assert not scan(fitting, ScanLimits()).missing(clocks)
        document.apply_update(fitting)
    clocks = read_own_state_vector(document.get_state())
    rest = part_that_fits(whole, scan(whole, ScanLimits()), clocks)
    document.apply_update(rest)
    expected: Doc[Any] = Doc()
    expected.apply_update(whole)
    assert document.get("nodes", type=Map).to_py() == expected.get("nodes", type=Map).to_py()
    assert read_own_state_vector(document.get_state()) == read_own_state_vector(
        expected.get_state()
    )
