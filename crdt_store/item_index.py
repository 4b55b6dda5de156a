"""Which node or edge every item of a document belongs to, by id: what rules are checked against.

pycrdt tells what an update touched only after it was applied, and nothing of what lies in it. So
the structs are followed here: an item belongs to what its parent or its neighbour belongs to. The
clocks of a client are dense, so a client is a list of where an owner begins; a typed text or an
imported node is one entry, however many items it has.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING, Final, NamedTuple

from crdt_store.ids import ClientId
from crdt_store.structs import (
    CLOCK_BITS,
    CLOCK_MASK,
    GC,
    Struct,
    Structs,
    merged_ranges,
    read_deletes,
    read_structs,
    read_structs_in_slices,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crdt_store.scan_result import ClockRange


class Owner(NamedTuple):
    """A node or an edge (`root` is `nodes` or `edges`), or all of another root (`key` is empty)."""

    root: str
    key: str


class Slot(NamedTuple):
    """An entry of a map: of a root (its name) or of a shared type (the id of its item)."""

    parent: int | str
    key: str


NOTHING: Final = Owner("", "")
"""The owner of what was collected: it is in no document any more, and whatever joins it neither."""
REFUSED: Final = Owner("", "refused")
"""The owner of what a rule kept out: only a document from before the refusal still builds on it."""

_GAP: Final = Owner("", "gap")
"""Clocks that pycrdt has passed over, as nothing built on them, and that may come yet."""
_ENTITY_ROOTS = frozenset({"nodes", "edges"})


class ItemIndex:
    """The items of one document. Grows with `add`; made anew by `read` when the document is."""

    def __init__(self) -> None:
        self._starts: dict[int, list[int]] = {}
        self._owners: dict[int, list[Owner]] = {}
        self._ends: dict[int, int] = {}
        self._gaps: set[int] = set()
        self._slots: dict[int, Slot] = {}
        self._runs: dict[int, list[tuple[int, int, Slot]]] = {}
        """Values of one entry that were deleted one after another, and are one item since."""
        self._deleted: dict[int, list[ClockRange]] = {}

    @classmethod
    def read(cls, state: bytes, *, slice_structs: int) -> Iterator[ItemIndex | None]:
        """Index a whole document, given as one update: yields None between slices, last itself."""
        index = cls()
        structs = Structs(state)
        for _ in read_structs_in_slices(structs, slice_structs=slice_structs):
            yield None
        for count, struct in enumerate(in_order(structs), 1):
            index._add(struct)
            if not count % slice_structs:
                yield None
        index.add_deletes(read_deletes(state, structs.end))
        yield index

    # Asking

    def owner(self, item: int) -> Owner | None:
        """What the item with this id belongs to; None if no such item is known."""
        client, clock = item >> CLOCK_BITS, item & CLOCK_MASK
        if clock >= self._ends.get(client, 0):
            return None
        owner = self._owners[client][bisect_right(self._starts[client], clock) - 1]
        return None if owner is _GAP else owner

    def slot(self, item: int) -> Slot | None:
        """The map's entry that an item is, or was, a value of; None if it lies in a text."""
        slot = self._slots.get(item)
        return self._slot_in_run(item) if slot is None else slot

    def _slot_in_run(self, item: int) -> Slot | None:
        runs = self._runs.get(item >> CLOCK_BITS)
        if runs is None:
            return None
        clock = item & CLOCK_MASK
        at = bisect_right(runs, clock, key=_start) - 1
        return runs[at][2] if at >= 0 and clock < runs[at][1] else None

    def path(self, slot: Slot) -> tuple[str, ...] | None:
        """The keys that lead to an entry, the root's name first; None if its map is gone."""
        keys = [slot.key]
        parent = slot.parent
        while not isinstance(parent, str):
            above = self.slot(parent)
            if above is None or self._is_deleted(parent):
                return None
            keys.append(above.key)
            parent = above.parent
        keys.append(parent)
        return tuple(reversed(keys))

    def _is_deleted(self, item: int) -> bool:
        ranges = self._deleted.get(item >> CLOCK_BITS, ())
        at = bisect_right(ranges, item & CLOCK_MASK, key=_first) - 1
        return at >= 0 and item & CLOCK_MASK < ranges[at][1]

    def known(self, client: int) -> int:
        """The clock up to which a client's items are known."""
        return self._ends.get(client, 0)

    def owners_in(self, client: int, start: int, end: int) -> Iterator[tuple[int, int, Owner]]:
        """The parts of a client's clocks [start, end) by owner; what is not known is left out."""
        end = min(end, self._ends.get(client, 0))
        if start >= end:
            return
        starts, owners = self._starts[client], self._owners[client]
        at = bisect_right(starts, start) - 1
        while start < end:
            until = min(starts[at + 1], end) if at + 1 < len(starts) else end
            yield start, until, owners[at]
            start = until
            at += 1

    def not_deleted(self, client: int, start: int, end: int) -> Iterator[ClockRange]:
        """The parts of a client's clocks [start, end) that are not deleted."""
        ranges = self._deleted.get(client, ())
        at = bisect_right(ranges, start, key=_first) - 1
        if at >= 0:
            start = max(start, ranges[at][1])
        for low, high in ranges[at + 1 :]:
            if low >= end:
                break
            if start < low:
                yield start, low
            start = high
        if start < end:
            yield start, end

    def place(self, struct: Struct) -> tuple[Owner, Slot | None] | None:
        """Where a struct that is not added yet would lie; None if what it builds on is unknown."""
        if struct.kind == GC:
            return NOTHING, None
        neighbour = struct.origin if struct.origin is not None else struct.right_origin
        if neighbour is not None:
            owner = self.owner(neighbour)
            return None if owner is None else (owner, self.slot(neighbour))
        parent, key = struct.parent, struct.key
        slot = None if key is None or parent is None else Slot(parent, key)
        if isinstance(parent, int):
            owner = self.owner(parent)
            return None if owner is None else (owner, slot)
        if parent in _ENTITY_ROOTS and key is not None:
            return Owner(parent, key), slot
        return Owner(parent or "", ""), slot

    # Following the document

    def add(self, structs: Structs) -> None:
        """Follow an update that is about to be applied, or was; what is known already is passed."""
        for struct in in_order(structs):
            end = struct.clock + struct.length
            if end > self.known(struct.client) or struct.client in self._gaps:
                self._add(struct)

    def follow(self, update: bytes) -> None:
        """Follow an update that was applied, as the document told it: with all that it deleted."""
        structs = read_structs(update)
        self.add(structs)
        self.add_deletes(read_deletes(update, structs.end))

    def add_deletes(self, deletes: Mapping[ClientId, Sequence[ClockRange]]) -> None:
        """Follow the delete set of what was applied."""
        for client, ranges in deletes.items():
            mine = self._deleted.setdefault(client, [])
            if len(ranges) > 16:
                mine[:] = merged_ranges([*mine, *ranges])
            else:
                for start, end in ranges:
                    _insert(mine, start, end)

    def refuse(self, struct: Struct, known: int) -> None:
        """A rule keeps out of a struct that was added what is beyond the clock `known`: its clocks
        are there, and hold nothing."""
        start = max(struct.clock, known)
        if start == struct.clock:
            self._slots.pop(struct.id, None)
        self._replace(struct.client, start, struct.clock + struct.length, REFUSED)

    def _add(self, struct: Struct) -> None:
        place = self.place(struct)
        owner, slot = place if place is not None else (NOTHING, None)
        if slot is not None and owner is not NOTHING:
            if struct.length == 1:
                self._slots[struct.client << CLOCK_BITS | struct.clock] = slot
            else:
                runs = self._runs.setdefault(struct.client, [])
                insort(runs, (struct.clock, struct.clock + struct.length, slot), key=_start)
        self._cover(struct.client, struct.clock, struct.clock + struct.length, owner)

    def _cover(self, client: ClientId, start: int, end: int, owner: Owner) -> None:
        known = self._ends.get(client, 0)
        if start < known and client in self._gaps:
            for low, high, held in list(self.owners_in(client, start, min(end, known))):
                if held is _GAP:
                    self._replace(client, low, high, owner)
        start = max(start, known)
        if start >= end:
            return
        starts = self._starts.setdefault(client, [])
        owners = self._owners.setdefault(client, [])
        if start > known:
            self._gaps.add(client)
            starts.append(known)
            owners.append(_GAP)
        if not owners or owners[-1] != owner:
            starts.append(start)
            owners.append(owner)
        self._ends[client] = end

    def _replace(self, client: ClientId, start: int, end: int, owner: Owner) -> None:
        """Give clocks that are covered already another owner."""
        starts, owners = self._starts[client], self._owners[client]
        low, high = bisect_left(starts, start), bisect_left(starts, end)
        after = owners[high - 1]
        new_starts, new_owners = [start], [owner]
        if end < self._ends[client] and (high == len(starts) or starts[high] != end):
            new_starts.append(end)
            new_owners.append(after)
        starts[low:high] = new_starts
        owners[low:high] = new_owners


