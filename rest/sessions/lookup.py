"""Which workflow an editing session belongs to: what the event door asks by a session's id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from crdt_store.ids import WorkflowId
from rest.sessions.models import CollaborationSession
from server.core.errors import SessionOver

if TYPE_CHECKING:
    from crdt_store.database import Database


async def find_session(database: Database, session_id: str) -> WorkflowId | None:
    """The session's workflow; None if there is no such session. Raises SessionOver."""
    async with database.reading() as db:
        found = (
            await db.execute(
                select(CollaborationSession.workflow_id, CollaborationSession.ended_at).where(
                    CollaborationSession.session_id == session_id
                )
            )
        ).one_or_none()
    if found is None:
        return None
    if found.ended_at is not None:
        raise SessionOver(f"the session {session_id!r} has ended")
    return WorkflowId(found.workflow_id)
