"""Locks that end without anybody's doing: those that are due, those whose holder is gone."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import UserId, WorkflowId
from crdt_store.workflows import database_now, lock_workflow
from rest.locks import service
from rest.locks.models import EditLock
from rest.sessions.models import CollaborationSession, SessionParticipant
from rest.sessions.signs import last_acts

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from rest.deps import Services


async def end_due_locks(services: Services) -> None:
    """By the database's clock; within a second of their expiry."""
    async with services.database.reading() as db:
        found = await db.scalars(
            select(EditLock.workflow_id)
            .where(EditLock.expires_at <= await database_now(db))
            .distinct()
        )
        due = [WorkflowId(each) for each in found]
    for workflow_id in due:
        with suppress(WorkflowNotFound):  # deleted meanwhile, its locks with it
            async with services.database.writing() as db:
                await lock_workflow(db, workflow_id)
                await service.end_due(db, services.bus, workflow_id)


async def end_absent_locks(services: Services) -> None:
    """Those that follow presence, `presence_timeout_s` after their holder was last here.

    A holder is here while a socket is open, on this instance or, as the session's rows say, on
    another; or else was so at the last heartbeat, when the lock was granted, or when he last did
    something in the workflow.
    """
    async with services.database.reading() as db:
        gone = await _gone(services, db, None)
    for workflow_id in sorted(gone):
        with suppress(WorkflowNotFound):  # deleted meanwhile, its locks with it
            async with services.database.writing() as db:
                await lock_workflow(db, workflow_id)
                # Somebody may have come back while this waited for the row.
                absent = (await _gone(services, db, workflow_id)).get(workflow_id, [])
                await service.end_locks_of(db, services.bus, workflow_id, absent)


async def _gone(
    services: Services, db: AsyncSession, workflow_id: WorkflowId | None
) -> dict[WorkflowId, list[UserId]]:
    """Who holds locks that follow presence and is gone, in one workflow or in all."""
    since = await database_now(db) - timedelta(seconds=services.settings.presence_timeout_s)
    seen_since = (
        select(SessionParticipant.user_id)
        .join(
            CollaborationSession,
            CollaborationSession.session_id == SessionParticipant.session_id,
        )
        .where(
            CollaborationSession.workflow_id == EditLock.workflow_id,
            # Of the active one alone: it has the index, and with another its locks have ended.
            CollaborationSession.ended_at.is_(None),
            SessionParticipant.user_id == EditLock.holder,
            SessionParticipant.last_active > since,
        )
        .exists()
    )
    query = (
        select(EditLock.workflow_id, EditLock.holder)
        .where(EditLock.follows_presence, EditLock.acquired_at <= since, ~seen_since)
        .distinct()
    )
    if workflow_id is not None:
        query = query.where(EditLock.workflow_id == workflow_id)
    unseen: dict[WorkflowId, list[UserId]] = {}
    for of, holder in await db.execute(query):
        if not services.participants.is_live(WorkflowId(of), UserId(holder)):
            unseen.setdefault(WorkflowId(of), []).append(UserId(holder))
    gone: dict[WorkflowId, list[UserId]] = {}
    for of, holders in unseen.items():
        acts = await last_acts(db, of, holders)
        absent = [each for each in holders if each not in acts or acts[each] <= since]
        if absent:
            gone[of] = absent
    return gone
