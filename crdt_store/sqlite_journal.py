"""The journal on SQLite: the process's one write turn, heads in memory, one hop per commit."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio

from crdt_store import journal_reads
from crdt_store.database_url import sqlite_path
from crdt_store.errors import CommitFailed, WorkflowNotFound
from crdt_store.ids import Seq, WorkflowId
from crdt_store.journal import Head, JournalRow, StoredDocument, StoredRow
from crdt_store.sqlite_thread import SqliteThread, failed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from types import TracebackType

    from crdt_store.database import Database
    from crdt_store.turn_queue import TurnQueue

_COMMIT_TIMEOUT_S = 30.0
_MAX_CACHED_HEADS = 50_000

_HEADS = "SELECT id, seq, access_epoch FROM workflows WHERE id IN (SELECT value FROM json_each(?))"
_INSERT = (
    "INSERT INTO journal_entries (workflow_id, seq, author, origin, committed_at, content)"
    " VALUES {values}"
)
# Names the seq it expects: a head in memory that is wrong fails the commit and damages nothing.
_ADVANCE = (
    "UPDATE workflows SET seq = new.column1, updated_at = new.column2"
    " FROM (VALUES {values}) AS new WHERE id = new.column3 AND seq = new.column4"
)
_MOST_PER_STATEMENT = 256

_Entry = tuple[WorkflowId, Seq, str, str, str, bytes]
_Advance = tuple[Seq, str, WorkflowId, Seq]


class SqliteJournal:
    """Implements Journal. The heads in memory are exact, as no other process may write the file;

    a `Database.writing()` session may have changed any of them, so each one empties the cache.
    """

    def __init__(self, database: Database, turns: TurnQueue, thread: SqliteThread) -> None:
        self._database = database
        self._turns = turns
        self._thread = thread
        self._heads: dict[WorkflowId, Head] = {}
        self._heads_as_of = turns.outside_writes

    def turn(self, workflow_ids: Collection[WorkflowId]) -> SqliteTurn:
        return SqliteTurn(self, workflow_ids)

    async def load(self, workflow_id: WorkflowId) -> StoredDocument:
        return await journal_reads.load(self._database, workflow_id)

    async def rows_after(self, workflow_id: WorkflowId, seq: Seq) -> Sequence[StoredRow]:
        return await journal_reads.rows_after(self._database, workflow_id, seq)

    async def take_turn(self, workflow_ids: Collection[WorkflowId]) -> dict[WorkflowId, Head]:
        """Wait for the turn and return the heads under it."""
        await self._turns.take()
        try:
            if self._heads_as_of != self._turns.outside_writes:
                self._heads.clear()
                self._heads_as_of = self._turns.outside_writes
            cached = self._heads
            if missing := [key for key in workflow_ids if key not in cached]:
                if len(cached) + len(missing) > _MAX_CACHED_HEADS:
                    cached.clear()
                    missing = list(workflow_ids)
                with anyio.fail_after(_COMMIT_TIMEOUT_S):
                    cached.update(await self._thread.call(_read_heads(missing)))
            return {key: cached[key] for key in workflow_ids if key in cached}
        except BaseException as error:
            self._turns.give_back()
            if isinstance(error, TimeoutError):
                raise CommitFailed("SQLite did not answer in time") from error
            raise

    def give_back(self) -> None:
        self._turns.give_back()

    async def commit(
        self,
        heads: Mapping[WorkflowId, Head],
        advanced: Mapping[WorkflowId, Seq],
        entries: list[_Entry],
        now: str,
    ) -> None:
        """Store the entries and give the turn back; the outcome is awaited, come what may."""
        advances: list[_Advance] = [
            (seq, now, workflow_id, heads[workflow_id].seq) for workflow_id, seq in advanced.items()
        ]
        outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(_result: Any, error: sqlite3.Error | None) -> None:
            # Here and not in the waiting task, which may have been cancelled or given up.
            if error is None:
                for workflow_id, seq in advanced.items():
                    self._heads[workflow_id] = Head(seq, heads[workflow_id].access_epoch)
                if self._database.checkpoints is not None:
                    self._database.checkpoints.note_commit()
            else:
                self._heads.clear()
            self._turns.give_back()
            if not outcome.done():
                if error is None:
                    outcome.set_result(None)
                else:
                    outcome.set_exception(failed(error))

        try:
            self._thread.submit(lambda connection: _store(connection, entries, advances), done)
        except CommitFailed:
            self._turns.give_back()
            raise
        with anyio.move_on_after(_COMMIT_TIMEOUT_S, shield=True) as waiting:
            await outcome
        if waiting.cancelled_caught:
            # The thread is stuck inside the disk. The turn stays taken until it comes back, so
            # that nobody acts on heads that may be old.
            self._turns.abandon()
            raise CommitFailed(f"SQLite has not committed within {_COMMIT_TIMEOUT_S:g} s")


@asynccontextmanager
async def open_sqlite_journal(database: Database, turns: TurnQueue) -> AsyncIterator[SqliteJournal]:
    """Open the journal's own connection in its own thread."""
    thread = SqliteThread(sqlite_path(database.url))
    try:
        await thread.start()
        yield SqliteJournal(database, turns, thread)
    finally:
        with anyio.CancelScope(shield=True):
            await thread.close()


