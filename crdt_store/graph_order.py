"""The order of a list that a Y.Map cannot have: parents first, then by `order`, then by id."""

from __future__ import annotations

from bisect import bisect_left
from functools import partial
from itertools import dropwhile
from math import inf, isfinite
from operator import ne
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

UNORDERED = inf
"""What an entity without a usable `order` counts as: it comes last, by id."""


def listed(orders: Mapping[str, float], parent_of: Mapping[str, str]) -> list[str]:
    """The ids of `orders` in the order in which JSON lists them."""
    return parents_first(sorted(orders, key=lambda entity: (orders[entity], entity)), parent_of)


def parents_first(ids: Iterable[str], parent_of: Mapping[str, str]) -> list[str]:
    """`ids` as given, but nobody before their parent: a parent is moved up to its first child.

    A parent that is not among `ids` is ignored, and so are those of entities that are, by their
    parents, their own ancestors.
    """
    ids = list(ids)
    if not parent_of:
        return ids
    known = set(ids)
    parents = {child: parent for child, parent in parent_of.items() if parent in known}
    for entity in _in_cycles(parents):
        del parents[entity]
    done: set[str] = set()
    result: list[str] = []
    for entity in ids:
        line: list[str] = []
        ancestor: str | None = entity
        while ancestor is not None and ancestor not in done:
            line.append(ancestor)
            ancestor = parents.get(ancestor)
        done.update(line)
        result.extend(reversed(line))
    return result


def _in_cycles(parents: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    seen: set[str] = set()
    for start in parents:
        line: dict[str, None] = {}
        entity: str | None = start
        while entity is not None and entity not in seen:
            seen.add(entity)
            line[entity] = None
            entity = parents.get(entity)
        if entity in line:
            found.update(dropwhile(partial(ne, entity), line))
    return found


def place(
    target: Sequence[str], orders: Mapping[str, float], parent_of: Mapping[str, str]
) -> dict[str, float]:
    """The fewest new `order` values that make `target` the listed order (parents first).

    `orders` are the values that those of `target` have which are in the document already.
    """
    target = parents_first(target, parent_of)
    present = {entity: orders[entity] for entity in target if entity in orders}
    if listed(present, parent_of) == [entity for entity in target if entity in present]:
        added = _between(target, present)
        if added is not None and listed({**present, **added}, parent_of) == target:
            return added
    moved = _between(target, _longest_sorted(target, present))
    if moved is None:
        moved = {entity: float(index) for index, entity in enumerate(target)}
    return {entity: order for entity, order in moved.items() if present.get(entity) != order}


def _between(target: Sequence[str], kept: Mapping[str, float]) -> dict[str, float] | None:
    """Values for those that are not `kept`, between their kept neighbours; None if none fit."""
    result: dict[str, float] = {}
    finite = [order for order in kept.values() if isfinite(order)]
    last = max(finite, default=-1.0)
    run: list[str] = []
    before: float | None = None
    for entity in target:
        if entity not in kept:
            run.append(entity)
            continue
        after = kept[entity]
        if run:
            if before is None:
                before = after - len(run) - 1 if isfinite(after) else last
            if not _fill(result, run, before, after):
                return None
            run = []
        before = after
    if run and not _fill(result, run, last, inf):
        return None
    return result


def _fill(result: dict[str, float], run: Sequence[str], before: float, after: float) -> bool:
    """Spread `run` strictly between two orders; False if floats have no room for it there."""
    if not before < after or not isfinite(before):
        return False
    whole = after == inf or after - before >= len(run) + 1
    step = 1.0 if whole else (after - before) / (len(run) + 1)
    previous = before
    for number, entity in enumerate(run, start=1):
        order = before + step * number
        if not previous < order < after:
            return False
        result[entity] = previous = order
    return True


def _longest_sorted(target: Sequence[str], present: Mapping[str, float]) -> dict[str, float]:
    """The largest part of `target` whose orders already ascend, so that it can stay as it is."""
    tails: list[float] = []
    tail_ids: list[str] = []
    previous: dict[str, str | None] = {}
    for entity in target:
        order = present.get(entity, inf)
        if not isfinite(order):
            continue
        at = bisect_left(tails, order)
        previous[entity] = tail_ids[at - 1] if at else None
        tails[at : at + 1] = [order]
        tail_ids[at : at + 1] = [entity]
    kept: dict[str, float] = {}
    entity_or_none = tail_ids[-1] if tail_ids else None
    while entity_or_none is not None:
        kept[entity_or_none] = present[entity_or_none]
        entity_or_none = previous[entity_or_none]
    return kept
