"""What was refused of a document, so that an old replica cannot bring it back unnoticed.

Whoever was refused has it in their replica for good. A deletion is named in every step 2: when the
lock is gone nothing else would tell it from a wish of today. Structs that were refused are
collected here and in every replica that has begun since, which name them among the deleted; the old
replica still holds them, and shows what nobody else does.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from crdt_store.journal import RefusedRange
from crdt_store.structs import difference, merged_ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crdt_store.ids import ClientId, UserId
    from crdt_store.scan_result import ClockRange

MAX_RANGES = 20_000
"""Of one document, the oldest go first."""

Piece = tuple["ClientId", int, int]
"""A client, and clocks [start, end)."""


class Refusals:
    """Those of one document: deletions by the user whose they were, and structs."""

    def __init__(self, known: Iterable[RefusedRange] = ()) -> None:
        self._ranges: OrderedDict[RefusedRange, None] = OrderedDict()
        self._deletions: dict[UserId, dict[ClientId, list[ClockRange]]] = {}
        self._structs: dict[ClientId, list[ClockRange]] = {}
        self._news: list[RefusedRange] = []
        for refused in known:
            self._add(refused)

    def note(
        self, user_id: UserId, *, deletions: Iterable[Piece] = (), structs: Iterable[Piece] = ()
    ) -> None:
        """The user wanted these deleted, or brought these, and was refused."""
        refused = [RefusedRange(user_id, *piece) for piece in deletions]
        refused += [RefusedRange(user_id, *piece, of_structs=True) for piece in structs]
        self._news += [each for each in refused if self._add(each)]

    def take_news(self) -> list[RefusedRange]:
        """What was noted since the last call, to be stored."""
        news, self._news = self._news, []
        return news

    def returning(
        self, user_id: UserId, deletes: Mapping[ClientId, Sequence[ClockRange]]
    ) -> Iterator[Piece]:
        """What of a user's deletions was refused before; deleted meanwhile or not."""
        mine = self._deletions.get(user_id)
        if not mine:
            return
        for client in deletes.keys() & mine.keys():
            refused = merged_ranges(mine[client])
            for low, high in difference(refused, difference(refused, deletes[client])):
                yield client, low, high

    def are_held(
        self, clocks: Mapping[ClientId, int], deletes: Mapping[ClientId, Sequence[ClockRange]]
    ) -> bool:
        """Whether a replica with these clocks, in which this is deleted, holds refused structs."""
        for client in self._structs.keys() & clocks.keys():
            held = clocks[client]
            refused = [(low, min(high, held)) for low, high in self._structs[client] if low < held]
            if difference(merged_ranges(refused), deletes.get(client, ())):
                return True
        return False

    def _add(self, refused: RefusedRange) -> bool:
        if refused in self._ranges:
            return False
        self._ranges[refused] = None
        self._of_its_kind(refused).append((refused.start, refused.end))
        if len(self._ranges) > MAX_RANGES:
            oldest, _ = self._ranges.popitem(last=False)
            self._of_its_kind(oldest).remove((oldest.start, oldest.end))
        return True

    def _of_its_kind(self, refused: RefusedRange) -> list[ClockRange]:
        if refused.of_structs:
            return self._structs.setdefault(refused.client, [])
        return self._deletions.setdefault(refused.user_id, {}).setdefault(refused.client, [])
