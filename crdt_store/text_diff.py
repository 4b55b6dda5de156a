"""The smallest sensible edits that turn a Y.Text into a given string.

A text is never replaced as a whole, so that what others type into it meanwhile stays where they
typed it. Differences are found between words, then trimmed to code points; none is ever split.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycrdt import Text

_TOKEN = re.compile(r"\w+|\s|[^\w\s]")

_MAX_STEPS = 20_000
_MAX_SEARCHED_CHARS = 50_000
"""What bounds the search to a few ms; beyond either the differing middle is replaced as one."""


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Replace `old[start:stop]` by `insert`; counted in code points of the old string."""

    start: int
    stop: int
    insert: str


def text_edits(old: str, new: str) -> list[TextEdit]:
    """The edits from `old` to `new`, in ascending order and without overlap; [] if they are equal.

    One changed stretch gives one edit, bounded by the common prefix and suffix. Several far-apart
    changes give several edits, unless the texts differ so much that the search is given up.
    """
    edit = _trimmed(old, new, 0)
    if edit is None:
        return []
    if edit.start == edit.stop or not edit.insert:
        return [edit]
    if max(edit.stop - edit.start, len(edit.insert)) > _MAX_SEARCHED_CHARS:
        return [edit]
    old_tokens = _TOKEN.findall(old[edit.start : edit.stop])
    new_tokens = _TOKEN.findall(edit.insert)
    kept = _common_runs(old_tokens, new_tokens, _MAX_STEPS)
    if kept is None:
        return [edit]
    return _edits_between(kept, old_tokens, new_tokens, edit.start)


def set_text(text: Text, value: str) -> None:
    """Turn `text` into `value` by the edits of `text_edits`; nothing is written if it is equal.

    `value` must be valid Unicode (pycrdt panics on a lone surrogate).
    """
    edits = text_edits(str(text), value)
    if not edits:
        return
    place = _Places(text)
    with text.doc.transaction():
        # From the end to the front: each leaves the indices before it as they were.
        for edit in reversed(edits):
            start, stop = place.range(edit)
            if stop > start:
                del text[start:stop]
            if edit.insert:
                text.insert(start, edit.insert)


class _Places:
    """Turns code points of `str(text)` into the indices of its Y.Text.

    Those count UTF-8 bytes, and one for everything embedded, which `str` leaves out.
    """

    def __init__(self, text: Text) -> None:
        self._string = str(text)
        self._embeds: list[int] = []
        """For every embedded object, how many code points of the string precede it."""
        if len(text) != len(self._string.encode()):
            seen = 0
            for content, _ in text.diff():
                if isinstance(content, str):
                    seen += len(content)
                else:
                    self._embeds.append(seen)

    def range(self, edit: TextEdit) -> tuple[int, int]:
        """An insertion goes before what is embedded at its place, a deletion takes along only
        what is embedded strictly inside it."""
        start = self._index(edit.start, embeds_at=edit.stop > edit.start)
        return start, start if edit.stop == edit.start else self._index(edit.stop, embeds_at=False)

    def _index(self, code_points: int, *, embeds_at: bool) -> int:
        before = sum(
            1
            for place in self._embeds
            if place < code_points or (embeds_at and place == code_points)
        )
        return len(self._string[:code_points].encode()) + before


def _trimmed(old: str, new: str, offset: int) -> TextEdit | None:
    """One edit without the common prefix and suffix, or None if nothing is left of it."""
    if old == new:
        return None
    limit = min(len(old), len(new))
    prefix = _common_prefix(old, new, limit)
    suffix = _common_prefix(old[::-1], new[::-1], limit - prefix)
    return TextEdit(offset + prefix, offset + len(old) - suffix, new[prefix : len(new) - suffix])


def _common_prefix(one: str, other: str, limit: int) -> int:
    """By bisection over slices, which C compares: a long text costs microseconds."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _edits_between(
    kept: Sequence[tuple[int, int, int]],
    old_tokens: Sequence[str],
    new_tokens: Sequence[str],
    offset: int,
) -> list[TextEdit]:
    """The edits in the gaps between the kept runs, each trimmed to code points."""
    edits = []
    runs = [(0, 0, 0), *kept, (len(old_tokens), len(new_tokens), 0)]
    place = offset
    for (old_at, new_at, length), (old_next, new_next, _) in pairwise(runs):
        place += sum(map(len, old_tokens[old_at : old_at + length]))
        old = "".join(old_tokens[old_at + length : old_next])
        new = "".join(new_tokens[new_at + length : new_next])
        if (edit := _trimmed(old, new, place)) is not None:
            edits.append(edit)
        place += len(old)
    return edits


def _common_runs(
    old: Sequence[str], new: Sequence[str], max_steps: int
) -> list[tuple[int, int, int]] | None:
    """Runs `(old index, new index, length)` that a shortest edit script keeps (Myers 1986).

    None once `max_steps` are used up, which bounds the time for texts that have little in common.
    """
    steps = 0
    furthest = {1: 0}
    trace: list[dict[int, int]] = []
    for differences in range(len(old) + len(new) + 1):
        trace.append(dict(furthest))
        for diagonal in range(-differences, differences + 1, 2):
            down = diagonal == -differences or (
                diagonal != differences
                and furthest.get(diagonal - 1, -1) < furthest.get(diagonal + 1, -1)
            )
            x = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
            y = x - diagonal
            start = x
            while x < len(old) and y < len(new) and old[x] == new[y]:
                x, y = x + 1, y + 1
            furthest[diagonal] = x
            if x >= len(old) and y >= len(new):
                return _walk_back(trace, len(old), len(new))
            steps += 1 + x - start
            if steps > max_steps:
                return None
    return None


def _walk_back(trace: Sequence[dict[int, int]], x: int, y: int) -> list[tuple[int, int, int]]:
    runs = []
    for differences in range(len(trace) - 1, -1, -1):
        furthest, diagonal = trace[differences], x - y
        if differences == 0:
            start_x, start_y = 0, 0
            from_x, from_y = 0, 0
        else:
            down = diagonal == -differences or (
                diagonal != differences
                and furthest.get(diagonal - 1, -1) < furthest.get(diagonal + 1, -1)
            )
            from_diagonal = diagonal + 1 if down else diagonal - 1
            from_x = furthest[from_diagonal]
            from_y = from_x - from_diagonal
            start_x, start_y = (from_x, from_y + 1) if down else (from_x + 1, from_y)
        if x > start_x:
            runs.append((start_x, start_y, x - start_x))
        x, y = from_x, from_y
    runs.reverse()
    return runs
