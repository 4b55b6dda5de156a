"""One database, SQLite or PostgreSQL: sessions that read, and sessions that write in turn."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from crdt_store.database_url import is_sqlite, parse_database_url, sqlite_path
from crdt_store.engines import COMMAND_TIMEOUT_S, postgres_engine, sqlite_engine
from crdt_store.errors import CommitFailed
from crdt_store.file_lock import FileLock
from crdt_store.sqlite_checkpoints import SqliteCheckpoints
from crdt_store.turn_queue import TurnQueue

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

AfterCommit = Callable[[], Awaitable[None] | None]

_AFTER_COMMIT = "coflow_after_commit"
_HOOK_TIMEOUT_S = 10.0
_POOL_SIZE_FOR_ROOMS = 4

logger = logging.getLogger(__name__)


class Database:
    """Open it with `async with Database.open(url) as database`.

    `url` has the driver in it and may hold a password: never log it. `turns` is the process's
    write turn on SQLite, and None on PostgreSQL, where the rows' own locks give the order.
    `checkpoints` of an SQLite file want to hear of every commit.
    """

    def __init__(
        self,
        url: URL,
        *,
        read_engine: AsyncEngine,
        room_engine: AsyncEngine,
        write_engine: AsyncEngine,
        turns: TurnQueue | None,
        checkpoints: SqliteCheckpoints | None,
    ) -> None:
        self.url = url
        self.turns = turns
        self.checkpoints = checkpoints
        self._read_engine = read_engine
        self._room_engine = room_engine
        self._write_engine = write_engine

    @property
    def is_sqlite(self) -> bool:
        return is_sqlite(self.url)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, pool_size: int = 10) -> AsyncIterator[Database]:
        """Connect; on leaving, close every connection.

        SQLite: WAL with synchronous=FULL, and this process alone: raises DatabaseInUse while
        another Database, in this process or another, has the file open. `pool_size` bounds the
        connections that read (SQLite), or all that are neither the journal's nor the rooms'
        (PostgreSQL). Raises ValueError for a URL that is neither. The schema is not checked: see
        server.migrations.
        """
        parsed = parse_database_url(url)
        if is_sqlite(parsed):
            lock = FileLock(sqlite_path(parsed))
            try:
                async with cls._open_sqlite(parsed, pool_size) as database:
                    yield database
            finally:
                lock.release()
        else:
            engine = postgres_engine(parsed, pool_size=pool_size)
            for_rooms = postgres_engine(parsed, pool_size=_POOL_SIZE_FOR_ROOMS)
            try:
                yield cls(
                    parsed,
                    read_engine=_for_reading(engine),
                    room_engine=_for_reading(for_rooms),
                    write_engine=engine,
                    turns=None,
                    checkpoints=None,
                )
            finally:
                await _dispose(for_rooms)
                await _dispose(engine)

    @classmethod
    @asynccontextmanager
    async def _open_sqlite(cls, url: URL, pool_size: int) -> AsyncIterator[Database]:
        writing = sqlite_engine(url, begin="IMMEDIATE", pool_size=1)
        reading = sqlite_engine(url, begin="DEFERRED", pool_size=pool_size, query_only=True)
        checkpoints = SqliteCheckpoints(sqlite_path(url))
        checkpoints.start()
        try:
            # The first connection puts the file into WAL mode, before anybody reads it.
            async with writing.connect():
                pass
            yield cls(
                url,
                read_engine=reading,
                # Not one of these connections ever waits for a writer.
                room_engine=reading,
                write_engine=writing,
                turns=TurnQueue(),
                checkpoints=checkpoints,
            )
        finally:
            await _dispose(reading)
            await _dispose(writing)
            with anyio.move_on_after(COMMAND_TIMEOUT_S, shield=True):
                await checkpoints.close()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that sees one consistent snapshot and may not write; never blocks a writer."""
        async with _reading(self._read_engine) as session:
            yield session

    @asynccontextmanager
    async def reading_for_rooms(self) -> AsyncIterator[AsyncSession]:
        """As `reading`, for what a room reads while the journal's turn holds workflows' rows.

        Never waits for a connection that waits for such a row: PostgreSQL has a few connections
        that are for this alone, and all the others may be taken by writers who wait.
        """
        async with _reading(self._room_engine) as session:
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A session in the write turn: commits on a clean exit, rolls back on an exception.

        SQLite: waits for the process's turn, then begins IMMEDIATE. PostgreSQL: an ordinary
        transaction; hold a workflow's row with `workflows.lock_workflow`. What the body raises
        propagates, errors of the final flush included; a commit that fails raises CommitFailed
        (PostgreSQL: so does one whose answer was lost with the connection, though it may be
        stored). A cancellation that arrives during the commit waits for its outcome.
        """
        if self.turns is not None:
            await self.turns.take()
        deferred: list[Awaitable[None]] = []
        try:
            hooks: list[AfterCommit] = []
            session = AsyncSession(
                self._write_engine, expire_on_commit=False, info={_AFTER_COMMIT: hooks}
            )
            try:
                yield session
                await session.flush()
                await _commit(session)
            finally:
                await _close(session)
            if self.checkpoints is not None:
                self.checkpoints.note_commit()
            for hook in hooks:
                _start(hook, deferred)
        finally:
            if self.turns is not None:
                self.turns.outside_writes += 1
                self.turns.give_back()
        if deferred:
            await _finish(deferred)


def after_commit(db: AsyncSession, callback: AfterCommit) -> None:
    """Call `callback` once the `writing()` session `db` has committed, and never if it has not.

    Callbacks run in order, directly after the commit and (SQLite) before the next writer's turn,
    so that events keep the order of commits; they must not block. What a callback returns is
    awaited after the turn was given back, for 10 s at most. An error in one is logged: the commit
    stands. Raises ValueError for a session that does not come from `writing()`.
    """
    hooks: list[AfterCommit] | None = db.info.get(_AFTER_COMMIT)
    if hooks is None:
        raise ValueError("after_commit needs a session of Database.writing()")
    hooks.append(callback)


def _for_reading(engine: AsyncEngine) -> AsyncEngine:
    """One snapshot per session, as on SQLite; and a write in it is refused."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


