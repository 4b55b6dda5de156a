"""The journal: every change of every document, in one dense order per workflow.

The Protocols and values that rooms build on; `crdt_store.open_journal` implements them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from crdt_store.ids import ClientId, Seq, UserId, WorkflowId

Origin = Literal["sync", "event", "rest", "gate", "repair", "restore"]


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One author's merged Yjs v1 update in one tick, not yet stored."""

    author: UserId
    origin: Origin
    update: bytes


@dataclass(frozen=True, slots=True)
class StoredRow:
    seq: Seq
    author: UserId
    origin: Origin
    committed_at: datetime
    update: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Where a workflow stands: its last seq (0 = nothing yet) and its access epoch."""

    seq: Seq
    access_epoch: int


class RefusedRange(NamedTuple):
    """Clocks [start, end) of a client that a user wanted deleted, or whose structs he brought."""

    user_id: UserId
    client: ClientId
    start: int
    end: int
    of_structs: bool = False


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """What a room is loaded from: a full update up to `snapshot_seq`, then the rows after it."""

    snapshot: bytes | None
    snapshot_seq: Seq
    tail: Sequence[StoredRow]
    head: Head
    refused: Sequence[RefusedRange] = ()
    """What was refused, so that an old document does not bring it back."""

    def updates(self) -> Iterator[bytes]:
        """The stored bytes in the order in which they are applied: the snapshot, then the rows."""
        if self.snapshot is not None:
            yield self.snapshot
        for row in self.tail:
            yield row.update


class WriteTurn(Protocol):
    """The transaction of one tick; it holds the rows of the workflows it names."""

    @property
    def heads(self) -> Mapping[WorkflowId, Head]:
        """Read under the turn. A workflow that does not exist (any more) is missing."""
        ...

    def append(self, workflow_id: WorkflowId, rows: Sequence[JournalRow]) -> Seq:
        """Queue rows for the commit and return the last seq they will have; stored on exit. [DUR-3]

        Raises WorkflowNotFound if the workflow is not among `heads`.
        """
        ...


class Journal(Protocol):
    def turn(self, workflow_ids: Collection[WorkflowId]) -> AbstractAsyncContextManager[WriteTurn]:
        """Take the write turn, yield it, and commit what was appended. [DUR-2]

        An exception in the body rolls back and propagates. A failing commit raises CommitFailed,
        and then nothing of the turn is stored.
        """
        ...

    async def load(self, workflow_id: WorkflowId) -> StoredDocument:
        """Snapshot, tail and head, read in one consistent transaction. Raises WorkflowNotFound."""
        ...

    async def rows_after(self, workflow_id: WorkflowId, seq: Seq) -> Sequence[StoredRow]:
        """The committed rows with a greater seq, in order, without a gap.

        Raises WorkflowNotFound, and JournalTrimmed if some of them were folded away: then `load`.
        """
        ...
