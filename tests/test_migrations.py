"""The migrations and the models describe the same schema, on both databases."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from crdt_store.database import Database
from crdt_store.errors import DatabaseInUse, DatabaseNotMigrated
from server.migrations import check, current, head, upgrade
from server.migrations.tables import all_tables

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Connection


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, all_tables()))


async def test_head_is_exactly_what_the_models_say(database: Database) -> None:
    async with database.reading() as db:
        found = await (await db.connection()).run_sync(differences)
    assert not found, "\n".join(map(str, found))


async def test_a_fresh_database_is_upgraded_once_and_then_left_alone(
    empty_database_url: str,
) -> None:
    assert await current(empty_database_url) is None
    await upgrade(empty_database_url)
    await upgrade(empty_database_url)
    assert await current(empty_database_url) == head()


async def test_two_instances_that_start_at_once_migrate_in_turn(postgres_cluster: Any) -> None:
    name = postgres_cluster.create_database()
    url = postgres_cluster.url(name)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(upgrade, url)
        tasks.start_soon(upgrade, url)
    assert await current(url) == head()
    postgres_cluster.drop_database(name)


async def test_an_unmigrated_database_is_refused_with_both_revisions(
    empty_database_url: str,
) -> None:
    async with Database.open(empty_database_url) as database:
        with pytest.raises(DatabaseNotMigrated, match=rf"revision none.*needs {head()}"):
            await check(database)


async def test_a_migrated_database_is_accepted(database: Database) -> None:
    await check(database)


async def test_a_file_that_a_server_has_open_is_not_migrated(sqlite_url: str) -> None:
    async with Database.open(sqlite_url):
        with pytest.raises(DatabaseInUse):
            await upgrade(sqlite_url)
    await upgrade(sqlite_url)


async def test_a_failing_migration_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "half.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE snapshots (in_the_way INTEGER)")
    connection.close()
    with pytest.raises(Exception, match="snapshots already exists"):
        await upgrade(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
    connection.close()
    assert tables == ["snapshots"]
