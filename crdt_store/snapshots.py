"""Folding: a document's journal becomes one snapshot, and old rows go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import anyio
from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from crdt_store.ids import Seq, WorkflowId
from crdt_store.loading import load_doc
from crdt_store.models import JournalEntry, Snapshot, utc_now
from crdt_store.workflows import lock_workflow

if TYPE_CHECKING:
    from sqlalchemy.engine import CursorResult

    from crdt_store.database import Database
    from crdt_store.journal import Journal, StoredDocument

_DELETE_ROWS_PER_TURN = 1_000


@dataclass(frozen=True, slots=True)
class Folded:
    """What a fold did: `seq` is the snapshot's, `deleted_rows` those that left the journal."""

    seq: Seq
    snapshot_bytes: int
    deleted_rows: int


async def fold(
    database: Database, journal: Journal, workflow_id: WorkflowId, *, keep_rows: int
) -> Folded:
    """Store the document as a snapshot and delete the rows it covers, but for the last `keep_rows`.

    Rows above the snapshot's seq are never deleted, so that appends may go on meanwhile; two folds
    at once, on any instances, leave the newer snapshot. The document is loaded in a worker thread;
    the write turn is held for the snapshot's insertion, then for 1,000 deletions at a time.
    Raises WorkflowNotFound, DocumentCorrupt, CommitFailed.
    """
    stored = await journal.load(workflow_id)
    seq = stored.head.seq
    snapshot_bytes = len(stored.snapshot or b"")
    if stored.tail:
        content = await anyio.to_thread.run_sync(_compact, workflow_id, stored)
        snapshot_bytes = len(content)
        await _store(database, workflow_id, seq, content)
    deleted = await _trim(database, workflow_id, Seq(min(seq, seq - keep_rows)))
    return Folded(seq, snapshot_bytes, deleted)


def _compact(workflow_id: WorkflowId, stored: StoredDocument) -> bytes:
    """Loading and encoding anew merges what `merge_updates` would only concatenate."""
    return load_doc(workflow_id, stored).get_update()


async def _store(database: Database, workflow_id: WorkflowId, seq: Seq, content: bytes) -> None:
    dialect = sqlite if database.is_sqlite else postgresql
    async with database.writing() as db:
        await lock_workflow(db, workflow_id)
        insert = dialect.insert(Snapshot).values(
            workflow_id=workflow_id, seq=seq, content=content, created_at=utc_now()
        )
        new = insert.excluded
        await db.execute(
            insert.on_conflict_do_update(
                index_elements=[Snapshot.workflow_id],
                set_={"seq": new.seq, "content": new.content, "created_at": new.created_at},
                where=Snapshot.seq < new.seq,
            )
        )


async def _trim(database: Database, workflow_id: WorkflowId, up_to: Seq) -> int:
    """Delete the rows up to and including `up_to`, which a stored snapshot must cover."""
    deleted = 0
    async with database.reading() as db:
        oldest = await db.scalar(
            select(func.min(JournalEntry.seq)).where(JournalEntry.workflow_id == workflow_id)
        )
    if oldest is None:
        return 0
    for first in range(oldest, up_to + 1, _DELETE_ROWS_PER_TURN):
        last = min(first + _DELETE_ROWS_PER_TURN - 1, up_to)
        async with database.writing() as db:
            gone = await db.execute(
                delete(JournalEntry)
                .where(JournalEntry.workflow_id == workflow_id, JournalEntry.seq <= last)
                .execution_options(synchronize_session=False)
            )
            deleted += cast("CursorResult[Any]", gone).rowcount
    return deleted
