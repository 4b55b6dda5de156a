"""Text as clients may send it: bounded, and only what both databases can store."""

from typing import Annotated

from pydantic import AfterValidator, Field

from crdt_store.graph_json import MAX_ID_CHARS
from server.core.auth import MAX_NAME_CHARS, MAX_USER_ID_CHARS
from server.core.names import is_printable_name

MAX_OWN_ID_CHARS = 128
"""Of the ids that this service gives: sessions', comments'."""
MAX_WORD_CHARS = 256


def _check_storable(text: str) -> str:
    # PostgreSQL refuses NUL in text. Half of a surrogate pair is no text to pydantic's bounds.
    if "\0" in text:
        raise ValueError("must not contain NUL")
    return text


def _check_name(text: str) -> str:
    if not is_printable_name(text):
        raise ValueError("must be printable")
    return text


Storable = AfterValidator(_check_storable)
"""To be named after the bounds: behind it, pydantic would speak of items, not of characters."""

ElementId = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS), Storable]
"""A node's or an edge's."""
OwnId = Annotated[str, Field(max_length=MAX_OWN_ID_CHARS), Storable]
UserIdText = Annotated[str, Field(max_length=MAX_USER_ID_CHARS), Storable]
UserName = Annotated[str, Field(max_length=MAX_NAME_CHARS), Storable, AfterValidator(_check_name)]
Word = Annotated[str, Field(min_length=1, max_length=MAX_WORD_CHARS), Storable]
"""What a list is filtered by."""
