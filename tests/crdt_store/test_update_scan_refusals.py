"""The scan of untrusted updates: each malformation is refused, with its code and in no time."""

import gc
import json
import time
import tracemalloc
from typing import Any

import pytest
from pycrdt import Doc, Map, Text

from crdt_store.errors import MalformedUpdate, UpdateRefused, UpdateTooLarge
from crdt_store.ids import ClientId
from crdt_store.update_scan import ScanLimits, scan, scan_in_slices
from crdt_store.workflow import ROOTS
from tests.hostile import (
    Targets,
    Vector,
    beside,
    in_root,
    in_type,
    section,
    update,
    var_bytes,
    varuint,
    vectors,
)

LIMITS = ScanLimits()
MAP, TEXT = b"\x01", b"\x02"
DELETED, BINARY, STRING, EMBED, FORMAT, TYPE, ANY = 1, 3, 4, 5, 6, 7, 8
NULL = b"\x01\x7e"


def _open(client_id: int) -> tuple[Doc[Any], list[Map[Any]]]:
    doc: Doc[Any] = Doc(client_id=client_id)
    return doc, [doc.get(root, type=Map) for root in ROOTS]


def _refusal(data: bytes, limits: ScanLimits = LIMITS) -> str:
    with pytest.raises(UpdateRefused) as caught:
        scan(data, limits)
    assert isinstance(caught.value, MalformedUpdate | UpdateTooLarge)
    assert str(caught.value)
    return caught.value.code


# They are well-formed. What they would do is told, and the room knows whose id it is.
TOLD = {
    "delete set over future clocks of a victim",
    "clock burn: collected struct under a victim's id",
}


@pytest.mark.parametrize(
    "vector",
    [vector for vector in vectors(kind="update") if vector.name not in TOLD],
    ids=lambda vector: vector.name,
)
def test_live_2_every_hostile_update_is_refused_in_slices_below_50_ms(vector: Vector) -> None:
    longest_s = 0.0

    def run() -> None:
        nonlocal longest_s
        slices = scan_in_slices(vector.body, LIMITS, structs_per_slice=1_000)
        is_done = False
        while not is_done:
            began = time.process_time()
            try:
                is_done = next(slices) is not None
            finally:
                longest_s = max(longest_s, time.process_time() - began)

    # A full collection takes as long as all the other tests' objects make it.
    gc.collect()
    gc.freeze()
    try:
        with pytest.raises(UpdateRefused):
            run()
    finally:
        gc.unfreeze()
    assert longest_s < 0.05


def test_a_delete_set_over_a_victims_future_is_told_as_missing() -> None:
    body = next(vector.body for vector in vectors(Targets(victim=42)) if "future" in vector.name)
    found = scan(body, LIMITS)
    assert found.deletes == {42: [(0, 1_000_000)]}
    assert found.missing({ClientId(42): 500}) == {42: 1_000_000}


def test_a_clock_burn_is_told_as_structs_of_the_victim() -> None:
    body = next(
        vector.body
        for vector in vectors(Targets(victim=42, victim_clock=10))
        if "burn" in vector.name
    )
    assert scan(body, LIMITS).structs == {42: [(10, 1_010)]}


def _values(raw: bytes) -> bytes:
    return update(section(5, 0, in_root(ANY, raw)))


def _content(kind: int, raw: bytes) -> bytes:
    return update(section(5, 0, in_root(kind, raw)))


