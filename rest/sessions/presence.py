"""Who takes part in a session, as its rows say: read, and written without waiting for each other.

On PostgreSQL whoever locks rows does so in this order: workflows by id, participants by session and
user, sessions. So nobody deadlocks with the attendance, which writes those of many workflows.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from crdt_store.ids import UserId
from crdt_store.workflows import database_now
from rest.sessions.models import CollaborationSession, SessionParticipant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.ids import WorkflowId

_SWEPT_WITHIN_S: Final = 2.0


def oldest_present(now: datetime, *, timeout_s: float) -> datetime:
    """Whose row is older takes part no more, should the sweep not have said so yet.

    The sweep has its time: it may find that the user did something meanwhile.
    """
    return now - timedelta(seconds=timeout_s + _SWEPT_WITHIN_S)


async def present_users(
    db: AsyncSession, workflow_id: WorkflowId, *, timeout_s: float
) -> set[UserId]:
    """Who takes part in the active session by a row that is neither left nor too old."""
    cutoff = oldest_present(await database_now(db), timeout_s=timeout_s)
    found = await db.scalars(
        select(SessionParticipant.user_id)
        .join(
            CollaborationSession,
            CollaborationSession.session_id == SessionParticipant.session_id,
        )
        .where(
            CollaborationSession.workflow_id == workflow_id,
            CollaborationSession.ended_at.is_(None),
            SessionParticipant.left_at.is_(None),
            SessionParticipant.last_active >= cutoff,
        )
    )
    return {UserId(user_id) for user_id in found}


async def recent_rows(
    db: AsyncSession, session_id: str, *, since: datetime
) -> Sequence[SessionParticipant]:
    """Everyone who was in the session since then, those too who have left since."""
    found = await db.scalars(
        select(SessionParticipant)
        .where(
            SessionParticipant.session_id == session_id,
            SessionParticipant.last_active >= since,
        )
        .order_by(SessionParticipant.user_id)
        .execution_options(populate_existing=True)
    )
    return found.all()


class Attending(NamedTuple):
    session_id: str
    user_id: UserId
    user_name: str
    left_at: datetime | None = None
    """When the user left, who has a row; None: takes part."""


async def attend(db: AsyncSession, changes: Sequence[Attending], *, now: datetime) -> None:
    """Let each of these be here, or have left, as of now, whoever else writes the same rows."""
    if not changes:
        return
    table = SessionParticipant.__table__
    dialect: Any = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table)
    await db.execute(
        insert.on_conflict_do_update(
            index_elements=["session_id", "user_id"],
            set_={name: insert.excluded[name] for name in ("user_name", "last_active", "left_at")},
        ),
        [
            {**each._asdict(), "joined_at": now, "last_active": now}
            for each in sorted(changes, key=lambda each: each[:2])
        ],
    )
