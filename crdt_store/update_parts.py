"""Parts of an update: those of a large one, one after another, and the one that fits already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crdt_store.ids import ClientId
from crdt_store.structs import (
    CLOCK_BITS,
    CLOCK_MASK,
    Structs,
    in_order,
    read_structs,
    read_structs_in_slices,
    write_update,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crdt_store.scan_result import Scan
    from crdt_store.structs import Struct


def cut_in_slices(update: bytes, scan: Scan, *, part_structs: int) -> Iterator[list[bytes] | None]:
    """Cut a large update so that others have their turn between its parts [LIVE-2].

    pycrdt holds the interpreter through a call, and judging what an update does takes as long
    again. Yields None after every `part_structs` structs, last the parts; one if it is small
    enough.

    Each part has at most `part_structs` structs and builds only on the parts before it and on what
    the update itself builds on; the update's delete set goes with the last one.
    """
    structs = Structs(update)
    for _ in read_structs_in_slices(structs, scan.long_contents, slice_structs=part_structs):
        yield None
    total = sum(map(len, structs.by_client.values()))
    if total <= part_structs:
        yield [update]
        return
    parts: list[bytes] = []
    sections: dict[ClientId, list[tuple[int, bytes]]] = {}
    ends: dict[ClientId, int] = {}
    count = 0
    for struct in in_order(structs):
        # A part's structs of one client are dense, too; an update's may have gaps.
        is_dense = ends.get(struct.client, struct.clock) == struct.clock
        if count == part_structs or not is_dense:
            parts.append(write_update(sections, {}))
            sections = {}
            ends = {}
            count = 0
            yield None
        section = sections.setdefault(struct.client, [])
        section.append((struct.clock, update[struct.start : struct.end]))
        ends[struct.client] = struct.clock + struct.length
        count += 1
    parts.append(write_update(sections, scan.deletes))
    yield parts


def part_that_fits(update: bytes, scan: Scan, clocks: Mapping[ClientId, int]) -> bytes:
    """What of an update builds only on a document with these clocks, and leaves no gap in them.

    pycrdt itself would apply what comes after a gap, too, if nothing in it builds on the gap; then
    its own state vector says less than it holds, and replicas differ in what they ask for.
    """
    reached: dict[ClientId, int] = {}
    sections: dict[ClientId, list[tuple[int, bytes]]] = {}

    def end_of(client: ClientId) -> int:
        return reached.get(client, clocks.get(client, 0))

    def fits(struct: Struct) -> bool:
        return struct.clock <= end_of(struct.client) and all(
            reference & CLOCK_MASK < end_of(ClientId(reference >> CLOCK_BITS))
            for reference in (struct.origin, struct.right_origin, struct.parent)
            if isinstance(reference, int)
        )

    for struct in in_order(read_structs(update, scan.long_contents)):
        end = struct.clock + struct.length
        if end > end_of(struct.client) and fits(struct):
            section = sections.setdefault(struct.client, [])
            section.append((struct.clock, update[struct.start : struct.end]))
            reached[struct.client] = end
    deletes = {
        client: [(low, min(high, end_of(client))) for low, high in ranges if low < end_of(client)]
        for client, ranges in scan.deletes.items()
    }
    return write_update(sections, deletes)
