"""A person's colour: the same everywhere, readable on white and on dark."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crdt_store.ids import UserId

PALETTE: Final = (
    "#d6336c",
    "#ae3ec9",
    "#7048e8",
    "#4263eb",
    "#1c7ed6",
    "#1098ad",
    "#0ca678",
    "#2f9e44",
    "#66900c",
    "#d96f00",
    "#e8590c",
    "#e03131",
)
"""Mid-tones: each has a contrast of at least 3:1 against both #ffffff and #1a1b1e (WCAG 1.4.11)."""


def color_of(user_id: UserId) -> str:
    """A colour of the palette, `#rrggbb`, that depends on the user id alone."""
    digest = hashlib.blake2b(user_id.encode(), digest_size=4).digest()
    return PALETTE[int.from_bytes(digest, "big") % len(PALETTE)]
