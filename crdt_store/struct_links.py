"""How the structs of one untrusted update hang together: what they refer to, and what they nest in.

`Links` gathers while the update is walked; `resolve` then finds what must come from elsewhere,
refuses structs that wait for each other, and measures how deep shared types are nested. All of it
is linear (a logarithm aside) and pauses, so that a large update never holds the event loop.
"""

from array import array
from bisect import bisect_right
from collections.abc import Generator, MutableSequence, Sequence
from heapq import heappop, heappush
from math import inf

from crdt_store.errors import MalformedUpdate, UpdateTooLarge
from crdt_store.ids import ClientId
from crdt_store.integration_walk import check_walks
from crdt_store.scan_result import Scan, covers
from crdt_store.varint import read_client, read_uint31

# An id (client, clock) as one integer, and the places that are no id.
_CLOCK_BITS = 31
_CLOCK_MASK = (1 << _CLOCK_BITS) - 1
ROOT = -1
LIKE_NEIGHBOUR = -2
_ELSEWHERE = -3

_FIELDS = 5
# From here on the arrays of a hostile update would cost more as lists; small ones are faster so.
_LARGE_BYTES = 64 * 1024


class Links:
    """The references of one update's structs, by id `client << 31 | clock`.

    `outside`: five numbers for each reference outside its own client's unbroken run: the struct's
    client and clock, those referred to, and the clock before which a neighbour would be cut, 0 for
    a parent. `parents`: every id named as a parent.
    """

    __slots__ = ("_index", "_is_large", "_levels", "_types", "outside", "parents")

    def __init__(self, update_bytes: int) -> None:
        self._is_large = update_bytes > _LARGE_BYTES
        self.outside: MutableSequence[int] = array("Q") if self._is_large else []
        self.parents: set[int] = set()
        self._types: dict[int, int] = {}
        self._levels: dict[int, int] = {}
        self._index: dict[int, tuple[MutableSequence[int], MutableSequence[int]]] = {}

    @property
    def is_empty(self) -> bool:
        return not self.outside and not self.parents and not self._types

    def begin(self, client: int) -> tuple[MutableSequence[int], MutableSequence[int]]:
        """Two sequences to be filled for a client: its structs' first clocks and byte offsets."""
        index: tuple[MutableSequence[int], MutableSequence[int]]
        index = (array("I"), array("I")) if self._is_large else ([], [])
        self._index[client] = index
        return index

    def check_walks(
        self, update: bytes, scan: Scan, slice_work: int
    ) -> Generator[None, None, None]:
        """Refuse what would hold up yrs, see `integration_walk`; after `resolve`."""
        yield from check_walks(update, self._index, scan, slice_work)

    def add_type(self, key: int, parent: int, max_depth: int) -> None:
        """A shared type and its parent: an id, ROOT or LIKE_NEIGHBOUR."""
        self._types[key] = parent
        if parent == ROOT:
            self._levels[key] = 1
        else:
            # Usually the parent came before. Then a chain is refused as soon as it is too long.
            above = self._levels.get(parent)
            if above is not None:
                if above >= max_depth:
                    raise _too_deep(max_depth)
                self._levels[key] = above + 1

    def resolve(
        self, update: bytes, scan: Scan, max_depth: int, slice_work: int
    ) -> Generator[None, None, None]:
        """Fill `needs`, `depth` and `grafted_depth` of a scan whose `structs` are complete.

        Raises MalformedUpdate (`bad_reference`) and UpdateTooLarge (`too_deep`).
        """
        outside = self.outside
        within: MutableSequence[int] = array("Q") if self._is_large else []
        if len(outside) <= _FIELDS * slice_work:
            _find_needs(outside, 0, len(outside), scan, within)
        else:
            for low in range(0, len(outside), _FIELDS * slice_work):
                _find_needs(outside, low, low + _FIELDS * slice_work, scan, within)
                yield None
        if within:
            yield from _check_order(within, slice_work)
        if self.parents:
            strangers = self.parents.difference(self._types)
            for count, key in enumerate(strangers, 1):
                self._check_parent(update, key, scan)
                if not count % slice_work:
                    yield None
        if self._types:
            yield from self._measure_depth(update, scan, max_depth, slice_work)

    def _offset(self, key: int, scan: Scan) -> tuple[int, int]:
        """Where the update has the struct that covers an id: its own id and its byte offset.

        The offset is -1 if it has none.
        """
        client, clock = key >> _CLOCK_BITS, key & _CLOCK_MASK
        ranges = scan.structs.get(ClientId(client))
        if ranges is None or not covers(ranges, clock):
            return key, -1
        starts, offsets = self._index[client]
        at = bisect_right(starts, clock) - 1
        return client << _CLOCK_BITS | starts[at], offsets[at]

    def _check_parent(self, update: bytes, key: int, scan: Scan) -> None:
        _, offset = self._offset(key, scan)
        # What was deleted may have been a type. Into anything else yrs fails to put a child, in
        # the middle of applying the update.
        if offset >= 0 and update[offset] & 31 > 1:
            raise MalformedUpdate(
                "bad_reference", f"the struct at byte {offset} is a parent, but no shared type"
            )

    def _measure_depth(
        self, update: bytes, scan: Scan, max_depth: int, slice_work: int
    ) -> Generator[None, None, None]:
        types, levels = self._types, self._levels
        grafted: dict[int, int] = {}
        containers: dict[int, int] = {}
        if len(levels) < len(types):
            for count, key in enumerate(types, 1):
                chain: list[int] = []
                level = 0
                is_grafted = False
                place = key
                while place not in levels:
                    chain.append(place)
                    place = types[place]
                    if place == LIKE_NEIGHBOUR:
                        place = yield from self._find_container(
                            update, chain[-1], scan, containers, slice_work
                        )
                    if place not in types:
                        is_grafted = place != ROOT
                        break
                else:
                    level = levels[place]
                    is_grafted = place in grafted
                for step in reversed(chain):
                    level += 1
                    levels[step] = level
                    if is_grafted:
                        grafted[step] = level
                if level > max_depth:
                    raise _too_deep(max_depth)
                if not count % slice_work:
                    yield None
        scan.depth = max(levels.values())
        scan.grafted_depth = max(grafted.values(), default=0)

    def _find_container(
        self, update: bytes, key: int, scan: Scan, containers: dict[int, int], slice_work: int
    ) -> Generator[None, None, int]:
        """Walk along a struct's neighbours to the first that names its parent; remember it."""
        passed: list[int] = []
        struct = key
        while True:
            struct, offset = self._offset(struct, scan)
            passed.append(struct)
            place = containers.get(struct)
            if place is None:
                place, neighbour = _read_container(update, offset)
                if place == LIKE_NEIGHBOUR:
                    struct = neighbour
                    if not len(passed) % slice_work:
                        yield None
                    continue
            for step in passed:
                containers[step] = place
            return place


