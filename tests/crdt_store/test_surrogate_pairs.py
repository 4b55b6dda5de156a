"""Characters of two UTF-16 units, which no update may cut in two."""

from typing import Any

import pytest
from pycrdt import Doc, Map, Text

from crdt_store.errors import MalformedUpdate
from crdt_store.ids import ClientId
from crdt_store.surrogate_pairs import SurrogatePairs
from crdt_store.update_scan import ScanLimits, read_state_vector, scan
from tests.hostile import beside, in_root, in_type, section, update, var_bytes

LIMITS = ScanLimits()
STRING, TYPE = 4, 7
SEVEN = ClientId(7)


def _document(text: str) -> tuple[Doc[Any], SurrogatePairs]:
    doc: Doc[Any] = Doc(client_id=7)
    doc.get("nodes", type=Map)["text"] = Text(text)
    known = SurrogatePairs()
    known.add(scan(doc.get_update(), LIMITS).pairs, {})
    return doc, known


def _cuts(data: bytes, doc: Doc[Any], known: SurrogatePairs) -> bool:
    return scan(data, LIMITS).cuts_a_pair(known, read_state_vector(doc.get_state()))


def _deletion(start: int, length: int) -> bytes:
    return update(deletes=bytes([1, 7, 1, start, length]))


# In the document the text's units have these clocks: a 1, the pair 2 and 3, b 4.


@pytest.mark.parametrize(
    ("data", "is_cut"),
    [
        (_deletion(2, 1), True),
        (_deletion(3, 1), True),
        (_deletion(3, 2), True),
        (_deletion(1, 2), True),
        (_deletion(2, 2), False),
        (_deletion(1, 1), False),
        (_deletion(1, 4), False),
        (update(section(8, 0, beside(STRING, b"\x01x", left=(7, 2), right=(7, 3)))), True),
        (update(section(8, 0, beside(STRING, b"\x01x", left=(7, 2)))), True),
        (update(section(8, 0, beside(STRING, b"\x01x", right=(7, 3)))), True),
        (update(section(8, 0, beside(STRING, b"\x01x", left=(7, 3), right=(7, 4)))), False),
        (update(section(8, 0, beside(STRING, b"\x01x", left=(7, 1), right=(7, 2)))), False),
    ],
)
def test_crdt_1_an_update_that_cuts_a_known_pair_is_told(data: bytes, is_cut: bool) -> None:
    doc, known = _document("a😀b")
    assert _cuts(data, doc, known) == is_cut


def test_crdt_1_pycrdt_diverges_from_its_own_state_once_a_pair_is_cut() -> None:
    doc, known = _document("a😀b")
    cut = _deletion(2, 1)
    assert _cuts(cut, doc, known)
    doc.apply_update(cut)
    reloaded: Doc[Any] = Doc()
    reloaded.apply_update(doc.get_update())
    # Should this ever be equal, yrs has learnt it, and SurrogatePairs can go.
    assert reloaded.get_state() != doc.get_state()


def test_a_text_without_pairs_is_never_cut() -> None:
    doc, known = _document("aäöb漢字")
    assert not known
    assert not _cuts(_deletion(3, 1), doc, known)


@pytest.mark.parametrize(
    "structs",
    [
        [beside(STRING, b"\x01x", left=(7, 2))],
        [beside(STRING, b"\x01x", right=(7, 3))],
    ],
)
def test_crdt_1_an_update_that_cuts_a_pair_of_its_own_is_refused(structs: list[bytes]) -> None:
    text = [in_root(TYPE, b"\x02"), in_type(STRING, var_bytes("a😀b"), (7, 0), key=None)]
    with pytest.raises(MalformedUpdate):
        scan(update(section(7, 0, *text, *structs)), LIMITS)
    with pytest.raises(MalformedUpdate):
        scan(update(section(9, 0, *structs), section(7, 0, *text)), LIMITS)
    with pytest.raises(MalformedUpdate):
        scan(update(section(7, 0, *text), deletes=b"\x01\x07\x01\x03\x01"), LIMITS)


def test_crdt_1_a_pair_of_which_the_document_has_the_first_unit_is_told() -> None:
    doc, known = _document("ab")
    overlapping = update(section(7, 2, beside(STRING, var_bytes("😀"), left=(7, 1))))
    assert read_state_vector(doc.get_state()) == {7: 3}
    assert _cuts(overlapping, doc, known)


def test_pairs_come_from_what_is_new_to_the_document_only() -> None:
    known = SurrogatePairs()
    told = scan(update(section(7, 4, beside(STRING, var_bytes("😀😀"), left=(7, 3)))), LIMITS).pairs
    known.add(told, {SEVEN: 6})
    assert not known.is_cut(7, 5)
    assert not known.is_cut(7, 6)
    assert known.is_cut(7, 7)
    known.add(told, {SEVEN: 8})
    assert [clock for clock in range(10) if known.is_cut(7, clock)] == [7]
    assert not known.is_cut(8, 7)
