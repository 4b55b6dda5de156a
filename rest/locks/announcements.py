"""What everyone at a workflow is told of its locks, once it is committed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from crdt_store.database import after_commit
from server.core.bus import Announced

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.ids import UserId, WorkflowId
    from rest.locks.models import EditLock
    from server.core.bus import Bus

MAX_ANNOUNCED = 100
"""Locks of one commit that are told one by one. Beyond it a `locks_changed` says: read the list."""

EndReason = Literal["released", "expired", "forced", "left", "session_ended", "may_not_edit"]


def lock_json(lock: EditLock) -> dict[str, Any]:
    """A lock as every answer and every event shows it."""
    return {
        "lock_id": lock.lock_id,
        "workflow_id": lock.workflow_id,
        "resource_type": lock.resource_type,
        "resource_id": lock.resource_id,
        "locked_by": lock.holder,
        "locked_by_name": lock.holder_name,
        "reason": lock.reason,
        "expires_at": lock.expires_at,
        "fence": lock.fence,
    }


def tell_acquired(
    db: AsyncSession, bus: Bus, workflow_id: WorkflowId, locks: Sequence[EditLock], now: datetime
) -> None:
    """Of new locks, and of those whose expiry has moved."""
    _tell(
        db,
        bus,
        workflow_id,
        [{"type": "lock_acquired", **lock_json(lock), "timestamp": now} for lock in locks],
        now,
    )


def tell_released(
    db: AsyncSession,
    bus: Bus,
    workflow_id: WorkflowId,
    locks: Sequence[EditLock],
    now: datetime,
    *,
    reason: EndReason,
    released_by: UserId | None,
) -> None:
    """`released_by` is None for what no user did."""
    _tell(
        db,
        bus,
        workflow_id,
        [
            {
                "type": "lock_released",
                "workflow_id": workflow_id,
                "lock_id": lock.lock_id,
                "resource_type": lock.resource_type,
                "resource_id": lock.resource_id,
                "locked_by": lock.holder,
                "released_by": released_by,
                "reason": reason,
                "timestamp": now,
            }
            for lock in locks
        ],
        now,
    )


def _tell(
    db: AsyncSession,
    bus: Bus,
    workflow_id: WorkflowId,
    messages: Sequence[dict[str, Any]],
    now: datetime,
) -> None:
    if len(messages) > MAX_ANNOUNCED:
        # A slow reader whose queue of events is full is sent away [LIVE-1].
        messages = [
            {
                "type": "locks_changed",
                "workflow_id": workflow_id,
                "count": len(messages),
                "timestamp": now,
            }
        ]
    for message in messages:
        after_commit(db, partial(bus.publish, Announced(workflow_id, message)))
