"""The listed order: parents first, then `order`, then id; and the few writes that change it."""

from __future__ import annotations

from itertools import pairwise
from math import inf, nextafter

from hypothesis import given, settings
from hypothesis import strategies as st

from crdt_store.graph_order import listed, parents_first, place

ids = st.lists(st.sampled_from("abcdef"), unique=True)
parents = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdefz"))
some_orders = st.one_of(
    st.integers(0, 10),
    st.just(inf),
    st.floats(allow_nan=False),
    st.just(1.0),
    st.just(nextafter(1, 2)),
)


@given(ids, parents)
def test_nobody_is_listed_before_their_parent_even_if_parents_form_a_cycle(
    given_ids: list[str], parent_of: dict[str, str]
) -> None:
    result = parents_first(given_ids, parent_of)
    assert sorted(result) == sorted(given_ids)
    assert parents_first(result, parent_of) == result
    place_of = {entity: index for index, entity in enumerate(result)}
    for entity in result:
        parent = parent_of.get(entity)
        if parent in place_of and entity not in ancestors(entity, parent_of):
            assert place_of[parent] < place_of[entity]


def ancestors(entity: str, parent_of: dict[str, str]) -> set[str]:
    found: set[str] = set()
    parent = parent_of.get(entity)
    while parent is not None and parent not in found:
        found.add(parent)
        parent = parent_of.get(parent)
    return found


@given(ids)
def test_without_parents_the_given_order_is_kept(given_ids: list[str]) -> None:
    assert parents_first(given_ids, {}) == given_ids


def test_a_chain_of_20_000_parents_is_listed_from_its_top() -> None:
    chain = [f"n{index}" for index in range(20_000)]
    parent_of = dict(pairwise(chain))
    assert parents_first(chain, parent_of) == chain[::-1]


@given(ids, parents, st.data())
@settings(deadline=None)
def test_placing_makes_the_target_the_listed_order(
    target: list[str], parent_of: dict[str, str], data: st.DataObject
) -> None:
    known = data.draw(st.lists(st.sampled_from(target), unique=True)) if target else []
    orders: dict[str, float] = {entity: data.draw(some_orders) for entity in known}
    new = place(target, orders, parent_of)
    assert new.keys() >= set(target) - orders.keys()
    assert listed({**orders, **new}, parent_of) == parents_first(target, parent_of)


@given(st.integers(1, 9), st.data())
def test_one_move_writes_one_order(count: int, data: st.DataObject) -> None:
    target = [f"n{index}" for index in range(count)]
    orders = {entity: float(index) for index, entity in enumerate(target)}
    moved = target.pop(data.draw(st.integers(0, count - 1)))
    target.insert(data.draw(st.integers(0, count - 1)), moved)
    assert len(place(target, orders, {})) <= 1


@given(st.integers(0, 8), st.data())
def test_an_addition_leaves_all_others_as_they_are(count: int, data: st.DataObject) -> None:
    target = [f"n{index}" for index in range(count)]
    orders = {entity: float(index) for index, entity in enumerate(target)}
    target.insert(data.draw(st.integers(0, count)), "new")
    assert place(target, orders, {}).keys() == {"new"}


def test_where_floats_have_no_room_left_the_list_is_numbered_anew() -> None:
    orders = {"a": 1.0, "b": nextafter(1.0, 2.0)}
    new = place(["a", "x", "b"], orders, {})
    assert listed({**orders, **new}, {}) == ["a", "x", "b"]
