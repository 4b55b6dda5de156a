"""Disks that are full, connections that die, tasks that are cancelled: no half state, ever."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest
from anyio.abc import ByteStream, SocketAttribute
from anyio.lowlevel import checkpoint
from sqlalchemy import text
from sqlalchemy.engine import make_url

from crdt_store.database import Database
from crdt_store.database_url import sqlite_path
from crdt_store.errors import CommitFailed
from crdt_store.ids import Seq, UserId, WorkflowId
from crdt_store.journal import Head, Journal, JournalRow
from crdt_store.open_journal import open_journal
from crdt_store.workflows import create_workflow
from tests.crdt_store.full_disk import full_disk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WF = WorkflowId("wf")
ALICE = UserId("alice")


def row(update: bytes) -> JournalRow:
    return JournalRow(ALICE, "sync", update)


@pytest.fixture(autouse=True)
async def workflow(database_url: str) -> None:
    async with Database.open(database_url) as database, database.writing() as db:
        await create_workflow(db, WF, created_by=ALICE)


async def append(journal: Journal, update: bytes) -> Seq:
    async with journal.turn([WF]) as turn:
        return turn.append(WF, [row(update)])


async def stored(journal: Journal) -> list[tuple[int, bytes]]:
    return [(found.seq, found.update) for found in await journal.rows_after(WF, Seq(0))]


# Cancellation


async def test_a_turn_cancelled_in_its_body_stores_nothing_and_frees_the_row(
    journal: Journal,
) -> None:
    with anyio.CancelScope() as scope:
        async with journal.turn([WF]) as turn:
            turn.append(WF, [row(b"lost")])
            scope.cancel()
            await checkpoint()
    with anyio.fail_after(5):
        assert await append(journal, b"kept") == 1
    assert await stored(journal) == [(1, b"kept")]


async def test_a_turn_cancelled_while_it_waits_takes_nothing_with_it(journal: Journal) -> None:
    async with journal.turn([WF]):
        with anyio.move_on_after(0.05) as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(append, journal, b"lost")
        assert scope.cancelled_caught
    with anyio.fail_after(5):
        assert await append(journal, b"kept") == 1


async def test_the_outcome_of_a_commit_is_known_even_to_a_cancelled_caller(
    journal: Journal,
) -> None:
    outcome = "unknown"
    with anyio.CancelScope() as scope:
        async with journal.turn([WF]) as turn:
            turn.append(WF, [row(b"kept")])
            scope.cancel()
        outcome = "committed"
    assert outcome == "committed"
    assert await stored(journal) == [(1, b"kept")]


async def test_a_task_killed_by_asyncio_during_its_commit_leaves_a_whole_state(
    journal: Journal,
) -> None:
    """No scope shields from this: the row is there or not, and the next turn is right about it."""
    for number in range(10):
        task = asyncio.create_task(append(journal, b"%d" % number))
        for _ in range(number):
            await checkpoint()
        task.cancel()
        await asyncio.wait([task])
        before = len(await stored(journal))
        with anyio.fail_after(5):
            # A commit that was under way comes first, so the new row is the last one.
            seq = await append(journal, b"next")
        assert before < seq <= before + 2
        found = await stored(journal)
        assert [each for each, _ in found] == list(range(1, len(found) + 1))
        assert found[-1] == (seq, b"next")


async def test_a_closed_journal_refuses_turns(database: Database) -> None:
    async with open_journal(database) as journal:
        assert await append(journal, b"kept") == 1
    with pytest.raises(CommitFailed, match="closed"):
        await append(journal, b"lost")


# SQLite


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_dur_1_a_full_disk_fails_the_commit_and_stores_nothing(
    journal: Journal, database: Database
) -> None:
    assert await append(journal, b"before") == 1
    with full_disk(at_bytes=4_000_000):
        with pytest.raises(CommitFailed, match="SQLite"):
            await append(journal, b"x" * 8_000_000)
        assert await append(journal, b"small") == 2
    assert await append(journal, b"after") == 3
    assert await stored(journal) == [(1, b"before"), (2, b"small"), (3, b"after")]
    assert (await journal.load(WF)).head == Head(Seq(3), 0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_full_disk_fails_a_writing_session_with_commit_failed_or_its_own_error(
    database: Database,
) -> None:
    async def store_too_much() -> None:
        async with database.writing() as db:
            for number in range(8):
                name = f"{number}" + "x" * 1_000_000
                await create_workflow(db, WorkflowId(name), created_by=ALICE)

    with full_disk(at_bytes=2_000_000), pytest.raises(Exception, match=r"full|I/O"):
        await store_too_much()
    async with database.reading() as db:
        assert await db.scalar(text("SELECT count(*) FROM workflows")) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_head_in_memory_that_is_wrong_fails_the_commit_and_is_read_anew(
    journal: Journal, database: Database
) -> None:
    """Somebody ran a tool on the file while the server had it open."""
    assert await append(journal, b"1") == 1
    with sqlite3.connect(sqlite_path(database.url)) as meddler:
        meddler.execute("UPDATE workflows SET seq = 7")
    meddler.close()
    with pytest.raises(CommitFailed, match="seq is not what this process left there"):
        await append(journal, b"refused")
    assert await append(journal, b"8") == 8


# PostgreSQL


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_dur_1_a_connection_lost_in_the_turn_fails_the_commit_and_stores_nothing(
    journal: Journal, database: Database
) -> None:
    async def append_on_a_lost_connection() -> None:
        async with journal.turn([WF]) as turn:
            turn.append(WF, [row(b"lost")])
            async with database.reading() as db:
                ended = await db.scalar(
                    text(
                        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND state = 'idle in transaction'"
                        " AND pid <> pg_backend_pid()"
                    )
                )
                assert ended == 1

    with pytest.raises(CommitFailed, match="PostgreSQL"):
        await append_on_a_lost_connection()
    assert await append(journal, b"kept") == 1
    assert await stored(journal) == [(1, b"kept")]


class LossyProxy:
    """Passes bytes on to PostgreSQL until it sees a COMMIT, whose connection it then cuts.

    `forward_commit`: the server still gets the COMMIT, and only its answer is lost.
    `come_back`: new connections are served afterwards.
    """

    def __init__(self, port: int, *, forward_commit: bool, come_back: bool) -> None:
        self._upstream_port = port
        self._forward_commit = forward_commit
        self._come_back = come_back
        self.armed = False
        self.cut = 0
        self._unanswered: ByteStream | None = None

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(listener.serve, self._serve)
                yield listener.extra(SocketAttribute.local_port)
                tasks.cancel_scope.cancel()

    async def _serve(self, client: ByteStream) -> None:
        if self.cut and not self._come_back:
            await client.aclose()
            return
        async with client, await anyio.connect_tcp("127.0.0.1", self._upstream_port) as server:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._answers, server, client, tasks.cancel_scope)
                await self._requests(client, server)
                tasks.cancel_scope.cancel()

    async def _requests(self, client: ByteStream, server: ByteStream) -> None:
        async for data in client:
            if self.armed and b"COMMIT" in data:
                self.armed = False
                self.cut += 1
                self._unanswered = server
                if self._forward_commit:
                    await server.send(data)
                return
            await server.send(data)

    async def _answers(
        self, server: ByteStream, client: ByteStream, both: anyio.CancelScope
    ) -> None:
        async for data in server:
            if server is not self._unanswered:
                await client.send(data)
        both.cancel()


@asynccontextmanager
async def journal_through(proxy: LossyProxy, url: str) -> AsyncIterator[Journal]:
    async with proxy.listening() as port:
        through = make_url(url).set(port=port).render_as_string(hide_password=False)
        async with Database.open(through) as database, open_journal(database) as journal:
            yield journal


def port_of(url: str) -> int:
    port = make_url(url).port
    assert port is not None
    return port


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_commit_whose_answer_was_lost_is_asked_for_and_counts(database_url: str) -> None:
    proxy = LossyProxy(port_of(database_url), forward_commit=True, come_back=True)
    async with journal_through(proxy, database_url) as journal:
        proxy.armed = True
        assert await append(journal, b"kept") == 1
        assert proxy.cut == 1
        assert await append(journal, b"next") == 2
        assert await stored(journal) == [(1, b"kept"), (2, b"next")]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_dur_1_a_commit_that_never_arrived_fails_and_stores_nothing(
    database_url: str,
) -> None:
    proxy = LossyProxy(port_of(database_url), forward_commit=False, come_back=True)
    async with journal_through(proxy, database_url) as journal:
        proxy.armed = True
        with pytest.raises(CommitFailed, match="could not commit"):
            await append(journal, b"lost")
        assert proxy.cut == 1
        assert await append(journal, b"kept") == 1
        assert await stored(journal) == [(1, b"kept")]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_database_that_is_gone_fails_this_turn_and_the_next(
    database_url: str, database: Database, journal: Journal
) -> None:
    proxy = LossyProxy(port_of(database_url), forward_commit=False, come_back=False)
    async with journal_through(proxy, database_url) as gone:
        proxy.armed = True
        with pytest.raises(CommitFailed, match="could not commit"):
            await append(gone, b"lost")
        with pytest.raises(CommitFailed, match="could not hold the workflows' rows"):
            await append(gone, b"lost")
    assert await append(journal, b"kept") == 1
