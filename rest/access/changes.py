"""Each change of who may do what bumps the workflow's access epoch, and the rooms hear of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crdt_store.database import after_commit
from crdt_store.workflows import bump_access_epoch
from server.core.bus import AccessChanged

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.ids import WorkflowId
    from server.core.bus import Bus


async def change_access(db: AsyncSession, bus: Bus, workflow_id: WorkflowId) -> None:
    """Bump the epoch, and let the rooms know after the commit. [ACC-1]"""
    epoch = await bump_access_epoch(db, workflow_id)
    after_commit(db, lambda: bus.publish(AccessChanged(workflow_id, epoch)))
