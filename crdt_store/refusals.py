"""What a rule kept out of documents, stored for as long as somebody may come back with them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import ClientId, UserId
from crdt_store.journal import RefusedRange
from crdt_store.models import Refusal, utc_now
from crdt_store.workflows import lock_workflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.database import Database
    from crdt_store.ids import WorkflowId

KEPT_FOR = timedelta(days=30)
_MOST_LOADED = 20_000
_ROWS_PER_STATEMENT = 500


async def load(db: AsyncSession, workflow_id: WorkflowId) -> list[RefusedRange]:
    """The newest of a workflow, oldest first."""
    found = await db.execute(
        select(
            Refusal.user_id,
            Refusal.client_id,
            Refusal.clock_start,
            Refusal.clock_end,
            Refusal.of_structs,
        )
        .where(
            Refusal.workflow_id == workflow_id,
            Refusal.refused_at > utc_now() - KEPT_FOR,
        )
        .order_by(Refusal.refused_at.desc())
        .limit(_MOST_LOADED)
    )
    newest = [
        RefusedRange(UserId(user), ClientId(client), start, end, of_structs)
        for user, client, start, end, of_structs in found
    ]
    return newest[::-1]


async def store(
    database: Database, workflow_id: WorkflowId, refused: Sequence[RefusedRange]
) -> None:
    """Add these, and forget those whose time is over. Raises CommitFailed.

    To be called after the commit that refused them; a workflow that is gone is left alone.
    """
    dialect = sqlite if database.is_sqlite else postgresql
    async with database.writing() as db:
        await db.execute(
            delete(Refusal)
            .where(
                Refusal.workflow_id == workflow_id,
                Refusal.refused_at <= utc_now() - KEPT_FOR,
            )
            .execution_options(synchronize_session=False)
        )
        try:
            await lock_workflow(db, workflow_id)
        except WorkflowNotFound:
            return
        for first in range(0, len(refused), _ROWS_PER_STATEMENT):
            rows = [
                {
                    "workflow_id": workflow_id,
                    "user_id": user_id,
                    "client_id": client_id,
                    "clock_start": start,
                    "clock_end": end,
                    "of_structs": of_structs,
                    "refused_at": utc_now(),
                }
                for user_id, client_id, start, end, of_structs in refused[
                    first : first + _ROWS_PER_STATEMENT
                ]
            ]
            await db.execute(dialect.insert(Refusal).values(rows).on_conflict_do_nothing())