class SqliteTurn:
    """Implements WriteTurn, and is its own context manager."""

    def __init__(self, journal: SqliteJournal, workflow_ids: Collection[WorkflowId]) -> None:
        self._journal = journal
        self._workflow_ids = workflow_ids
        self._heads: dict[WorkflowId, Head] = {}
        self._advanced: dict[WorkflowId, Seq] = {}
        self._entries: list[_Entry] = []
        self._now = ""

    @property
    def heads(self) -> Mapping[WorkflowId, Head]:
        return self._heads

    def append(self, workflow_id: WorkflowId, rows: Sequence[JournalRow]) -> Seq:
        head = self._heads.get(workflow_id)
        if head is None:
            raise WorkflowNotFound(workflow_id)
        if not self._now:
            self._now = sqlite_now()
        seq = self._advanced.get(workflow_id, head.seq)
        for row in rows:
            seq = Seq(seq + 1)
            self._entries.append((workflow_id, seq, row.author, row.origin, self._now, row.update))
        if rows:
            self._advanced[workflow_id] = seq
        return seq

    async def __aenter__(self) -> SqliteTurn:
        self._heads = await self._journal.take_turn(self._workflow_ids)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        heads, self._heads = self._heads, {}  # nothing can be appended any more
        if exc_type is None and self._entries:
            await self._journal.commit(heads, self._advanced, self._entries, self._now)
        else:
            self._journal.give_back()


def sqlite_now() -> str:
    """The time as SQLAlchemy stores it on SQLite: UTC, naive, microseconds."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def _read_heads(workflow_ids: list[WorkflowId]) -> Any:
    def read(connection: sqlite3.Connection) -> dict[WorkflowId, Head]:
        found = connection.execute(_HEADS, (json.dumps(workflow_ids),))
        return {WorkflowId(key): Head(Seq(seq), epoch) for key, seq, epoch in found}

    return read


def _store(connection: sqlite3.Connection, entries: list[_Entry], advances: list[_Advance]) -> None:
    """The whole transaction, in the journal's thread. [DUR-1] [DUR-3]"""
    connection.execute("BEGIN IMMEDIATE")
    try:
        _execute_all(connection, _INSERT, entries)
        if _execute_all(connection, _ADVANCE, advances) != len(advances):
            raise sqlite3.IntegrityError("a workflow's seq is not what this process left there")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite has rolled back by itself after some errors
            connection.execute("ROLLBACK")
        raise


def _execute_all(
    connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[object, ...]]
) -> int:
    """Write many rows in few statements; return how many were written.

    `executemany` gives up the interpreter lock for each row, and may wait 5 ms to get it back while
    the event loop is busy: 50 rows took up to 300 ms. Powers of two keep the statements few enough
    for sqlite3's cache.
    """
    written = 0
    first = 0
    size = _MOST_PER_STATEMENT
    while first < len(rows):
        while size > len(rows) - first:
            size //= 2
        part = rows[first : first + size]
        one = f"({', '.join('?' * len(part[0]))})"
        values = ", ".join([one] * size)
        parameters = [value for row in part for value in row]
        written += connection.execute(statement.format(values=values), parameters).rowcount
        first += size
    return written
