"""What becomes of the locks and the turn of those who leave a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crdt_store.ids import UserId, WorkflowId
from rest.audit.service import SYSTEM, record_all
from rest.locks.service import end_locks_of
from rest.sessions import turns
from rest.sessions.announcements import tell_left
from rest.sessions.audited import LeaveReason, left

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from rest.deps import Services
    from rest.sessions.models import CollaborationSession
    from server.core.identity import Identity


async def say_goodbye(
    services: Services,
    db: AsyncSession,
    row: CollaborationSession,
    user_ids: Sequence[UserId],
    now: datetime,
    *,
    by: Identity | None,
    reason: LeaveReason,
    is_told: bool,
) -> None:
    """Needs the workflow's row held, and that their rows say already that they have left.

    `by` None: nobody's doing. `is_told`: no socket of theirs is open, so that everyone hears of it.
    """
    workflow_id = WorkflowId(row.workflow_id)
    await record_all(
        db,
        workflow_id,
        [left(user_id, by or SYSTEM, row.session_id, reason) for user_id in user_ids],
    )
    if is_told:
        for user_id in user_ids:
            tell_left(db, services.bus, workflow_id, now, user_id)
    await end_locks_of(db, services.bus, workflow_id, user_ids, by=by)
    await turns.give_up(services, db, row, user_ids, now, by=by or SYSTEM, reason=reason)
