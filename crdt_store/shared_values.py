"""Which values of a node's or an edge's `data` are shared types, so that several edit them at once.

In `data` strings under a text key are Y.Text, and objects under a map key are Y.Map: the settings
of a node that real workflows keep one level deeper. In such a map strings are Y.Text if they stand
under a text key or are long. All else is plain JSON, and so is everything inside a setting.

Clients that create nodes do the same: `web/react/src/flow/shared_values.ts`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pycrdt import Map, Text

if TYPE_CHECKING:
    from crdt_store.json_values import Json

DEFAULT_TEXT_KEYS = ("prompt", "code", "description", "instructions")
DEFAULT_MAP_KEYS = ("inputs", "parameters", "config")

_SHORT = re.compile(r"[^\r\n]{0,64}")
"""One line of at most 64 code points: a choice or a name, not a text that people write."""


@dataclass(frozen=True, slots=True)
class SharedKeys:
    """Says what a checked JSON value becomes when it is first set under a key."""

    texts: frozenset[str] = frozenset(DEFAULT_TEXT_KEYS)
    maps: frozenset[str] = frozenset(DEFAULT_MAP_KEYS)

    def in_data(self, key: str, value: Json) -> Any:
        """What `data` is to hold: JSON, a new Text, or a new Map."""
        if isinstance(value, dict) and key in self.maps:
            return Map({name: self.in_settings(name, item) for name, item in value.items()})
        return Text(value) if isinstance(value, str) and key in self.texts else value

    def in_settings(self, key: str, value: Json) -> Any:
        """What a map of settings is to hold: JSON or a new Text."""
        is_text = isinstance(value, str) and (key in self.texts or not _SHORT.fullmatch(value))
        return Text(value) if is_text else value


DEFAULT_KEYS = SharedKeys()
PLAIN = SharedKeys(frozenset(), frozenset())
"""Nothing in `data` becomes a shared type."""
