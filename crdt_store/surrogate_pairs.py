"""Where texts hold characters of two UTF-16 units, and which updates would cut one in two.

Clocks count UTF-16 units. Yjs, asked to split a text inside such a pair, puts U+FFFD on both sides.
yrs keeps the whole character on the left and nothing on the right, and then writes a state whose
clocks are off by one: everyone who loads it diverges for good (y-crdt pull request 399). A
browser's client sends such an update when it takes a text's difference unit by unit. So whoever
keeps a document remembers its pairs, and does not apply an update that cuts one.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping

from crdt_store.ids import ClientId


class SurrogatePairs:
    """The pairs in a set of texts, by client and clock. Texts without any cost nothing."""

    __slots__ = ("_texts",)

    def __init__(self) -> None:
        self._texts: dict[int, list[tuple[int, bytes]]] = {}

    def __bool__(self) -> bool:
        return bool(self._texts)

    def add_text(self, client: int, clock: int, text: str) -> None:
        """A text with pairs whose first unit is at `clock`; one client's come in order."""
        # The upper byte of each unit tells what the unit is.
        self._texts.setdefault(client, []).append((clock, text.encode("utf-16-le")[1::2]))

    def add(self, other: "SurrogatePairs", state: Mapping[ClientId, int]) -> None:
        """Take over the pairs of an update that is applied to a document at `state`.

        What the document has already is left out: whatever the update says of it is not believed.
        """
        for client, texts in other._texts.items():
            known = state.get(ClientId(client), 0)
            for start, units in texts:
                skipped = max(known - start, 0)
                if skipped < len(units):
                    mine = self._texts.setdefault(client, [])
                    mine.append((start + skipped, units[skipped:]))

    def is_cut(self, client: int, clock: int) -> bool:
        """Whether a boundary just before `clock` would lie inside a pair."""
        texts = self._texts.get(client)
        if texts is None:
            return False
        at = bisect_right(texts, clock, key=_start) - 1
        if at < 0:
            return False
        start, units = texts[at]
        return clock - start < len(units) and 0xDC <= units[clock - start] <= 0xDF

    def are_cut(
        self,
        boundaries: Iterable[tuple[int, int]],
        ranges: Mapping[ClientId, Iterable[tuple[int, int]]],
    ) -> bool:
        """Whether one of these (client, clock), or an end of one of these ranges, cuts a pair."""
        return any(self.is_cut(client, clock) for client, clock in boundaries) or any(
            self.is_cut(client, start) or self.is_cut(client, end)
            for client in ranges.keys() & self._texts.keys()
            for start, end in ranges[ClientId(client)]
        )


def _start(text: tuple[int, bytes]) -> int:
    return text[0]
