"""The journal that fits a database."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from crdt_store.postgres_journal import open_postgres_journal
from crdt_store.sqlite_journal import open_sqlite_journal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from crdt_store.database import Database
    from crdt_store.journal import Journal


@asynccontextmanager
async def open_journal(database: Database) -> AsyncIterator[Journal]:
    """The journal of an open database, with its own connection. Close it before the database."""
    if database.turns is not None:
        async with open_sqlite_journal(database, database.turns) as on_sqlite:
            yield on_sqlite
    else:
        async with open_postgres_journal(database) as on_postgres:
            yield on_postgres
