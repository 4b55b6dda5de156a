"""The attendance: what sockets do, written into the session's rows in batches."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import event, select, update

from crdt_store.ids import UserId, WorkflowId
from crdt_store.models import utc_now
from crdt_store.workflows import create_workflow, database_now, delete_workflow
from rest.audit.models import AuditEntry
from rest.audit.verify import verify
from rest.sessions import attendance as module
from rest.sessions.attendance import SessionAttendance
from rest.sessions.models import CollaborationSession, SessionParticipant
from server.core.identity import Identity
from server.core.metrics import Metrics
from server.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    import pytest

    from crdt_store.database import Database
    from server.core.participants import LiveParticipant


class Sockets:
    """Who is connected, as a test says."""

    def __init__(self) -> None:
        self.here: dict[WorkflowId, list[Identity]] = {}

    def users(self) -> Mapping[WorkflowId, Sequence[Identity]]:
        return self.here

    def live(self, workflow_id: WorkflowId) -> Sequence[LiveParticipant]:
        raise NotImplementedError

    def is_live(self, workflow_id: WorkflowId, user_id: UserId) -> bool:
        raise NotImplementedError


def user(name: str) -> Identity:
    return Identity(UserId(name), name=name.capitalize())


def attending(database: Database, *, presence_timeout_s: float = 120.0) -> SessionAttendance:
    settings = Settings(auth_mode="dev", presence_timeout_s=presence_timeout_s)
    return SessionAttendance(database, settings=settings, metrics=Metrics())


async def workflows(database: Database, count: int) -> list[WorkflowId]:
    made = [WorkflowId(f"w{number:03}") for number in range(count)]
    async with database.writing() as db:
        for workflow_id in made:
            await create_workflow(db, workflow_id, created_by=UserId("ann"))
    return made


async def present(database: Database) -> set[tuple[str, str]]:
    async with database.reading() as db:
        found = await db.execute(
            select(CollaborationSession.workflow_id, SessionParticipant.user_id)
            .join(
                SessionParticipant,
                SessionParticipant.session_id == CollaborationSession.session_id,
            )
            .where(CollaborationSession.ended_at.is_(None), SessionParticipant.left_at.is_(None))
        )
        return {(workflow_id, user_id) for workflow_id, user_id in found}


async def until_present(database: Database, expected: set[tuple[str, str]]) -> None:
    async with asyncio.timeout(10):
        while await present(database) != expected:  # noqa: ASYNC110 - the condition is in the database
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(attendance: SessionAttendance, sockets: Sockets) -> AsyncIterator[None]:
    task = asyncio.create_task(attendance.run(sockets))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


@asynccontextmanager
async def counting_commits(database: Database) -> AsyncIterator[list[None]]:
    commits: list[None] = []
    engine = database._write_engine.sync_engine

    def note(_connection: object) -> None:
        commits.append(None)

    event.listen(engine, "commit", note)
    try:
        yield commits
    finally:
        event.remove(engine, "commit", note)


async def test_all_who_come_together_are_written_in_one_transaction(database: Database) -> None:
    made = await workflows(database, 30)
    attendance = attending(database)
    expected: set[tuple[str, str]] = set()
    for workflow_id in made:
        for number in range(20):
            attendance.joined(workflow_id, user(f"u{number}"))
            expected.add((workflow_id, f"u{number}"))
    async with counting_commits(database) as commits, running(attendance, Sockets()):
        await until_present(database, expected)
        assert len(commits) == 1


async def test_who_came_and_went_within_a_second_is_written_as_he_ended_up(
    database: Database,
) -> None:
    [workflow_id] = await workflows(database, 1)
    attendance = attending(database)
    attendance.joined(workflow_id, user("ann"))
    attendance.joined(workflow_id, user("bob"))
    attendance.left(workflow_id, user("bob"))
    attendance.joined(workflow_id, user("cyd"))
    attendance.left(workflow_id, user("cyd"))
    attendance.joined(workflow_id, user("cyd"))
    await attendance.flush()
    assert await present(database) == {(workflow_id, "ann"), (workflow_id, "cyd")}
    attendance.left(workflow_id, user("ann"))
    await attendance.flush()
    assert await present(database) == {(workflow_id, "cyd")}


async def audited(database: Database, workflow_id: WorkflowId) -> list[tuple[str, str]]:
    """What is recorded of a workflow's session, in order, and who did it; the chain must fit."""
    (chain,) = [chain async for chain in verify(database, only=[workflow_id])]
    assert chain.fault is None
    async with database.reading() as db:
        found = await db.execute(
            select(AuditEntry.action, AuditEntry.actor)
            .where(AuditEntry.workflow_id == workflow_id)
            .order_by(AuditEntry.number)
        )
        return [(action.removeprefix("session."), actor) for action, actor in found]


