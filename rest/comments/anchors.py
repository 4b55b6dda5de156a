"""Where comments are: the places of the nodes and edges that they are about, from the document.

A node's place is its position, added to its parents'; an edge's is the middle between its ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio.to_thread
import orjson

from crdt_store.json_values import is_number
from rest.comments.schemas import ContextType

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from crdt_store.ids import Seq, WorkflowId
    from server.core.documents import Documents, Graph

_MAX_PARENTS = 64
_MAX_COORDINATE = 1e300
"""So that a sum of what clients wrote stays finite."""

IN_DOCUMENT = frozenset({ContextType.NODE, ContextType.EDGE})


class Anchor(NamedTuple):
    """A node or an edge."""

    type: str
    id: str


class Place(NamedTuple):
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Places:
    """What the document says at `seq` of some anchors: only those that exist are here.

    None: it exists, but is nowhere, as an edge of which an end is missing.
    """

    seq: Seq
    of: Mapping[Anchor, Place | None]


async def look(
    documents: Documents, workflow_id: WorkflowId, anchors: Collection[Anchor]
) -> Places:
    """Find the anchors in the document as it is now committed. Raises as `Documents.graph` does."""
    graph = await documents.graph(workflow_id)
    # Parsing 5,000 nodes is not for the event loop [LIVE-2].
    return await anyio.to_thread.run_sync(find, graph, frozenset(anchors))


def find(graph: Graph, anchors: Collection[Anchor]) -> Places:
    """For a thread: every list of the graph is parsed once, the edges only if one is asked for."""
    nodes = {node["id"]: node for node in orjson.loads(graph.nodes_json)}
    of: dict[Anchor, Place | None] = {
        anchor: _node_place(nodes, anchor.id)
        for anchor in anchors
        if anchor.type == ContextType.NODE and anchor.id in nodes
    }
    wanted = {anchor.id for anchor in anchors if anchor.type == ContextType.EDGE}
    if wanted:
        for edge in orjson.loads(graph.edges_json):
            if edge["id"] in wanted:
                of[Anchor(ContextType.EDGE.value, edge["id"])] = _middle(nodes, edge)
    return Places(graph.seq, of)


def _node_place(nodes: Mapping[str, dict[str, Any]], node_id: object) -> Place | None:
    node = nodes.get(node_id) if isinstance(node_id, str) else None
    if node is None or (own := _position(node)) is None:
        return None
    x, y = own
    # Two users' edits can make a circle of parents, or a chain of any length.
    for _ in range(_MAX_PARENTS):
        parent_id = node.get("parentId")
        parent = nodes.get(parent_id) if isinstance(parent_id, str) else None
        if parent is None or (offset := _position(parent)) is None:
            break
        x, y, node = x + offset.x, y + offset.y, parent
    return Place(x, y)


def _middle(nodes: Mapping[str, dict[str, Any]], edge: Mapping[str, Any]) -> Place | None:
    source = _node_place(nodes, edge.get("source"))
    target = _node_place(nodes, edge.get("target"))
    if source is None or target is None:
        return None
    return Place((source.x + target.x) / 2, (source.y + target.y) / 2)


def _position(node: Mapping[str, Any]) -> Place | None:
    position = node.get("position")
    if not isinstance(position, dict):
        return None
    x: Any = position.get("x")
    y: Any = position.get("y")
    if not (is_number(x) and is_number(y)) or max(abs(x), abs(y)) > _MAX_COORDINATE:
        return None
    return Place(float(x), float(y))
