"""How far yrs would have to walk to find the places of one large update's structs.

A struct names the neighbours that it had where it was made. If others stand between them by now,
yrs walks over those: a hostile update makes that quadratic, 11 s for 56 KB, and nothing can
interrupt it. So a large update is put together here first, by the same rule (YATA, `integrate` in
yrs and Yjs) and in the same order, and refused at a bound. What honest clients made one after the
other is never walked over: who writes between two structs names one of them, and so comes later.
"""

from array import array
from bisect import bisect_right, insort
from collections.abc import Generator, Mapping, Sequence

from crdt_store.errors import UpdateTooLarge
from crdt_store.scan_result import Scan, covers
from crdt_store.value_scan import skip_string
from crdt_store.varint import read_client, read_uint31

FREE_STRUCTS = 500
"""So few structs cannot walk far over each other: at most some 30 ms in yrs."""
MAX_STEPS = 125_000
"""From item to item; each takes yrs 350 ns, with the sets that it fills."""
MAX_STEPS_PER_STRUCT = 2
"""More of them in a larger update: eight authors who merge rarely need 1.2."""
MAX_CUTS = 20_000
"""Items cut in two, each of which moves the rest of its client's items, 2 µs and up. Documents
and what is lacking of one come cut already."""

# To find the first entry of a map's key yrs walks from the last one, but fills no sets.
_KEY_STEPS_PER_STEP = 16
_WORK_PER_STRUCT = 8
_CLOCK_BITS = 31
_CLOCK_MASK = (1 << _CLOCK_BITS) - 1
_NONE = -1
_TO_COME = -1
_GONE = -2

Index = Mapping[int, tuple[Sequence[int], Sequence[int]]]
"""Per client the first clocks of an update's structs, and where in the update they begin."""
_Head = tuple[int, int, int, tuple[object, bytes | None] | None]
"""Left origin, right origin and parent as ids or _NONE; (parent, key) if the struct names it."""


