"""The journal on PostgreSQL: a transaction that holds the workflows' rows, on own connections."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import anyio
import asyncpg
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from crdt_store import journal_reads
from crdt_store.engines import COMMAND_TIMEOUT_S, postgres_server_settings
from crdt_store.errors import CommitFailed, WorkflowNotFound
from crdt_store.ids import Seq, WorkflowId
from crdt_store.journal import Head, JournalRow, StoredDocument, StoredRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from types import TracebackType

    from sqlalchemy.engine import URL

    from crdt_store.database import Database

_MAX_CONNECTIONS = 4
_TIMEOUT_S = COMMAND_TIMEOUT_S

# In id order, so that two turns over the same workflows cannot deadlock. NO KEY: see
# workflows.lock_workflow. The transaction's id answers for a commit whose answer was lost.
_HOLD = """
SELECT id, seq, access_epoch, pg_current_xact_id()::text AS xact
FROM workflows WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE
"""
_STORE = """
WITH stored AS (
    INSERT INTO journal_entries (workflow_id, seq, author, origin, committed_at, content)
    SELECT workflow_id, seq, author, origin, statement_timestamp(), content
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bytea[])
        AS row(workflow_id, seq, author, origin, content)
)
UPDATE workflows SET seq = head.seq, updated_at = statement_timestamp()
FROM unnest($6::text[], $7::bigint[]) AS head(id, seq) WHERE workflows.id = head.id
"""
_OUTCOME = "SELECT pg_xact_status($1::text::xid8)"

# InternalClientError: asyncpg, used in the moment in which its connection is being lost.
_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)

_Entry = tuple[WorkflowId, Seq, str, str, bytes]


class PostgresJournal:
    """Implements Journal. Keeps nothing in memory: other instances write too."""

    def __init__(self, database: Database, pool: Any) -> None:
        self._database = database
        self._pool = pool

    def turn(self, workflow_ids: Collection[WorkflowId]) -> PostgresTurn:
        return PostgresTurn(self._pool, workflow_ids)

    async def load(self, workflow_id: WorkflowId) -> StoredDocument:
        return await journal_reads.load(self._database, workflow_id)

    async def rows_after(self, workflow_id: WorkflowId, seq: Seq) -> Sequence[StoredRow]:
        return await journal_reads.rows_after(self._database, workflow_id, seq)


@asynccontextmanager
async def open_postgres_journal(database: Database) -> AsyncIterator[PostgresJournal]:
    """Open the journal's few connections; a busy REST side cannot keep edits waiting for one."""
    pool = await asyncpg.create_pool(
        **connect_arguments(database.url),
        min_size=1,
        max_size=_MAX_CONNECTIONS,
        reset=_no_reset,
        command_timeout=_TIMEOUT_S,
        server_settings=postgres_server_settings(),
    )
    try:
        yield PostgresJournal(database, pool)
    finally:
        with anyio.move_on_after(_TIMEOUT_S, shield=True):
            await pool.close()


def connect_arguments(url: URL) -> dict[str, Any]:
    """What SQLAlchemy would hand to asyncpg for the same URL, without what it keeps for itself."""
    dialect: Any = PGDialect_asyncpg  # untyped in SQLAlchemy
    _, arguments = dialect().create_connect_args(url)
    for own in (
        "async_fallback",
        "prepared_statement_cache_size",
        "prepared_statement_name_func",
    ):
        arguments.pop(own, None)
    return dict(arguments)