def cut_pair(what: str) -> MalformedUpdate:
    """The error for a character that an update itself brings and cuts."""
    return MalformedUpdate("malformed", f"{what} would cut a character of the same update in two")


def _too_deep(max_depth: int) -> UpdateTooLarge:
    return UpdateTooLarge("too_deep", f"shared types are nested deeper than {max_depth}")


def _read_container(update: bytes, offset: int) -> tuple[int, int]:
    """Read a struct's head again: what it lies in, or LIKE_NEIGHBOUR and that neighbour's id."""
    # What lies beside a collected struct is collected as well.
    if offset < 0 or not update[offset] & 31:
        return _ELSEWHERE, 0
    info = update[offset]
    pos = offset + 1
    if not info & 0xC0:
        if update[pos] == 1:
            return ROOT, 0
        pos += 1
    client, pos = read_client(update, pos)
    clock, pos = read_uint31(update, pos)
    place = client << _CLOCK_BITS | clock
    return (LIKE_NEIGHBOUR, place) if info & 0xC0 else (place, 0)


def _find_needs(
    outside: Sequence[int], low: int, high: int, scan: Scan, within: MutableSequence[int]
) -> None:
    """Sort references into those that the update brings itself (`within`) and its needs."""
    structs, needs = scan.structs, scan.needs
    for at in range(low, min(high, len(outside)), _FIELDS):
        other = ClientId(outside[at + 2])
        clock = outside[at + 3]
        ranges = structs.get(other)
        cut = outside[at + 4]
        if ranges is not None and covers(ranges, clock):
            if cut and scan.pairs and scan.pairs.is_cut(other, cut):
                raise cut_pair(f"a struct of client {outside[at]}")
            if other != outside[at]:
                within.extend(outside[at : at + _FIELDS])
            continue
        if clock > needs.get(other, -1):
            needs[other] = clock
        if cut:
            scan.cuts.append((other, cut))


def _check_order(within: Sequence[int], slice_work: int) -> Generator[None, None, None]:
    """Refuse structs of several clients that wait for each other: they would stay pending for good.

    A client's structs apply in order. So each client advances to its first reference that is not
    fulfilled yet, and is woken when the other client has got that far.
    """
    bounds: dict[int, tuple[int, int]] = {}
    for at in range(0, len(within), _FIELDS):
        first, _ = bounds.get(within[at], (at, at))
        bounds[within[at]] = (first, at + _FIELDS)
    next_at = {client: first for client, (first, _) in bounds.items()}
    waiting: dict[int, list[tuple[int, int]]] = {}
    ready = list(bounds)
    work = slice_work
    while ready:
        client = ready.pop()
        at, end = next_at[client], bounds[client][1]
        while at < end:
            work -= 1
            if work <= 0:
                work = slice_work
                yield None
            other, clock = within[at + 2], within[at + 3]
            other_at = next_at.get(other, -1)
            # The other client has stopped before the struct that begins at this clock.
            if 0 <= other_at < bounds[other][1] and within[other_at + 1] <= clock:
                heappush(waiting.setdefault(other, []), (clock, client))
                break
            at += _FIELDS
        next_at[client] = at
        sleepers = waiting.get(client)
        reached = within[at + 1] if at < end else inf
        while sleepers and sleepers[0][0] < reached:
            ready.append(heappop(sleepers)[1])
    for client, at in next_at.items():
        if at < bounds[client][1]:
            raise MalformedUpdate(
                "bad_reference",
                f"clients {client} and {within[at + 2]} wait for each other's structs",
            )
