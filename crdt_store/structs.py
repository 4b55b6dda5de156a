"""The structs of a Yjs v1 update one by one, read and written; for updates that passed the scan.

Source of the format: yjs `src/structs/*.js`, `src/utils/UpdateDecoder.js`. An id (client, clock)
is one integer here, `client << 31 | clock`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from crdt_store.ids import ClientId
from crdt_store.value_scan import skip_values
from crdt_store.varint import read_client, read_uint31

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crdt_store.scan_result import ClockRange

CLOCK_BITS: Final = 31
CLOCK_MASK: Final = (1 << CLOCK_BITS) - 1

GC: Final = 0
DELETED: Final = 1
STRING: Final = 4
EMBED: Final = 5
FORMAT: Final = 6
TYPE: Final = 7
ANY: Final = 8
SKIP: Final = 10
_ANY_DEPTH: Final = 1 << 31
_HAS_ORIGIN, _HAS_RIGHT_ORIGIN, _HAS_KEY = 0x80, 0x40, 0x20


def packed(client: int, clock: int) -> int:
    """The id as one integer."""
    return client << CLOCK_BITS | clock


@dataclass(slots=True)
class Struct:
    """One struct: `length` clocks of a client from `clock` on; its bytes are update[start:end].

    It lies beside `origin` or `right_origin` (ids), or in `parent`: an id, or the name of a root.
    `key` is told only where the parent is: beside a neighbour it has the neighbour's.
    """

    client: ClientId
    clock: int
    length: int
    kind: int
    origin: int | None
    right_origin: int | None
    parent: int | str | None
    key: str | None
    content: int
    """Where the content begins, after what says where the struct lies."""
    start: int
    end: int

    @property
    def id(self) -> int:
        return self.client << CLOCK_BITS | self.clock


@dataclass(slots=True)
class Structs:
    """An update's structs by client, in the order of their clocks, gaps left out."""

    update: bytes
    by_client: dict[ClientId, list[Struct]] = field(default_factory=dict)
    end: int = 0
    """The byte at which the structs end and the delete set begins."""

    def __iter__(self) -> Iterator[Struct]:
        for structs in self.by_client.values():
            yield from structs


def read_structs(
    update: bytes, long_contents: Mapping[int, tuple[int, int]] | None = None
) -> Structs:
    """Read an update that `update_scan.scan` has accepted, or one of our own making.

    `long_contents` is the scan's.
    """
    found = Structs(update)
    for _ in read_structs_in_slices(found, long_contents or {}, slice_structs=1 << 62):
        raise AssertionError("a reading without a limit has paused")
    return found


def read_structs_in_slices(
    found: Structs, long_contents: Mapping[int, tuple[int, int]], *, slice_structs: int
) -> Iterator[None]:
    """Fill `found` from its update, pausing after every `slice_structs` structs or values."""
    update = found.update
    left = slice_structs
    sections, pos = read_uint31(update, 0)
    for _ in range(sections):
        count, pos = read_uint31(update, pos)
        number, pos = read_client(update, pos)
        client = ClientId(number)
        clock, pos = read_uint31(update, pos)
        structs: list[Struct] = []
        append = structs.append
        found.by_client[client] = structs
        for _ in range(count):
            start = pos
            info = update[pos]
            pos += 1
            kind = info & 31
            origin = right_origin = key = None
            parent: int | str | None = None
            if kind == GC or kind == SKIP:
                content = pos
                length, pos = read_uint31(update, pos)
            else:
                if info & _HAS_ORIGIN:
                    other, pos = read_client(update, pos)
                    ref, pos = read_uint31(update, pos)
                    origin = other << CLOCK_BITS | ref
                if info & _HAS_RIGHT_ORIGIN:
                    other, pos = read_client(update, pos)
                    ref, pos = read_uint31(update, pos)
                    right_origin = other << CLOCK_BITS | ref
                if info < _HAS_RIGHT_ORIGIN:
                    by_name = update[pos]
                    pos += 1
                    if by_name:
                        length, pos = read_uint31(update, pos)
                        parent = update[pos : pos + length].decode()
                        pos += length
                    else:
                        other, pos = read_client(update, pos)
                        ref, pos = read_uint31(update, pos)
                        parent = other << CLOCK_BITS | ref
                    if info & _HAS_KEY:
                        length, pos = read_uint31(update, pos)
                        key = update[pos : pos + length].decode()
                        pos += length
                content = pos
                if kind != ANY:
                    length, pos = _skip_content(update, kind, pos)
                elif content in long_contents:
                    length, pos = long_contents[content]
                else:
                    length, pos = read_uint31(update, pos)
                    values = [length]
                    while values:
                        pos, _ = skip_values(update, pos, values, _ANY_DEPTH, slice_structs)
                        if values:
                            yield None
            if kind != SKIP:
                append(
                    Struct(
                        client,
                        clock,
                        length,
                        kind,
                        origin,
                        right_origin,
                        parent,
                        key,
                        content,
                        start,
                        pos,
                    )
                )
            clock += length
            left -= 1
            if not left:
                left = slice_structs
                yield None
    found.end = pos