class PostgresTurn:
    """Implements WriteTurn, and is its own context manager."""

    def __init__(self, pool: Any, workflow_ids: Collection[WorkflowId]) -> None:
        self._pool = pool
        self._workflow_ids = workflow_ids
        self._connection: Any = None
        self._xact: str | None = None
        self._heads: dict[WorkflowId, Head] = {}
        self._advanced: dict[WorkflowId, Seq] = {}
        self._entries: list[_Entry] = []

    @property
    def heads(self) -> Mapping[WorkflowId, Head]:
        return self._heads

    def append(self, workflow_id: WorkflowId, rows: Sequence[JournalRow]) -> Seq:
        head = self._heads.get(workflow_id)
        if head is None:
            raise WorkflowNotFound(workflow_id)
        seq = self._advanced.get(workflow_id, head.seq)
        for row in rows:
            seq = Seq(seq + 1)
            self._entries.append((workflow_id, seq, row.author, row.origin, row.update))
        if rows:
            self._advanced[workflow_id] = seq
        return seq

    async def __aenter__(self) -> PostgresTurn:
        try:
            self._connection = await self._pool.acquire(timeout=_TIMEOUT_S)
            try:
                await self._connection.execute("BEGIN")
                held = await self._connection.fetch(_HOLD, list(self._workflow_ids))
            except BaseException:
                await self._roll_back()
                raise
        except _ERRORS as error:
            raise _failed("could not hold the workflows' rows", error) from error
        for key, seq, epoch, xact in held:
            self._heads[WorkflowId(key)] = Head(Seq(seq), epoch)
            self._xact = xact
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._heads = {}  # nothing can be appended any more
        if exc_type is not None or not self._entries:
            await self._roll_back()
            return
        try:
            with anyio.CancelScope(shield=True):
                await self._store()
                await self._commit()
        finally:
            # Still ours only if asyncio itself cancelled the task, which no scope can shield from.
            if self._connection is not None:
                await self._give_back(usable=False)

    async def _store(self) -> None:
        workflow_ids, seqs, authors, origins, contents = zip(*self._entries, strict=True)
        try:
            with anyio.fail_after(_TIMEOUT_S):
                await self._connection.execute(
                    _STORE,
                    workflow_ids,
                    seqs,
                    authors,
                    origins,
                    contents,
                    list(self._advanced),
                    list(self._advanced.values()),
                )
        except _ERRORS as error:
            await self._roll_back()
            raise _failed("could not store the rows", error) from error

    async def _commit(self) -> None:
        try:
            with anyio.fail_after(_TIMEOUT_S):
                await self._connection.execute("COMMIT")
        except _ERRORS as error:
            await self._give_back(usable=False)
            if not await self._was_committed():
                raise _failed("could not commit", error) from error
        else:
            await self._give_back(usable=True)

    async def _was_committed(self) -> bool:
        """Ask a new connection: the answer to COMMIT was lost, not necessarily the commit.

        If nobody can tell, the rows may be stored although the caller is told that they are not.
        That is harmless to documents: rooms reload from the journal, and clients bring back what
        they hold, which is idempotent.
        """
        try:
            with anyio.fail_after(_TIMEOUT_S):
                while True:
                    async with self._pool.acquire() as connection:
                        status = await connection.fetchval(_OUTCOME, self._xact)
                    if status != "in progress":
                        return bool(status == "committed")
                    await anyio.sleep(0.05)
        except _ERRORS:
            return False

    async def _roll_back(self) -> None:
        """End the transaction on every path; a connection in doubt is closed, which ends it too."""
        if self._connection is None:
            return
        with anyio.CancelScope(shield=True):
            try:
                with anyio.fail_after(_TIMEOUT_S):
                    await self._connection.execute("ROLLBACK")
            except _ERRORS:
                await self._give_back(usable=False)
            else:
                await self._give_back(usable=True)

    async def _give_back(self, *, usable: bool) -> None:
        connection, self._connection = self._connection, None
        if not usable:
            # A connection that died has left the pool by itself, and then answers nothing.
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
        await self._pool.release(connection)


async def _no_reset(_connection: Any) -> None:
    """Every turn ends its own transaction and changes no setting: save the round trip."""


def _failed(what: str, error: BaseException) -> CommitFailed:
    return CommitFailed(f"PostgreSQL: {what}: {str(error) or type(error).__name__}")