def in_order(structs: Structs) -> Iterable[Struct]:
    """An update's structs such that each comes after what it lies beside or in, as far as that is
    in the update."""
    by_client = structs.by_client
    if len(by_client) == 1:
        return next(iter(by_client.values()))
    return _by_dependency(by_client)


def _by_dependency(by_client: Mapping[ClientId, Sequence[Struct]]) -> Iterator[Struct]:
    at = dict.fromkeys(by_client, 0)
    emitted = 0
    returned: dict[ClientId, int] = {}
    """How many structs had come when a client that others wait for was last returned to."""
    for first in by_client:
        waiting = [first]
        while waiting:
            client = waiting[-1]
            mine = by_client[client]
            blocker = None
            while at[client] < len(mine):
                struct = mine[at[client]]
                blocker = _unmet(struct, by_client, at)
                # The scan refuses structs that wait for each other; so nothing is lost by going on.
                if blocker is not None and returned.get(blocker) != emitted:
                    break
                blocker = None
                yield struct
                emitted += 1
                at[client] += 1
            if blocker is None:
                waiting.pop()
            elif blocker in waiting:
                # What it waited for itself has come, or the next round finds that nothing does.
                returned[blocker] = emitted
                del waiting[waiting.index(blocker) + 1 :]
            else:
                waiting.append(blocker)


