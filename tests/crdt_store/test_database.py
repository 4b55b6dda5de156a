"""Sessions, the rules of an SQLite file, and what happens after a commit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from crdt_store.database import Database
from crdt_store.database_url import parse_database_url, sqlite_path
from crdt_store.errors import DatabaseInUse
from crdt_store.ids import Seq, UserId, WorkflowId
from crdt_store.journal import JournalRow
from crdt_store.models import WorkflowRow
from crdt_store.open_journal import open_journal
from crdt_store.workflows import (
    create_workflow,
    lock_workflow,
)
from rest.access.service import Access
from server.core.bus import InProcessBus
from server.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crdt_store.journal import Journal

WF = WorkflowId("wf")
ALICE = UserId("alice")
REPOSITORY = Path(__file__).parents[2]

HOLD_OPEN = """
import sys, anyio
from crdt_store.database import Database
async def main():
    async with Database.open(sys.argv[1]):
        print("open", flush=True)
        await anyio.to_thread.run_sync(sys.stdin.read)
anyio.run(main)
"""


async def create(database: Database, workflow_id: WorkflowId = WF) -> None:
    async with database.writing() as db:
        await create_workflow(db, workflow_id, created_by=ALICE)


async def ids(database: Database) -> list[str]:
    async with database.reading() as db:
        return list(await db.scalars(select(WorkflowRow.id).order_by(WorkflowRow.id)))


# The URL


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("sqlite:///a.db", "sqlite+aiosqlite:///a.db"),
        ("sqlite+aiosqlite:////var/a.db", "sqlite+aiosqlite:////var/a.db"),
        ("postgres://u@h/d", "postgresql+asyncpg://u@h/d"),
        ("postgresql://u:p@h:1/d", "postgresql+asyncpg://u:p@h:1/d"),
        ("postgresql+asyncpg://u@h/d", "postgresql+asyncpg://u@h/d"),
        ("postgres://u@h/d?sslmode=require", "postgresql+asyncpg://u@h/d?ssl=require"),
    ],
)
def test_a_database_url_gets_the_driver_that_is_used(given: str, used: str) -> None:
    assert parse_database_url(given).render_as_string(hide_password=False) == used


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "mysql://u:secret@h/d", "sqlite://", "sqlite:///:memory:", "postgres://u@h"],
)
def test_an_unusable_database_url_is_refused_with_what_is_expected(url: str) -> None:
    with pytest.raises(ValueError, match=r"expected sqlite:///.* or postgresql://") as refused:
        parse_database_url(url)
    assert "secret" not in str(refused.value)


# One process per SQLite file


async def test_the_same_file_cannot_be_opened_twice_even_by_another_name(
    sqlite_url: str, tmp_path: Path
) -> None:
    path = sqlite_path(parse_database_url(sqlite_url))
    other_name = tmp_path / "link.db"
    other_name.symlink_to(path)
    async with Database.open(sqlite_url):
        with pytest.raises(DatabaseInUse, match=rf"{path} is in use by process {os.getpid()}"):
            async with Database.open(f"sqlite:///{other_name}"):
                pytest.fail("it was opened twice")
    async with Database.open(f"sqlite:///{other_name}") as database:
        assert await ids(database) == []


@contextmanager
def holding_process(url: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_OPEN, url],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            yield process
        finally:
            process.kill()


async def test_a_second_process_on_the_same_file_is_refused_until_the_first_is_killed(
    sqlite_url: str,
) -> None:
    with holding_process(sqlite_url) as process:
        with pytest.raises(DatabaseInUse, match=f"in use by process {process.pid}"):
            async with Database.open(sqlite_url):
                pytest.fail("two processes have it open")
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    async with Database.open(sqlite_url) as database:
        assert await ids(database) == []


async def test_dur_2_sqlite_runs_wal_with_synchronous_full_and_foreign_keys(
    sqlite_url: str,
) -> None:
    async with Database.open(sqlite_url) as database:
        for session in (database.reading, database.writing):
            async with session() as db:
                found = [
                    await db.scalar(text(f"PRAGMA {name}"))
                    for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
                ]
                assert found == ["wal", 2, 1, 5_000]
                # Not within a commit: see test_sqlite_checkpoints.
                assert await db.scalar(text("PRAGMA wal_autocheckpoint")) == 0


# Sessions


async def test_a_writing_session_commits_and_a_failing_one_rolls_back(
    database: Database,
) -> None:
    async def fail() -> None:
        async with database.writing() as db:
            await create_workflow(db, WorkflowId("lost"), created_by=ALICE)
            raise ZeroDivisionError

    await create(database)
    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await ids(database) == ["wf"]


async def test_a_reading_session_refuses_to_write(database: Database) -> None:
    async with database.reading() as db:
        with pytest.raises(DBAPIError, match=r"read-?only"):
            await create_workflow(db, WF, created_by=ALICE)
    assert await ids(database) == []


async def test_an_error_of_the_last_flush_reaches_the_caller_as_it_is(
    database: Database,
) -> None:
    await create(database)
    with pytest.raises(IntegrityError):
        async with database.writing() as db:
            db.add(WorkflowRow(id=WF, created_by=ALICE))
    assert await ids(database) == ["wf"]


async def test_what_was_loaded_stays_readable_after_the_commit(database: Database) -> None:
    async with database.writing() as db:
        row = WorkflowRow(id=WF, name="a name", created_by=ALICE)
        db.add(row)
    assert (row.name, row.seq, row.tags) == ("a name", 0, [])


async def test_times_come_back_in_utc_and_naive_ones_are_refused(database: Database) -> None:
    moment = datetime(2026, 5, 1, 12, 30, 0, 123_456, timezone(timedelta(hours=2)))
    async with database.writing() as db:
        db.add(WorkflowRow(id=WF, created_by=ALICE, created_at=moment))
    async with database.reading() as db:
        found = await db.scalar(select(WorkflowRow.created_at))
    assert found == moment
    assert found is not None
    assert found.tzinfo is UTC
    with pytest.raises(StatementError, match="has no time zone"):
        async with database.writing() as db:
            db.add(WorkflowRow(id="naive", created_by=ALICE, created_at=datetime(2026, 1, 1)))


async def test_a_cancelled_writer_rolls_back_and_gives_the_turn_back(
    database: Database,
) -> None:
    with anyio.CancelScope() as scope:
        async with database.writing() as db:
            await create_workflow(db, WorkflowId("lost"), created_by=ALICE)
            scope.cancel()
            await checkpoint()
    with anyio.fail_after(5):
        await create(database)
    assert await ids(database) == ["wf"]


async def test_a_commit_that_has_begun_is_not_cancelled(database: Database) -> None:
    outcome = "unknown"
    with anyio.CancelScope() as scope:
        async with database.writing() as db:
            await create_workflow(db, WF, created_by=ALICE)
            scope.cancel()
        outcome = "committed"
    assert outcome == "committed"
    assert await ids(database) == ["wf"]


async def test_requests_that_read_and_then_write_get_through_beside_a_busy_journal(
    database: Database, journal: Journal
) -> None:
    """The usual request would fail on SQLite with `database is locked`."""
    await create(database)
    done = anyio.Event()

    async def commit_all_the_time() -> None:
        while not done.is_set():
            async with journal.turn([WF]) as turn:
                turn.append(WF, [JournalRow(ALICE, "sync", b"x" * 200)])

    async def request() -> None:
        async with database.writing() as db:
            row = await db.get_one(WorkflowRow, WF)
            await checkpoint()
            row.name += "."

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(commit_all_the_time)
        for _ in range(50):
            if database.is_sqlite:
                await request()
            else:  # holds the row as our services do: plain read-then-write may lose an update
                async with database.writing() as db:
                    await lock_workflow(db, WF)
                    (await db.get_one(WorkflowRow, WF)).name += "."
        done.set()
    async with database.reading() as db:
        assert await db.scalar(select(WorkflowRow.name)) == "." * 50


# Rooms read while others wait


async def test_rooms_read_at_once_while_writers_wait_for_a_row_with_every_connection(
    database_url: str,
) -> None:
    """The journal's turn holds the row and reads: were it to wait for those, nobody would go on."""
    pool_size = 3
    async with (
        Database.open(database_url, pool_size=pool_size) as database,
        open_journal(database) as journal,
    ):
        await create(database)
        access = Access(database, settings=Settings(auth_mode="dev"), bus=InProcessBus())
        written: list[int] = []

        async def write(number: int) -> None:
            async with database.writing() as db:
                await lock_workflow(db, WF)
                written.append(number)

        async with anyio.create_task_group() as tasks:
            with anyio.fail_after(10):
                async with journal.turn([WF]) as turn:
                    for number in range(3 * pool_size):
                        tasks.start_soon(write, number)
                    await all_wait_for_the_turn(database, 3 * pool_size, pool_size)
                    assert (await access.snapshot(WF)).access_epoch == 0
                    assert (await journal.load(WF)).head.seq == 0
                    assert await journal.rows_after(WF, Seq(0)) == []
                    assert written == []
                    turn.append(WF, [JournalRow(ALICE, "sync", b"x")])
        assert sorted(written) == list(range(3 * pool_size))


async def all_wait_for_the_turn(database: Database, writers: int, pool_size: int) -> None:
    """SQLite: all wait in the queue. PostgreSQL: as many as there are connections wait for it."""
    if database.turns is not None:
        while database.turns.waiting < writers:
            await checkpoint()
        return
    waiting = 0
    while waiting < pool_size:
        async with database.reading_for_rooms() as db:
            waiting = await db.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
            )


async def test_a_session_for_rooms_refuses_to_write(database: Database) -> None:
    async with database.reading_for_rooms() as db:
        with pytest.raises(DBAPIError, match=r"read-?only"):
            await create_workflow(db, WF, created_by=ALICE)
    assert await ids(database) == []