def _text(*structs: bytes) -> bytes:
    return update(section(5, 0, in_root(TYPE, TEXT), *structs))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "malformed"),
        (b"\x00", "malformed"),
        (b"\x00\x00\x00", "malformed"),
        (b"\xff" * 100_000, "malformed"),
        (b"\x80\x00\x00", "malformed"),
        (update(section(5, 0)), "malformed"),
        (update(section(5, 0, b"\x00\x01"), section(5, 1, b"\x00\x01")), "malformed"),
        (update(section(2**53, 0, b"\x00\x01")), "malformed"),
        (update(section(5, 2**31, b"\x00\x01")), "bad_clock"),
        (update(section(5, 2**31 - 2, b"\x00\x02")), "bad_clock"),
        (update(section(5, 0, b"\x00" + varuint(2**32))), "bad_clock"),
        (update(section(5, 0, b"\x00\x00")), "malformed"),
        (update(section(5, 0, b"\x0a\x00", b"\x00\x01")), "malformed"),
        (update(section(5, 0, b"\x40\x01\x01")), "malformed"),
        (update(section(5, 0, b"\x8a\x05\x00\x01")), "malformed"),
        (_content(DELETED, varuint(2**32)), "bad_clock"),
        (_content(DELETED, b"\x00"), "malformed"),
        (_content(2, b"\x01\x04null"), "forbidden_type"),
        (_content(BINARY, b"\x01x"), "forbidden_type"),
        (_content(9, b"\x01g\x76\x00"), "forbidden_type"),
        (_content(11, b"\x01"), "forbidden_type"),
        (_content(16, b"\x01"), "forbidden_type"),
        (_content(TYPE, b"\x00"), "forbidden_type"),
        (_content(TYPE, b"\x03\x01p"), "forbidden_type"),
        (_content(TYPE, b"\x81\x00"), "forbidden_type"),
        (_content(STRING, var_bytes("text")), "forbidden_type"),
        (_content(FORMAT, var_bytes("bold") + var_bytes("true")), "forbidden_type"),
        (update(section(5, 0, in_root(ANY, NULL, key=None))), "forbidden_type"),
        (update(section(5, 0, in_root(ANY, NULL, root="other"))), "unknown_root"),
        (update(section(5, 0, b"\x28\x01\x02\xff\xfe\x01k" + NULL)), "malformed"),
        (update(section(5, 0, b"\x28\x02" + var_bytes("nodes") + b"\x01k" + NULL)), "malformed"),
        (update(section(5, 0, in_root(ANY, NULL)[:-3])), "malformed"),
        (update(section(5, 0, b"\x28\x01\x05nodes\x01\xff" + NULL)), "malformed"),
        (update(section(5, 3, beside(ANY, NULL, left=(5, 3)))), "bad_clock"),
        (update(section(5, 3, beside(ANY, NULL, right=(5, 4)))), "bad_clock"),
        (update(section(5, 3, in_type(ANY, NULL, (5, 3)))), "bad_clock"),
        (update(section(5, 3, beside(ANY, NULL, left=(2**53, 3)))), "malformed"),
        (update(section(5, 3, beside(ANY, NULL, left=(6, 2**31)))), "bad_clock"),
        (_values(b"\x00"), "malformed"),
        (_values(b"\x01\x73"), "malformed"),
        (_values(b"\x05\x7e"), "malformed"),
        (_values(varuint(2**31 - 1) + b"\x7e"), "malformed"),
        (_values(b"\x01\x77\x05abc"), "malformed"),
        (_values(b"\x01\x77\x03\xed\xa0\x80"), "malformed"),
        (_values(b"\x01\x75\x7f\x7e"), "malformed"),
        (_values(b"\x01\x76\x01\x01\xff\x7e"), "malformed"),
        (_values(b"\x01\x74\x20ab"), "malformed"),
        (_values(b"\x01\x7b\x7f\xf8" + bytes(6)), "not_json"),
        (_values(b"\x01\x7b\xff\xf0" + bytes(6)), "not_json"),
        (_values(b"\x01\x7c\x7f\xc0\x00\x00"), "not_json"),
        (_values(b"\x01\x7d\xff" + b"\xff" * 6 + b"\x7f"), "not_json"),
        (_values(b"\x01\x7d" + b"\xff" * 1_000), "malformed"),
        (_values(b"\x01" + b"\x75\x01" * 65 + b"\x7e"), "too_deep"),
        (_values(b"\x01" + b"\x76\x01\x01a" * 65 + b"\x7e"), "too_deep"),
        (_text(in_type(STRING, b"\x00", (5, 0), key=None)), "malformed"),
        (_text(in_type(STRING, b"\x7fab", (5, 0), key=None)), "malformed"),
        (_text(in_type(STRING, b"\x03\xed\xa0\x80", (5, 0), key=None)), "malformed"),
        (_text(in_type(EMBED, var_bytes("{"), (5, 0), key=None)), "not_json"),
        (_text(in_type(EMBED, var_bytes("NaN"), (5, 0), key=None)), "not_json"),
        (_text(in_type(EMBED, var_bytes("1e999"), (5, 0), key=None)), "not_json"),
        (_text(in_type(EMBED, var_bytes(str(2**63)), (5, 0), key=None)), "not_json"),
        (_text(in_type(EMBED, var_bytes(r'"\ud800"'), (5, 0), key=None)), "not_json"),
        (_text(in_type(EMBED, var_bytes("[" * 66 + "]" * 66), (5, 0), key=None)), "too_deep"),
        (_text(in_type(EMBED, var_bytes('"' + "x" * 2**18 + '"'), (5, 0), key=None)), "too_large"),
        (_text(in_type(STRING, var_bytes("ä" * 2_200_000), (5, 0), key=None)), "too_large"),
        (update(section(5, 0, in_root(ANY, NULL), in_type(ANY, NULL, (5, 0)))), "bad_reference"),
        (update(deletes=b"\x01\x05\x01\x00\x00"), "malformed"),
        (update(deletes=b"\x01\x05\x02\x03\x02\x04\x01"), "malformed"),
        (update(deletes=b"\x01\x05\x02\x03\x01\x00\x01"), "malformed"),
        (update(deletes=b"\x02\x05\x01\x03\x01\x05\x01\x07\x01"), "malformed"),
        (update(deletes=b"\x01\x05\x01" + varuint(2**31 - 1) + b"\x01"), "bad_clock"),
        (update(deletes=b"\x01\x05" + varuint(10**6) + b"\x00\x01"), "malformed"),
        (update(deletes=varuint(10**6)), "malformed"),
    ],
)  # fmt: skip
def test_live_2_each_malformation_is_refused_with_its_code(data: bytes, code: str) -> None:
    assert _refusal(data) == code


