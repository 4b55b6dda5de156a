"""The journal's contract, the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import anyio
import pytest
from sqlalchemy import delete, func, select

from crdt_store.errors import JournalTrimmed, WorkflowNotFound
from crdt_store.ids import Seq, UserId, WorkflowId
from crdt_store.journal import Head, JournalRow
from crdt_store.models import JournalEntry
from crdt_store.workflows import (
    append_in,
    bump_access_epoch,
    create_workflow,
    delete_workflow,
)

if TYPE_CHECKING:
    from crdt_store.database import Database
    from crdt_store.journal import Journal

WF = WorkflowId("wf")
OTHER = WorkflowId("other")
ALICE = UserId("alice")


def rows(*updates: bytes, author: str = "alice") -> list[JournalRow]:
    return [JournalRow(UserId(author), "sync", update) for update in updates]


@pytest.fixture(autouse=True)
async def workflows(database: Database) -> None:
    async with database.writing() as db:
        for workflow_id in (WF, OTHER):
            await create_workflow(db, workflow_id, created_by=ALICE)


async def stored(journal: Journal, workflow_id: WorkflowId = WF) -> list[tuple[int, bytes]]:
    return [(row.seq, row.update) for row in await journal.rows_after(workflow_id, Seq(0))]


async def test_a_new_workflow_stands_at_seq_0_and_is_empty(journal: Journal) -> None:
    loaded = await journal.load(WF)
    assert (loaded.snapshot, loaded.snapshot_seq, list(loaded.tail)) == (None, 0, [])
    assert loaded.head == Head(Seq(0), 0)


async def test_appended_rows_come_back_as_they_were(journal: Journal) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    row = JournalRow(UserId("böb"), "gate", bytes(range(256)))
    async with journal.turn([WF]) as turn:
        assert turn.append(WF, [*rows(b"a"), row]) == 2
    first, second = await journal.rows_after(WF, Seq(0))
    assert (first.seq, first.author, first.origin, first.update) == (1, "alice", "sync", b"a")
    assert (second.author, second.origin, second.update) == (row.author, row.origin, row.update)
    assert second.committed_at.utcoffset() == timedelta(0)
    assert before < second.committed_at < datetime.now(UTC) + timedelta(seconds=2)


async def test_appends_within_a_turn_continue_each_other(journal: Journal) -> None:
    async with journal.turn([WF, OTHER]) as turn:
        assert turn.append(WF, rows(b"1", b"2")) == 2
        assert turn.append(OTHER, rows(b"x")) == 1
        assert turn.append(WF, rows(b"3")) == 3
        assert turn.append(WF, []) == 3
    assert await stored(journal) == [(1, b"1"), (2, b"2"), (3, b"3")]
    assert await stored(journal, OTHER) == [(1, b"x")]


async def test_each_turn_sees_the_heads_that_the_last_one_left(journal: Journal) -> None:
    async with journal.turn([WF]) as turn:
        turn.append(WF, rows(b"1", b"2"))
    async with journal.turn([WF, OTHER]) as turn:
        assert turn.heads == {WF: Head(Seq(2), 0), OTHER: Head(Seq(0), 0)}


async def test_dur_1_rows_are_visible_only_after_the_turn(journal: Journal) -> None:
    async with journal.turn([WF]) as turn:
        turn.append(WF, rows(b"1"))
        assert await stored(journal) == []
    assert await stored(journal) == [(1, b"1")]


async def test_a_turn_that_appends_nothing_changes_nothing(journal: Journal) -> None:
    async with journal.turn([WF]) as turn:
        assert turn.append(WF, []) == 0
    async with journal.turn([]) as turn:
        assert turn.heads == {}
    assert (await journal.load(WF)).head == Head(Seq(0), 0)


async def test_an_exception_in_the_body_rolls_back_and_propagates(journal: Journal) -> None:

    async def append_and_fail() -> None:
        async with journal.turn([WF]) as turn:
            turn.append(WF, rows(b"lost"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await append_and_fail()
    assert await stored(journal) == []
    async with journal.turn([WF]) as turn:
        assert turn.append(WF, rows(b"kept")) == 1
    assert await stored(journal) == [(1, b"kept")]


async def test_appending_to_a_workflow_that_the_turn_does_not_hold_is_refused(
    journal: Journal,
) -> None:
    async with journal.turn([WF]) as turn:
        with pytest.raises(WorkflowNotFound, match="'other'"):
            turn.append(OTHER, rows(b"x"))
        turn.append(WF, rows(b"kept"))
    with pytest.raises(WorkflowNotFound):
        turn.append(WF, rows(b"too late"))
    assert await stored(journal) == [(1, b"kept")]


async def test_unknown_workflows_are_missing_from_the_heads_and_not_found_by_reads(
    journal: Journal,
) -> None:
    unknown = WorkflowId("unknown")
    async with journal.turn([unknown, WF]) as turn:
        assert set(turn.heads) == {WF}
    with pytest.raises(WorkflowNotFound, match="'unknown'"):
        await journal.load(unknown)
    with pytest.raises(WorkflowNotFound, match="'unknown'"):
        await journal.rows_after(unknown, Seq(0))


async def test_a_deleted_workflow_is_left_out_and_the_others_are_committed(
    database: Database, journal: Journal
) -> None:
    async with journal.turn([WF, OTHER]) as turn:
        turn.append(WF, rows(b"1"))
    async with database.writing() as db:
        await delete_workflow(db, WF)
    async with journal.turn([WF, OTHER]) as turn:
        assert set(turn.heads) == {OTHER}
        turn.append(OTHER, rows(b"x"))
    assert await stored(journal, OTHER) == [(1, b"x")]


async def test_a_workflow_deleted_and_created_anew_starts_at_seq_0(
    database: Database, journal: Journal
) -> None:
    async with journal.turn([WF]) as turn:
        turn.append(WF, rows(b"old"))
    async with database.writing() as db:
        await delete_workflow(db, WF)
        await create_workflow(db, WF, created_by=ALICE)
    async with journal.turn([WF]) as turn:
        assert turn.append(WF, rows(b"new")) == 1
    assert await stored(journal) == [(1, b"new")]


async def test_acc_1_a_bumped_epoch_is_in_the_heads_of_the_next_turn(
    database: Database, journal: Journal
) -> None:
    async with journal.turn([WF]) as turn:
        assert turn.heads[WF].access_epoch == 0
        turn.append(WF, rows(b"1"))
    async with database.writing() as db:
        assert await bump_access_epoch(db, WF) == 1
    async with journal.turn([WF]) as turn:
        assert turn.heads[WF] == Head(Seq(1), 1)
        turn.append(WF, rows(b"2"))
    assert (await journal.load(WF)).head == Head(Seq(2), 1)


async def test_acc_1_an_epoch_cannot_be_bumped_while_a_turn_holds_the_row(
    database: Database, journal: Journal
) -> None:
    order: list[str] = []

    async def bump() -> None:
        async with database.writing() as db:
            await bump_access_epoch(db, WF)
        order.append("bumped")

    async with anyio.create_task_group() as tasks:
        async with journal.turn([WF]) as turn:
            tasks.start_soon(bump)
            # Ten round trips of another connection are time enough for a bump that could go on.
            for _ in range(10):
                await journal.load(WF)
            assert (await journal.load(WF)).head.access_epoch == 0
            turn.append(WF, rows(b"1"))
            order.append("edited")
    assert order == ["edited", "bumped"]
    assert (await journal.load(WF)).head == Head(Seq(1), 1)


async def test_rows_after_gives_the_rest_in_order(journal: Journal) -> None:
    async with journal.turn([WF]) as turn:
        turn.append(WF, rows(b"1", b"2", b"3"))
    assert [row.seq for row in await journal.rows_after(WF, Seq(1))] == [2, 3]
    assert await journal.rows_after(WF, Seq(3)) == []
    assert await journal.rows_after(WF, Seq(99)) == []


async def test_first_content_is_created_in_one_transaction_with_its_workflow(
    database: Database, journal: Journal
) -> None:
    new = WorkflowId("new")

    async def create_and_fail() -> None:
        async with database.writing() as db:
            await create_workflow(db, new, created_by=ALICE)
            await append_in(db, new, rows(b"a"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await create_and_fail()
    with pytest.raises(WorkflowNotFound):
        await journal.load(new)
    async with database.writing() as db:
        await create_workflow(db, new, created_by=ALICE)
        assert await append_in(db, new, rows(b"a", b"b")) == 2
        assert await append_in(db, new, []) == 2
        assert await append_in(db, new, rows(b"c")) == 3
    async with journal.turn([new]) as turn:
        assert turn.append(new, rows(b"d")) == 4
    assert await stored(journal, new) == [(1, b"a"), (2, b"b"), (3, b"c"), (4, b"d")]


async def test_dur_3_seq_is_dense_under_concurrent_turns(
    database: Database, journal: Journal
) -> None:
    """24 tasks over 3 workflows, some failing on purpose, REST writers between them."""
    ids = [WF, OTHER, WorkflowId("third")]
    async with database.writing() as db:
        await create_workflow(db, ids[2], created_by=ALICE)
    acknowledged: dict[WorkflowId, list[tuple[int, bytes]]] = {key: [] for key in ids}

    async def edit(task: int) -> None:
        for turn_number in range(6):
            chosen = ids[: 1 + (task + turn_number) % 3]
            noted = []
            try:
                # In the opposite order every other time: it must not matter to locking.
                async with journal.turn(chosen if task % 2 else chosen[::-1]) as turn:
                    for key in chosen:
                        update = f"{task}.{turn_number}.{key}".encode()
                        noted.append((key, turn.append(key, rows(update)), update))
                    if (task + turn_number) % 5 == 0:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                continue
            for key, seq, update in noted:
                acknowledged[key].append((seq, update))

    async def bump() -> None:
        for _ in range(6):
            async with database.writing() as db:
                await bump_access_epoch(db, OTHER)

    async with anyio.create_task_group() as tasks:
        for task in range(24):
            tasks.start_soon(edit, task)
        tasks.start_soon(bump)

    for key in ids:
        found = await stored(journal, key)
        assert [seq for seq, _ in found] == list(range(1, len(found) + 1))
        assert found == sorted(acknowledged[key])
    assert (await journal.load(OTHER)).head.access_epoch == 6


async def test_committed_at_never_goes_back_as_seq_goes_on(journal: Journal) -> None:
    async def edit() -> None:
        for _ in range(5):
            async with journal.turn([WF]) as turn:
                turn.append(WF, rows(b"x"))

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(edit)
    times = [row.committed_at for row in await journal.rows_after(WF, Seq(0))]
    assert len(times) == 20
    assert times == sorted(times)


async def test_a_long_reader_sees_one_moment_and_does_not_block_the_writer(
    database: Database, journal: Journal
) -> None:
    counted = select(func.count()).select_from(JournalEntry)
    async with database.reading() as db:
        assert await db.scalar(counted) == 0
        with anyio.fail_after(5):
            async with journal.turn([WF]) as turn:
                turn.append(WF, rows(b"1"))
        assert await db.scalar(counted) == 0
    async with database.reading() as db:
        assert await db.scalar(counted) == 1


async def test_a_row_that_left_the_journal_is_reported_and_not_skipped(
    database: Database, journal: Journal
) -> None:
    async with journal.turn([WF]) as turn:
        turn.append(WF, rows(b"1", b"2", b"3"))
    async with database.writing() as db:
        await db.execute(delete(JournalEntry).where(JournalEntry.seq == 1))
    with pytest.raises(JournalTrimmed, match="after seq 0"):
        await journal.rows_after(WF, Seq(0))
    assert [row.seq for row in await journal.rows_after(WF, Seq(1))] == [2, 3]
