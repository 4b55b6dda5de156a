"""What everyone at a workflow is told of its session, once it is committed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from crdt_store.database import after_commit
from server.core.bus import Announced
from server.core.colors import color_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.ids import UserId, WorkflowId
    from server.core.bus import Bus
    from server.core.roles import Role


def tell(
    db: AsyncSession, bus: Bus, workflow_id: WorkflowId, kind: str, now: datetime, **members: Any
) -> None:
    """Announce one event of the JSON protocol after the commit."""
    message = {"type": kind, **members, "timestamp": now}
    after_commit(db, partial(bus.publish, Announced(workflow_id, message)))


def tell_joined(
    db: AsyncSession,
    bus: Bus,
    workflow_id: WorkflowId,
    now: datetime,
    *,
    user_id: UserId,
    user_name: str,
    role: Role | None,
) -> None:
    tell(
        db,
        bus,
        workflow_id,
        "user_joined",
        now,
        user_id=user_id,
        user_name=user_name,
        user_color=color_of(user_id),
        role=role,
    )


def tell_left(
    db: AsyncSession, bus: Bus, workflow_id: WorkflowId, now: datetime, user_id: UserId
) -> None:
    tell(db, bus, workflow_id, "user_left", now, user_id=user_id)
