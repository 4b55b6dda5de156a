"""The scan of untrusted updates: what it tells of real ones, and how it refuses the others."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pycrdt import Doc, Map, Text

from crdt_store.errors import MalformedUpdate, UpdateRefused, UpdateTooLarge
from crdt_store.ids import ClientId
from crdt_store.update_scan import (
    Scan,
    ScanLimits,
    count_state_vector_clients,
    read_own_state_vector,
    read_state_vector,
    scan,
    scan_in_slices,
)
from crdt_store.workflow import ROOTS
from tests.hostile import (
    beside,
    in_root,
    in_type,
    nested_maps_in_updates,
    section,
    update,
    var_bytes,
    varuint,
)

LIMITS = ScanLimits()
MAP, TEXT = b"\x01", b"\x02"
DELETED, BINARY, STRING, EMBED, FORMAT, TYPE, ANY = 1, 3, 4, 5, 6, 7, 8
NULL = b"\x01\x7e"


class YjsCase(NamedTuple):
    name: str
    updates: list[bytes]
    state: bytes
    json: dict[str, Any]


def _yjs_cases() -> list[YjsCase]:
    path = Path(__file__).parents[1] / "data" / "yjs_updates.json"
    return [
        YjsCase(
            case["name"],
            [bytes.fromhex(made) for made in case["updates"]],
            bytes.fromhex(case["state"]),
            case["json"],
        )
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]
    ]


def _open(client_id: int) -> tuple[Doc[Any], list[Map[Any]]]:
    doc: Doc[Any] = Doc(client_id=client_id)
    return doc, [doc.get(root, type=Map) for root in ROOTS]


def _ends(found: Scan) -> dict[ClientId, int]:
    return {client: ranges[-1][1] for client, ranges in found.structs.items()}


def _without_nulls(value: Any) -> Any:
    """Yjs leaves out what is undefined, pycrdt prints null."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return value


def _refusal(data: bytes, limits: ScanLimits = LIMITS) -> str:
    with pytest.raises(UpdateRefused) as caught:
        scan(data, limits)
    assert isinstance(caught.value, MalformedUpdate | UpdateTooLarge)
    assert str(caught.value)
    return caught.value.code


# Real updates


@pytest.mark.parametrize("case", _yjs_cases(), ids=lambda case: case.name)
def test_updates_of_the_npm_package_are_scanned_and_apply_as_told(case: YjsCase) -> None:
    doc, maps = _open(1)
    waiting = list(case.updates)
    while waiting:
        before = read_state_vector(doc.get_state())
        ready = [made for made in waiting if not scan(made, LIMITS).missing(before)]
        # One of them holds what another lacks, and more that lacks what the other holds.
        made = (ready or waiting)[0]
        waiting.remove(made)
        doc.apply_update(made)
        after = read_state_vector(doc.get_state())
        ends = _ends(scan(made, LIMITS))
        assert all(after.get(client, 0) >= end for client, end in ends.items()) == bool(ready)
    assert read_state_vector(doc.get_state()) == read_state_vector(case.state)
    printed = {name: json.loads(str(root)) for name, root in zip(ROOTS, maps, strict=True)}
    assert _without_nulls(printed) == _without_nulls(case.json)
    full = scan(doc.get_update(), LIMITS)
    assert full.needs == {}
    assert _ends(full) == read_state_vector(case.state)


def test_a_gap_in_a_merged_update_of_the_npm_package_is_missing() -> None:
    case = next(case for case in _yjs_cases() if case.name == "merged with a gap")
    merged, between = (scan(made, LIMITS) for made in case.updates)
    (start, end), (next_start, _) = merged.structs[ClientId(9)]
    assert between.structs == {9: [(end, next_start)]}
    assert start == 0
    assert merged.missing({}) == {9: next_start}
    assert merged.missing({ClientId(9): end}) == {9: next_start}
    assert merged.missing({ClientId(9): next_start}) == {}