async def test_who_comes_and_goes_is_recorded_and_a_page_loaded_anew_is_not(
    database: Database,
) -> None:
    [workflow_id] = await workflows(database, 1)
    attendance = attending(database)
    for name in ("bob", "ann"):
        attendance.joined(workflow_id, user(name))
    await attendance.flush()
    come = [("created", "bob"), ("joined", "bob"), ("joined", "ann")]
    assert await audited(database, workflow_id) == come
    attendance.left(workflow_id, user("ann"))
    attendance.joined(workflow_id, user("ann"))
    attendance.joined(workflow_id, user("cyd"))
    attendance.left(workflow_id, user("cyd"))
    await attendance.flush()
    assert await audited(database, workflow_id) == come
    attendance.left(workflow_id, user("ann"))
    attendance.joined(workflow_id, user("cyd"))
    await attendance.flush()
    attendance.left(workflow_id, user("ann"))
    await attendance.flush()
    assert await audited(database, workflow_id) == [*come, ("left", "ann"), ("joined", "cyd")]
    async with database.reading() as db:
        left = await db.scalar(select(AuditEntry).where(AuditEntry.action == "session.left"))
    assert left is not None
    assert (left.resource_id, left.details) == ("ann", {"reason": "disconnected"})
    async with database.reading() as db:
        assert left.session_id == await db.scalar(select(CollaborationSession.session_id))


async def test_who_is_merely_touched_is_not_recorded_again(database: Database) -> None:
    [workflow_id] = await workflows(database, 1)
    sockets = Sockets()
    sockets.here[workflow_id] = [user("ann")]
    attendance = attending(database, presence_timeout_s=0.2)
    async with running(attendance, sockets), counting_commits(database) as commits:
        async with asyncio.timeout(10):
            while len(commits) < 4:  # noqa: ASYNC110 - the condition is in the database
                await asyncio.sleep(0.01)
    # The first touch found that nothing had told of her.
    assert await audited(database, workflow_id) == [("created", "ann"), ("joined", "ann")]


async def test_two_instances_that_write_the_same_workflows_lose_nothing(
    database: Database,
) -> None:
    made = await workflows(database, 12)
    one, other = attending(database), attending(database)
    for round_ in range(10):
        come, go = (one, other) if round_ % 2 else (other, one)
        for workflow_id in made:
            come.joined(workflow_id, user(f"a{round_}"))
            go.joined(workflow_id, user(f"b{round_}"))
            if round_:
                come.left(workflow_id, user(f"b{round_ - 1}"))
                go.left(workflow_id, user(f"a{round_ - 1}"))
        await asyncio.gather(one.flush(), other.flush())
        assert not one._noted
        assert not other._noted
    expected = {("created", "a0"), ("created", "b0")}
    for workflow_id in made:
        found = await audited(database, workflow_id)
        assert len(found) == 1 + 2 * 10 + 2 * 9
        assert found[0] in expected
        assert len(set(found)) == len(found)
    assert await present(database) == {(each, f"{name}9") for each in made for name in "ab"}


async def test_who_came_by_rest_after_the_socket_had_closed_is_here(database: Database) -> None:
    [workflow_id] = await workflows(database, 1)
    attendance = attending(database)
    attendance.joined(workflow_id, user("ann"))
    attendance.joined(workflow_id, user("bob"))
    await attendance.flush()
    async with database.writing() as db:
        # Seconds apart: when a socket left is reckoned back from two clocks, on a busy machine.
        before = await database_now(db) - timedelta(seconds=5)
        await db.execute(update(SessionParticipant).values(asked_at=before))
    attendance.left(workflow_id, user("bob"))
    attendance.left(workflow_id, user("ann"))
    async with database.writing() as db:
        await db.execute(
            update(SessionParticipant)
            .where(SessionParticipant.user_id == "ann")
            .values(asked_at=await database_now(db) + timedelta(seconds=5))
        )
    await attendance.flush()
    assert await present(database) == {(workflow_id, "ann")}
    assert ("left", "ann") not in await audited(database, workflow_id)


async def test_who_leaves_opens_no_session(database: Database) -> None:
    [workflow_id] = await workflows(database, 1)
    attendance = attending(database)
    attendance.left(workflow_id, user("ann"))
    await attendance.flush()
    async with database.reading() as db:
        assert await db.scalar(select(CollaborationSession.session_id)) is None


async def test_a_workflow_deleted_meanwhile_does_not_hinder_the_others(database: Database) -> None:
    gone, kept = await workflows(database, 2)
    attendance = attending(database)
    attendance.joined(gone, user("ann"))
    await attendance.flush()
    async with database.writing() as db:
        await delete_workflow(db, gone)
    for workflow_id in (gone, kept, WorkflowId("never-was")):
        attendance.joined(workflow_id, user("bob"))
        attendance.left(workflow_id, user("ann"))
    await attendance.flush()
    assert await present(database) == {(kept, "bob")}


async def test_who_is_connected_is_touched_and_comes_back_if_a_change_was_lost(
    database: Database,
) -> None:
    [workflow_id] = await workflows(database, 1)
    sockets = Sockets()
    attendance = attending(database, presence_timeout_s=0.2)
    sockets.here[workflow_id] = [user("ann")]
    long_ago = utc_now() - timedelta(hours=1)
    async with running(attendance, sockets):
        await until_present(database, {(workflow_id, "ann")})
        async with database.writing() as db:
            await db.execute(update(SessionParticipant).values(last_active=long_ago))
        async with asyncio.timeout(5):
            while True:
                async with database.reading() as db:
                    at = await db.scalar(select(SessionParticipant.last_active))
                if at is not None and at > long_ago:
                    break
                await asyncio.sleep(0.01)


async def test_live_1_what_is_noted_is_bounded(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_NOTED", 3)
    [workflow_id] = await workflows(database, 1)
    attendance = attending(database)
    for number in range(10):
        attendance.joined(workflow_id, user(f"u{number}"))
    attendance.left(workflow_id, user("u0"))
    await attendance.flush()
    assert await present(database) == {(workflow_id, "u1"), (workflow_id, "u2")}
