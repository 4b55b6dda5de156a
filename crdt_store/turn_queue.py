"""The process's one fair FIFO write turn, for a database that admits one writer (SQLite)."""

from __future__ import annotations

import asyncio
from collections import deque

import anyio

from crdt_store.errors import CommitFailed

_ABANDONED = object()


class TurnQueue:
    """Ownership is handed from one writer straight to the next, so nobody can push in between.

    `outside_writes` counts the transactions that may have changed what the journal keeps in
    memory; whoever makes one increments it while holding the turn.
    """

    def __init__(self, *, timeout_s: float = 30.0) -> None:
        self.outside_writes = 0
        self._timeout_s = timeout_s
        self._holder: object | None = None
        self._waiting: deque[tuple[object, asyncio.Future[None]]] = deque()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    async def take(self) -> None:
        """Wait for the turn, in order of arrival.

        Raises CommitFailed if it is not free within the timeout, and RuntimeError if the calling
        task holds it already: it would wait for itself.
        """
        task = asyncio.current_task()
        if self._holder is None:
            self._holder = task
            return
        if self._holder is task:
            raise RuntimeError("this task holds the write turn already and would wait for itself")
        handed = asyncio.get_running_loop().create_future()
        entry = (task, handed)
        self._waiting.append(entry)
        try:
            with anyio.fail_after(self._timeout_s):
                await handed
        except BaseException as error:
            if handed.done() and not handed.cancelled():
                # The turn came in the same moment as the cancellation: pass it on.
                self.give_back()
            elif entry in self._waiting:
                self._waiting.remove(entry)
            if isinstance(error, TimeoutError):
                raise CommitFailed(
                    f"the write turn was not free within {self._timeout_s:g} s"
                ) from error
            raise

    def give_back(self) -> None:
        """Hand the turn to the one who waits longest; may be called from outside the holder."""
        while self._waiting:
            task, handed = self._waiting.popleft()
            if not handed.done():
                self._holder = task
                handed.set_result(None)
                return
        self._holder = None

    def abandon(self) -> None:
        """The holder stops waiting for an outcome; the turn stays taken until `give_back`."""
        self._holder = _ABANDONED
