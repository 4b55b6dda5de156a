"""Every error of the store.

StoreError
├── WorkflowNotFound
├── WorkflowExists
├── DatabaseInUse            a second process on the same SQLite file
├── DatabaseNotMigrated
├── CommitFailed             nothing of the turn was stored
├── JournalTrimmed           the rows asked for were folded into the snapshot
├── DocumentCorrupt          what is stored cannot be loaded
├── InvalidGraph             a React Flow graph that the schema refuses
├── InvalidPatch             a JSON Patch or merge that cannot be applied
├── PatchTestFailed          a `test` operation of a JSON Patch did not hold
├── EntityNotFound           there is no such node or edge in the document
└── UpdateRefused            an update that must not reach pycrdt
    ├── MalformedUpdate
    └── UpdateTooLarge
"""

from crdt_store.ids import WorkflowId


class StoreError(Exception):
    """Base of every error that crdt_store raises."""


class WorkflowNotFound(StoreError):
    def __init__(self, workflow_id: WorkflowId) -> None:
        super().__init__(f"there is no workflow {workflow_id!r}")
        self.workflow_id = workflow_id


class WorkflowExists(StoreError):
    def __init__(self, workflow_id: WorkflowId) -> None:
        super().__init__(f"workflow {workflow_id!r} exists already")
        self.workflow_id = workflow_id


class DatabaseInUse(StoreError):
    """Another process serves the same SQLite file."""


class DatabaseNotMigrated(StoreError):
    """The database's schema is not at the revision that this version needs."""


class CommitFailed(StoreError):
    """The database refused the commit (disk full, gone, …); nothing of the turn was stored."""


class JournalTrimmed(StoreError):
    """Some rows after `seq` were folded into the snapshot and deleted: load the document anew."""

    def __init__(self, workflow_id: WorkflowId, seq: int) -> None:
        super().__init__(f"workflow {workflow_id!r}: not all rows after seq {seq} are kept")
        self.workflow_id = workflow_id
        self.seq = seq


class DocumentCorrupt(StoreError):
    """The snapshot and the journal of a workflow do not make a document."""

    def __init__(self, workflow_id: WorkflowId, detail: str) -> None:
        super().__init__(f"workflow {workflow_id!r} cannot be loaded: {detail}")
        self.workflow_id = workflow_id


class InvalidGraph(StoreError):
    """`path` is a JSON pointer to the offending value, `detail` says what is expected there."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(f"{path or '/'}: {detail}")
        self.path = path
        self.detail = detail


class InvalidPatch(StoreError):
    """`path` is the JSON pointer in question, `detail` says what is wrong or expected there.

    `index` is the operation's position in the JSON Patch; None when no single operation is at
    fault (the result as a whole breaks the schema) or the change was no JSON Patch.
    """

    def __init__(self, path: str, detail: str, *, index: int | None = None) -> None:
        where = path or "/"
        super().__init__(f"{where}: {detail}" if index is None else f"[{index}] {where}: {detail}")
        self.path = path
        self.detail = detail
        self.index = index


class PatchTestFailed(StoreError):
    """The value at `path` is not what operation number `index` of a JSON Patch expects."""

    def __init__(self, path: str, *, index: int) -> None:
        super().__init__(f"[{index}] {path or '/'}: the value differs from the one tested for")
        self.path = path
        self.index = index


class EntityNotFound(StoreError):
    """`kind` is "node" or "edge"; `entity_id` is the id that was asked for."""

    def __init__(self, kind: str, entity_id: str) -> None:
        super().__init__(f"there is no {kind} {entity_id!r}")
        self.kind = kind
        self.entity_id = entity_id


class UpdateRefused(StoreError):
    """`code` is stable and machine-readable; the message says what was wrong."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class MalformedUpdate(UpdateRefused):
    """The bytes are no Yjs v1 update of the shapes that a workflow uses."""


class UpdateTooLarge(UpdateRefused):
    """The update exceeds a size, count or depth limit."""
