"""JSON values: which of them may enter a document, and when two of them are equal.

pycrdt panics on a lone surrogate and on an int above 2^63, stores None for an unsupported object,
and gives every int back as a float; so a value is checked here before pycrdt sees it.
"""

from __future__ import annotations

from math import inf, isfinite
from typing import Any, TypeAlias

from crdt_store.errors import InvalidGraph

Json = Any

MAX_DEPTH = 64
"""Nested lists and objects in one value; what `update_scan` lets clients send back."""

_MAX_SAFE = 2**53
"""Up to here every integer survives as a float (Yjs's number), beyond only some do."""

_Parts: TypeAlias = "tuple[_Parts, str | int] | None"
"""A path as a linked list, innermost part first: free to extend, written out only in errors."""


def pointer(*parts: str | int) -> str:
    """The JSON pointer (RFC 6901) that names `parts`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def checked_copy(
    value: object, path: str, *, around: int = 0, max_values: int | None = None
) -> Json:
    """A copy of `value` that is safe to hand to pycrdt and shares nothing with the original.

    Raises InvalidGraph, with `path` extended to the offending place, for anything but plain JSON:
    finite numbers, integers that a float holds exactly (all up to 2^53, few beyond: those come
    back as floats), text without lone surrogates, string keys, a depth of at most 64, the
    `around` levels that already surround `value` included; and for more than `max_values` values.
    """
    return _Copy(path, max_values).copy(value, None, around + 1)


class _Copy:
    """One run of `checked_copy`; recursion ends at MAX_DEPTH, whatever the value is."""

    def __init__(self, path: str, max_values: int | None) -> None:
        self._path = path
        self._left = max_values

    def copy(self, value: object, at: _Parts, depth: int) -> Json:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise self._refusal(None, "too large a value to copy")
        # Exact types: what a subclass does when pycrdt looks at it is anybody's guess.
        if type(value) is str:
            return self._text(value, at)
        if value is None or type(value) is bool:
            return value
        if type(value) is int:
            return value if -_MAX_SAFE <= value <= _MAX_SAFE else self._large(value, at)
        if type(value) is float:
            if not isfinite(value):
                raise self._refusal(at, "must be a finite number")
            return value
        if depth > MAX_DEPTH:
            raise self._refusal(at, f"nested deeper than {MAX_DEPTH} levels")
        if type(value) is list:
            return [self.copy(item, (at, index), depth + 1) for index, item in enumerate(value)]
        if type(value) is not dict:
            raise self._refusal(at, f"must be a JSON value, not {type(value).__name__}")
        result: dict[str, Json] = {}
        for key, item in value.items():
            if type(key) is not str:
                raise self._refusal(at, f"every key must be a string, not {type(key).__name__}")
            if not is_unicode(key):
                raise self._refusal(at, "a key holds a lone surrogate, which is no valid Unicode")
            result[key] = self.copy(item, (at, key), depth + 1)
        return result

    def _text(self, value: str, at: _Parts) -> str:
        if not is_unicode(value):
            raise self._refusal(at, "holds a lone surrogate, which is no valid Unicode")
        return value

    def _large(self, value: int, at: _Parts) -> float:
        try:
            number = float(value)
        except OverflowError:
            number = inf
        if number != value:
            raise self._refusal(at, "an integer that no float holds exactly; send it as a string")
        return number

    def _refusal(self, at: _Parts, detail: str) -> InvalidGraph:
        parts: list[str | int] = []
        while at is not None:
            at, part = at
            parts.append(part)
        return InvalidGraph(self._path + pointer(*reversed(parts)), detail)


def is_unicode(text: str) -> bool:
    """False if `text` holds a surrogate, which cannot be encoded."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_number(value: object) -> bool:
    """A finite JSON number; True and False are none."""
    return type(value) is int or (type(value) is float and isfinite(value))


def json_equal(one: Json, other: Json) -> bool:
    """Equality of JSON values: 1 equals 1.0, but neither equals true. Safe for any depth."""
    pairs = [(one, other)]
    while pairs:
        a, b = pairs.pop()
        if a is b:
            continue
        if isinstance(a, dict):
            if not isinstance(b, dict) or a.keys() != b.keys():
                return False
            pairs.extend((item, b[key]) for key, item in a.items())
        elif isinstance(a, list):
            if not isinstance(b, list) or len(a) != len(b):
                return False
            pairs.extend(zip(a, b, strict=True))
        elif isinstance(a, bool) or isinstance(b, bool) or isinstance(b, dict | list) or a != b:
            return False
    return True
