"""SQLite statements in one turn of the connection's thread each.

aiosqlite passes every step of a statement to its thread and back: open a cursor, execute, fetch,
close. In a process whose event loop is busy, each of the four waits for the interpreter's lock.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, Self

import aiosqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ROWS_PER_CHUNK = 64


class OneTurnCursor:
    """As much of `aiosqlite.Cursor` as SQLAlchemy asks for; all rows are fetched by `execute`."""

    def __init__(self, connection: OneTurnConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> Self:
        await self._connection.run(self._run, sqlite3.Connection.execute, operation, parameters)
        return self

    async def executemany(self, operation: str, parameters: Sequence[Sequence[Any]]) -> Self:
        await self._connection.run(self._run, sqlite3.Connection.executemany, operation, parameters)
        return self

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is left to close."""

    # In the connection's thread

    def _run(
        self,
        raw: sqlite3.Connection,
        method: Callable[[sqlite3.Connection, str, Any], sqlite3.Cursor],
        operation: str,
        parameters: Sequence[Any],
    ) -> None:
        with closing(method(raw, operation, parameters)) as cursor:
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else []
            self.rowcount = cursor.rowcount
            self.lastrowid = cursor.lastrowid


class OneTurnConnection(aiosqlite.Connection):
    """A connection whose cursors take one turn of its thread for each statement."""

    def cursor(self) -> OneTurnCursor:  # type: ignore[override]
        return OneTurnCursor(self)

    async def run(self, function: Any, *arguments: Any) -> None:
        """Call `function` with the connection, in the thread."""
        await self._execute(function, self._conn, *arguments)  # type: ignore[no-untyped-call]


def connect(database: str, **options: Any) -> OneTurnConnection:
    """What `aiosqlite.connect` does, for SQLAlchemy's `async_creator_fn`."""
    connection = OneTurnConnection(lambda: sqlite3.connect(database, **options), _ROWS_PER_CHUNK)
    # A process that ends without having closed it shall end all the same, as SQLAlchemy has it.
    connection._thread.daemon = True
    return connection
