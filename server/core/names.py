"""What people may be called. Ids are stricter: two that look the same must be the same."""

from __future__ import annotations

from typing import Final
from unicodedata import bidirectional, category

_NEVER: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, halves of characters that no database takes, ends of lines."""
_TURNS_TEXT: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Such a character turns what is written around the name as well."""
_UNSEEN: Final = frozenset({"Cf", "Mn", "Zs"})
"""Seen only with others: joiners in emoji and in Persian, variation selectors, spaces."""


def is_printable_name(text: str) -> bool:
    """Whether the name stays in its line and its place; one that is not blank has to be seen."""
    # Not str.isprintable: it refuses joiners, and emoji that are newer than this Python.
    if any(category(each) in _NEVER or bidirectional(each) in _TURNS_TEXT for each in text):
        return False
    return not text.strip() or any(category(each) not in _UNSEEN for each in text)