@pytest.mark.parametrize(
    "values",
    [
        b"\x01\x7f",
        b"\x01\x74\x02\x00\xff",
        b"\x01\x7a" + b"\xff" * 8,
        b"\x01\x7d\x40",
        b"\x01\x7d\xff\xff\xff\xff\xff\xff\xff\x1f",
        b"\x01\x7b\x7f\xef" + b"\xff" * 6,
        b"\x01\x7c\x7f\x7f\xff\xff",
        b"\x03\x78\x79\x77\x04\xf0\x9f\x98\x80",
        b"\x01\x76\x02\x01a\x75\x00\x01a\x76\x00",
        b"\x01" + b"\x75\x01" * 64 + b"\x7e",
    ],
)
def test_every_value_that_yjs_writes_passes_and_pycrdt_prints_it(values: bytes) -> None:
    data = _values(values)
    assert scan(data, LIMITS).structs == {5: [(0, values[0])]}
    doc, (nodes, *_) = _open(1)
    doc.apply_update(data)
    assert "k" in json.loads(str(nodes))


def test_every_prefix_of_an_update_is_malformed() -> None:
    doc, (nodes, *_) = _open(7)
    nodes["a"] = Map({"position": {"x": 1.5}, "text": Text("x😀")})
    text = nodes["a"]["text"]
    text.format(0, 1, {"bold": True})
    del nodes["a"]["position"]
    whole = doc.get_update()
    for end in range(len(whole)):
        assert _refusal(whole[:end]) == "malformed"


def test_limits_on_size_structs_and_values_are_kept() -> None:
    data = update(
        section(5, 0, *[in_root(ANY, b"\x03\x7e\x7e\x7e")] * 5), deletes=b"\x01\x05\x01\x00\x01"
    )
    assert _refusal(data, ScanLimits(max_update_bytes=len(data) - 1)) == "too_large"
    assert _refusal(data, ScanLimits(max_structs=5)) == "too_large"
    assert _refusal(data, ScanLimits(max_structs=14)) == "too_large"
    assert scan(data, ScanLimits(max_update_bytes=len(data), max_structs=15)).structs == {
        5: [(0, 15)]
    }


def test_live_2_an_announced_count_allocates_nothing() -> None:
    bodies = [vector.body for vector in vectors(kind="update") if "announce" in vector.name]
    bodies += [vector.body for vector in vectors(kind="update") if "client count" in vector.name]
    assert len(bodies) == 3
    tracemalloc.start()
    for body in bodies:
        _refusal(body)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 64 * 1024
