"""Which node or edge every item of a document belongs to, and where it lies: what rules are
checked against, and what tells an update that would tie two texts or maps together.

pycrdt tells what an update touched only after it was applied, and nothing of what lies in it. So
the structs are followed here: an item lies where its parent or its neighbour says. The clocks of a
client are dense, so a client is a list of where a home begins; a typed text or the plain entries
of an imported node are one, however many items they are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from crdt_store.ids import ClientId
from crdt_store.structs import (
    ANY,
    CLOCK_BITS,
    CLOCK_MASK,
    DELETED,
    GC,
    TYPE,
    Struct,
    Structs,
    in_order,
    merged_ranges,
    packed,
    read_deletes,
    read_structs,
    read_structs_in_slices,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crdt_store.scan_result import ClockRange


class Owner(NamedTuple):
    """A node or an edge (`root` is `nodes` or `edges`), or all of another root (`key` is empty)."""

    root: str
    key: str


class Slot(NamedTuple):
    """An entry of a map: of a root (its name) or of a shared type (the id of its item)."""

    parent: int | str
    key: str


class Place(NamedTuple):
    """Where an item lies: in an entry of a map, or in the text that is `container`'s item."""

    owner: Owner
    container: Slot | int | str | None


class Current(NamedTuple):
    """What an entry of a map holds, if it was not deleted since."""

    item: int
    is_shared: bool
    size_bytes: int


NOTHING: Final = Owner("", "")
"""The owner of what was collected: it is in no document any more, and whatever joins it neither."""
REFUSED: Final = Owner("", "refused")
"""The owner of what a rule kept out: only a document from before the refusal still builds on it."""

_GAP: Final = Owner("", "gap")
"""Clocks that pycrdt has passed over, as nothing built on them, and that may come yet."""
_NOWHERE: Final = Place(NOTHING, None)
_ENTITY_ROOTS = frozenset({"nodes", "edges"})
_Home = tuple[Owner, "int | str | None"]
"""An owner, and the text that the items lie in; None for entries of maps, which have slots."""


class Misplaced(Exception):
    """A struct that wants to lie in two places at once; the text says which struct.

    yrs would tie the two together, Yjs would not: the replicas would differ for good, and what
    lies in one entity could change by an edit of another.
    """

    def __init__(self, struct: Struct) -> None:
        super().__init__(f"the struct at clock {struct.clock} of client {struct.client}")


class CannotForget(Exception):
    """What was added lies in a gap between known clocks: only a new reading makes it undone."""


