"""The sweeps look at all workflows twice a second: what they cost does not grow with each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, insert, select
from sqlalchemy.engine import Engine

from crdt_store.models import WorkflowRow
from crdt_store.workflows import database_now
from rest.embedding.services import embedded_services
from rest.locks.models import EditLock
from rest.locks.sweeps import end_absent_locks
from rest.sessions.models import CollaborationRules, CollaborationSession, SessionParticipant
from rest.sessions.sweeps import end_absent_participations, pass_lost_turns
from server.core.settings import Settings

if TYPE_CHECKING:
    from datetime import datetime

    from crdt_store.database import Database
    from rest.deps import Services

LONG_AGO = timedelta(hours=1)
MANY = 200


def services_over(database: Database) -> Services:
    settings = Settings(auth_mode="dev", dev_open=False)
    return embedded_services(
        database, bus=None, settings=settings, participants=None, documents=None
    )


def session(number: int, now: datetime, *, ended: bool = False) -> dict[str, Any]:
    return {
        "session_id": f"s{number}",
        "workflow_id": f"w{number}",
        "created_by": "ann",
        "created_at": now - LONG_AGO,
        "last_activity": now,
        "ended_at": now if ended else None,
    }


def participant(number: int, at: datetime) -> dict[str, Any]:
    return {
        "session_id": f"s{number}",
        "user_id": "ann",
        "user_name": "Ann",
        "joined_at": at,
        "last_active": at,
    }


def workflow(number: int) -> dict[str, Any]:
    return {"id": f"w{number}", "tags": [], "created_by": "ann"}


async def test_the_turns_and_locks_of_many_workflows_are_looked_at_in_a_few_statements(
    database: Database,
) -> None:
    async with database.writing() as db:
        now = await database_now(db)
        await db.execute(insert(WorkflowRow), [workflow(n) for n in range(MANY)])
        await db.execute(insert(CollaborationSession), [session(n, now) for n in range(MANY)])
        await db.execute(insert(SessionParticipant), [participant(n, now) for n in range(MANY)])
        rules = [
            {"workflow_id": f"w{n}", "mode": "sequential", "turn_holder": "ann"}
            for n in range(MANY)
        ]
        await db.execute(insert(CollaborationRules), rules)
        locks = [
            {
                "lock_id": f"l{n}",
                "workflow_id": f"w{n}",
                "resource_type": "node",
                "resource_id": "ask",
                "holder": "ann",
                "holder_name": "Ann",
                "follows_presence": True,
                "acquired_at": now - LONG_AGO,
                "expires_at": now + LONG_AGO,
                "fence": 1,
            }
            for n in range(MANY)
        ]
        await db.execute(insert(EditLock), locks)
    services = services_over(database)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await pass_lost_turns(services)
        await end_absent_locks(services)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert 0 < len(statements) < 10
    async with database.reading() as db:
        assert len((await db.scalars(select(EditLock.lock_id))).all()) == MANY
        holders = select(CollaborationRules.turn_holder)
        assert set(await db.scalars(holders)) == {"ann"}


async def test_who_was_written_into_a_session_that_has_ended_keeps_nobody_from_timing_out(
    database: Database,
) -> None:
    async with database.writing() as db:
        now = await database_now(db)
        await db.execute(insert(WorkflowRow), [workflow(n) for n in range(MANY)])
        await db.execute(
            insert(CollaborationSession), [session(n, now, ended=n > 0) for n in range(MANY)]
        )
        left_over = [participant(n, now - 2 * LONG_AGO) for n in range(1, MANY)]
        await db.execute(insert(SessionParticipant), left_over)
        await db.execute(insert(SessionParticipant), [participant(0, now - LONG_AGO)])
    await end_absent_participations(services_over(database))
    async with database.reading() as db:
        absent = await db.get_one(SessionParticipant, ("s0", "ann"))
        assert absent.left_at is not None
