"""Lists in pages: `{items, next_cursor}`, with a cursor that is opaque to clients."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import orjson
from fastapi import Query

from rest.errors import InvalidInput

T = TypeVar("T")

MAX_LIMIT = 100
_MAX_NUMBER_DIGITS = 18

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items a page holds.")]
CursorText = Annotated[
    str | None,
    Query(alias="cursor", max_length=2048, description="The `next_cursor` of the page before."),
]


def encode_cursor(*key: str) -> str:
    """The sort key of a page's last item, as text that is safe in a URL."""
    return urlsafe_b64encode(orjson.dumps(key)).rstrip(b"=").decode()


def decode_cursor(cursor: str, *, length: int) -> list[str]:
    """The sort key back, of exactly `length` strings. Raises InvalidInput."""
    try:
        key = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        key = None
    if (
        not isinstance(key, list)
        or len(key) != length
        # PostgreSQL refuses NUL in text.
        or not all(isinstance(part, str) and "\0" not in part for part in key)
    ):
        raise InvalidInput("query.cursor", "is not a cursor of this list")
    return key


def decode_number(cursor: str) -> int:
    """The sort key of a list that goes by a number. Raises InvalidInput."""
    (text,) = decode_cursor(cursor, length=1)
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_NUMBER_DIGITS):
        raise InvalidInput("query.cursor", "is not a cursor of this list")
    return int(text)


def cut(
    found: Sequence[T], *, limit: int, key: Callable[[T], tuple[str, ...]]
) -> tuple[Sequence[T], str | None]:
    """The page and its `next_cursor`, from `limit + 1` rows: one too many says that more follow."""
    if len(found) <= limit:
        return found, None
    return found[:limit], encode_cursor(*key(found[limit - 1]))
