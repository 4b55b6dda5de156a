"""The functions on a workflow's row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy import delete, select

from crdt_store.errors import WorkflowExists, WorkflowNotFound
from crdt_store.ids import UserId, WorkflowId
from crdt_store.journal import JournalRow
from crdt_store.models import JournalEntry, WorkflowRow, utc_now
from crdt_store.open_journal import open_journal
from crdt_store.workflows import (
    append_in,
    bump_access_epoch,
    create_workflow,
    delete_workflow,
    lock_workflow,
)

if TYPE_CHECKING:
    from crdt_store.database import Database

WF = WorkflowId("wf")
ALICE = UserId("alice")


async def create(database: Database, workflow_id: WorkflowId = WF) -> None:
    async with database.writing() as db:
        await create_workflow(db, workflow_id, created_by=ALICE)


async def ids(database: Database) -> list[str]:
    async with database.reading() as db:
        return list(await db.scalars(select(WorkflowRow.id).order_by(WorkflowRow.id)))


async def test_creating_a_workflow_twice_is_refused_and_the_session_stays_usable(
    database: Database,
) -> None:
    await create(database)
    async with database.writing() as db:
        with pytest.raises(WorkflowExists, match="'wf'"):
            await create_workflow(db, WF, created_by=ALICE)
        await create_workflow(db, WorkflowId("other"), created_by=ALICE)
    assert await ids(database) == ["other", "wf"]


async def test_of_many_that_create_the_same_workflow_at_once_one_succeeds(
    database: Database,
) -> None:
    outcomes: list[str] = []

    async def try_to_create() -> None:
        async with database.writing() as db:
            try:
                await create_workflow(db, WF, created_by=ALICE)
            except WorkflowExists:
                outcomes.append("exists")
            else:
                outcomes.append("created")

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(try_to_create)
    assert sorted(outcomes) == ["created"] + ["exists"] * 7


async def test_deleting_a_workflow_deletes_what_belongs_to_it(database: Database) -> None:
    await create(database)
    async with database.writing() as db:
        await append_in(db, WF, [JournalRow(ALICE, "rest", b"x")])
    async with database.writing() as db:
        await delete_workflow(db, WF)
    async with database.reading() as db:
        assert list(await db.scalars(select(JournalEntry.seq))) == []


async def test_no_function_of_a_workflow_that_does_not_exist_succeeds(
    database: Database,
) -> None:
    async with database.writing() as db:
        with pytest.raises(WorkflowNotFound):
            await lock_workflow(db, WF)
        with pytest.raises(WorkflowNotFound):
            await bump_access_epoch(db, WF)
        with pytest.raises(WorkflowNotFound):
            await append_in(db, WF, [JournalRow(ALICE, "rest", b"x")])
        with pytest.raises(WorkflowNotFound):
            await delete_workflow(db, WF)


async def test_acc_1_who_locks_a_workflow_waits_for_the_one_who_has_it(
    database: Database,
) -> None:
    """Ten tasks read the epoch and bump it; a lost update would leave a gap."""
    await create(database)
    epochs: list[int] = []

    async def decide() -> None:
        async with database.writing() as db:
            before = await lock_workflow(db, WF)
            await checkpoint()
            epochs.append(await bump_access_epoch(db, WF))
            assert epochs[-1] == before.access_epoch + 1

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(decide)
    assert sorted(epochs) == list(range(1, 11))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_that_insert_what_refers_to_a_workflow_and_then_lock_it_do_not_deadlock(
    database: Database,
) -> None:
    """Under FOR UPDATE each would wait for the other's foreign key."""
    await create(database)
    inserted: list[int] = []
    both_inserted = anyio.Event()

    async def insert_and_lock(seq: int) -> None:
        async with database.writing() as db:
            db.add(
                JournalEntry(
                    workflow_id=WF,
                    seq=seq,
                    author=ALICE,
                    origin="rest",
                    committed_at=utc_now(),
                    content=b"",
                )
            )
            await db.flush()
            inserted.append(seq)
            if len(inserted) == 2:
                both_inserted.set()
            await both_inserted.wait()
            await lock_workflow(db, WF)
            await bump_access_epoch(db, WF)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(insert_and_lock, 1)
            tasks.start_soon(insert_and_lock, 2)
    async with database.writing() as db:
        assert (await lock_workflow(db, WF)).access_epoch == 2


async def test_rows_inserted_behind_the_journals_back_are_seen_in_the_next_turn(
    database: Database,
) -> None:
    async with open_journal(database) as journal:
        await create(database)
        async with journal.turn([WF]) as turn:
            turn.append(WF, [JournalRow(ALICE, "sync", b"1")])
        async with database.writing() as db:
            await append_in(db, WF, [JournalRow(ALICE, "rest", b"2")])
        async with journal.turn([WF]) as turn:
            assert turn.append(WF, [JournalRow(ALICE, "sync", b"3")]) == 3
        async with database.writing() as db:
            await db.execute(delete(WorkflowRow))
        async with journal.turn([WF]) as turn:
            assert turn.heads == {}
