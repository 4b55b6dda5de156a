"""What changes in sessions without anybody's doing: who is gone has left, and loses the turn."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, or_, select

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import UserId, WorkflowId
from crdt_store.workflows import database_now, lock_workflow
from rest.access.models import WorkflowMember
from rest.sessions import turns
from rest.sessions.departures import say_goodbye
from rest.sessions.models import CollaborationRules, CollaborationSession, SessionParticipant
from rest.sessions.service import active_session
from rest.sessions.signs import has_acted, last_acts
from rest.shares.models import ShareRedemption, WorkflowShare
from server.core.access import Mode
from server.core.identity import GUEST_PREFIX, Identity
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
            .where(
                SessionParticipant.left_at.is_(None),
                SessionParticipant.last_active < cutoff,
                # Who was written into one that ended at that moment takes part in nothing.
                CollaborationSession.ended_at.is_(None),
            )
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
    """Where the holder is not known to edit, or not here; judged exactly under the row."""
    since = await database_now(db) - timedelta(seconds=services.settings.presence_timeout_s)
    shares = (
        select(WorkflowShare.row_id)
        .join(ShareRedemption, ShareRedemption.row_id == WorkflowShare.row_id)
        .where(
            WorkflowShare.workflow_id == CollaborationRules.workflow_id,
            WorkflowShare.ended_at.is_(None),
            ShareRedemption.user_id == CollaborationRules.turn_holder,
        )
    )
    edits_by_share = shares.where(WorkflowShare.can_edit).exists()
    found = await db.execute(
        select(
            CollaborationRules.workflow_id,
            CollaborationRules.turn_holder,
            SessionParticipant.last_active,
            or_(WorkflowMember.role.in_(_EDITING), edits_by_share).label("edits"),
            or_(WorkflowMember.role.is_not(None), shares.exists()).label("is_known"),
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
    here = services.participants.users()
    lost = []
    for name, holder_id, last_active, edits, is_known in found.all():
        workflow_id, holder = WorkflowId(name), UserId(holder_id or "")
        live = next((each for each in here.get(workflow_id, ()) if each.user_id == holder), None)
        is_gone = (
            live is None
            and (last_active is None or last_active < since)
            and not await has_acted(db, workflow_id, holder, since=since)
        )
        may_edit = edits or _edits_otherwise(services, workflow_id, holder, live, is_known=is_known)
        if is_gone or not may_edit:
            lost.append(workflow_id)
    return lost


def _edits_otherwise(
    services: Services,
    workflow_id: WorkflowId,
    holder: UserId,
    live: Identity | None,
    *,
    is_known: bool,
) -> bool:
    """Neither by membership nor by a share. What only a token grants is known while a socket is
    open, as in `Circle`."""
    if live is None and not is_known and not holder.startswith(GUEST_PREFIX):
        return True
    identity = live or Identity(holder, name=holder)
    return Permission.EDIT in services.access.permissions(identity, workflow_id, None)