def test_a_typed_character_needs_its_neighbours() -> None:
    doc, (nodes, *_) = _open(7)
    nodes["text"] = text = Text("abc")
    made: list[bytes] = []
    subscription = doc.observe(lambda event: made.append(event.update))
    text.insert(1, "x")
    del subscription
    found = scan(made[0], LIMITS)
    assert found == Scan(
        structs={ClientId(7): [(4, 5)]},
        needs={ClientId(7): 2},
        pairs=found.pairs,
        cuts=[(7, 2), (7, 2)],
    )
    assert found.missing({ClientId(7): 4}) == {}
    assert found.missing({ClientId(7): 3}) == {7: 4}
    assert found.missing({}) == {7: 4}


def test_a_full_state_needs_nothing_and_tells_its_deletions_and_depth() -> None:
    doc, (nodes, *_) = _open(7)
    nodes["a"] = Map(
        {"position": {"x": 1.5, "y": [1, None, True]}, "data": Map({"t": Text("x😀")})}
    )
    nodes["b"] = Map({"label": "gone"})
    del nodes["b"]
    found = scan(doc.get_update(), LIMITS)
    assert found.structs == {7: [(0, 9)]}
    assert found.needs == {}
    assert found.deletes == {7: [(7, 9)]}
    assert (found.depth, found.grafted_depth) == (3, 0)
    assert found.missing({}) == {}


def test_an_update_without_content_is_empty() -> None:
    assert scan(b"\x00\x00", LIMITS).is_empty
    assert not scan(update(section(1, 0, b"\x00\x01")), LIMITS).is_empty
    assert scan(update(section(1, 5, b"\x0a\x03")), LIMITS).is_empty, "a gap brings nothing"


def test_extra_roots_are_accepted_when_allowed() -> None:
    extra = update(section(1, 0, in_root(STRING, var_bytes("hi"), root="notes", key=None)))
    assert _refusal(extra) == "unknown_root"
    allowed = scan(extra, ScanLimits(extra_roots=frozenset({"notes"})))
    assert allowed.structs == {1: [(0, 2)]}


def test_what_it_refers_to_inside_the_update_is_not_needed() -> None:
    # Client 9 comes first and refers to client 5, which comes later in the same update.
    found = scan(
        update(
            section(9, 0, in_type(ANY, NULL, (5, 1)), beside(ANY, NULL, left=(5, 7))),
            section(5, 0, in_root(ANY, NULL), in_root(TYPE, MAP, key="m")),
        ),
        LIMITS,
    )
    assert found.needs == {5: 7}
    assert found.missing({ClientId(5): 7}) == {5: 8}
    assert found.missing({ClientId(5): 8}) == {}


def test_deletions_of_what_nobody_has_are_missing() -> None:
    found = scan(
        update(section(5, 2, b"\x00\x03"), deletes=b"\x02\x05\x01\x00\x05\x06\x01\x01\x01"), LIMITS
    )
    assert found.deletes == {5: [(0, 5)], 6: [(1, 2)]}
    assert found.missing({}) == {5: 2, 6: 2}
    assert found.missing({ClientId(5): 2, ClientId(6): 2}) == {}


# Structs that hang together


def test_structs_of_two_clients_that_wait_for_each_other_are_refused() -> None:
    knot = update(
        section(9, 0, in_root(ANY, NULL), beside(ANY, NULL, left=(5, 1))),
        section(5, 0, in_root(ANY, NULL), beside(ANY, NULL, left=(9, 1))),
    )
    assert _refusal(knot) == "bad_reference"
    # Three in a ring, each waiting behind an earlier struct of its own.
    ring = update(
        *(
            section(
                client,
                0,
                in_root(ANY, NULL),
                beside(ANY, NULL, left=(other, 2)),
                in_root(ANY, NULL),
            )
            for client, other in ((9, 7), (7, 5), (5, 9))
        )
    )
    assert _refusal(ring) == "bad_reference"


