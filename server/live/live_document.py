"""One document in memory: what it holds by clock, and how a batch of changes is applied to it.

Synchronous throughout: nothing may run between reading the document and changing it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pycrdt import Doc, Map, Text, TransactionEvent

from crdt_store.journal import JournalRow, Origin, StoredDocument
from crdt_store.json_values import json_equal
from crdt_store.loading import load_doc
from crdt_store.structs import read_deletes
from crdt_store.update_parts import part_that_fits
from crdt_store.update_scan import Scan, read_own_state_vector, survey_in_slices
from crdt_store.workflow import Workflow
from server.live.hazards import Hazards
from server.live.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from crdt_store.ids import ClientId, Seq, UserId, WorkflowId
    from crdt_store.item_index import ItemIndex, Slot
    from crdt_store.scan_result import ClockRange
    from crdt_store.shared_values import SharedKeys

EMPTY_UPDATE = b"\x00\x00"
SHARED_TYPES = (Map, Text)
"""The shared types that a document may hold: the scan lets in no others."""
ABSENT = object()
"""What an entry of a map holds that is not there."""


def _scan_own(update: bytes) -> Scan:
    """Scan what this process, or another that checked it, has made: any root, no limits."""
    *_, found = survey_in_slices(update, structs_per_slice=2**62)
    assert found is not None
    return found


def is_panic(error: BaseException) -> bool:
    """True for a Rust panic inside pycrdt, which `except Exception` misses."""
    return type(error).__module__ == "pyo3_runtime"


class DocumentBroken(BaseException):
    """pycrdt panicked, or a change failed half-way: the Doc in memory is no longer the stored one.

    `culprit` is the index (in what was passed) of the change that did it. A BaseException, as the
    panic is one: only the write loop may catch it, which reloads the document.
    """

    def __init__(self, culprit: int, cause: BaseException) -> None:
        super().__init__(f"{type(cause).__name__}: {cause}")
        self.culprit = culprit


@dataclass(slots=True)
class Group:
    """Updates of one author that one transaction applies, and one journal row stores."""

    author: UserId
    origin: Origin
    updates: list[bytes] = field(default_factory=list)
    culprits: list[int] = field(default_factory=list)
    """For each update the caller's number of it."""


