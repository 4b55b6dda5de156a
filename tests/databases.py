"""Fixtures: a fresh, migrated database for every test, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import anyio
import pytest

from crdt_store.database import Database
from crdt_store.open_journal import open_journal
from server.migrations import upgrade
from tests.postgres_cluster import Cluster, NoPostgres, running_cluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from crdt_store.journal import Journal

_TEMPLATE = "coflow_template"


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """One cluster per test process, with a migrated template database in it."""
    # Not under tmp_path: its parents are closed to the user that PostgreSQL runs as.
    with TemporaryDirectory(prefix="coflow-postgres-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        try:
            with running_cluster(Path(folder) / "cluster") as cluster:
                cluster.sql(f"CREATE DATABASE {_TEMPLATE}")
                anyio.run(upgrade, cluster.url(_TEMPLATE))
                yield cluster
        except NoPostgres as reason:
            if os.environ.get("CI") == "true":
                pytest.fail(f"CI needs PostgreSQL: {reason}")
            pytest.skip(f"no PostgreSQL: {reason}")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "coflow.db"
    anyio.run(upgrade, f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh, migrated SQLite file."""
    path = tmp_path / "coflow.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """A fresh, migrated PostgreSQL database."""
    name = postgres_cluster.create_database(_TEMPLATE)
    yield postgres_cluster.url(name)
    postgres_cluster.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database; the test runs once on each kind."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that was never migrated."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.create_database()
    yield cluster.url(name)
    cluster.drop_database(name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database.open(database_url) as opened:
        yield opened


@pytest.fixture
async def journal(database: Database) -> AsyncIterator[Journal]:
    async with open_journal(database) as opened:
        yield opened