def test_structs_of_two_clients_that_refer_to_each_other_in_turn_apply() -> None:
    ladder = update(
        section(9, 0, *(beside(ANY, NULL, left=(5, clock)) for clock in range(50))),
        section(
            5,
            0,
            in_root(ANY, NULL),
            *(beside(ANY, NULL, left=(9, clock)) for clock in range(49)),
        ),
    )
    found = scan(ladder, LIMITS)
    assert found.missing({}) == {}
    doc, _ = _open(1)
    doc.apply_update(ladder)
    assert read_state_vector(doc.get_state()) == {5: 50, 9: 50}


def test_a_parent_that_was_deleted_is_no_error() -> None:
    data = update(
        section(
            5,
            0,
            b"\x00\x01",
            in_root(DELETED, b"\x02"),
            in_type(ANY, NULL, (5, 0)),
            in_type(ANY, NULL, (5, 2)),
        )
    )
    assert scan(data, LIMITS).structs == {5: [(0, 5)]}
    doc, _ = _open(1)
    doc.apply_update(data)
    assert read_state_vector(doc.get_state()) == {5: 5}


@pytest.mark.parametrize("levels", [64, 65])
def test_live_2_types_may_be_nested_64_deep_in_one_update(levels: int) -> None:
    nested = next(nested_maps_in_updates(levels, levels))
    if levels > 64:
        assert _refusal(nested) == "too_deep"
    else:
        assert scan(nested, LIMITS).depth == 64


def test_live_2_depth_is_found_whatever_the_order_of_clients() -> None:
    # Two clients build the tower in turns: every parent of client 9 comes later in the update.
    tower = update(
        section(9, 0, *(in_type(TYPE, MAP, (5, level)) for level in range(40))),
        section(5, 0, in_root(TYPE, MAP), *(in_type(TYPE, MAP, (9, level)) for level in range(39))),
    )
    assert _refusal(tower) == "too_deep"
    assert scan(tower, ScanLimits(max_depth=80)).depth == 80


def test_live_2_depth_is_found_behind_neighbours() -> None:
    # Every second map takes the place of an entry, so that only its neighbour knows the parent.
    structs = [in_root(ANY, NULL)]
    for _ in range(40):
        clock = len(structs)
        structs.append(beside(TYPE | 0x20, MAP, left=(5, clock - 1)))
        structs.append(in_type(ANY, NULL, (5, clock)))
    tower = update(section(5, 0, *structs))
    assert scan(tower, LIMITS).depth == 40
    assert _refusal(tower, ScanLimits(max_depth=39)) == "too_deep"
    grafted = scan(update(section(5, 1, *structs[1:])), LIMITS)
    assert (grafted.depth, grafted.grafted_depth) == (40, 40)


def test_a_type_inside_one_that_is_not_brought_is_a_graft() -> None:
    found = scan(
        update(
            section(
                5, 9, in_root(TYPE, MAP), in_type(TYPE, MAP, (5, 3)), in_type(TYPE, TEXT, (5, 10))
            )
        ),
        LIMITS,
    )
    assert (found.depth, found.grafted_depth) == (2, 2)


# Slices


def _large_update() -> bytes:
    doc, (nodes, *_) = _open(7)
    with doc.transaction():
        for number in range(400):
            data = Map({"prompt": Text("You are 😀 " * 5), "values": [1, 2.5, {"a": None}]})
            nodes[f"n{number}"] = Map({"position": {"x": 1, "y": 2}, "data": data})
    other, (other_nodes, *_) = _open(9)
    other.apply_update(doc.get_update())
    with other.transaction():
        for number in range(0, 400, 3):
            other_nodes[f"n{number}"]["data"]["prompt"].insert(0, "9")
            del other_nodes[f"n{number}"]["position"]
            other_nodes[f"n{number + 1}"] = Map({"id": "again"})
    return other.get_update()


