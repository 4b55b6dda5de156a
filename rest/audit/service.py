"""Recording actions: append-only, numbered densely per workflow, chained by hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
from sqlalchemy import insert, select

from crdt_store.ids import UserId
from crdt_store.workflows import database_now
from rest.audit.details import storable
from rest.audit.models import AuditEntry
from server.core.identity import SYSTEM_USER, Identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.ids import WorkflowId

SYSTEM: Final = Identity(UserId(SYSTEM_USER), name="coflow")
"""The actor of what no user did: an expiry, a lock whose holder is gone."""
FIRST_HASH: Final = "0" * 64
"""What the first entry of a workflow is chained to."""


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody did.

    `name` is `feature.verb` such as `lock.acquired`; `resource` is a type and an id: a
    `server.core.access.Resource`, or what is none of the document, such as `("comment", id)`.
    `details` become what `storable` makes of them, and never hold secrets or document content.
    """

    actor: Identity
    name: str
    resource: tuple[str, str] | None = None
    session_id: str | None = None
    details: Mapping[str, Any] | None = None


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
    """As `record_all`, of one action."""
    done = Action(actor, action, resource, session_id, details)
    (entry,) = await record_all(db, workflow_id, [done])
    return entry


async def record_all(
    db: AsyncSession, workflow_id: WorkflowId, actions: Sequence[Action]
) -> list[AuditEntry]:
    """Append one entry for each, in the transaction of the actions themselves: neither is without
    the other.

    Needs the workflow's row held (`lock_workflow`, `bump_access_epoch`): it keeps the numbers
    dense. However many they are, the chain's end is read once, and one statement inserts them.
    """
    if not actions:
        return []
    last = (
        await db.execute(
            select(AuditEntry.number, AuditEntry.hash)
            .where(AuditEntry.workflow_id == workflow_id)
            .order_by(AuditEntry.number.desc())
            .limit(1)
        )
    ).one_or_none()
    before, previous_hash = (last.number, last.hash) if last is not None else (0, FIRST_HASH)
    now = await database_now(db)
    entries: list[AuditEntry] = []
    rows: list[dict[str, Any]] = []
    for number, action in enumerate(actions, start=before + 1):
        resource_type, resource_id = action.resource or (None, None)
        fields = {
            "workflow_id": workflow_id,
            "number": number,
            "at": now,
            "actor": action.actor.user_id,
            "actor_name": action.actor.name,
            "action": action.name,
            "resource_type": None if resource_type is None else str(resource_type),
            "resource_id": resource_id,
            "session_id": action.session_id,
            "details": storable(action.details or {}),
        }
        entry = AuditEntry(**fields)
        entry.hash = previous_hash = entry_hash(entry, previous_hash)
        entries.append(entry)
        rows.append({**fields, "hash": previous_hash})
    await db.execute(insert(AuditEntry), rows)
    return entries


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
