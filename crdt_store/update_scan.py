"""A structural check of an untrusted Yjs v1 update, before pycrdt sees it.

The update is walked once, in time linear in its bytes, without recursion and without believing any
announced count. What passes can be given to pycrdt if `Scan.missing` is empty for the document.

Codes of UpdateRefused: `malformed` (the bytes), `bad_clock` (beyond 2^31, or a reference to the
future), `bad_reference` (structs that wait for each other, a parent that is no shared type),
`unknown_root`, `forbidden_type` (shapes that no workflow has), `not_json` (NaN, infinity),
`too_deep`, `too_large`.
"""

from collections.abc import Iterator, Mapping

from crdt_store.errors import MalformedUpdate, UpdateTooLarge
from crdt_store.ids import ClientId
from crdt_store.scan_result import ClockRange, Scan, ScanLimits
from crdt_store.struct_walk import walk
from crdt_store.varint import CLOCK_LIMIT, read_client, read_uint31, uint31_tail
from crdt_store.workflow import ROOTS

__all__ = [
    "ClockRange",
    "Scan",
    "ScanLimits",
    "count_state_vector_clients",
    "read_own_state_vector",
    "read_state_vector",
    "scan",
    "scan_in_slices",
    "survey_in_slices",
]

MAX_STATE_VECTOR_CLIENTS = 50_000

_ROOT_NAMES = frozenset(name.encode() for name in ROOTS)
_NO_PAUSE = 1 << 62
_TRUSTED = ScanLimits(
    max_update_bytes=CLOCK_LIMIT,
    max_structs=CLOCK_LIMIT,
    max_depth=CLOCK_LIMIT,
    max_clients=CLOCK_LIMIT,
)


def scan(update: bytes, limits: ScanLimits) -> Scan:
    """Scan a whole update at once. Raises MalformedUpdate or UpdateTooLarge."""
    try:
        next(walk(update, limits, _ROOT_NAMES, _NO_PAUSE))
    except StopIteration as end:
        result: Scan = end.value
        return result
    raise AssertionError("a walk without a limit has paused")


def scan_in_slices(
    update: bytes, limits: ScanLimits, *, structs_per_slice: int
) -> Iterator[Scan | None]:
    """Scan a large update in slices of bounded work: yields None between slices, last the Scan.

    The caller gives the event loop a turn at every None, so that it is never held over 20 ms
    [LIVE-2]. A value inside a struct counts like a struct. Raises as `scan` does, at any step.
    """
    yield (yield from walk(update, limits, _ROOT_NAMES, structs_per_slice))


def survey_in_slices(state: bytes, *, structs_per_slice: int) -> Iterator[Scan | None]:
    """`scan_in_slices` of a document's own state: any root, no limits. For what it holds."""
    yield (yield from walk(state, _TRUSTED, None, structs_per_slice))


def count_state_vector_clients(data: bytes) -> int:
    """How many clients an untrusted state vector announces; reads five bytes at most.

    What follows is not looked at. Raises MalformedUpdate if it cannot hold so many.
    """
    try:
        count, pos = read_uint31(data, 0)
    except IndexError:
        raise MalformedUpdate("malformed", "the state vector ends too early") from None
    if count * 2 > len(data) - pos:
        raise MalformedUpdate("malformed", f"state vector announces {count} clients, too many")
    return count


def read_state_vector(data: bytes) -> Mapping[ClientId, int]:
    """Decode a state vector from an untrusted sync step 1; bounded like `scan`.

    Raises MalformedUpdate, or UpdateTooLarge above 50,000 clients.
    """
    count = count_state_vector_clients(data)
    if count > MAX_STATE_VECTOR_CLIENTS:
        raise UpdateTooLarge("too_large", f"state vector announces {count} clients")
    return read_own_state_vector(data)


def read_own_state_vector(data: bytes) -> Mapping[ClientId, int]:
    """Decode the state vector of a document of our own, however many clients wrote in it.

    Raises MalformedUpdate.
    """
    count = count_state_vector_clients(data)
    pos = 0
    state: dict[ClientId, int] = {}
    try:
        _, pos = read_uint31(data, 0)
        for _ in range(count):
            client, pos = read_client(data, pos)
            clock = data[pos]
            pos += 1
            if clock > 127:
                clock, pos = uint31_tail(data, pos, clock)
            state[ClientId(client)] = clock
    except IndexError:
        raise MalformedUpdate("malformed", "the state vector ends too early") from None
    if len(state) != count:
        raise MalformedUpdate("malformed", "the state vector names a client twice")
    if pos != len(data):
        raise MalformedUpdate("malformed", f"bytes left over after the state vector, at {pos}")
    return state