def _unmet(
    struct: Struct, by_client: Mapping[ClientId, Sequence[Struct]], at: Mapping[ClientId, int]
) -> ClientId | None:
    """A client whose struct has to come first, if there is one."""
    for reference in (struct.origin, struct.right_origin, struct.parent):
        if reference is None or isinstance(reference, str):
            continue
        other = ClientId(reference >> CLOCK_BITS)
        if other == struct.client:
            continue
        theirs = by_client.get(other)
        if theirs is None or at[other] >= len(theirs):
            continue
        if (
            theirs[at[other]].clock
            <= reference & CLOCK_MASK
            < (theirs[-1].clock + theirs[-1].length)
        ):
            return other
    return None


def _first(clock_range: ClockRange) -> int:
    return clock_range[0]


def _start(run: tuple[int, int, Slot]) -> int:
    return run[0]


def _insert(ranges: list[ClockRange], start: int, end: int) -> None:
    """Add a range to sorted ranges that do not touch."""
    low = bisect_right(ranges, start, key=_first) - 1
    if low >= 0 and ranges[low][1] >= start:
        start = ranges[low][0]
        end = max(end, ranges[low][1])
    else:
        low += 1
    high = low
    while high < len(ranges) and ranges[high][0] <= end:
        end = max(end, ranges[high][1])
        high += 1
    ranges[low:high] = [(start, end)]
