"""Bounded, canonical reading of lib0's variable-length integers from untrusted bytes.

Each reader takes the bytes and a position and returns `(value, next position)`. It reads at most
as many bytes as its range needs, so that a long run of ff bytes costs nothing, and refuses
encodings longer than necessary: no Yjs client writes those, and with one spelling per number two
ids are equal exactly when their bytes are. Reading past the end raises IndexError, which the
caller turns into MalformedUpdate: a bounds check of its own per byte would double the cost.
"""

from crdt_store.errors import MalformedUpdate

CLOCK_LIMIT = 1 << 31
"""Clocks, lengths and counts are below it: yrs computes with them as signed 32-bit integers."""
CLIENT_LIMIT = 1 << 53
"""Client ids are below it: yrs masks higher bits away, so that two ids would become one."""

_INTEGER_LIMIT = 1 << 53


def read_uint31(data: bytes, pos: int) -> tuple[int, int]:
    """A clock, length or count below 2^31. Raises MalformedUpdate (`malformed`, `bad_clock`)."""
    first = data[pos]
    if first < 128:
        return first, pos + 1
    return uint31_tail(data, pos + 1, first)


def uint31_tail(data: bytes, pos: int, first: int) -> tuple[int, int]:
    """The rest of a number whose `first` byte, read already, says that more follow."""
    value = first & 127
    shift = 7
    while True:
        byte = data[pos]
        pos += 1
        if byte < 128:
            if not byte:
                raise MalformedUpdate("malformed", f"overlong integer before byte {pos}")
            value |= byte << shift
            if value >= CLOCK_LIMIT:
                raise MalformedUpdate(
                    "bad_clock", f"{value} before byte {pos} is not below 2^31, the limit of clocks"
                )
            return value, pos
        value |= (byte & 127) << shift
        shift += 7
        if shift > 28:
            raise MalformedUpdate("malformed", f"overlong integer at byte {pos}")


def read_client(data: bytes, pos: int) -> tuple[int, int]:
    """A client id below 2^53. Raises MalformedUpdate."""
    value = data[pos]
    pos += 1
    if value < 128:
        return value, pos
    value &= 127
    shift = 7
    while True:
        byte = data[pos]
        pos += 1
        if byte < 128:
            if not byte:
                raise MalformedUpdate("malformed", f"overlong client id before byte {pos}")
            value |= byte << shift
            if value >= CLIENT_LIMIT:
                raise MalformedUpdate(
                    "malformed", f"client id {value} before byte {pos} is not below 2^53"
                )
            return value, pos
        value |= (byte & 127) << shift
        shift += 7
        if shift > 49:
            raise MalformedUpdate("malformed", f"overlong client id at byte {pos}")


def skip_integer(data: bytes, pos: int) -> int:
    """Step over a signed integer of at most 53 bits, the range in which JavaScript is exact."""
    byte = data[pos]
    pos += 1
    if byte < 128:
        return pos
    value = byte & 63
    shift = 6
    while True:
        byte = data[pos]
        pos += 1
        if byte < 128:
            if not byte:
                raise MalformedUpdate("malformed", f"overlong integer before byte {pos}")
            if value | byte << shift >= _INTEGER_LIMIT:
                raise MalformedUpdate("not_json", f"integer before byte {pos} is beyond 2^53")
            return pos
        value |= (byte & 127) << shift
        shift += 7
        if shift > 48:
            raise MalformedUpdate("malformed", f"overlong integer at byte {pos}")
