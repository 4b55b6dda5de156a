"""The graph schema of a workflow document: typed access, React Flow JSON in and out.

nodes: Y.Map id → Y.Map {id, type, position: one plain {x, y}, data: Y.Map, order, parentId?, …}
edges: Y.Map id → Y.Map {id, source, target, sourceHandle?, targetHandle?, data: Y.Map, order, …}
meta:  Y.Map of plain values; breakpoints: Y.Map nodeId → {…}, which JSON does not list.

Values of `data` are JSON, or Y.Text and Y.Map where several people edit at once, as told in
`shared_values`. What enters is told in `graph_json`, what a patch means in `graph_patch`, what is
tolerated on the way out in `graph_listing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrdt import Doc, Map

from crdt_store.errors import EntityNotFound, InvalidGraph
from crdt_store.graph_changes import AssignMeta, Change, Drop, GraphWriter, Put
from crdt_store.graph_json import (
    DEFAULT_MAX_ENTITIES,
    Collection,
    check_count,
    checked_entity,
    checked_graph,
    duplicate,
)
from crdt_store.graph_listing import RawGraph, list_graph, read_entity, read_rows, read_value
from crdt_store.graph_patch import plan_merge, plan_patch, plan_value
from crdt_store.json_values import is_unicode
from crdt_store.shared_values import DEFAULT_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from crdt_store.graph_listing import Listing
    from crdt_store.json_values import Json
    from crdt_store.shared_values import SharedKeys

ROOTS = ("nodes", "edges", "meta", "breakpoints")


class Workflow:
    """A typed view on one workflow's Doc; holds no state of its own beside the root maps.

    Must be used in the Doc's thread; may be used inside a transaction of the caller's. Reading
    tolerates anything a Yjs client may have written (a node that is no map is left out); writing
    refuses what the schema does not allow, before the first change, and writes only what differs.
    """

    def __init__(
        self,
        doc: Doc[Any],
        *,
        keys: SharedKeys = DEFAULT_KEYS,
        max_entities: int = DEFAULT_MAX_ENTITIES,
    ) -> None:
        self.doc = doc
        self.nodes: Map[Any] = doc.get("nodes", type=Map)
        self.edges: Map[Any] = doc.get("edges", type=Map)
        self.meta: Map[Any] = doc.get("meta", type=Map)
        self.breakpoints: Map[Any] = doc.get("breakpoints", type=Map)
        self.max_entities = max_entities
        self.check: Callable[[Sequence[Change]], None] | None = None
        """Asked before anything is written, with all that will be; what it raises propagates."""
        self._writer = GraphWriter(
            {"nodes": self.nodes, "edges": self.edges, "meta": self.meta}, keys
        )

    def to_json(self) -> dict[str, Json]:
        """`{nodes: [...], edges: [...], meta: {...}}`: parents first, then by `order`, then by id.

        Every node has `id`, `position` {x, y} and `data`, every edge `id`, `source`, `target` and
        `data`. Integral floats come out as ints, Y.Text as strings; `order` is left out. The
        result shares nothing with the document, and orjson can write it. Costs 15 to 25 ms per
        1,000 nodes with as many edges, most of it inside pycrdt.
        """
        listed = list_graph(self.raw())
        return {
            "nodes": listed.nodes.entities,
            "edges": listed.edges.entities,
            "meta": listed.meta,
        }

    def raw(self, *, known_edges: Listing | None = None) -> RawGraph:
        """What `graph_listing.list_graph` makes the same of, in any thread.

        One call of pycrdt for each root: 5 to 10 ms per 1,000 nodes, and as much for the edges,
        unless they are known to be as they were listed.
        """
        with self.doc.transaction():
            edges = str(self.edges) if known_edges is None else known_edges
            return RawGraph(str(self.nodes), edges, str(self.meta))

    def node_json(self, node_id: str) -> dict[str, Json]:
        """One node as `to_json` lists it. Raises EntityNotFound."""
        return self._entity_json("nodes", node_id)

    def edge_json(self, edge_id: str) -> dict[str, Json]:
        """One edge as `to_json` lists it. Raises EntityNotFound."""
        return self._entity_json("edges", edge_id)

    def import_graph(self, graph: Mapping[str, Json]) -> None:
        """Fill a document without nodes and edges from React Flow JSON; meta is added to.

        What is left out is told in `graph_json`; the places in the lists become `order`.
        Validates first; raises InvalidGraph.
        """
        checked = checked_graph(graph, max_entities=self.max_entities)
        if len(self.nodes) or len(self.edges):
            raise InvalidGraph("", "the workflow is not empty; import into a new one")
        self._write(
            [
                *(Put("nodes", node, order) for order, node in enumerate(checked.nodes)),
                *(Put("edges", edge, order) for order, edge in enumerate(checked.edges)),
                *(AssignMeta(key, value) for key, value in checked.meta.items()),
            ]
        )

    def apply_json_patch(self, operations: Sequence[Mapping[str, Json]]) -> None:
        """RFC 6902 on `to_json()`, turned into the smallest in-place changes of the document.

        Validates everything before the first write; raises InvalidPatch or PatchTestFailed, and
        the document is then untouched. Costs a `to_json` and what the operations touch.
        """
        with self.doc.transaction():
            listed = list_graph(self.raw())
            self._write(plan_patch(listed, operations, max_entities=self.max_entities))

    def carry_out(self, plan: Iterable[Change]) -> None:
        """Write what `graph_patch.plan_patch` planned from this very state of the document.

        Costs what it writes. Nothing is validated: a plan from another state may do harm.
        """
        self._write(plan)

    def merge_node(self, node_id: str, changes: Mapping[str, Json]) -> None:
        """RFC 7386 on one node: null deletes, objects merge at every depth.

        Each key of `data` is written as one value, a Y.Text by its differences, a Y.Map by the
        keys that differ. Raises EntityNotFound, or InvalidPatch with a path inside the node; then
        nothing is written.
        """
        self._write(plan_merge("nodes", self.node_json(node_id), changes))

    def merge_edge(self, edge_id: str, changes: Mapping[str, Json]) -> None:
        """RFC 7386 on one edge, as `merge_node` does it."""
        self._write(plan_merge("edges", self.edge_json(edge_id), changes))

    def set_node_value(self, node_id: str, name: str, value: Json) -> None:
        """Set `position`, `type`, `parentId`, `width`, `height` or `data.<key>` of a node.

        Any other name means `data.<name>`. None deletes; a Y.Text gets the minimal difference, of
        a Y.Map only the keys that differ are written. Raises EntityNotFound, or InvalidGraph with
        a path inside the node.
        """
        self._write(plan_value("nodes", self.node_json(node_id), name, value))

    def set_edge_value(self, edge_id: str, name: str, value: Json) -> None:
        """Set `type`, `source`, `target`, `sourceHandle`, `targetHandle` or `data.<key>` of an
        edge, as `set_node_value` does it."""
        self._write(plan_value("edges", self.edge_json(edge_id), name, value))

    def add_node(self, node: Mapping[str, Json]) -> None:
        """Add a node of React Flow's JSON after all others. Raises InvalidGraph, also for an id
        that exists."""
        self._add("nodes", node)

    def add_edge(self, edge: Mapping[str, Json]) -> None:
        """Add an edge of React Flow's JSON after all others. Raises InvalidGraph, also for an id
        that exists."""
        self._add("edges", edge)

    def remove_node(self, node_id: str, *, with_edges: bool = True) -> None:
        """Remove a node and, as React Flow does, the edges that it is an end of.

        Children stay, with a parent that is not there. Raises EntityNotFound.
        """
        self._check_known("nodes", node_id)
        changes: list[Change] = [Drop("nodes", node_id)]
        if with_edges:
            changes += [
                Drop("edges", edge_id)
                for edge_id, row in read_rows(self.edges).items()
                if (edge := read_entity("edges", edge_id, row)) is not None
                and node_id in (edge["source"], edge["target"])
            ]
        self._write(changes)

    def remove_edge(self, edge_id: str) -> None:
        """Raises EntityNotFound."""
        self._check_known("edges", edge_id)
        self._write([Drop("edges", edge_id)])

    def _root(self, collection: Collection) -> Map[Any]:
        return self.nodes if collection == "nodes" else self.edges

    def _check_known(self, collection: Collection, entity_id: str) -> None:
        # What is no valid Unicode must not reach pycrdt, as a key neither.
        valid = isinstance(entity_id, str) and is_unicode(entity_id)
        if not valid or entity_id not in self._root(collection):
            raise EntityNotFound(collection[:-1], entity_id)

    def _entity_json(self, collection: Collection, entity_id: str) -> dict[str, Json]:
        self._check_known(collection, entity_id)
        row = read_value(self._root(collection)[entity_id])
        if (entity := read_entity(collection, entity_id, row)) is None:
            raise EntityNotFound(collection[:-1], entity_id)
        entity.pop("order", None)
        return entity

    def _add(self, collection: Collection, value: Mapping[str, Json]) -> None:
        entity = checked_entity(collection, value, "")
        if entity["id"] in self._root(collection):
            raise InvalidGraph("/id", duplicate(collection, entity["id"]))
        check_count(len(self.nodes) + len(self.edges) + 1, self.max_entities)
        rows = read_rows(self._root(collection)).values()
        orders = (row.get("order") for row in rows if type(row) is dict)
        numbers = (order for order in orders if isinstance(order, int | float))
        self._write([Put(collection, entity, max(numbers, default=-1) + 1)])

    def _write(self, changes: Iterable[Change]) -> None:
        if self.check is not None:
            changes = list(changes)
            self.check(changes)
        with self.doc.transaction():
            for change in changes:
                self._writer.write(change)