def test_live_2_a_scan_in_slices_pauses_and_tells_the_same() -> None:
    data = _large_update()
    *pauses, found = scan_in_slices(data, LIMITS, structs_per_slice=50)
    whole = scan(data, LIMITS)
    assert found is not None
    assert pauses == [None] * len(pauses)
    structs = sum(end - start for ranges in whole.structs.values() for start, end in ranges)
    assert len(pauses) > structs / 50 / 40
    found.pairs = whole.pairs
    assert found == whole
    assert whole.missing({}) == {}


def test_live_2_one_huge_value_is_scanned_in_slices_too() -> None:
    values = b"\x01\x75" + varuint(100_000) + b"\x7e" * 100_000
    data = update(section(5, 0, in_root(ANY, values)))
    *pauses, found = scan_in_slices(data, LIMITS, structs_per_slice=1_000)
    assert found is not None
    assert found.structs == {5: [(0, 1)]}
    assert len(pauses) >= 100


def test_live_2_long_texts_and_keys_count_for_a_slice() -> None:
    wide = "ä" * 100_000
    keys = [in_root(ANY, NULL, key=wide)] * 5
    names = [in_root(ANY, b"\x01\x76\x01" + var_bytes(wide) + b"\x7e")] * 5
    texts = [beside(STRING, var_bytes(wide), left=(5, 0))] * 5
    formats = [beside(FORMAT, var_bytes(wide) + var_bytes("1"), left=(5, 0))] * 5
    for structs in (keys, names, texts, formats):
        data = update(section(5, 0, in_root(ANY, NULL), *structs))
        pauses = list(scan_in_slices(data, LIMITS, structs_per_slice=150))[:-1]
        assert len(pauses) >= 4


def test_live_2_many_deletions_are_scanned_in_slices_too() -> None:
    ranges = b"".join(varuint(clock) + b"\x01" for clock in range(0, 20_000, 2))
    data = update(deletes=b"\x01\x05" + varuint(10_000) + ranges)
    *pauses, found = scan_in_slices(data, LIMITS, structs_per_slice=100)
    assert found is not None
    assert len(found.deletes[ClientId(5)]) == 10_000
    assert len(pauses) >= 99


def test_live_2_a_scan_in_slices_raises_as_a_whole_one_does() -> None:
    data = _large_update()
    with pytest.raises(MalformedUpdate):
        list(scan_in_slices(data[:-1], LIMITS, structs_per_slice=50))


# State vectors and delete sets


def test_a_state_vector_is_read() -> None:
    doc, (nodes, *_) = _open(2**53 - 1)
    nodes["a"] = "x" * 3
    assert read_state_vector(doc.get_state()) == {2**53 - 1: 1}
    assert read_state_vector(b"\x00") == {}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "malformed"),
        (b"\x01", "malformed"),
        (b"\x01\x05", "malformed"),
        (b"\x00\x00", "malformed"),
        (b"\x02\x05\x01\x05\x02", "malformed"),
        (b"\xff" * 65_536, "malformed"),
        (b"\x01\x05" + varuint(2**31), "bad_clock"),
        (b"\x01" + varuint(2**53) + b"\x01", "malformed"),
        (varuint(50_001) + b"\x01\x01" * 50_001, "too_large"),
        (varuint(40_000) + b"\x01\x01", "malformed"),
    ],
)
def test_live_2_a_hostile_state_vector_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(UpdateRefused) as caught:
        read_state_vector(data)
    assert caught.value.code == code


def test_an_own_state_vector_may_name_any_number_of_clients() -> None:
    data = varuint(120_000) + b"".join(varuint(client) + b"\x03" for client in range(120_000))
    assert count_state_vector_clients(data) == 120_000
    assert read_own_state_vector(data) == dict.fromkeys(range(120_000), 3)
    with pytest.raises(UpdateTooLarge):
        read_state_vector(data)


@pytest.mark.parametrize("data", [b"", b"\xff" * 100_000, b"\x02\x05\x01", b"\x80\x00"])
def test_live_2_an_impossible_count_of_a_state_vector_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedUpdate):
        count_state_vector_clients(data)
