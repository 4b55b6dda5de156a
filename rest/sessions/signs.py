"""Signs of life of those who come by REST alone: the journal has their edits, the audit the rest.

Who sends no heartbeat is here all the same while he does something in the workflow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from crdt_store.ids import UserId
from crdt_store.models import JournalEntry, WorkflowRow
from rest.audit.models import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.ids import WorkflowId

_ROWS_LOOKED_AT: Final = 1_000
"""The newest of the journal, and of the audit: neither has an index by user. Who edits so seldom
that a thousand rows of others come between sends heartbeats."""
_OF_SOCKETS: Final = ("session.created", "session.joined", "session.left")
"""What the audit has of a user also because a socket of his came or went, be it by itself."""


async def last_edits(
    db: AsyncSession, workflow_id: WorkflowId, user_ids: Collection[UserId]
) -> dict[UserId, datetime]:
    """When each of them last edited the document, as far as its newest rows tell."""
    newest = select(WorkflowRow.seq).where(WorkflowRow.id == workflow_id).scalar_subquery()
    return await _by_user(
        db,
        select(JournalEntry.author, func.max(JournalEntry.committed_at))
        .where(
            JournalEntry.workflow_id == workflow_id,
            JournalEntry.seq > newest - _ROWS_LOOKED_AT,
            JournalEntry.author.in_(user_ids),
        )
        .group_by(JournalEntry.author),
    )


async def last_acts(
    db: AsyncSession, workflow_id: WorkflowId, user_ids: Collection[UserId]
) -> dict[UserId, datetime]:
    """When each of them last did something in the workflow: an edit, or what the audit has."""
    if not user_ids:
        return {}
    newest = (
        select(func.max(AuditEntry.number))
        .where(AuditEntry.workflow_id == workflow_id)
        .scalar_subquery()
    )
    acts = await _by_user(
        db,
        select(AuditEntry.actor, func.max(AuditEntry.at))
        .where(
            AuditEntry.workflow_id == workflow_id,
            AuditEntry.number > newest - _ROWS_LOOKED_AT,
            AuditEntry.actor.in_(user_ids),
            AuditEntry.action.not_in(_OF_SOCKETS),
        )
        .group_by(AuditEntry.actor),
    )
    edits = await last_edits(db, workflow_id, user_ids)
    return {
        user_id: max(at for at in (acts.get(user_id), edits.get(user_id)) if at is not None)
        for user_id in acts.keys() | edits.keys()
    }


async def has_acted(
    db: AsyncSession, workflow_id: WorkflowId, user_id: UserId, *, since: datetime
) -> bool:
    """Whether the last thing that the user did in the workflow is not older than that."""
    at = (await last_acts(db, workflow_id, [user_id])).get(user_id)
    return at is not None and at >= since


async def _by_user(db: AsyncSession, query: Select[str, datetime]) -> dict[UserId, datetime]:
    return {UserId(user_id): at for user_id, at in await db.execute(query)}
