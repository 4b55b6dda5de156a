"""What a scan may accept and what it tells: the values of `crdt_store.update_scan`."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from crdt_store.ids import ClientId
from crdt_store.surrogate_pairs import SurrogatePairs

ClockRange = tuple[int, int]
"""[start, end) in Yjs clock ticks."""


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """What one update may hold. Sizes in bytes.

    `max_structs` bounds structs and deletions together, and separately the single values inside
    structs; `max_depth` bounds the nesting of JSON values, and separately that of the shared types
    that an update brings; `max_clients` the clients whose structs it brings, and separately those
    whose structs it deletes.
    In a root among `extra_roots` anything may lie that may lie in a map or a text.
    """

    max_update_bytes: int = 16 * 1024 * 1024
    max_structs: int = 1_000_000
    max_depth: int = 64
    max_clients: int = 20_000
    extra_roots: frozenset[str] = frozenset()
    extra_root_names: frozenset[bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = frozenset(name.encode() for name in self.extra_roots)
        object.__setattr__(self, "extra_root_names", names)


@dataclass(slots=True)
class Scan:
    """What an update would do, told without applying it.

    `structs`: per client the clock ranges that the update's structs cover, in order. Skip structs
    are left out, so a client with a gap has more than one range.
    `needs`: per client the highest clock (inclusive) that some struct or parent refers to and that
    the update itself does not bring; the document must hold it or the struct would stay pending.
    `deletes`: per client the ranges that the update's delete set names, sorted and disjoint.
    `depth`: levels of the longest chain of shared types nested into each other; a root's child is
    level 1, and so is the topmost type of a chain that hangs in a type which the update does not
    bring. `grafted_depth`: the same, of the chains of this second kind only.
    `long_contents`: for long lists of values, by the byte where they begin, their number and the
    byte after them: nobody needs to walk them again.
    `pairs`: the surrogate pairs in the texts it brings. `cuts`: the (client, clock) outside of the
    update before which its structs want to lie.
    """

    structs: dict[ClientId, list[ClockRange]] = field(default_factory=dict)
    needs: dict[ClientId, int] = field(default_factory=dict)
    deletes: dict[ClientId, list[ClockRange]] = field(default_factory=dict)
    depth: int = 0
    grafted_depth: int = 0
    pairs: SurrogatePairs = field(default_factory=SurrogatePairs)
    cuts: list[tuple[int, int]] = field(default_factory=list)
    long_contents: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.structs and not self.deletes

    def missing(self, state: Mapping[ClientId, int]) -> dict[ClientId, int]:
        """What a document lacks: per client the state that it would first have to reach.

        `state` is the document's state vector. An empty answer means that the whole update
        applies and nothing of it stays pending, neither a struct nor a deletion.
        """
        lacking: dict[ClientId, int] = {}
        reached: dict[ClientId, int] = {}
        for client, ranges in self.structs.items():
            clock = state.get(client, 0)
            for start, end in ranges:
                if start > clock:
                    lacking[client] = start
                if end > clock:
                    clock = end
            reached[client] = clock
        for client, needed in self.needs.items():
            if needed >= state.get(client, 0) and needed >= lacking.get(client, 0):
                lacking[client] = needed + 1
        for client, ranges in self.deletes.items():
            end = ranges[-1][1]
            if end > reached.get(client, state.get(client, 0)) and end > lacking.get(client, 0):
                lacking[client] = end
        return lacking

    def cuts_a_pair(self, known: SurrogatePairs, state: Mapping[ClientId, int]) -> bool:
        """Whether it would cut a character in two, in a document at `state` with these pairs.

        pycrdt must not get such an update, see `surrogate_pairs`. To apply another one, first
        `known.add(scan.pairs, state)`.
        """
        # What the document has of a text already is cut off the beginning of what comes.
        return bool(known and known.are_cut(self.cuts, self.deletes)) or bool(
            self.pairs and self.pairs.are_cut(state.items(), {})
        )


def covers(ranges: Sequence[ClockRange], clock: int) -> bool:
    """Whether one of these sorted, disjoint ranges holds a clock."""
    if len(ranges) == 1:
        start, end = ranges[0]
        return start <= clock < end
    at = bisect_right(ranges, (clock, inf)) - 1
    return at >= 0 and clock < ranges[at][1]
