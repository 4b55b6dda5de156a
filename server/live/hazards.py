"""What must be known of a whole document to judge an update: its pairs and its nesting.

Both kinds of update look harmless by themselves, and damage what yrs holds: one cuts a character
of two UTF-16 units in two, the other hangs types into each other without end.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crdt_store.errors import UpdateTooLarge
from crdt_store.nesting_budget import NestingBudget
from crdt_store.surrogate_pairs import SurrogatePairs
from crdt_store.update_scan import survey_in_slices
from server.core.close_codes import CloseCode
from server.live.gate import Refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crdt_store.ids import ClientId
    from crdt_store.update_scan import Scan

_STRUCTS_PER_SLICE = 1_000
_SURVEY_ABOVE = 64
_MAX_NESTED_TYPES = 128
"""A workflow has 3 levels of shared types. JSON writers stop at about 250 levels of any kind."""
_FOUR_BYTE_CHARACTER = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")

CUTS_A_CHARACTER = Refuse("cuts_a_character", CloseCode.RESET_NEEDED)
TOO_DEEP = Refuse("too_deep", CloseCode.TOO_LARGE)


def may_hold_pairs(stored: bytes) -> bool:
    """False only if no text in these bytes holds a character beyond U+FFFF."""
    return _FOUR_BYTE_CHARACTER.search(stored) is not None


class Hazards:
    """The hazards of one document. `clocks` is always its state before the update in question."""

    def __init__(self) -> None:
        self._pairs = SurrogatePairs()
        self._nesting = NestingBudget(soft_limit=_SURVEY_ABOVE, hard_limit=_MAX_NESTED_TYPES)

    @property
    def is_survey_due(self) -> bool:
        return self._nesting.is_measuring_due

    def refusal(self, scan: Scan, clocks: Mapping[ClientId, int]) -> Refuse | None:
        """Why an update that is complete and permitted must not be applied all the same."""
        if scan.cuts_a_pair(self._pairs, clocks):
            return CUTS_A_CHARACTER
        try:
            self._nesting.admit(scan)
        except UpdateTooLarge:
            return TOO_DEEP
        return None

    def note(self, scan: Scan, clocks: Mapping[ClientId, int]) -> None:
        """An update is about to be applied to the document at `clocks`."""
        if scan.pairs:
            self._pairs.add(scan.pairs, clocks)
        if scan.depth or scan.grafted_depth:
            self._nesting.count(scan)

    def survey(self, state: bytes, *, learn_pairs: bool) -> Iterator[None]:
        """Read a whole document anew, in slices of a few ms; edits may go on between them.

        `learn_pairs` when it was just loaded; later every pair is known from its update.
        """
        self._nesting.begin_measuring()
        for found in survey_in_slices(state, structs_per_slice=_STRUCTS_PER_SLICE):
            if found is None:
                yield
            else:
                if learn_pairs:
                    self._pairs.add(found.pairs, {})
                self._nesting.end_measuring(found.depth)
