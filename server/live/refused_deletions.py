"""Deletions that were refused, so that an old document cannot bring them back.

Whoever made one has it in their document for good: a stock client names all it ever deleted in
every step 2. When the lock is gone nothing else would tell that from a wish of today.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crdt_store.ids import ClientId, UserId
    from crdt_store.journal import RefusedRange
    from crdt_store.scan_result import ClockRange

MAX_RANGES = 20_000
"""Of one document, the oldest go first."""

Piece = tuple["ClientId", int, int]
"""A client, and clocks [start, end)."""


class RefusedDeletions:
    """Those of one document, by the user whose they were."""

    def __init__(self, known: Iterable[RefusedRange] = ()) -> None:
        self._pieces: OrderedDict[RefusedRange, None] = OrderedDict()
        self._by_user: dict[UserId, dict[ClientId, list[ClockRange]]] = {}
        self._news: list[RefusedRange] = []
        for user_id, client, start, end in known:
            self._add(user_id, client, start, end)

    def note(self, user_id: UserId, pieces: Iterable[Piece]) -> None:
        """The user wanted these deleted, and was refused."""
        for client, start, end in pieces:
            if self._add(user_id, client, start, end):
                self._news.append((user_id, client, start, end))

    def take_news(self) -> list[RefusedRange]:
        """What was noted since the last call, to be stored."""
        news, self._news = self._news, []
        return news

    def returning(
        self, user_id: UserId, deletes: Mapping[ClientId, Sequence[ClockRange]]
    ) -> Iterator[Piece]:
        """What of a user's deletions was refused before; deleted meanwhile or not."""
        mine = self._by_user.get(user_id)
        if not mine:
            return
        for client in deletes.keys() & mine.keys():
            for start, end in mine[client]:
                for low, high in deletes[client]:
                    if low < end and start < high:
                        yield client, max(low, start), min(high, end)

    def _add(self, user_id: UserId, client: ClientId, start: int, end: int) -> bool:
        key = (user_id, client, start, end)
        if key in self._pieces:
            return False
        self._pieces[key] = None
        self._by_user.setdefault(user_id, {}).setdefault(client, []).append((start, end))
        if len(self._pieces) > MAX_RANGES:
            (old_user, old_client, *clocks), _ = self._pieces.popitem(last=False)
            self._by_user[old_user][old_client].remove((clocks[0], clocks[1]))
        return True
