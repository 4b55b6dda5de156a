"""Shares that end without anybody's doing: their expiry has passed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import select

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import WorkflowId
from crdt_store.workflows import database_now, lock_workflow
from rest.shares import service
from rest.shares.models import WorkflowShare

if TYPE_CHECKING:
    from rest.deps import Services


async def end_due_shares(services: Services) -> None:
    """By the database's clock; within a second of their expiry. [ACC-3]"""
    async with services.database.reading() as db:
        found = await db.scalars(
            select(WorkflowShare.workflow_id)
            .where(
                WorkflowShare.ended_at.is_(None),
                WorkflowShare.expires_at <= await database_now(db),
            )
            .distinct()
        )
        due = [WorkflowId(each) for each in found]
    for workflow_id in due:
        with suppress(WorkflowNotFound):  # deleted meanwhile, its shares with it
            async with services.database.writing() as db:
                await lock_workflow(db, workflow_id)
                await service.end_due(db, services.bus, workflow_id)
