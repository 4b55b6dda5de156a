"""A new document made of React Flow's JSON, in a thread of its own, before any transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from pycrdt import Doc

from crdt_store.errors import InvalidGraph
from crdt_store.workflow import Workflow
from rest.workflows.mirror import MirroredMeta, mirrored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crdt_store.shared_values import SharedKeys


@dataclass(frozen=True, slots=True)
class Draft:
    """`update` is the whole document as one Yjs update; None for an empty one."""

    update: bytes | None
    meta: MirroredMeta


async def draft(graph: Mapping[str, Any], *, keys: SharedKeys, max_document_bytes: int) -> Draft:
    """Raises InvalidGraph, also for a document that would be larger than allowed.

    The thread lets the event loop go on between the checks of one node and the next. [LIVE-2]
    """
    outcome = await anyio.to_thread.run_sync(_build, graph, keys)
    if isinstance(outcome, _Refusal):
        raise InvalidGraph(outcome.path, outcome.detail)
    if outcome.update is not None and len(outcome.update) > max_document_bytes:
        raise InvalidGraph("", f"the document would exceed {max_document_bytes} bytes")
    return outcome


@dataclass(frozen=True, slots=True)
class _Refusal:
    path: str
    detail: str


def _build(graph: Mapping[str, Any], keys: SharedKeys) -> Draft | _Refusal:
    doc: Doc[Any] = Doc()
    workflow = Workflow(doc, keys=keys)
    try:
        workflow.import_graph(graph)
    except InvalidGraph as error:
        # As a value: the exception's frames would carry the Doc out of the thread it must die in.
        return _Refusal(error.path, error.detail)
    is_empty = not (len(workflow.nodes) or len(workflow.edges) or len(workflow.meta))
    return Draft(
        update=None if is_empty else doc.get_update(), meta=mirrored(workflow.meta.to_py() or {})
    )
