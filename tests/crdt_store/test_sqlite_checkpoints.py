"""The write-ahead log: copied in the background, bounded, and gone after the close."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import anyio
import pytest
from sqlalchemy import text

from crdt_store.database import Database
from crdt_store.database_url import parse_database_url, sqlite_path
from crdt_store.engines import sqlite_pragmas
from crdt_store.ids import UserId, WorkflowId
from crdt_store.journal import JournalRow
from crdt_store.open_journal import open_journal
from crdt_store.sqlite_checkpoints import CHECKPOINT_BYTES, RESTART_BYTES, WalProgress
from crdt_store.workflows import create_workflow
from tests.crdt_store.full_disk import full_disk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crdt_store.journal import Journal

WF = WorkflowId("wf")
ALICE = UserId("alice")
MIB = 1024 * 1024


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def path(sqlite_url: str) -> Path:
    return sqlite_path(parse_database_url(sqlite_url))


@pytest.fixture
def wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def salt(wal: Path) -> bytes:
    """Changes whenever the log starts anew."""
    with wal.open("rb") as file:
        return file.read(24)[16:]


def size_of(file: Path) -> int:
    """0 if there is none."""
    return file.stat().st_size if file.exists() else 0


async def create(database: Database) -> None:
    async with database.writing() as db:
        await create_workflow(db, WF, created_by=ALICE)


async def append(journal: Journal, size_bytes: int) -> None:
    async with journal.turn([WF]) as turn:
        turn.append(WF, [JournalRow(ALICE, "sync", b"x" * size_bytes)])


async def until(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not holds():  # noqa: ASYNC110 - the thread announces nothing
            await anyio.sleep(0.01)


async def grown_to(file: Path, size_bytes: int) -> None:
    await until(lambda: size_of(file) >= size_bytes)


async def test_what_the_journal_commits_reaches_the_file_while_the_database_is_open(
    database: Database, journal: Journal, path: Path
) -> None:
    await create(database)
    for _ in range(6):
        await append(journal, MIB)
    await grown_to(path, CHECKPOINT_BYTES)


async def test_what_a_writing_session_commits_reaches_the_file_as_well(
    database: Database, path: Path
) -> None:
    async with database.writing() as db:
        await db.execute(text("CREATE TABLE big AS SELECT zeroblob(6 * 1024 * 1024) AS content"))
    await grown_to(path, CHECKPOINT_BYTES)


async def test_the_log_starts_anew_under_steady_writing(
    database: Database, journal: Journal, wal: Path
) -> None:
    await create(database)
    first = salt(wal)
    written_bytes = 0
    with anyio.fail_after(60):
        while salt(wal) == first:
            await append(journal, MIB)
            written_bytes += MIB
            # A slow disk copies less in the time in which more is written.
            assert written_bytes < 16 * RESTART_BYTES


async def test_a_reader_that_stays_stops_no_commit_and_the_log_ends_after_it_has_gone(
    database: Database, journal: Journal, path: Path, wal: Path
) -> None:
    await create(database)
    first = salt(wal)
    async with database.reading() as db:
        count = text("SELECT count(*) FROM journal_entries")
        assert await db.scalar(count) == 0
        with anyio.fail_after(60):
            for _ in range(RESTART_BYTES // MIB + 8):
                await append(journal, MIB)
        assert await db.scalar(count) == 0
        assert salt(wal) == first
        assert size_of(wal) > RESTART_BYTES
    with anyio.fail_after(60):
        while salt(wal) == first:
            await append(journal, MIB)
    await append(journal, 1)
    assert size_of(wal) <= RESTART_BYTES


async def test_nothing_of_the_log_stays_behind_after_the_close(
    sqlite_url: str, path: Path, wal: Path
) -> None:
    async with Database.open(sqlite_url) as database, open_journal(database) as journal:
        await create(database)
        await append(journal, 2 * MIB)
        assert size_of(wal) > 2 * MIB
    assert size_of(wal) == 0
    assert size_of(path) > 2 * MIB


async def test_a_checkpoint_that_fails_is_told_and_tried_again_and_no_commit_minds(
    database: Database, journal: Journal, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await create(database)
    for _ in range(5):
        await append(journal, MIB)
    await start_the_log_anew(path)
    # The log writes over itself for as long as that, and only the file would have to grow.
    with full_disk(at_bytes=7 * MIB), anyio.fail_after(10):
        for _ in range(4):
            await append(journal, MIB)
        await until(lambda: "checkpoint failed and will be tried again" in caplog.text)
        await append(journal, 1)
    await append(journal, 1)
    await grown_to(path, 2 * CHECKPOINT_BYTES)


async def start_the_log_anew(path: Path) -> None:
    with closing(sqlite3.connect(path)) as tool:
        await until(lambda: tool.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0] == 0)


# When a checkpoint is due


@pytest.fixture
def writer(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in sqlite_pragmas():
            connection.execute(pragma)
        connection.execute("CREATE TABLE big (content BLOB)")
        yield connection


def write(writer: sqlite3.Connection, size_bytes: int) -> None:
    writer.execute("INSERT INTO big VALUES (zeroblob(?))", (size_bytes,))


def frames_checkpointed(writer: sqlite3.Connection) -> int:
    busy, frames, copied = writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    assert (busy, copied) == (0, frames)
    return int(frames)


def test_a_checkpoint_is_due_once_the_log_has_grown_even_if_it_writes_over_an_old_one(
    writer: sqlite3.Connection, wal: Path
) -> None:
    progress = WalProgress()

    def is_due() -> bool:
        with wal.open("rb") as file:
            return progress.is_due(file)

    for _ in range(3):
        write(writer, 3 * MIB)
        assert not is_due()
        write(writer, 2 * MIB)
        assert is_due()
        # The next commit starts the log anew, and the file stays as large as it is.
        progress.checkpointed_at(frames_checkpointed(writer))
        assert not is_due()


def test_a_checkpoint_that_did_not_end_the_log_is_due_again_after_as_much_more(
    writer: sqlite3.Connection, path: Path, wal: Path
) -> None:
    progress = WalProgress()
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM big").fetchone()
        for _ in range(3):
            write(writer, 5 * MIB)
            with wal.open("rb") as file:
                assert progress.is_due(file)
            _busy, frames, copied = writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            assert copied < frames
            progress.checkpointed_at(frames)
            with wal.open("rb") as file:
                assert not progress.is_due(file)


def test_a_log_that_was_emptied_is_not_due(writer: sqlite3.Connection, wal: Path) -> None:
    write(writer, 5 * MIB)
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    with wal.open("rb") as file:
        assert not WalProgress().is_due(file)