@asynccontextmanager
async def _reading(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    session = AsyncSession(engine, expire_on_commit=False)
    try:
        yield session
    finally:
        await _close(session)


async def _commit(session: AsyncSession) -> None:
    try:
        with anyio.fail_after(COMMAND_TIMEOUT_S, shield=True):
            await session.commit()
    except (DBAPIError, TimeoutError, OSError) as error:
        # Whatever state the connection is in, nobody shall use it again.
        with anyio.move_on_after(COMMAND_TIMEOUT_S, shield=True):
            await session.invalidate()
        raise CommitFailed(f"the database refused the commit: {_cause(error)}") from error


def _cause(error: BaseException) -> str:
    """The driver's own words: SQLAlchemy's message would add the statement and its values."""
    return str(error.orig) if isinstance(error, DBAPIError) else (str(error) or "timed out")


async def _close(session: AsyncSession) -> None:
    with anyio.move_on_after(COMMAND_TIMEOUT_S, shield=True):
        await session.close()


async def _dispose(engine: AsyncEngine) -> None:
    with anyio.move_on_after(COMMAND_TIMEOUT_S, shield=True):
        await engine.dispose()


def _start(hook: AfterCommit, deferred: list[Awaitable[None]]) -> None:
    try:
        outcome: Any = hook()
    except Exception:  # the commit stands, whatever its announcement does
        logger.exception("an after-commit callback failed")
    else:
        if outcome is not None:
            deferred.append(outcome)


async def _finish(deferred: list[Awaitable[None]]) -> None:
    for awaitable in deferred:
        try:
            with anyio.fail_after(_HOOK_TIMEOUT_S, shield=True):
                await awaitable
        except Exception:  # the commit stands, whatever its announcement does
            logger.exception("an after-commit callback failed")