class LiveDocument:
    """A Doc and the clocks it holds, so that untrusted updates can be judged before they touch it.

    Raises what `load_doc` raises if the stored bytes are damaged.
    """

    def __init__(
        self,
        workflow_id: WorkflowId,
        stored: StoredDocument,
        *,
        keys: SharedKeys,
        hazards: Hazards | None = None,
        refused: Refusals | None = None,
    ) -> None:
        self.doc: Doc[Any] = load_doc(workflow_id, stored)
        self.workflow = Workflow(self.doc, keys=keys)
        self.seq: Seq = stored.head.seq
        self.stored_bytes = sum(map(len, stored.updates()))
        # Mirrored after the first commit, too: a process may have died before it came to that.
        self.meta_changed = True
        self.hazards = hazards if hazards is not None else Hazards()
        self.index: ItemIndex | None = None
        """Where each item lies; None until it is made, and then nothing may be applied."""
        self.refused = refused if refused is not None else Refusals(stored.refused)
        self._measured_s = -math.inf
        self._measured_bytes = 0
        self._captured: bytes | None = None
        self._captured_deletes = b"\x00"
        self._wrote_itself = False
        """The transaction holds structs that came in no update."""
        self._roots: dict[str, Map[Any]] = {
            "nodes": self.workflow.nodes,
            "edges": self.workflow.edges,
            "meta": self.workflow.meta,
            "breakpoints": self.workflow.breakpoints,
        }
        self._subscription = self.doc.observe(self._capture)
        self._meta_subscription = self.workflow.meta.observe_deep(self._note_meta)
        self.after_row: Callable[[UserId], None] | None = None
        """Called with the author when a change has been applied, also if it brought nothing."""
        self.edges_changes = 0
        """Grows when the edges change. They seldom do, so that watching them costs nothing."""
        self._edges_subscription = self.workflow.edges.observe_deep(self._note_edges)
        self.clocks: dict[ClientId, int] = dict(read_own_state_vector(self.doc.get_state()))
        """What the document holds, and within a batch also what is planned to be applied."""

    @property
    def client_id(self) -> ClientId:
        return self.doc.client_id  # type: ignore[return-value]

    def settle(self) -> None:
        """All that was planned is applied: the index can tell what entries hold."""
        if self.index is not None:
            self.index.settle()

    def close(self) -> None:
        """Let go of the observers; a Doc that is observed is never freed."""
        self.index = None
        self.doc.unobserve(self._subscription)
        self.workflow.meta.unobserve(self._meta_subscription)
        self.workflow.edges.unobserve(self._edges_subscription)

    def state_vector(self) -> bytes:
        return self.doc.get_state()

    def diff(self, state_vector: bytes) -> bytes:
        """Everything that a replica at `state_vector` lacks, as one update."""
        return self.doc.get_update(state_vector)

    # Judging

    def new_structs(self, scan: Scan) -> list[ClientId]:
        """The clients of which `scan` holds structs beyond what is known or planned."""
        clocks = self.clocks
        return [
            client
            for client, ranges in scan.structs.items()
            if ranges[-1][1] > clocks.get(client, 0)
        ]

    def new_deletions(self, deletes: Mapping[ClientId, Sequence[ClockRange]]) -> int:
        """How many of these ranges are not deleted yet."""
        index = self.index
        assert index is not None
        return sum(
            any(True for _ in index.not_deleted(client, start, end))
            for client, ranges in deletes.items()
            for start, end in ranges
        )

    def is_larger_than(self, max_bytes: int, now_s: float) -> bool:
        """Whether the encoded document exceeds `max_bytes`.

        Counted by what was appended, and measured when that says yes: an entry that is
        overwritten again and again does not make a document larger. Measured anew after a second,
        or after a sixteenth of the limit was appended.
        """
        if self.stored_bytes > max_bytes and (
            now_s - self._measured_s >= 1.0
            or self.stored_bytes - self._measured_bytes > max_bytes // 16
        ):
            self._measured_s = now_s
            self.stored_bytes = self._measured_bytes = len(self.diff(b"\x00"))
        return self.stored_bytes > max_bytes

    # Changing

    def apply_group(self, group: Group) -> JournalRow | None:
        """Apply one author's updates in one transaction. None if they brought nothing.

        Raises DocumentBroken, and then the Doc must be thrown away.
        """
        self._begin(writes_itself=False)
        done = 0
        try:
            with self.doc.transaction() as transaction:
                apply_update = self.doc._doc.apply_update
                native = transaction._txn
                assert native is not None
                for update in group.updates:
                    apply_update(native, update)
                    done += 1
        except BaseException as panic:
            # A panic while the transaction ends is laid at the last one's door.
            culprit = group.culprits[min(done, len(group.culprits) - 1)]
            raise DocumentBroken(culprit, panic) from panic
        return self._row(group.author, group.origin)

    def what_fits(self, update: bytes, scan: Scan) -> tuple[bytes, Scan] | None:
        """The part of an update whose dependencies are there, scanned; None if it does harm."""
        fitting = part_that_fits(update, scan, self.clocks)
        scanned = _scan_own(fitting)
        if self.hazards.refusal(scanned, self.clocks) is not None:
            return None
        return fitting, scanned

    def apply_alone(
        self,
        update: bytes,
        scan: Scan,
        author: UserId,
        origin: Origin,
        culprit: int,
        *,
        keep: Iterable[Slot] = (),
    ) -> JournalRow | None:
        """Apply one update, which has all that it builds on, in a transaction of its own.

        The entries in `keep` have after it the values of before: written back in the same
        transaction, so that others see one merged update. A value that the update leaves as it was
        is not written. Raises DocumentBroken.
        """
        self._begin(writes_itself=bool(keep))
        try:
            with self.doc.transaction():
                before = [(slot, self.value(slot)) for slot in keep]
                self.doc.apply_update(update)
                for slot, value in before:
                    self._restore(slot, value)
        except BaseException as panic:
            raise DocumentBroken(culprit, panic) from panic
        for client, ranges in scan.structs.items():
            self.clocks[client] = max(ranges[-1][1], self.clocks.get(client, 0))
        if keep:
            self.reread_clocks(self.client_id)
        return self._row(author, origin)

    def write_values(self, values: Mapping[Slot, Any], author: UserId) -> JournalRow | None:
        """Set these entries in one transaction; ABSENT deletes. Raises DocumentBroken."""
        self._begin(writes_itself=True)
        try:
            with self.doc.transaction():
                for slot, value in values.items():
                    self._restore(slot, value)
        except BaseException as panic:
            # The values are JSON: whoever's change made the document unfit cannot be told.
            raise DocumentBroken(0, panic) from panic
        self.reread_clocks(self.client_id)
        return self._row(author, "gate")

    # Entries of maps

    def value(self, slot: Slot) -> Any:
        """What an entry holds at the moment: JSON, a shared type, or ABSENT."""
        shared = self._map_of(slot)
        return ABSENT if shared is None else shared.get(slot.key, ABSENT)

    def _restore(self, slot: Slot, value: Any) -> None:
        shared = self._map_of(slot)
        if shared is None:
            return
        now = shared.get(slot.key, ABSENT)
        if value is ABSENT:
            if now is not ABSENT:
                del shared[slot.key]
        elif now is ABSENT or not json_equal(now, value):
            shared[slot.key] = value

    def _map_of(self, slot: Slot) -> Map[Any] | None:
        """The map that an entry is in, if it is in the document still."""
        assert self.index is not None
        path = self.index.path(slot)
        if path is None:
            return None
        at: Any = self._root(path[0])
        for key in path[1:-1]:
            if not isinstance(at, Map):
                return None
            at = at.get(key)
        return at if isinstance(at, Map) else None

    def _root(self, name: str) -> Map[Any]:
        root = self._roots.get(name)
        if root is None:
            root = self._roots[name] = self.doc.get(name, type=Map)
        return root

    def edit(
        self, change: Callable[[Workflow], None], author: UserId, origin: Origin, culprit: int
    ) -> JournalRow | None:
        """Run a synchronous change of our own making in one transaction.

        What it raises propagates; if it had written by then, DocumentBroken does instead.
        """
        self._begin(writes_itself=True)
        try:
            with self.doc.transaction():
                change(self.workflow)
        except Exception as error:
            if self._captured is not None:
                raise DocumentBroken(culprit, error) from error
            raise
        except BaseException as panic:
            raise DocumentBroken(culprit, panic) from panic
        try:
            if self._captured is not None:
                self.hazards.note(_scan_own(self._captured), self.clocks)
            self.reread_clocks(self.client_id)
        except Exception as error:
            # It is in the document by now: to hand the error back would leave memory ahead.
            raise DocumentBroken(culprit, error) from error
        return self._row(author, origin)

    def pull(self, updates: Iterable[bytes], last_seq: Seq) -> bytes | None:
        """Apply rows that another process committed; return them merged."""
        self._begin(writes_itself=True)
        with self.doc.transaction():
            for update in updates:
                self.doc.apply_update(update)
        if self._captured is not None:
            self.hazards.note(_scan_own(self._captured), self.clocks)
            self._follow(self._captured)
            self.settle()
        self.reread_clocks()
        self.seq = last_seq
        return self._captured

    def _begin(self, *, writes_itself: bool) -> None:
        self._captured = None
        self._wrote_itself = writes_itself

    def _row(self, author: UserId, origin: Origin) -> JournalRow | None:
        if self.after_row is not None:
            self.after_row(author)
        captured = self._captured
        if captured is None or captured == EMPTY_UPDATE:
            return None
        self._follow(captured)
        self.stored_bytes += len(captured)
        return JournalRow(author, origin, captured)

    def _follow(self, captured: bytes) -> None:
        """Let the index learn what a transaction did; its author's structs it has already."""
        if self.index is None:
            return
        deletes = read_deletes(self._captured_deletes, 0)
        if self._wrote_itself:
            self.index.follow(captured, deletes)
        else:
            self.index.add_deletes(deletes)

    def reread_clocks(self, client: ClientId | None = None) -> None:
        held = read_own_state_vector(self.doc.get_state())
        if client is None:
            self.clocks = dict(held)
        elif client in held:
            self.clocks[client] = held[client]

    def _capture(self, event: TransactionEvent) -> None:
        self._captured = event.update
        self._captured_deletes = event.delete_set  # type: ignore[attr-defined]

    def _note_meta(self, events: object) -> None:
        self.meta_changed = True

    def _note_edges(self, events: object) -> None:
        self.edges_changes += 1
