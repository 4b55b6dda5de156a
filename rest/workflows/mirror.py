"""What a workflow's row repeats of the document's `meta`, for lists and search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_NAME_CHARS = 512
MAX_DESCRIPTION_CHARS = 8_192
MAX_TAGS = 64
MAX_TAG_CHARS = 128


@dataclass(frozen=True, slots=True)
class MirroredMeta:
    """Always storable, whatever clients wrote into `meta`: other types and surplus are left out."""

    name: str
    description: str
    tags: list[str]

    @property
    def search_text(self) -> str:
        """What search looks into: folded here, as SQLite folds the case of ASCII only."""
        return "\n".join((self.name, self.description, *self.tags)).casefold()


def mirrored(meta: Mapping[str, Any]) -> MirroredMeta:
    tags = meta.get("tags")
    listed = tags if isinstance(tags, list) else []
    texts = [_text(tag, MAX_TAG_CHARS) for tag in listed if isinstance(tag, str)]
    return MirroredMeta(
        name=_text(meta.get("name"), MAX_NAME_CHARS),
        description=_text(meta.get("description"), MAX_DESCRIPTION_CHARS),
        tags=texts[:MAX_TAGS],
    )


def _text(value: object, max_chars: int) -> str:
    # PostgreSQL stores no NUL in text.
    return value[:max_chars].replace("\0", "") if isinstance(value, str) else ""
