"""What the details of an audit entry may be, so that both databases give back the very same."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_EXACT = 2**53
"""Beyond it JSON's readers disagree about a number."""


def storable(details: Mapping[str, Any]) -> dict[str, Any]:
    """A copy that survives JSONB and SQLite's JSON unchanged, or the hash would not fit any more.

    PostgreSQL keeps numbers as decimals (`1e3` comes back as `1000`) and refuses NUL. So a number
    that is whole becomes an int, one that is too large text, a moment RFC 3339; NUL is replaced.
    Raises TypeError for what is no JSON: that is the caller's mistake.
    """
    return {_text(key): _value(value) for key, value in details.items()}


def _value(value: object) -> Any:
    match value:
        case None | bool():
            return value
        case Enum():
            return _value(value.value)
        case str():
            return _text(value)
        case int():
            return value if abs(value) <= _MAX_EXACT else str(value)
        case float():
            # NaN and the infinities fail the comparison.
            if not abs(value) <= _MAX_EXACT:
                return str(value)
            return int(value) if value.is_integer() else value
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case dict():
            return storable(value)
        case list() | tuple():
            return [_value(each) for each in value]
        case _:
            raise TypeError(f"{type(value).__name__} cannot be a detail of an audit entry")


def _text(value: str) -> str:
    return str(value).replace("\0", "\ufffd")
