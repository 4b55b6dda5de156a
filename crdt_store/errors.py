"""Every error of the store.

StoreError
├── WorkflowNotFound
├── WorkflowExists
├── DatabaseInUse            a second process on the same SQLite file
├── DatabaseNotMigrated
├── CommitFailed             nothing of the turn was stored
├── InvalidGraph             a React Flow graph that the schema refuses
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


class InvalidGraph(StoreError):
    """`path` is a JSON pointer to the offending value, `detail` says what is expected there."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(f"{path or '/'}: {detail}")
        self.path = path
        self.detail = detail


class UpdateRefused(StoreError):
    """`code` is stable and machine-readable; the message says what was wrong."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class MalformedUpdate(UpdateRefused):
    """The bytes are no Yjs v1 update of the shapes that a workflow uses."""


class UpdateTooLarge(UpdateRefused):
    """The update exceeds a size, count or depth limit."""
