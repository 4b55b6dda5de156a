"""Bytes made by hand that would get past a lock, or damage a document, if nobody looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pycrdt import Doc, Map, Text

from crdt_store.ids import ClientId
from crdt_store.item_index import ItemIndex, Misplaced, Owner
from crdt_store.structs import (
    STRING,
    difference,
    packed,
    read_structs,
    write_update,
    write_var_uint,
)
from crdt_store.update_scan import survey_in_slices

if TYPE_CHECKING:
    from collections.abc import Iterator

EVE = ClientId(77)


def document() -> Doc[Any]:
    """Two nodes, each with a text and a label."""
    doc: Doc[Any] = Doc()
    nodes = doc.get("nodes", type=Map)
    for key in ("n0", "n1"):
        nodes[key] = Map({"id": key, "data": Map({"prompt": Text("abc"), "label": "l"})})
    return doc


def index_of(doc: Doc[Any]) -> ItemIndex:
    *_, index = ItemIndex.read(doc.get_update(), slice_structs=1 << 62)
    assert index is not None
    return index


def items(doc: Doc[Any], kind: int) -> Iterator[int]:
    return (struct.id for struct in read_structs(doc.get_update()) if struct.kind == kind)


def text_struct(text: str, *, origin: int | None = None, right: int | None = None) -> bytes:
    """A struct of text between two neighbours."""
    out = bytearray((STRING | (0x80 if origin is not None else 0) | (0x40 if right else 0),))
    for neighbour in (origin, right):
        if neighbour is not None:
            write_var_uint(neighbour >> 31, out)
            write_var_uint(neighbour & (1 << 31) - 1, out)
    write_var_uint(len(text), out)
    return bytes(out + text.encode())


def test_acc_2_text_between_two_texts_is_refused_and_leaves_the_index_as_it_was() -> None:
    doc = document()
    index = index_of(doc)
    one, other = items(doc, STRING)
    update = write_update({EVE: [(0, text_struct("x", origin=one + 2, right=other))]}, {})
    with pytest.raises(Misplaced):
        index.add(read_structs(update))
    assert index.known(EVE) == 0
    proper = write_update({EVE: [(0, text_struct("x", origin=one, right=one + 1))]}, {})
    index.add(read_structs(proper))
    assert index.owner(packed(EVE, 0)) == Owner("nodes", "n0")


def test_acc_2_a_struct_whose_beginning_is_known_elsewhere_is_refused() -> None:
    doc = document()
    index = index_of(doc)
    one, other = items(doc, STRING)
    first = write_update({EVE: [(0, text_struct("xy", origin=one))]}, {})
    index.add(read_structs(first))
    overlapping = write_update({EVE: [(0, text_struct("xyEVIL", origin=other))]}, {})
    with pytest.raises(Misplaced):
        index.add(read_structs(overlapping))
    assert index.known(EVE) == 2


def test_acc_2_text_beside_a_collected_neighbour_and_a_living_one_is_refused() -> None:
    doc = document()
    gone, living = items(doc, STRING)
    owner = index_of(doc).owner(gone)
    assert owner is not None
    del doc.get("nodes", type=Map)[owner.key]
    index = index_of(doc)
    update = write_update({EVE: [(0, text_struct("EVIL", origin=gone, right=living))]}, {})
    with pytest.raises(Misplaced):
        index.add(read_structs(update))


def test_text_in_an_entry_of_a_map_is_refused_and_what_is_stored_of_it_can_be_read() -> None:
    doc = document()
    index = index_of(doc)
    label = next(
        struct.id
        for struct in read_structs(doc.get_update())
        if (slot := index.slot(struct.id)) is not None and slot.key == "label"
    )
    update = write_update({EVE: [(0, text_struct("x", origin=label))]}, {})
    with pytest.raises(Misplaced):
        index.add(read_structs(update))
    # From before this was looked at: yrs writes it down in a shape that no client sends.
    doc.apply_update(update)
    *_, found = survey_in_slices(doc.get_update(), structs_per_slice=1 << 62)
    assert found is not None


def test_ranges_without_others() -> None:
    assert difference([(0, 10), (20, 30)], [(2, 4), (8, 22), (29, 40)]) == [
        (0, 2),
        (4, 8),
        (22, 29),
    ]
    assert difference([(0, 3)], []) == [(0, 3)]
    assert difference([(0, 3)], [(0, 3)]) == []
