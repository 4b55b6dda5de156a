"""One sqlite3 connection in a thread of its own, with one hop for a whole transaction."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from crdt_store.engines import sqlite_pragmas
from crdt_store.errors import CommitFailed

if TYPE_CHECKING:
    from pathlib import Path

Work = Callable[[sqlite3.Connection], Any]
Done = Callable[[Any, sqlite3.Error | None], None]
"""Called in the event loop with the work's result, or with the error and no result."""


class SqliteThread:
    """Runs work in order. The queue needs no bound: the write turn lets one piece in at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._work: SimpleQueue[tuple[Work, Done] | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="coflow-journal", daemon=True)
        self._closed = False

    async def start(self) -> None:
        """Connect; raises CommitFailed if the file cannot be opened."""
        self._thread.start()
        await self.call(_nothing)

    async def call(self, work: Work) -> Any:
        """Run `work` and return its result; raises CommitFailed for an error of SQLite.

        A cancelled caller does not stop the work: use it to read, or shield it.
        """
        waiter: asyncio.Future[Any] = self._loop.create_future()

        def done(result: Any, error: sqlite3.Error | None) -> None:
            if waiter.done():
                return
            if error is None:
                waiter.set_result(result)
            else:
                waiter.set_exception(failed(error))

        self.submit(work, done)
        return await waiter

    def submit(self, work: Work, done: Done) -> None:
        """Queue `work`; `done` is called exactly once. Raises CommitFailed once closed."""
        if self._closed:
            raise CommitFailed("the journal is closed")
        self._work.put((work, done))

    async def close(self) -> None:
        """Finish what is queued, close the connection, end the thread."""
        if self._closed:
            return
        self._closed = True
        self._work.put(None)
        await asyncio.shield(asyncio.to_thread(self._thread.join))

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        report = self._loop.call_soon_threadsafe
        while (item := self._work.get()) is not None:
            work, done = item
            try:
                if connection is None:
                    connection = self._connect()
                result = work(connection)
            except sqlite3.Error as error:
                report(done, None, error)
            else:
                report(done, result, None)
        if connection is not None:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None)
        for pragma in sqlite_pragmas():
            connection.execute(pragma)
        return connection


def failed(error: sqlite3.Error) -> CommitFailed:
    failure = CommitFailed(f"SQLite: {error}")
    failure.__cause__ = error
    return failure


def _nothing(_connection: sqlite3.Connection) -> None:
    return None
