"""What a plan was made from: where none of it has changed, the plan still holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Read = tuple[Literal["nodes", "edges", "meta"], str]
"""A node or an edge by its id, or META."""

META: Read = ("meta", "")


@dataclass(slots=True)
class Footprint:
    """The content that planning read, besides which entities there are, their order and parents.

    Filled in while planning. With the same ids in the same places, and the same content of what
    is named here, planning anew would give the same plan, or the same refusal.
    """

    read: set[Read] = field(default_factory=set)
    is_everything: bool = False
