"""The graph on its way out: shared maps, whatever was written into them, to listed JSON.

What a Yjs client may write is bounded by `update_scan`, not by the schema. So an entry that is no
object is left out, and so is an edge without source or target; a node without a usable position
is at 0, 0; `data` is {} where it is no object; the key in the map is the id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from pycrdt import Map, Text

from crdt_store.graph_json import transient_keys
from crdt_store.graph_order import UNORDERED, parents_first
from crdt_store.json_entries import entries

if TYPE_CHECKING:
    from crdt_store.graph_json import Collection
    from crdt_store.json_values import Json

_NUMBERS = (int, float)


@dataclass(frozen=True, slots=True)
class Listing:
    """One collection as JSON lists it, and the `order` of each id, which JSON leaves out."""

    entities: list[dict[str, Json]]
    orders: dict[str, float]


@dataclass(frozen=True, slots=True)
class RawGraph:
    """The root maps as pycrdt prints them: all that listing needs, and safe in any thread."""

    nodes: str
    edges: str | Listing
    """Or as they were listed, if they have not changed since."""
    meta: str


@dataclass(frozen=True, slots=True)
class ListedGraph:
    """A graph as JSON lists it. Shared by those who read it: not to be changed."""

    nodes: Listing
    edges: Listing
    meta: dict[str, Json]


def list_graph(raw: RawGraph) -> ListedGraph:
    """What `raw` holds as JSON lists it.

    Needs no document, so that a thread may do it while the event loop goes on. Of the 30 ms that
    5,000 nodes and edges take, orjson holds the interpreter 5 to 10 ms at a stretch: one call
    for each root.
    """
    edges = raw.edges
    if isinstance(edges, str):
        edges = list_entities("edges", parse_rows(edges))
    return ListedGraph(
        nodes=list_entities("nodes", parse_rows(raw.nodes)),
        edges=edges,
        meta=parse_rows(raw.meta),
    )


def read_rows(shared: Map[Any]) -> dict[str, Json]:
    """A root map as plain JSON, as `parse_rows` makes it."""
    return parse_rows(str(shared))


def parse_rows(printed: str) -> dict[str, Json]:
    """A printed map as plain JSON: integral floats are ints, texts strings, NaN null, bytes lists.

    An entry nested beyond some 240 levels, which orjson could not write, is left out.
    """
    try:
        rows: dict[str, Json] = _writable(orjson.loads(printed))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # only for the depth of some entry
        read = ((key, _parsed(value)) for key, value in entries(printed))
        rows = {key: value for key, value in read if value is not None}
    return rows


def read_value(value: object) -> Json:
    """One value of a map as plain JSON, like in `parse_rows`; None if it is nested too deep."""
    if isinstance(value, Map):
        return _parsed(str(value))
    if isinstance(value, Text):
        return str(value)
    try:
        return _writable(orjson.loads(orjson.dumps(value, default=list)))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None


def _parsed(printed: str) -> Json:
    try:
        return _writable(orjson.loads(printed))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None


def _writable(value: Json) -> Json:
    """Raises JSONEncodeError where orjson, which reads 1,024 levels, could not write `value` with
    a few levels around it. Costs 3 ms for 5,000 nodes and edges."""
    orjson.dumps([[[[[[[[value]]]]]]]])
    return value


def read_entity(collection: Collection, entity_id: str, row: Json) -> dict[str, Json] | None:
    """`row` in place, made readable; None if it is no node or edge at all. Keeps `order`."""
    if type(row) is not dict or not entity_id:
        return None
    if collection == "nodes":
        position = row.get("position")
        if (
            type(position) is not dict
            or type(position.get("x")) not in _NUMBERS
            or type(position.get("y")) not in _NUMBERS
        ):
            row["position"] = {"x": 0, "y": 0}
    elif type(row.get("source")) is not str or type(row.get("target")) is not str:
        return None
    if type(row.get("data")) is not dict:
        row["data"] = {}
    row["id"] = entity_id
    transient = transient_keys(collection)
    if not transient.isdisjoint(row):
        for key in transient.intersection(row):
            del row[key]
    return row


def list_entities(collection: Collection, rows: dict[str, Json]) -> Listing:
    """Parents first, then by `order`, then by id; `rows` is used up."""
    sortable: list[tuple[float, str]] = []
    parent_of: dict[str, str] = {}
    for entity_id, row in rows.items():
        if read_entity(collection, entity_id, row) is None:
            continue
        order = row.pop("order", None)
        sortable.append((order if type(order) in _NUMBERS else UNORDERED, entity_id))
        if collection == "nodes" and type(parent := row.get("parentId")) is str:
            parent_of[entity_id] = parent
    sortable.sort()
    orders = {entity_id: order for order, entity_id in sortable}
    return Listing([rows[entity_id] for entity_id in parents_first(orders, parent_of)], orders)
