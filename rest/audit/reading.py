"""Reading a workflow's audit: filtered, in either direction, from where the last read ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from rest.audit.models import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.ids import WorkflowId


@dataclass(frozen=True, slots=True)
class Filter:
    """What is None does not filter. An `action` that ends in `.*` is all of a feature's."""

    action: str | None = None
    actor: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    session_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """`since` itself is shown, `until` itself is not."""

    def apply(self, query: Select[Any]) -> Select[Any]:
        for column, value in (
            (AuditEntry.actor, self.actor),
            (AuditEntry.resource_type, self.resource_type),
            (AuditEntry.resource_id, self.resource_id),
            (AuditEntry.session_id, self.session_id),
        ):
            if value is not None:
                query = query.where(column == value)
        if self.action is not None:
            if self.action.endswith(".*"):
                feature = self.action.removesuffix("*")
                query = query.where(AuditEntry.action.startswith(feature, autoescape=True))
            else:
                query = query.where(AuditEntry.action == self.action)
        if self.since is not None:
            query = query.where(AuditEntry.at >= self.since)
        if self.until is not None:
            query = query.where(AuditEntry.at < self.until)
        return query


async def newest(
    db: AsyncSession, workflow_id: WorkflowId, wanted: Filter, *, before: int | None, limit: int
) -> Sequence[AuditEntry]:
    """At most `limit` entries, the newest first, those with numbers below `before`."""
    query = wanted.apply(select(AuditEntry).where(AuditEntry.workflow_id == workflow_id))
    if before is not None:
        query = query.where(AuditEntry.number < before)
    return (await db.scalars(query.order_by(AuditEntry.number.desc()).limit(limit))).all()


async def oldest(
    db: AsyncSession, workflow_id: WorkflowId, wanted: Filter, *, after: int, upto: int, limit: int
) -> Sequence[AuditEntry]:
    """At most `limit` entries, the oldest first, with numbers above `after` and at most `upto`."""
    query = wanted.apply(
        select(AuditEntry).where(
            AuditEntry.workflow_id == workflow_id,
            AuditEntry.number > after,
            AuditEntry.number <= upto,
        )
    )
    return (await db.scalars(query.order_by(AuditEntry.number).limit(limit))).all()


async def last_number(db: AsyncSession, workflow_id: WorkflowId) -> int:
    """0 if there is no entry."""
    found = await db.scalar(
        select(func.max(AuditEntry.number)).where(AuditEntry.workflow_id == workflow_id)
    )
    return found or 0


def as_json(entry: AuditEntry) -> dict[str, Any]:
    """An entry as `rest.audit.schemas.AuditItem` describes it."""
    return {
        "audit_id": entry.number,
        "workflow_id": entry.workflow_id,
        "timestamp": entry.at,
        "user_id": entry.actor,
        "user_name": entry.actor_name,
        "action": entry.action,
        "resource_type": entry.resource_type,
        "resource_id": entry.resource_id,
        "session_id": entry.session_id,
        "details": entry.details,
        "hash": entry.hash,
    }