def read_deletes(update: bytes, pos: int) -> dict[ClientId, list[ClockRange]]:
    """The delete set that begins at `pos`, sorted as it stands there."""
    sections, pos = read_uint31(update, pos)
    deletes: dict[ClientId, list[ClockRange]] = {}
    for _ in range(sections):
        client, pos = read_client(update, pos)
        count, pos = read_uint31(update, pos)
        ranges: list[ClockRange] = []
        for _ in range(count):
            clock, pos = read_uint31(update, pos)
            length, pos = read_uint31(update, pos)
            ranges.append((clock, clock + length))
        deletes[ClientId(client)] = ranges
    return deletes


def _skip_content(update: bytes, kind: int, pos: int) -> tuple[int, int]:
    """The length in clocks of a struct's content, and where it ends."""
    if kind == STRING:
        size, pos = read_uint31(update, pos)
        raw = update[pos : pos + size]
        length = size if raw.isascii() else len(raw.decode().encode("utf-16-le")) // 2
        return length, pos + size
    if kind == DELETED:
        return read_uint31(update, pos)
    if kind == TYPE:
        number = update[pos]
        pos += 1
        if number in (3, 5):  # an XML element or hook has a name
            size, pos = read_uint31(update, pos)
            pos += size
        return 1, pos
    if kind == FORMAT:
        size, pos = read_uint31(update, pos)
        pos += size
    size, pos = read_uint31(update, pos)
    return 1, pos + size


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


def write_var_uint(value: int, out: bytearray) -> None:
    """Append lib0's encoding of an unsigned integer."""
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def write_update(
    structs: Mapping[ClientId, Sequence[tuple[int, bytes]]],
    deletes: Mapping[ClientId, Sequence[ClockRange]],
) -> bytes:
    """An update of these structs (their clocks and their bytes, without gaps) and deletions."""
    out = bytearray()
    sections = {client: parts for client, parts in structs.items() if parts}
    write_var_uint(len(sections), out)
    # Yjs writes higher client ids first, and relies on nothing there.
    for client in sorted(sections, reverse=True):
        parts = sections[client]
        write_var_uint(len(parts), out)
        write_var_uint(client, out)
        write_var_uint(parts[0][0], out)
        for _, part in parts:
            out += part
    _write_deletes(deletes, out)
    return bytes(out)


def with_deletes(structs: Structs, deletes: Mapping[ClientId, Sequence[ClockRange]]) -> bytes:
    """The same structs with another delete set."""
    out = bytearray(structs.update[: structs.end])
    _write_deletes(deletes, out)
    return bytes(out)


def _write_deletes(deletes: Mapping[ClientId, Sequence[ClockRange]], out: bytearray) -> None:
    sections = {client: ranges for client, ranges in deletes.items() if ranges}
    write_var_uint(len(sections), out)
    for client, ranges in sections.items():
        write_var_uint(client, out)
        write_var_uint(len(ranges), out)
        for start, end in ranges:
            write_var_uint(start, out)
            write_var_uint(end - start, out)


def gc_struct(length: int) -> bytes:
    """A struct that holds nothing, in place of one that must not be."""
    out = bytearray((GC,))
    write_var_uint(length, out)
    return bytes(out)


def joined(
    one: Mapping[ClientId, Sequence[ClockRange]], other: Mapping[ClientId, Sequence[ClockRange]]
) -> dict[ClientId, list[ClockRange]]:
    """The union of two delete sets."""
    both = {client: list(ranges) for client, ranges in one.items()}
    for client, ranges in other.items():
        both[client] = merged_ranges([*both.get(client, ()), *ranges])
    return both


def difference(ranges: Sequence[ClockRange], others: Sequence[ClockRange]) -> list[ClockRange]:
    """What of these sorted, disjoint ranges is in none of the others, which are such too."""
    left: list[ClockRange] = []
    at = 0
    for low, high in ranges:
        while at < len(others) and others[at][1] <= low:
            at += 1
        position = at
        while position < len(others) and others[position][0] < high:
            start, end = others[position]
            if low < start:
                left.append((low, start))
            low = max(low, end)
            position += 1
        if low < high:
            left.append((low, high))
    return left


def merged_ranges(ranges: Iterable[ClockRange]) -> list[ClockRange]:
    """The same clocks as sorted ranges that do not touch."""
    merged: list[ClockRange] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