class ItemIndex:
    """The items of one document. Grows with `add`; made anew by `read` when the document is."""

    def __init__(self) -> None:
        self._starts: dict[int, list[int]] = {}
        self._homes: dict[int, list[_Home]] = {}
        self._ends: dict[int, int] = {}
        self._gaps: set[int] = set()
        self._slots: dict[int, Slot] = {}
        self._runs: dict[int, list[tuple[int, int, Slot]]] = {}
        """Values of one entry that were deleted one after another, and are one item since."""
        self._current: dict[Slot, Current] = {}
        self._unsettled: list[tuple[Slot, Current]] = []
        """Values that were added, and that the document may have put behind others."""
        self._deleted: dict[int, list[ClockRange]] = {}
        self.has_refused = False
        """Whether a rule has kept something out."""

    @classmethod
    def read(cls, state: bytes, *, slice_structs: int) -> Iterator[ItemIndex | None]:
        """Index a whole document, given as one update: yields None between slices, last itself."""
        index = cls()
        structs = Structs(state)
        for _ in read_structs_in_slices(structs, {}, slice_structs=slice_structs):
            yield None
        index.add_deletes(read_deletes(state, structs.end))
        for count, struct in enumerate(in_order(structs), 1):
            index._add(struct, trusted=True)
            if not count % slice_structs:
                index.settle()
                yield None
        index.settle()
        yield index

    def __len__(self) -> int:
        """How many entries of maps it remembers, those of the past included."""
        return len(self._slots)

    # Asking

    def owner(self, item: int) -> Owner | None:
        """What the item with this id belongs to; None if no such item is known."""
        home = self._home(item)
        return None if home is None else home[0]

    def slot(self, item: int) -> Slot | None:
        """The map's entry that an item is, or was, a value of; None if it lies in a text."""
        slot = self._slots.get(item)
        return self._slot_in_run(item) if slot is None else slot

    def current(self, slot: Slot) -> Current | None:
        """What an entry holds in the document, as of the last `settle`; None if it is not there."""
        held = self._current.get(slot)
        return None if held is None or self._is_deleted(held.item) else held

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

    def known(self, client: int) -> int:
        """The clock up to which a client's items are known."""
        return self._ends.get(client, 0)

    def owners_in(self, client: int, start: int, end: int) -> Iterator[tuple[int, int, Owner]]:
        """The parts of a client's clocks [start, end) by owner; what is not known is left out."""
        end = min(end, self._ends.get(client, 0))
        if start >= end:
            return
        starts, homes = self._starts[client], self._homes[client]
        at = bisect_right(starts, start) - 1
        while start < end:
            until = min(starts[at + 1], end) if at + 1 < len(starts) else end
            yield start, until, homes[at][0]
            start = until
            at += 1

    def not_deleted(self, client: int, start: int, end: int) -> Iterator[ClockRange]:
        """The parts of a client's clocks [start, end) that are not deleted."""
        ranges = self._deleted.get(client, ())
        at = bisect_right(ranges, start, key=_first) - 1
        if at >= 0:
            start = max(start, ranges[at][1])
        for position in range(at + 1, len(ranges)):
            low, high = ranges[position]
            if low >= end:
                break
            if start < low:
                yield start, low
            start = high
        if start < end:
            yield start, end

    # Following the document

    def add(self, structs: Structs) -> None:
        """Follow an untrusted update that is about to be applied; what is known is passed over.

        Raises Misplaced, and then the update must not be applied and nothing of it was added;
        CannotForget if that is not so. `settle` follows when it was applied.
        """
        before = {client: self.known(client) for client in structs.by_client}
        try:
            for struct in in_order(structs):
                end = struct.clock + struct.length
                if end > self.known(struct.client) or struct.client in self._gaps:
                    self._add(struct, trusted=False)
        except Misplaced:
            self.forget(structs, before)
            raise

    def follow(self, update: bytes, deletes: Mapping[ClientId, Sequence[ClockRange]]) -> None:
        """Follow an update that was applied, and all that the document deleted with it.

        `settle` follows here, too.
        """
        for struct in in_order(read_structs(update)):
            end = struct.clock + struct.length
            if end > self.known(struct.client) or struct.client in self._gaps:
                self._add(struct, trusted=True)
        self.add_deletes(deletes)

    def add_deletes(self, deletes: Mapping[ClientId, Sequence[ClockRange]]) -> None:
        """Follow what the document has deleted."""
        for client, ranges in deletes.items():
            mine = self._deleted.setdefault(client, [])
            if len(ranges) > 16:
                mine[:] = merged_ranges([*mine, *ranges])
            else:
                for start, end in ranges:
                    _insert(mine, start, end)

    def settle(self) -> None:
        """All that was added is applied, and its deletions are known: entries hold what lives."""
        for slot, held in self._unsettled:
            if not self._is_deleted(held.item):
                self._current[slot] = held
        self._unsettled.clear()

    @contextmanager
    def setting_aside(self, before: Mapping[ClientId, int]) -> Iterator[None]:
        """What is settled meanwhile is nothing of the last `add`, which is not applied yet.

        `before` tells which clocks were known before it, by client.
        """

        def is_mine(held: Current) -> bool:
            first = before.get(ClientId(held.item >> CLOCK_BITS))
            return first is not None and held.item & CLOCK_MASK >= first

        aside = [each for each in self._unsettled if is_mine(each[1])]
        self._unsettled = [each for each in self._unsettled if not is_mine(each[1])]
        try:
            yield
        finally:
            self._unsettled += aside

    def refuse(self, struct: Struct, known: int) -> None:
        """A rule keeps out of a struct that was added what is beyond the clock `known`: its clocks
        are there, and hold nothing."""
        self.has_refused = True
        start = max(struct.clock, known)
        if start == struct.clock:
            self._slots.pop(struct.id, None)
        end = struct.clock + struct.length
        # It never comes to be what an entry holds.
        refused = range(packed(struct.client, start), packed(struct.client, end))
        self._unsettled = [each for each in self._unsettled if each[1].item not in refused]
        self._replace(struct.client, start, end, (REFUSED, None))

    # Inside

    def _home(self, item: int) -> _Home | None:
        client, clock = item >> CLOCK_BITS, item & CLOCK_MASK
        if clock >= self._ends.get(client, 0):
            return None
        home = self._homes[client][bisect_right(self._starts[client], clock) - 1]
        return None if home[0] is _GAP else home

    def _lies(self, item: int) -> Place | None:
        home = self._home(item)
        if home is None:
            return None
        owner, text = home
        return Place(owner, self.slot(item) if text is None else text)

    def _place(self, struct: Struct, *, trusted: bool) -> Place | None:
        """Where a struct lies; None if what it builds on is unknown. Raises Misplaced."""
        if struct.kind == GC:
            return _NOWHERE
        left = right = None
        if struct.origin is not None:
            left = self._lies(struct.origin)
            if left is None:
                return None
        if struct.right_origin is not None:
            right = self._lies(struct.right_origin)
            if right is None:
                return None
        if left is not None and right is not None:
            for side in (left, right):
                if side.owner is REFUSED:
                    return side
            if left != right and not trusted:
                raise Misplaced(struct)
        place = left or right or self._below(struct)
        if (
            place is not None
            and struct.kind not in (TYPE, ANY, DELETED)
            and isinstance(place.container, Slot)
            and not trusted
        ):
            raise Misplaced(struct)  # text in an entry of a map
        return place

    def _below(self, struct: Struct) -> Place | None:
        parent, key = struct.parent, struct.key
        if parent is None:
            return None
        if isinstance(parent, int):
            home = self._home(parent)
            if home is None:
                return None
            owner = home[0]
            if owner is NOTHING or owner is REFUSED:
                return Place(owner, None)
        elif parent in _ENTITY_ROOTS and key is not None:
            owner = Owner(parent, key)
        else:
            owner = Owner(parent, "")
        return Place(owner, parent if key is None else Slot(parent, key))

    def _add(self, struct: Struct, *, trusted: bool) -> None:
        place = self._place(struct, trusted=trusted)
        if place is None:
            # What builds on nothing known: pycrdt keeps it, and nothing of it is shown.
            place = _NOWHERE
        client, clock, end = struct.client, struct.clock, struct.clock + struct.length
        known = self._ends.get(client, 0)
        if clock < known < end and not trusted and struct.kind != GC:
            # The rest of a struct whose beginning is known lies beside that, whatever it says.
            before = self._lies(packed(client, known - 1))
            if before is not None and before != place:
                raise Misplaced(struct)
        owner, container = place
        if isinstance(container, Slot):
            if struct.length == 1:
                self._slots[struct.id] = container
            elif clock >= known or client in self._gaps:
                runs = self._runs.setdefault(client, [])
                insort(runs, (clock, end, container), key=_start)
            if struct.kind != DELETED:
                size = struct.end - struct.content
                held = Current(packed(client, end - 1), struct.kind == TYPE, size)
                self._unsettled.append((container, held))
            self._cover(client, clock, end, (owner, None))
        else:
            self._cover(client, clock, end, (owner, container))

    def _slot_in_run(self, item: int) -> Slot | None:
        runs = self._runs.get(item >> CLOCK_BITS)
        if runs is None:
            return None
        clock = item & CLOCK_MASK
        at = bisect_right(runs, clock, key=_start) - 1
        return runs[at][2] if at >= 0 and clock < runs[at][1] else None

    def _is_deleted(self, item: int) -> bool:
        ranges = self._deleted.get(item >> CLOCK_BITS, ())
        at = bisect_right(ranges, item & CLOCK_MASK, key=_first) - 1
        return at >= 0 and item & CLOCK_MASK < ranges[at][1]

    def _cover(self, client: ClientId, start: int, end: int, home: _Home) -> None:
        known = self._ends.get(client, 0)
        if start < known and client in self._gaps:
            for low, high, held in list(self.owners_in(client, start, min(end, known))):
                if held is _GAP:
                    self._replace(client, low, high, home)
        start = max(start, known)
        if start >= end:
            return
        starts = self._starts.setdefault(client, [])
        homes = self._homes.setdefault(client, [])
        if start > known:
            self._gaps.add(client)
            starts.append(known)
            homes.append((_GAP, None))
        if not homes or homes[-1] != home:
            starts.append(start)
            homes.append(home)
        self._ends[client] = end

    def _replace(self, client: ClientId, start: int, end: int, home: _Home) -> None:
        """Give clocks that are covered already another home."""
        starts, homes = self._starts[client], self._homes[client]
        low, high = bisect_left(starts, start), bisect_left(starts, end)
        after = homes[high - 1]
        new_starts, new_homes = [start], [home]
        if end < self._ends[client] and (high == len(starts) or starts[high] != end):
            new_starts.append(end)
            new_homes.append(after)
        starts[low:high] = new_starts
        homes[low:high] = new_homes

    def forget(self, structs: Structs, before: Mapping[ClientId, int]) -> None:
        """Undo the last `add`, before which these clocks were known. Raises CannotForget."""
        if not self._gaps.isdisjoint(before):
            raise CannotForget
        self._unsettled = [
            (slot, held)
            for slot, held in self._unsettled
            if held.item & CLOCK_MASK < before.get(ClientId(held.item >> CLOCK_BITS), CLOCK_MASK)
        ]
        for client, known in before.items():
            for struct in structs.by_client[client]:
                if struct.clock >= known:
                    self._slots.pop(struct.id, None)
            runs = self._runs.get(client, [])
            while runs and runs[-1][0] >= known:
                runs.pop()
            starts, homes = self._starts.get(client, []), self._homes.get(client, [])
            while starts and starts[-1] >= known:
                starts.pop()
                homes.pop()
            if client in self._ends:
                self._ends[client] = known


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