def check_walks(
    update: bytes, index: Index, scan: Scan, slice_work: int
) -> Generator[None, None, None]:
    """Refuse an update, scanned already, whose structs yrs would walk or cut too much for.

    Pauses after as much work as `slice_work` structs are for the rest of the scan. Raises
    UpdateTooLarge (`too_large`).
    """
    slice_work = max(slice_work // _WORK_PER_STRUCT, 1)
    lists = _Lists(index, scan)
    done = dict.fromkeys(index, 0)
    work = slice_work
    for client in sorted(index, reverse=True):
        while done[client] < len(index[client][0]):
            # A struct waits for what it refers to, and each of those for what it refers to.
            stack = [client]
            while stack:
                work -= 1
                if work <= 0:
                    work = slice_work
                    yield None
                current = stack[-1]
                number = lists.base[current] + done[current]
                head = _read_head(update, index[current][1][done[current]])
                other = lists.awaited(head, current)
                if other is not None:
                    stack.append(other)
                    continue
                before = lists.steps
                yield from lists.integrate(number, current, head, slice_work)
                work -= lists.steps - before
                done[current] += 1
                stack.pop()
    for deleter, ranges in scan.deletes.items():
        for start, end in ranges:
            work -= 1
            if work <= 0:
                work = slice_work
                yield None
            lists.delete(deleter, start, end)


class _Lists:
    """The lists that one update's structs make, each in the order in which yrs would keep it.

    Items are numbered: the update's structs in order, then what cutting adds, and for each id that
    the update does not bring an item in a list of its own.
    """

    def __init__(self, index: Index, scan: Scan) -> None:
        self.base: dict[int, int] = {}
        self.steps = 0
        self._index = index
        self._structs: Mapping[int, Sequence[tuple[int, int]]] = dict(scan.structs.items())
        total = 0
        for client, (starts, _) in index.items():
            self.base[client] = total
            total += len(starts)
        self._max_steps = MAX_STEPS + MAX_STEPS_PER_STRUCT * total
        blank = array("q", [_NONE]) * total
        self._next, self._previous = array("q", blank), array("q", blank)
        # Ids of 84 bits, as a client id may have 53.
        self._left, self._right = [_NONE] * total, [_NONE] * total
        self._client, self._list = array("q", blank), array("q", blank)
        self._cuts: dict[int, list[tuple[int, int]]] = {}
        self._cut_count = 0
        self._strangers: dict[int, int] = {}
        self._numbers: dict[object, int] = {}
        self._first = array("q")
        self._size = array("q")
        self._has_key = bytearray()

    def awaited(self, head: _Head, client: int) -> int | None:
        """Another client, if a struct of its has to come before this one."""
        for key in head[:3]:
            if key >= 0 and key >> _CLOCK_BITS != client:
                number = self._find(key)
                if number >= 0 and self._list[number] == _TO_COME:
                    return key >> _CLOCK_BITS
        return None

    def integrate(
        self, number: int, client: int, head: _Head, slice_work: int
    ) -> Generator[None, None, None]:
        """Put a struct where yrs would put it."""
        left_id, right_id, _, place = head
        if left_id == _GONE:
            self._list[number] = _GONE
            return
        left = self._ending(left_id) if left_id >= 0 else _NONE
        right = self._beginning(right_id) if right_id >= 0 else _NONE
        at = left if left >= 0 else right
        # What lies beside a collected struct is collected as well.
        if _GONE in (self._list[left] if left >= 0 else 0, self._list[right] if right >= 0 else 0):
            self._list[number] = _GONE
            return
        own_list = self._list[at] if at >= 0 else self._number(place)
        self._client[number] = client
        self._left[number], self._right[number] = left_id, right_id
        self._list[number] = own_list
        if left < 0 and self._has_key[own_list]:
            self._add_steps(self._size[own_list] // _KEY_STEPS_PER_STEP)
        first = self._next[left] if left >= 0 else self._first[own_list]
        if first != right and (left >= 0 or right < 0 or self._previous[right] >= 0):
            left = yield from self._walk(number, left, first, right, slice_work)
        if left >= 0:
            after = self._next[left]
            self._next[left] = number
        else:
            after = self._first[own_list]
            self._first[own_list] = number
        self._previous[number], self._next[number] = left, after
        if after >= 0:
            self._previous[after] = number
        self._size[own_list] += 1

    def delete(self, client: int, start: int, end: int) -> None:
        """Count the cuts at both ends of what is deleted of the update's own structs."""
        if client in self._structs:
            for clock in (start, end):
                at = self._struct(client, clock)
                if at >= 0 and self._index[client][0][at] != clock:
                    self._count_cut()

    def _walk(
        self, number: int, left: int, item: int, right: int, slice_work: int
    ) -> Generator[None, None, int]:
        """The item after which a struct belongs, of those between its neighbours."""
        origin, right_id = self._left[number], self._right[number]
        conflicting: set[int] = set()
        passed: set[int] = set()
        while item >= 0 and item != right:
            self._add_steps(1)
            passed.add(item)
            if not len(passed) % slice_work:
                yield None
            conflicting.add(item)
            if self._left[item] == origin:
                if self._client[item] < self._client[number]:
                    left = item
                    conflicting.clear()
                elif self._right[item] == right_id:
                    break
            else:
                origin_item = self._find(self._left[item]) if self._left[item] >= 0 else _NONE
                if origin_item not in passed:
                    break
                if origin_item not in conflicting:
                    left = item
                    conflicting.clear()
            item = self._next[item]
        return left

    def _add_steps(self, count: int) -> None:
        self.steps += count
        if self.steps > self._max_steps:
            raise UpdateTooLarge("too_large", "too many structs compete for the same places")

    def _count_cut(self) -> None:
        self._cut_count += 1
        if self._cut_count > MAX_CUTS:
            raise UpdateTooLarge("too_large", f"more than {MAX_CUTS} cuts through structs")

    def _number(self, place: object) -> int:
        number = self._numbers.get(place)
        if number is None:
            number = self._numbers[place] = self._new_list(
                has_key=isinstance(place, tuple) and place[1] is not None
            )
        return number

    def _new_list(self, *, has_key: bool) -> int:
        self._first.append(_NONE)
        self._size.append(0)
        self._has_key.append(has_key)
        return len(self._first) - 1

    def _new_item(self, client: int, left: int, right: int, own_list: int) -> int:
        for values, value in (
            (self._next, _NONE),
            (self._previous, _NONE),
            (self._left, left),
            (self._right, right),
            (self._client, client),
            (self._list, own_list),
        ):
            values.append(value)
        return len(self._list) - 1

    def _struct(self, client: int, clock: int) -> int:
        """Which of its client's structs covers an id, or _NONE."""
        ranges = self._structs.get(client)
        if ranges is None or not covers(ranges, clock):
            return _NONE
        return bisect_right(self._index[client][0], clock) - 1

    def _find(self, key: int) -> int:
        """The item that covers an id, or _NONE if it is none of the update's and not known yet."""
        client = key >> _CLOCK_BITS
        at = self._struct(client, key & _CLOCK_MASK)
        if at < 0:
            return self._strangers.get(key, _NONE)
        return self._part(self.base[client] + at, key)

    def _part(self, number: int, key: int) -> int:
        """Which part of a struct covers an id."""
        cuts = self._cuts.get(number)
        at = bisect_right(cuts, (key, len(self._list))) if cuts else 0
        return cuts[at - 1][1] if cuts and at else number

    def _ending(self, key: int) -> int:
        """The item that ends with an id, which is cut for it if need be."""
        client, clock = key >> _CLOCK_BITS, key & _CLOCK_MASK
        at = self._struct(client, clock)
        if at < 0:
            return self._stranger(key)
        number = self.base[client] + at
        item = self._part(number, key)
        starts = self._index[client][0]
        if at + 1 < len(starts) and starts[at + 1] == clock + 1:
            return item
        if self._struct(client, clock + 1) == at and self._part(number, key + 1) == item:
            self._cut(number, item, key + 1)
        return item

    def _beginning(self, key: int) -> int:
        """The item that begins with an id, for which one is cut if need be."""
        client, clock = key >> _CLOCK_BITS, key & _CLOCK_MASK
        at = self._struct(client, clock)
        if at < 0:
            return self._stranger(key)
        number = self.base[client] + at
        if self._index[client][0][at] == clock:
            return number
        item = self._part(number, key)
        return self._cut(number, item, key) if self._part(number, key - 1) == item else item

    def _stranger(self, key: int) -> int:
        item = self._strangers.get(key)
        if item is None:
            own_list = self._new_list(has_key=False)
            item = self._new_item(key >> _CLOCK_BITS, _NONE, _NONE, own_list)
            self._strangers[key] = self._first[own_list] = item
        return item

    def _cut(self, number: int, item: int, key: int) -> int:
        """Cut an item before an id; return its second half."""
        if self._list[item] == _GONE:
            return item
        self._count_cut()
        half = self._new_item(self._client[item], key - 1, self._right[item], self._list[item])
        after = self._next[item]
        self._next[item], self._previous[half], self._next[half] = half, item, after
        if after >= 0:
            self._previous[after] = half
        insort(self._cuts.setdefault(number, []), (key, half))
        return half


def _read_head(update: bytes, offset: int) -> _Head:
    """Read again what the scan has checked already."""
    info = update[offset]
    if not info & 31:
        return _GONE, _NONE, _NONE, None
    pos = offset + 1
    left = right = _NONE
    if info & 0x80:
        client, pos = read_client(update, pos)
        clock, pos = read_uint31(update, pos)
        left = client << _CLOCK_BITS | clock
    if info & 0x40:
        client, pos = read_client(update, pos)
        clock, pos = read_uint31(update, pos)
        right = client << _CLOCK_BITS | clock
    if info & 0xC0:
        return left, right, _NONE, None
    if update[pos] == 1:
        end = skip_string(update, pos + 1)
        name, parent = update[pos + 1 : end], _NONE
        key = update[end : skip_string(update, end)] if info & 0x20 else None
        return left, right, parent, (name, key)
    client, pos = read_client(update, pos + 1)
    clock, pos = read_uint31(update, pos)
    parent = client << _CLOCK_BITS | clock
    key = update[pos : skip_string(update, pos)] if info & 0x20 else None
    return left, right, parent, (parent, key)
