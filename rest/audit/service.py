"""Recording actions: append-only, numbered densely per workflow, chained by hash."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import orjson
from sqlalchemy import select

from crdt_store.ids import UserId
from crdt_store.workflows import database_now
from rest.audit.details import storable
from rest.audit.models import AuditEntry
from server.core.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.ids import WorkflowId

SYSTEM: Final = Identity(UserId("system"), name="coflow")
"""The actor of what no user did: an expiry, a lock whose holder is gone."""
FIRST_HASH: Final = "0" * 64
"""What the first entry of a workflow is chained to."""


async def record(
    db: AsyncSession,
    workflow_id: WorkflowId,
    actor: Identity,
    action: str,
    *,
    resource: tuple[str, str] | None = None,
    session_id: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Append one entry, in the transaction of the action itself: neither is without the other.

    Needs the workflow's row held (`lock_workflow`, `bump_access_epoch`): it keeps the numbers
    dense. `action` is `feature.verb` such as `lock.acquired`; `resource` is a type and an id: a
    `server.core.access.Resource`, or what is none of the document, such as `("comment", id)`.
    `details` become what `storable` makes of them, and never hold secrets or document content.
    """
    last = (
        await db.execute(
            select(AuditEntry.number, AuditEntry.hash)
            .where(AuditEntry.workflow_id == workflow_id)
            .order_by(AuditEntry.number.desc())
            .limit(1)
        )
    ).one_or_none()
    number, previous_hash = (last.number, last.hash) if last is not None else (0, FIRST_HASH)
    entry = AuditEntry(
        workflow_id=workflow_id,
        number=number + 1,
        at=await database_now(db),
        actor=actor.user_id,
        actor_name=actor.name,
        action=action,
        resource_type=None if resource is None else str(resource[0]),
        resource_id=None if resource is None else resource[1],
        session_id=session_id,
        details=storable(details or {}),
    )
    entry.hash = entry_hash(entry, previous_hash)
    db.add(entry)
    # The next entry of the same transaction reads this one.
    await db.flush()
    return entry


def entry_hash(entry: AuditEntry, previous_hash: str) -> str:
    """SHA-256, in hex, of everything in the entry and of the hash before it."""
    content = orjson.dumps(
        [
            previous_hash,
            entry.workflow_id,
            entry.number,
            entry.at,
            entry.actor,
            entry.actor_name,
            entry.action,
            entry.resource_type,
            entry.resource_id,
            entry.session_id,
            entry.details,
        ],
        option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z,
    )
    return hashlib.sha256(content).hexdigest()
