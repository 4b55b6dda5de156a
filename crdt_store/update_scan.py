"""A structural check of an untrusted Yjs v1 update, before pycrdt sees it.

INTERFACE AGREED, TO BE IMPLEMENTED. The names and promises below are what server.live builds on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crdt_store.ids import ClientId

ClockRange = tuple[int, int]
"""[start, end) in Yjs clock ticks."""


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """What one update may hold. Sizes in bytes."""

    max_update_bytes: int = 16 * 1024 * 1024
    max_structs: int = 1_000_000
    max_depth: int = 64
    extra_roots: frozenset[str] = frozenset()


@dataclass(slots=True)
class Scan:
    """What an update would do, told without applying it.

    `structs`: per client the clock ranges that the update's structs cover, in order. Skip structs
    are left out, so a client with a gap has more than one range.
    `needs`: per client the highest clock (inclusive) that some struct or parent refers to and that
    the update itself does not bring; the document must hold it or the struct would stay pending.
    `deletes`: per client the ranges that the update's delete set names.
    """

    structs: dict[ClientId, list[ClockRange]] = field(default_factory=dict)
    needs: dict[ClientId, int] = field(default_factory=dict)
    deletes: dict[ClientId, list[ClockRange]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.structs and not self.deletes


def scan(update: bytes, limits: ScanLimits) -> Scan:
    """Scan a whole update at once. Raises MalformedUpdate or UpdateTooLarge."""
    raise NotImplementedError


def scan_in_slices(
    update: bytes, limits: ScanLimits, *, structs_per_slice: int
) -> Iterator[Scan | None]:
    """Scan a large update in slices of bounded work: yields None between slices, last the Scan.

    The caller gives the event loop a turn at every None, so that it is never held over 20 ms
    [LIVE-2]. Raises as `scan` does.
    """
    raise NotImplementedError


def read_state_vector(data: bytes) -> Mapping[ClientId, int]:
    """Decode a state vector from an untrusted sync step 1; bounded like `scan`. Raises MalformedUpdate."""
    raise NotImplementedError


def read_delete_set(update: bytes) -> Mapping[ClientId, Sequence[ClockRange]]:
    """The delete set of an update of our own making (trusted), merged and sorted per client."""
    raise NotImplementedError
