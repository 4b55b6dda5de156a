"""Text differences: right, small, in UTF-8 bytes, and kind to those who type at the same time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text

from crdt_store.text_diff import TextEdit, set_text, text_edits

FAMILY = "👨‍👩‍👧‍👦"
alphabet = st.sampled_from([*"ab \n,é\u0301ß漢😀👨👩\u200d\ufe0f"])
strings = st.text(alphabet, max_size=40)


def applied(old: str, edits: list[TextEdit]) -> str:
    for edit in reversed(edits):
        old = old[: edit.start] + edit.insert + old[edit.stop :]
    return old


def shared_text(content: str) -> tuple[Doc[Text], Text]:
    doc: Doc[Text] = Doc()
    text = doc.get("t", type=Text)
    text += content
    return doc, text


@given(strings, strings)
@example("", FAMILY)
@example(FAMILY, FAMILY[:-1] + "👧")
@settings(deadline=None)
def test_edits_turn_the_old_text_into_the_new_one(old: str, new: str) -> None:
    edits = text_edits(old, new)
    assert applied(old, edits) == new
    assert bool(edits) == (old != new)
    assert all(before.stop < after.start for before, after in pairwise(edits))


@given(strings, strings, strings, strings)
@settings(deadline=None)
def test_one_changed_stretch_is_one_edit_within_that_stretch(
    head: str, old: str, new: str, tail: str
) -> None:
    edits = text_edits(head + old + tail, head + new + tail)
    assert sum(edit.stop - edit.start for edit in edits) <= len(old)
    assert sum(len(edit.insert) for edit in edits) <= len(new)


def test_far_apart_changes_are_edits_of_their_own() -> None:
    assert text_edits("the quick brown fox", "The quick brown foxes") == [
        TextEdit(0, 1, "T"),
        TextEdit(19, 19, "es"),
    ]


def test_texts_with_little_in_common_are_given_up_on_and_still_right() -> None:
    old, new = "a b " * 20_000, "c d a " * 15_000
    edits = text_edits(old, new)
    assert len(edits) == 1
    assert applied(old, edits) == new


@given(strings, strings)
@settings(deadline=None)
def test_a_shared_text_becomes_the_given_string(old: str, new: str) -> None:
    _, text = shared_text(old)
    set_text(text, new)
    assert str(text) == new


def test_an_equal_string_writes_nothing() -> None:
    doc, text = shared_text(FAMILY)
    before = doc.get_state()
    set_text(text, FAMILY)
    assert doc.get_state() == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a😀b", "a😁b"),  # the same first three bytes in UTF-8
        ("é", "è"),  # the same first byte
        (FAMILY, FAMILY.replace("👧", "👶")),
        ("e\u0301", "e"),
        ("漢字", "字漢"),
    ],
)
def test_no_code_point_is_split_where_bytes_agree(old: str, new: str) -> None:
    doc, text = shared_text(old)
    set_text(text, new)
    other: Doc[Text] = Doc()
    other.apply_update(doc.get_update())
    assert str(other.get("t", type=Text)) == str(text) == new


@given(strings, strings, st.lists(st.integers(0, 40), max_size=3))
@settings(deadline=None)
def test_a_text_with_embedded_objects_becomes_the_given_string(
    old: str, new: str, places: list[int]
) -> None:
    _, text = shared_text(old)
    for place in places:
        text.insert_embed(len(old[:place].encode()), {"image": place})
    set_text(text, new)
    assert str(text) == new


def test_embedded_objects_outside_the_change_are_kept() -> None:
    doc, text = shared_text("héllo wörld")
    text.insert_embed(0, {"image": 1})
    text.insert_embed(len("héllo".encode()) + 1, Map({"x": 1}))
    set_text(text, "héllo big wörld!")
    assert str(text) == "héllo big wörld!"
    with doc.transaction():
        embedded = [content for content, _ in text.diff() if not isinstance(content, str)]
    assert len(embedded) == 2


def test_what_others_type_meanwhile_stays_where_they_typed_it() -> None:
    doc, text = shared_text("Summarise the ticket. Answer in English. Be brief.")
    peer: Doc[Text] = Doc()
    peer.apply_update(doc.get_update())
    peer_text = peer.get("t", type=Text)
    at = str(peer_text).index("English")
    peer_text.insert(at, "plain ")
    set_text(text, "Summarize the ticket. Answer in English. Be very brief.")
    doc.apply_update(peer.get_update(doc.get_state()))
    peer.apply_update(doc.get_update(peer.get_state()))
    expected = "Summarize the ticket. Answer in plain English. Be very brief."
    assert str(text) == str(peer_text) == expected
