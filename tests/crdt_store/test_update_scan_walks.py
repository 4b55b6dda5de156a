"""The scan of untrusted updates: what yrs would walk over is bounded, and honest merges are not."""

import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Doc, Map, Text

from crdt_store.errors import UpdateTooLarge
from crdt_store.update_scan import ScanLimits, scan
from tests.hostile import (
    entries_before_entries,
    forked_chain,
    inserts_between_start_and_end,
    inserts_without_right_neighbour,
    one_key_of_many_clients,
    one_key_set_anew,
    section,
    text_cut_by_deletions,
    text_cut_by_inserts,
    update,
)

LIMITS = ScanLimits()
# 60 ms on an idle machine.
MAX_APPLY_S = 0.5

BUILDERS = [
    entries_before_entries,
    forked_chain,
    inserts_between_start_and_end,
    inserts_without_right_neighbour,
    one_key_of_many_clients,
    one_key_set_anew,
    text_cut_by_deletions,
    text_cut_by_inserts,
]


@pytest.mark.parametrize("build", BUILDERS)
def test_live_2_the_largest_of_each_kind_that_passes_is_applied_soon(
    build: Callable[[int], bytes],
) -> None:
    passing, refused = 1, 30_000
    if build is one_key_of_many_clients:
        refused = LIMITS.max_clients + 1
    while refused - passing > passing // 3 + 1:
        count = (passing + refused) // 2
        try:
            scan(build(count), LIMITS)
        except UpdateTooLarge:
            refused = count
        else:
            passing = count
    doc: Doc[Any] = Doc()
    began = time.process_time()
    doc.apply_update(build(passing))
    assert time.process_time() - began < MAX_APPLY_S


def _replicas(count: int) -> list[Doc[Any]]:
    docs: list[Doc[Any]] = [Doc(client_id=at * 7_919 + 1) for at in range(count)]
    nodes = docs[0].get("nodes", type=Map)
    nodes["node"] = Map({"text": Text("hello world"), "data": Map({})})
    for doc in docs[1:]:
        doc.apply_update(docs[0].get_update())
    return docs


def _merged(docs: list[Doc[Any]]) -> bytes:
    for doc in docs[1:]:
        docs[0].apply_update(doc.get_update(docs[0].get_state()))
    whole: bytes = docs[0].get_update()
    for doc in docs[1:]:
        doc.apply_update(docs[0].get_update(doc.get_state()))
    return whole


@pytest.mark.parametrize(("authors", "rounds", "edits"), [(1, 1, 2_000), (4, 1, 600), (3, 40, 20)])
@pytest.mark.parametrize("is_at_the_start", [True, False])
def test_what_authors_wrote_offline_passes_merged(
    authors: int, rounds: int, edits: int, is_at_the_start: bool
) -> None:
    rng = random.Random(1)
    docs = _replicas(authors)
    for _ in range(rounds):
        for doc in docs:
            node = doc.get("nodes", type=Map)["node"]
            for edit in range(edits):
                length = len(str(node["text"]))
                node["text"].insert(0 if is_at_the_start else rng.randrange(length + 1), "ab")
                if not edit % 5:
                    del node["text"][length // 2 : length // 2 + 3]
                node["data"][f"key {rng.randrange(20)}"] = rng.random()
        assert len(scan(_merged(docs), LIMITS).structs) == authors


def test_200_authors_who_set_one_key_and_type_at_one_place_pass_merged() -> None:
    docs = _replicas(200)
    for doc in docs:
        node = doc.get("nodes", type=Map)["node"]
        node["data"]["key"] = 1
        node["text"].insert(0, "typed")
        node["text"].insert(8, "typed")
    assert len(scan(_merged(docs), LIMITS).structs) == 200


def test_deletions_of_too_many_clients_are_refused() -> None:
    deletes = b"\x03" + b"".join(bytes([client]) + b"\x01\x00\x01" for client in (1, 2, 3))
    assert len(scan(update(deletes=deletes), ScanLimits(max_clients=3)).deletes) == 3
    with pytest.raises(UpdateTooLarge):
        scan(update(deletes=deletes), ScanLimits(max_clients=2))
    gcs = update(section(1, 0, b"\x00\x01"), section(2, 0, b"\x00\x01"))
    with pytest.raises(UpdateTooLarge):
        scan(gcs, ScanLimits(max_clients=1))


@pytest.mark.parametrize("client_id", [1, 2**31, 2**32 - 1, 2**53 - 1])
def test_large_updates_of_any_client_id_pass(client_id: int) -> None:
    doc: Doc[Any] = Doc(client_id=client_id)
    nodes = doc.get("nodes", type=Map)
    for number in range(600):
        nodes["a"] = number
        nodes[f"n{number}"] = Map({"text": Text("x")})
    nodes["n7"]["text"] += "more"
    found = scan(doc.get_update(), ScanLimits())
    assert found.missing({}) == {}
