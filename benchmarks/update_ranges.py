"""Which clocks a Yjs v1 update brings: a reader of its own, apart from the server's scan."""

from __future__ import annotations

from benchmarks.wire import read_varuint

_GC, _SKIP = 0, 10
_XML_ELEMENT, _XML_HOOK = 3, 5


def clock_ranges(update: bytes) -> list[tuple[int, int, int]]:
    """(client id, start, end) runs of clocks that the update's structs cover, end exclusive.

    Trusts the update: it is one that our own server sent. Raises ValueError on an unknown struct.
    """
    runs: list[tuple[int, int, int]] = []
    clients, at = read_varuint(update, 0)
    for _ in range(clients):
        structs, at = read_varuint(update, at)
        client_id, at = read_varuint(update, at)
        clock, at = read_varuint(update, at)
        start = clock
        for _ in range(structs):
            info = update[at]
            if info & 0x1F == _SKIP:
                if clock > start:
                    runs.append((client_id, start, clock))
                size, at = read_varuint(update, at + 1)
                clock += size
                start = clock
                continue
            size, at = _read_struct(update, at + 1, info)
            clock += size
        if clock > start:
            runs.append((client_id, start, clock))
    return runs


def _read_struct(update: bytes, at: int, info: int) -> tuple[int, int]:
    """The clocks that a struct takes and the position behind it; `at` is behind its info byte."""
    if info == _GC:
        return read_varuint(update, at)
    if info & 0x80:  # left origin
        at = _skip_varuints(update, at, 2)
    if info & 0x40:  # right origin
        at = _skip_varuints(update, at, 2)
    if not info & 0xC0:  # the parent, and the key below it
        named, at = read_varuint(update, at)
        at = _skip_string(update, at) if named else _skip_varuints(update, at, 2)
        if info & 0x20:
            at = _skip_string(update, at)
    return _read_content(update, at, info & 0x1F)


def _read_content(update: bytes, at: int, kind: int) -> tuple[int, int]:
    match kind:
        case 1:  # deleted
            return read_varuint(update, at)
        case 2:  # JSON
            size, at = read_varuint(update, at)
            for _ in range(size):
                at = _skip_string(update, at)
            return size, at
        case 3 | 5:  # binary, embed
            return 1, _skip_string(update, at)
        case 4:  # string: the clock counts UTF-16 code units
            size, at = read_varuint(update, at)
            text = update[at : at + size].decode("utf-8", "surrogatepass")
            return len(text.encode("utf-16-le", "surrogatepass")) // 2, at + size
        case 6:  # format
            return 1, _skip_string(update, _skip_string(update, at))
        case 7:  # shared type
            type_ref, at = read_varuint(update, at)
            return 1, _skip_string(update, at) if type_ref in (_XML_ELEMENT, _XML_HOOK) else at
        case 8:  # any
            size, at = read_varuint(update, at)
            for _ in range(size):
                at = _skip_any(update, at)
            return size, at
        case _:
            raise ValueError(f"unknown content kind {kind} in an update from the server")


def _skip_varuints(update: bytes, at: int, count: int) -> int:
    while count:
        if update[at] < 0x80:
            count -= 1
        at += 1
    return at


def _skip_string(update: bytes, at: int) -> int:
    size, at = read_varuint(update, at)
    return at + size


def _skip_any(update: bytes, at: int) -> int:
    tag = update[at]
    at += 1
    match tag:
        case 127 | 126 | 121 | 120:  # undefined, null, false, true
            return at
        case 125:  # integer
            return _skip_varuints(update, at, 1)
        case 124:  # float32
            return at + 4
        case 123 | 122:  # float64, bigint
            return at + 8
        case 119 | 116:  # string, bytes
            return _skip_string(update, at)
        case 118:  # object
            size, at = read_varuint(update, at)
            for _ in range(size):
                at = _skip_any(update, _skip_string(update, at))
            return at
        case 117:  # array
            size, at = read_varuint(update, at)
            for _ in range(size):
                at = _skip_any(update, at)
            return at
        case _:
            raise ValueError(f"unknown value tag {tag} in an update from the server")
