"""What is called once a transaction is committed, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy import select

from crdt_store.database import Database, after_commit
from crdt_store.ids import UserId, WorkflowId
from crdt_store.models import WorkflowRow
from crdt_store.workflows import create_workflow

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

WF = WorkflowId("wf")
ALICE = UserId("alice")


async def create(database: Database, workflow_id: WorkflowId = WF) -> None:
    async with database.writing() as db:
        await create_workflow(db, workflow_id, created_by=ALICE)


async def ids(database: Database) -> list[str]:
    async with database.reading() as db:
        return list(await db.scalars(select(WorkflowRow.id).order_by(WorkflowRow.id)))


async def test_callbacks_run_in_order_once_the_commit_can_be_seen(database: Database) -> None:
    seen: list[object] = []

    async def look() -> None:
        seen.append(await ids(database))
        async with database.writing():  # the turn is free again
            seen.append("turn")

    async with database.writing() as db:
        await create_workflow(db, WF, created_by=ALICE)
        after_commit(db, lambda: seen.append("first"))
        after_commit(db, look)
        after_commit(db, lambda: seen.append("second"))
        assert seen == []
    assert seen == ["first", "second", ["wf"], "turn"]


async def test_callbacks_of_a_transaction_that_rolls_back_are_never_called(
    database: Database,
) -> None:
    seen: list[str] = []

    async def fail() -> None:
        async with database.writing() as db:
            after_commit(db, lambda: seen.append("called"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await create(database)
    assert seen == []


async def test_a_failing_callback_is_logged_and_neither_the_commit_nor_the_others_suffer(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    def fail() -> None:
        raise ZeroDivisionError

    async def fail_later() -> None:
        raise ZeroDivisionError

    async with database.writing() as db:
        await create_workflow(db, WF, created_by=ALICE)
        after_commit(db, fail)
        after_commit(db, fail_later)
        after_commit(db, lambda: seen.append("called"))
    assert seen == ["called"]
    assert await ids(database) == ["wf"]
    assert [record.message for record in caplog.records] == ["an after-commit callback failed"] * 2


async def test_callbacks_outlive_the_cancellation_of_their_request(database: Database) -> None:
    seen: list[str] = []

    async def publish() -> None:
        await checkpoint()
        seen.append("published")

    with anyio.CancelScope() as scope:
        async with database.writing() as db:
            await create_workflow(db, WF, created_by=ALICE)
            after_commit(db, publish)
            scope.cancel()
    assert seen == ["published"]


async def test_only_a_writing_session_takes_callbacks(database: Database) -> None:
    async with database.reading() as db:
        with pytest.raises(ValueError, match=r"needs a session of Database.writing"):
            after_commit(db, lambda: None)


async def test_sqlite_calls_back_before_the_next_writer_has_its_turn(sqlite_url: str) -> None:
    order: list[str] = []

    async def write(db: AsyncSession, name: str) -> None:
        order.append(f"{name} writes")
        await create_workflow(db, WorkflowId(name), created_by=ALICE)
        after_commit(db, lambda: order.append(f"{name} is announced"))

    async def second() -> None:
        async with database.writing() as db:
            await write(db, "second")

    async with Database.open(sqlite_url) as database, anyio.create_task_group() as tasks:
        async with database.writing() as db:
            tasks.start_soon(second)
            await anyio.wait_all_tasks_blocked()
            await write(db, "first")
    assert order == ["first writes", "first is announced", "second writes", "second is announced"]
