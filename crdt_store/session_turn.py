"""A write turn on a SQLAlchemy session, for a commit that holds more than journal rows.

Slower than the journal's own turn, and of one workflow only; the order of commits is the same.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import Seq
from crdt_store.workflows import append_in, lock_workflow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.database import Database
    from crdt_store.ids import WorkflowId
    from crdt_store.journal import Head, JournalRow


class SessionTurn:
    """Implements WriteTurn; what else is to be in the commit goes through `db`."""

    def __init__(self, db: AsyncSession, heads: Mapping[WorkflowId, Head]) -> None:
        self.db = db
        self.heads = heads
        self._rows: dict[WorkflowId, list[JournalRow]] = {}

    def append(self, workflow_id: WorkflowId, rows: Sequence[JournalRow]) -> Seq:
        """As WriteTurn.append. Raises WorkflowNotFound."""
        head = self.heads.get(workflow_id)
        if head is None:
            raise WorkflowNotFound(workflow_id)
        queued = self._rows.setdefault(workflow_id, [])
        queued.extend(rows)
        return Seq(head.seq + len(queued))

    async def store(self) -> None:
        """Write what was appended, into the session's transaction."""
        for workflow_id, rows in self._rows.items():
            await append_in(self.db, workflow_id, rows)


@asynccontextmanager
async def session_turn(database: Database, workflow_id: WorkflowId) -> AsyncIterator[SessionTurn]:
    """Take the write turn, yield it, and commit what was appended and whatever `db` was told.

    An exception in the body rolls back and propagates; a failing commit raises CommitFailed.
    """
    async with database.writing() as db:
        heads: dict[WorkflowId, Head] = {}
        # One that is not there is told by its absence, as in every turn.
        with suppress(WorkflowNotFound):
            heads[workflow_id] = await lock_workflow(db, workflow_id)
        turn = SessionTurn(db, heads)
        yield turn
        await turn.store()
