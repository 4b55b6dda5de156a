"""Reading the journal: a document to load, and the rows a room has missed."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sqlalchemy import select

from crdt_store import refusals
from crdt_store.errors import DocumentCorrupt, JournalTrimmed, WorkflowNotFound
from crdt_store.ids import Seq, UserId, WorkflowId
from crdt_store.journal import Head, Origin, StoredDocument, StoredRow
from crdt_store.models import JournalEntry, Snapshot, WorkflowRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.database import Database


async def load(database: Database, workflow_id: WorkflowId) -> StoredDocument:
    """As Journal.load. Raises DocumentCorrupt if a row between snapshot and head is missing."""
    async with database.reading_for_rooms() as db:
        head = await _head(db, workflow_id)
        snapshot = (
            await db.execute(
                select(Snapshot.seq, Snapshot.content).where(Snapshot.workflow_id == workflow_id)
            )
        ).one_or_none()
        snapshot_seq = Seq(snapshot.seq) if snapshot is not None else Seq(0)
        tail = await _rows(db, workflow_id, snapshot_seq)
        refused = await refusals.load(db, workflow_id)
    if len(tail) != head.seq - snapshot_seq:
        raise DocumentCorrupt(
            workflow_id,
            f"{head.seq - snapshot_seq} rows should follow seq {snapshot_seq}, {len(tail)} do",
        )
    return StoredDocument(
        snapshot=snapshot.content if snapshot is not None else None,
        snapshot_seq=snapshot_seq,
        tail=tail,
        head=head,
        refused=refused,
    )


async def rows_after(database: Database, workflow_id: WorkflowId, seq: Seq) -> Sequence[StoredRow]:
    """As Journal.rows_after. Raises JournalTrimmed if some of the rows were folded away."""
    async with database.reading_for_rooms() as db:
        head = await _head(db, workflow_id)
        rows = await _rows(db, workflow_id, seq)
    if len(rows) != max(0, head.seq - seq):
        raise JournalTrimmed(workflow_id, seq)
    return rows


async def _head(db: AsyncSession, workflow_id: WorkflowId) -> Head:
    found = (
        await db.execute(
            select(WorkflowRow.seq, WorkflowRow.access_epoch).where(WorkflowRow.id == workflow_id)
        )
    ).one_or_none()
    if found is None:
        raise WorkflowNotFound(workflow_id)
    return Head(Seq(found.seq), found.access_epoch)


async def _rows(db: AsyncSession, workflow_id: WorkflowId, after: Seq) -> list[StoredRow]:
    found = await db.execute(
        select(
            JournalEntry.seq,
            JournalEntry.author,
            JournalEntry.origin,
            JournalEntry.committed_at,
            JournalEntry.content,
        )
        .where(JournalEntry.workflow_id == workflow_id, JournalEntry.seq > after)
        .order_by(JournalEntry.seq)
    )
    return [
        StoredRow(Seq(seq), UserId(author), cast("Origin", origin), committed_at, content)
        for seq, author, origin, committed_at, content in found
    ]
