"""What changes in sessions without anybody's doing: who is gone has left, and loses the turn."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, select

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import UserId, WorkflowId
from crdt_store.workflows import database_now, lock_workflow
from rest.access.models import WorkflowMember
from rest.sessions import turns
from rest.sessions.circle import Circle
from rest.sessions.departures import say_goodbye
from rest.sessions.models import CollaborationRules, CollaborationSession, SessionParticipant
from rest.sessions.service import active_session
from rest.sessions.signs import has_acted, last_acts
from server.core.access import Mode
from server.core.roles import PERMISSIONS_OF, Permission

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from rest.deps import Services

_AT_ONCE: Final = 100
"""Users who time out in one transaction: each holds the workflow's row a little longer."""
_EDITING: Final = frozenset(
    role.value for role, held in PERMISSIONS_OF.items() if Permission.EDIT in held
)


async def end_absent_participations(services: Services) -> None:
    """`presence_timeout_s` after the last heartbeat, or act, of one without a socket."""
    async with services.database.reading() as db:
        cutoff = await database_now(db) - timedelta(seconds=services.settings.presence_timeout_s)
        found = await db.execute(
            select(CollaborationSession.workflow_id, SessionParticipant.user_id)
            .join(
                CollaborationSession,
                CollaborationSession.session_id == SessionParticipant.session_id,
            )
            .select_from(SessionParticipant)
            .where(SessionParticipant.left_at.is_(None), SessionParticipant.last_active < cutoff)
            .limit(_AT_ONCE)
        )
        gone = {
            WorkflowId(workflow_id)
            for workflow_id, user_id in found
            if not services.participants.is_live(WorkflowId(workflow_id), UserId(user_id))
        }
    for workflow_id in sorted(gone):
        with suppress(WorkflowNotFound):  # deleted meanwhile, its session with it
            async with services.database.writing() as db:
                await lock_workflow(db, workflow_id)
                await _time_out(services, db, workflow_id)


async def _time_out(services: Services, db: AsyncSession, workflow_id: WorkflowId) -> None:
    """End the participation of those who were last here, or did something in the workflow, too long
    ago. Needs the row held."""
    row = await active_session(db, workflow_id)
    if row is None:
        return
    now = await database_now(db)
    cutoff = now - timedelta(seconds=services.settings.presence_timeout_s)
    gone = await db.scalars(
        select(SessionParticipant)
        .where(
            SessionParticipant.session_id == row.session_id,
            SessionParticipant.left_at.is_(None),
            SessionParticipant.last_active < cutoff,
        )
        .order_by(SessionParticipant.user_id)
        .limit(_AT_ONCE)
        .with_for_update()
    )
    absent = [
        each
        for each in gone
        if not services.participants.is_live(workflow_id, UserId(each.user_id))
    ]
    seen = await last_acts(db, workflow_id, [UserId(each.user_id) for each in absent])
    leaving: list[UserId] = []
    for each in absent:
        user_id = UserId(each.user_id)
        if (at := seen.get(user_id)) is not None and at >= cutoff:
            # Not asked again until that is too long ago as well.
            each.last_active = at
        else:
            each.left_at = now
            leaving.append(user_id)
    await db.flush()
    if leaving:
        await say_goodbye(services, db, row, leaving, now, by=None, reason="timeout", is_told=True)


async def pass_lost_turns(services: Services) -> None:
    """The turns of holders who may not edit any more, or are gone."""
    async with services.database.reading() as db:
        lost = await _may_be_lost(services, db)
    for workflow_id in lost:
        with suppress(WorkflowNotFound):  # deleted meanwhile, its turn with it
            async with services.database.writing() as db:
                await lock_workflow(db, workflow_id)
                row = await active_session(db, workflow_id)
                if row is not None:
                    await turns.settle(services, db, row, await database_now(db))


async def _may_be_lost(services: Services, db: AsyncSession) -> list[WorkflowId]:
    """Where the holder is neither a member who edits, nor here; judged exactly under the row."""
    since = await database_now(db) - timedelta(seconds=services.settings.presence_timeout_s)
    found = await db.execute(
        select(
            CollaborationRules.workflow_id,
            CollaborationRules.turn_holder,
            WorkflowMember.role,
            SessionParticipant.last_active,
        )
        .join(
            CollaborationSession,
            and_(
                CollaborationSession.workflow_id == CollaborationRules.workflow_id,
                CollaborationSession.ended_at.is_(None),
            ),
        )
        .outerjoin(
            SessionParticipant,
            and_(
                SessionParticipant.session_id == CollaborationSession.session_id,
                SessionParticipant.user_id == CollaborationRules.turn_holder,
            ),
        )
        .outerjoin(
            WorkflowMember,
            and_(
                WorkflowMember.workflow_id == CollaborationRules.workflow_id,
                WorkflowMember.user_id == CollaborationRules.turn_holder,
            ),
        )
        .where(
            CollaborationRules.mode == Mode.SEQUENTIAL.value,
            CollaborationRules.turn_holder.is_not(None),
        )
        .order_by(CollaborationRules.workflow_id)
    )
    lost = []
    for workflow_id, name, role, last_active in found.all():
        holder = UserId(name or "")
        is_gone = (
            (last_active is None or last_active < since)
            and not services.participants.is_live(WorkflowId(workflow_id), holder)
            and not await has_acted(db, WorkflowId(workflow_id), holder, since=since)
        )
        if is_gone or not await _edits(services, db, WorkflowId(workflow_id), holder, role):
            lost.append(WorkflowId(workflow_id))
    return lost


async def _edits(
    services: Services,
    db: AsyncSession,
    workflow_id: WorkflowId,
    holder: UserId,
    role: str | None,
) -> bool:
    if role in _EDITING or services.access.is_open_to_all:
        return True
    live = services.participants.users().get(workflow_id, ())
    circle = Circle(
        workflow_id,
        snapshot=await services.access.read(db, workflow_id),
        live={each.user_id: each for each in live},
        rows={},
    )
    return circle.may_edit(holder, if_unknown=True)
