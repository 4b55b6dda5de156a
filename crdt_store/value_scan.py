"""Step over the values inside an untrusted update: strings, lib0's "any" encoding, JSON text."""

import orjson

from crdt_store.errors import MalformedUpdate, UpdateTooLarge
from crdt_store.varint import read_uint31, skip_integer, uint31_tail

MAX_WIDE_STRING_BYTES = 4 * 1024 * 1024
"""Longest string that is not plain ASCII: checking it takes 12 ms, and cannot be interrupted."""
MAX_JSON_BYTES = 256 * 1024
"""Longest formatting attribute or embed."""

_ASTRAL_LEADS = bytes(range(0xF0, 0x100))


def check_text(raw: bytes, pos: int) -> str:
    """Decode UTF-8 that is not plain ASCII; `pos` is where it begins, for the message.

    Raises MalformedUpdate for what is no UTF-8, lone surrogates included.
    """
    if len(raw) > MAX_WIDE_STRING_BYTES:
        raise UpdateTooLarge("too_large", f"string at byte {pos} is longer than 4 MiB")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedUpdate(
            "malformed", f"string at byte {pos} is no UTF-8 ({error.reason})"
        ) from None


def count_pairs(raw: bytes) -> int:
    """How many characters of UTF-8 text are two units in UTF-16."""
    # They are those beyond the basic plane, which in UTF-8 begin with f0 or above.
    return len(raw) - len(raw.translate(None, _ASTRAL_LEADS))


def skip_string(data: bytes, pos: int) -> int:
    """Step over a length-prefixed UTF-8 string."""
    length = data[pos]
    pos += 1
    if length > 127:
        length, pos = uint31_tail(data, pos, length)
    end = pos + length
    if end > len(data):
        raise MalformedUpdate("malformed", f"string at byte {pos} is longer than the update")
    raw = data[pos:end]
    if not raw.isascii():
        check_text(raw, pos)
    return end


def skip_values(
    data: bytes, pos: int, stack: list[int], max_depth: int, budget: int
) -> tuple[int, int]:
    """Step over "any" values, at most `budget` of them; return the position and the budget left.

    `stack` holds how many values each open container still lacks, innermost last, negative for an
    object (whose values come after a key); the caller starts with `[count]`. If it is not empty at
    the end, the budget is used up and the next call goes on. Nothing recurses, and nothing is
    allocated for an announced count.
    """
    size = len(data)
    while budget > 0:
        left = stack[-1]
        if not left:
            stack.pop()
            if not stack:
                break
            continue
        if left < 0:
            end = skip_string(data, pos)
            budget -= (end - pos) >> 10
            pos = end
            stack[-1] = left + 1
        else:
            stack[-1] = left - 1
        budget -= 1
        kind = data[pos]
        pos += 1
        if kind == 119:
            length = data[pos]
            pos += 1
            if length > 127:
                length, pos = uint31_tail(data, pos, length)
            end = pos + length
            raw = data[pos:end]
            if not raw.isascii():
                check_text(raw, pos)
                budget -= length >> 10
            pos = end
        elif kind == 125:
            pos = skip_integer(data, pos)
        elif kind == 123:
            if data[pos] & 0x7F == 0x7F and data[pos + 1] >= 0xF0:
                raise MalformedUpdate("not_json", f"number at byte {pos} is infinite or NaN")
            pos += 8
        elif kind == 118 or kind == 117:
            at = pos
            count, pos = read_uint31(data, pos)
            # A value takes a byte at least, and so does its key.
            if (count + count if kind == 118 else count) > size - pos:
                raise MalformedUpdate(
                    "malformed", f"container at byte {at} announces {count} values, too many"
                )
            if len(stack) > max_depth:
                raise UpdateTooLarge(
                    "too_deep", f"value at byte {at} is nested deeper than {max_depth}"
                )
            stack.append(-count if kind == 118 else count)
        elif kind == 120 or kind == 121 or kind == 126 or kind == 127:
            pass
        elif kind == 124:
            if data[pos] & 0x7F == 0x7F and data[pos + 1] >= 0x80:
                raise MalformedUpdate("not_json", f"number at byte {pos} is infinite or NaN")
            pos += 4
        elif kind == 122:
            pos += 8
        elif kind == 116:
            length, pos = read_uint31(data, pos)
            pos += length
        else:
            raise MalformedUpdate("malformed", f"unknown value type {kind} before byte {pos}")
        if pos > size:
            raise MalformedUpdate("malformed", f"value is longer than the update ({size} bytes)")
    return pos, budget


def skip_json(data: bytes, pos: int, max_depth: int) -> int:
    """Step over a length-prefixed string that must hold one JSON value which pycrdt can read."""
    length, pos = read_uint31(data, pos)
    end = pos + length
    if end > len(data):
        raise MalformedUpdate("malformed", f"JSON at byte {pos} is longer than the update")
    if length > MAX_JSON_BYTES:
        raise UpdateTooLarge("too_large", f"JSON at byte {pos} is longer than 256 KiB")
    try:
        value = orjson.loads(data[pos:end])
    except orjson.JSONDecodeError as error:
        raise MalformedUpdate("not_json", f"no JSON at byte {pos}: {error.msg}") from None
    if value is None or value is True or value is False or isinstance(value, str):
        return end
    level: list[object] = [value]
    for _ in range(max_depth + 1):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
            elif isinstance(item, int) and item >= 1 << 63:
                # yrs reads whole numbers as signed 64-bit integers and fails on others.
                raise MalformedUpdate("not_json", f"integer in JSON at byte {pos} is beyond 2^63")
        if not inner:
            return end
        level = inner
    raise UpdateTooLarge("too_deep", f"JSON at byte {pos} is nested deeper than {max_depth}")
