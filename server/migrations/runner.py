"""Alembic without its command line: upgrade a database, and tell where one stands."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from crdt_store.database_url import is_sqlite, parse_database_url, sqlite_path
from crdt_store.engines import postgres_engine, sqlite_engine
from crdt_store.errors import DatabaseNotMigrated
from crdt_store.file_lock import FileLock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.engine import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

    from crdt_store.database import Database
    from crdt_store.read_only import ReadOnlyDatabase

_ADVISORY_LOCK = 0x636F666C6F77  # "coflow": two instances that start at once migrate in turn
_DISPOSE_TIMEOUT_S = 10.0


def head() -> str:
    """The revision that this version of coflow needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError("the package holds no migrations")
    return revision


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to `revision` in one transaction; does nothing if it is there already.

    Creates the SQLite file if there is none. Raises DatabaseInUse if a server has the file open,
    ValueError for a URL that names no database of ours.
    """
    async with _connection(url) as connection:
        await connection.run_sync(_upgrade, revision)


async def current(url: str) -> str | None:
    """The revision of the database, None if it was never migrated. Raises as `upgrade` does."""
    async with _connection(url) as connection:
        return await connection.run_sync(_current)


async def check(database: Database | ReadOnlyDatabase) -> None:
    """Raise DatabaseNotMigrated, naming both revisions, unless the open database is at the head."""
    async with database.reading() as db:
        found = await (await db.connection()).run_sync(_current)
    if found != (needed := head()):
        raise DatabaseNotMigrated(
            f"the database is at revision {found or 'none'}, this version needs {needed}: "
            "run `coflow migrate`"
        )


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[AsyncConnection]:
    parsed = parse_database_url(url)
    if is_sqlite(parsed):
        lock = FileLock(sqlite_path(parsed))
        # Foreign keys off: altering a table on SQLite replaces it, and must not cascade.
        engine = sqlite_engine(parsed, begin="IMMEDIATE", pool_size=1, foreign_keys=False)
    else:
        lock = None
        engine = postgres_engine(parsed, pool_size=1)
    try:
        async with engine.begin() as connection:
            if lock is None:
                await connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK}
                )
            yield connection
    finally:
        with anyio.move_on_after(_DISPOSE_TIMEOUT_S, shield=True):
            await engine.dispose()
        if lock is not None:
            lock.release()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def _upgrade(connection: Connection, revision: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
