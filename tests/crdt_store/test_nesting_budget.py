"""The depth of a document's shared types over many updates."""

from typing import Any

import pytest
from pycrdt import Doc, Map, Text

from crdt_store.errors import UpdateTooLarge
from crdt_store.nesting_budget import NestingBudget
from crdt_store.update_scan import ScanLimits, scan
from tests.hostile import nested_maps_in_updates

LIMITS = ScanLimits()


def test_live_2_maps_nested_over_many_updates_are_refused_before_they_crash_anything() -> None:
    budget = NestingBudget(soft_limit=256, hard_limit=512)
    doc: Doc[Any] = Doc()
    nodes = doc.get("nodes", type=Map)

    def send_all() -> None:
        for data in nested_maps_in_updates(100_000, 50):
            found = scan(data, LIMITS)
            budget.admit(found)
            doc.apply_update(data)
            budget.count(found)
            if budget.is_measuring_due:
                budget.begin_measuring()
                measured = scan(doc.get_update(), ScanLimits(max_depth=512))
                budget.end_measuring(measured.depth)
                assert budget.bound == measured.depth

    with pytest.raises(UpdateTooLarge) as caught:
        send_all()
    assert caught.value.code == "too_deep"
    assert 256 < budget.bound <= 512
    assert len(str(nodes)) > budget.bound


def test_an_ordinary_document_is_measured_now_and_then_and_never_refused() -> None:
    budget = NestingBudget(soft_limit=256, hard_limit=512)
    doc: Doc[Any] = Doc()
    nodes = doc.get("nodes", type=Map)
    made: list[bytes] = []
    subscription = doc.observe(lambda event: made.append(event.update))
    measured = 0
    for _ in range(400):
        # Taking the place of an entry, the map's parent is known by its neighbour only.
        nodes["a"] = Map({"data": Map({"inputs": Map({"prompt": Text("x")})})})
        found = scan(made[-1], LIMITS)
        budget.admit(found)
        budget.count(found)
        if budget.is_measuring_due:
            measured += 1
            budget.begin_measuring()
            budget.end_measuring(scan(doc.get_update(), LIMITS).depth)
            assert budget.bound == 4
    del subscription
    assert 1 <= measured <= 10


def test_live_2_what_is_nested_while_the_document_is_measured_counts() -> None:
    budget = NestingBudget(soft_limit=4, hard_limit=100)
    first, *others = [scan(data, LIMITS) for data in nested_maps_in_updates(40, 10)]
    budget.count(first)
    budget.begin_measuring()
    assert not budget.is_measuring_due
    for found in others:
        budget.count(found)
    budget.end_measuring(first.depth)
    assert budget.bound == 40
    assert budget.is_measuring_due
    with pytest.raises(UpdateTooLarge):
        budget.admit(others[0])
    budget.admit(first)


def test_a_loaded_document_is_measured_after_its_first_graft() -> None:
    budget = NestingBudget(soft_limit=256, hard_limit=512)
    rooted, graft = [scan(data, LIMITS) for data in nested_maps_in_updates(2, 1)]
    budget.count(rooted)
    assert not budget.is_measuring_due
    budget.count(graft)
    assert budget.is_measuring_due
