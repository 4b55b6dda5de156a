"""Cut a large update into parts that can be applied one after another [LIVE-2].

pycrdt holds the interpreter through a call, and judging what an update does takes as long again:
with parts, the event loop and other documents have their turn between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crdt_store.structs import Structs, in_order, read_structs_in_slices, write_update

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crdt_store.ids import ClientId
    from crdt_store.scan_result import Scan


def cut_in_slices(update: bytes, scan: Scan, *, part_structs: int) -> Iterator[list[bytes] | None]:
    """Yields None after every `part_structs` structs, last the parts; one if it is small enough.

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
