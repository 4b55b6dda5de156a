"""Read single values in lib0's "any" encoding, from updates that passed the scan."""

from __future__ import annotations

import struct
from typing import Any, Final

from crdt_store.varint import read_uint31

NOT_JSON: Final = object()
"""What JSON has no value for: undefined, a big integer, bytes, or something that holds one."""


def read_any(data: bytes, pos: int) -> tuple[Any, int]:
    """One value, and the position after it. Nesting is bounded by the scan."""
    kind = data[pos]
    pos += 1
    match kind:
        case 119:
            size, pos = read_uint31(data, pos)
            return data[pos : pos + size].decode(), pos + size
        case 125:
            return _read_integer(data, pos)
        case 124:
            return struct.unpack_from(">f", data, pos)[0], pos + 4
        case 123:
            return struct.unpack_from(">d", data, pos)[0], pos + 8
        case 120 | 121:
            return kind == 120, pos
        case 126:
            return None, pos
        case 118:
            return _read_object(data, pos)
        case 117:
            return _read_list(data, pos)
        case 122:
            return NOT_JSON, pos + 8
        case 116:
            size, pos = read_uint31(data, pos)
            return NOT_JSON, pos + size
        case _:
            return NOT_JSON, pos


def _read_object(data: bytes, pos: int) -> tuple[Any, int]:
    count, pos = read_uint31(data, pos)
    found: dict[str, Any] = {}
    is_json = True
    for _ in range(count):
        size, pos = read_uint31(data, pos)
        key = data[pos : pos + size].decode()
        found[key], pos = read_any(data, pos + size)
        is_json = is_json and found[key] is not NOT_JSON
    return (found if is_json else NOT_JSON), pos


def _read_list(data: bytes, pos: int) -> tuple[Any, int]:
    count, pos = read_uint31(data, pos)
    found: list[Any] = []
    is_json = True
    for _ in range(count):
        value, pos = read_any(data, pos)
        found.append(value)
        is_json = is_json and value is not NOT_JSON
    return (found if is_json else NOT_JSON), pos


def _read_integer(data: bytes, pos: int) -> tuple[int, int]:
    byte = data[pos]
    pos += 1
    sign = -1 if byte & 64 else 1
    value = byte & 63
    shift = 6
    while byte > 127:
        byte = data[pos]
        pos += 1
        value |= (byte & 127) << shift
        shift += 7
    return sign * value, pos
