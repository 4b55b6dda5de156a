"""The workflow's row inside a `Database.writing()` session: create, hold, bump, append, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from crdt_store.errors import WorkflowExists, WorkflowNotFound
from crdt_store.ids import Seq, UserId, WorkflowId
from crdt_store.journal import Head, JournalRow
from crdt_store.models import JournalEntry, UtcDateTime, WorkflowRow, utc_now

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


async def create_workflow(
    db: AsyncSession,
    workflow_id: WorkflowId,
    *,
    created_by: UserId,
    name: str = "",
    description: str = "",
    tags: Sequence[str] = (),
) -> Head:
    """Insert the workflow's row and hold it. Raises WorkflowExists; the session stays usable."""
    values: dict[str, Any] = {
        "id": workflow_id,
        "name": name,
        "description": description,
        "tags": list(tags),
        "created_by": created_by,
    }
    # Not "insert and catch": an error would end the whole transaction on PostgreSQL.
    dialect = postgresql if _is_postgres(db) else sqlite
    stored = await db.execute(
        dialect.insert(WorkflowRow)
        .values(**values)
        .on_conflict_do_nothing()
        .returning(WorkflowRow.seq, WorkflowRow.access_epoch)
    )
    created = stored.one_or_none()
    if created is None:
        raise WorkflowExists(workflow_id)
    return Head(Seq(created.seq), created.access_epoch)


async def delete_workflow(db: AsyncSession, workflow_id: WorkflowId) -> None:
    """Delete the row and, by cascade, everything that belongs to it. Raises WorkflowNotFound."""
    gone = await db.execute(
        delete(WorkflowRow)
        .where(WorkflowRow.id == workflow_id)
        .returning(WorkflowRow.id)
        .execution_options(synchronize_session=False)
    )
    if gone.one_or_none() is None:
        raise WorkflowNotFound(workflow_id)


async def lock_workflow(db: AsyncSession, workflow_id: WorkflowId) -> Head:
    """Hold the workflow's row until the session commits and return where it stands. [ACC-1]

    Whoever needs several must take them in the order of their ids. Raises WorkflowNotFound.
    """
    # NO KEY: as exclusive against other holders and writers as FOR UPDATE, but it lets those in
    # who merely insert a row that refers to the workflow, and so cannot deadlock with them.
    found = (
        await db.execute(
            select(WorkflowRow.seq, WorkflowRow.access_epoch)
            .where(WorkflowRow.id == workflow_id)
            .with_for_update(key_share=True)
        )
    ).one_or_none()
    if found is None:
        raise WorkflowNotFound(workflow_id)
    return Head(Seq(found.seq), found.access_epoch)


async def bump_access_epoch(db: AsyncSession, workflow_id: WorkflowId) -> int:
    """Hold the row, count one more change of who may do what, return the new epoch. [ACC-1]

    To decide on what is stored (is the lock free?), call `lock_workflow` before reading it.
    Raises WorkflowNotFound.
    """
    epoch = (
        await db.execute(
            update(WorkflowRow)
            .where(WorkflowRow.id == workflow_id)
            .values(access_epoch=WorkflowRow.access_epoch + 1)
            .returning(WorkflowRow.access_epoch)
            .execution_options(synchronize_session=False)
        )
    ).scalar_one_or_none()
    if epoch is None:
        raise WorkflowNotFound(workflow_id)
    return epoch


async def append_in(db: AsyncSession, workflow_id: WorkflowId, rows: Sequence[JournalRow]) -> Seq:
    """Append rows in this session's transaction, return the last seq. [DUR-3]

    For a workflow's first content, created in one transaction with it; live edits go through the
    journal's turn, and no room may hold the document already. Raises WorkflowNotFound.
    """
    head = await lock_workflow(db, workflow_id)
    if not rows:
        return head.seq
    now = await database_now(db)
    last = Seq(head.seq + len(rows))
    await db.execute(
        insert(JournalEntry),
        [
            {
                "workflow_id": workflow_id,
                "seq": seq,
                "author": row.author,
                "origin": row.origin,
                "committed_at": now,
                "content": row.update,
            }
            for seq, row in enumerate(rows, start=head.seq + 1)
        ],
    )
    await db.execute(
        update(WorkflowRow)
        .where(WorkflowRow.id == workflow_id)
        .values(seq=last, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    return last


async def database_now(db: AsyncSession) -> datetime:
    """The database's clock where there is one, so that several hosts agree on the order."""
    if not _is_postgres(db):
        return utc_now()
    return (
        await db.execute(select(func.statement_timestamp(type_=UtcDateTime()).label("now")))
    ).scalar_one()


def _is_postgres(db: AsyncSession) -> bool:
    return db.get_bind().dialect.name == "postgresql"
