"""A database beside the server that may have it open: for commands that only read."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from sqlalchemy.ext.asyncio import AsyncSession

from crdt_store.database_url import is_sqlite, parse_database_url, sqlite_path
from crdt_store.engines import COMMAND_TIMEOUT_S, postgres_engine, sqlite_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncEngine


class ReadOnlyDatabase:
    """Open it with `async with ReadOnlyDatabase.open(url) as database`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[ReadOnlyDatabase]:
        """One connection that cannot write; an SQLite file's lock is not asked for.

        Raises FileNotFoundError where there is no SQLite file, as connecting would make one, and
        ValueError for a URL that names no database of ours.
        """
        parsed = parse_database_url(url)
        if is_sqlite(parsed):
            if not (path := sqlite_path(parsed)).is_file():
                raise FileNotFoundError(f"there is no database {path}")
            engine = sqlite_engine(parsed, begin="DEFERRED", pool_size=1, query_only=True)
        else:
            engine = postgres_engine(parsed, pool_size=1).execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        try:
            yield cls(engine)
        finally:
            with anyio.move_on_after(COMMAND_TIMEOUT_S, shield=True):
                await engine.dispose()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that sees one consistent snapshot; short ones spare a running server."""
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            yield session
