"""The one path by which REST reads and changes a live document; server.live implements it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crdt_store.ids import Seq, UserId, WorkflowId
    from crdt_store.workflow import Workflow
    from server.core.identity import Identity


@dataclass(frozen=True, slots=True)
class Graph:
    """The committed graph as React Flow JSON, and the seq it stands at (its ETag).

    The two lists are encoded already: JSON arrays in UTF-8, as `Workflow.to_json` has them.
    Shared by all who ask while the document stands at that seq: not to be changed.
    """

    seq: Seq
    nodes_json: bytes
    edges_json: bytes
    meta: Mapping[str, Any]


class StaleSeq(Exception):
    """The document has moved past the seq that a conditional request named."""

    def __init__(self, expected: Seq, actual: Seq) -> None:
        super().__init__(f"the document is at seq {actual}, not {expected}")
        self.expected = expected
        self.actual = actual


class EditForbidden(Exception):
    """The gate refused the change: `reason` is stable, `resources` are (type, id) pairs of what
    was protected, `holder` is who may change them."""

    def __init__(
        self,
        reason: str,
        resources: tuple[tuple[str, str], ...] = (),
        holder: UserId | None = None,
    ) -> None:
        named = ", ".join(f"{kind} {name!r}" for kind, name in resources)
        whose = f", held by {holder!r}" if holder is not None else ""
        super().__init__(f"{reason}: {named}{whose}" if resources else reason)
        self.reason = reason
        self.resources = resources
        self.holder = holder


class Documents(Protocol):
    async def graph(self, workflow_id: WorkflowId) -> Graph:
        """From the live room when there is one, else from the store. Raises WorkflowNotFound."""
        ...

    async def state(self, workflow_id: WorkflowId) -> tuple[Seq, bytes]:
        """The whole committed document as one Yjs v1 update. Raises WorkflowNotFound."""
        ...

    async def edit(
        self,
        workflow_id: WorkflowId,
        identity: Identity,
        change: Callable[[Workflow], None],
        *,
        expected_seq: Seq | None = None,
    ) -> Seq:
        """Run `change` in the room's next write turn; once it is committed return its seq.

        `change` is synchronous, and everybody waits for it: it should cost what it touches. It
        must validate before it writes: what it raises reaches the caller, and the document must
        then be untouched. Raises WorkflowNotFound, StaleSeq, EditForbidden, CommitFailed.
        """
        ...

    async def patch(
        self,
        workflow_id: WorkflowId,
        identity: Identity,
        operations: Sequence[Mapping[str, Any]],
        *,
        expected_seq: Seq | None = None,
    ) -> Graph:
        """RFC 6902 on the graph; return the graph once the change is committed.

        Means what an `edit` by `Workflow.apply_json_patch` would mean, and raises what that does;
        but the plan is made beforehand, so that the write turn costs what the operations touch.
        `operations` must not change meanwhile.
        """
        ...

    async def close(self, workflow_id: WorkflowId) -> None:
        """The workflow was deleted: close its sockets with 4404 and drop the room."""
        ...

    def access_changed(self, workflow_id: WorkflowId) -> None:
        """After a commit that bumped the access epoch: act on open sockets within 1 s [ACC-3]."""
        ...
