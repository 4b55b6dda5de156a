"""React Flow's JSON on its way in: what a node and an edge must be, and what is left out of them.

Left out are the keys that React Flow itself computes or that are one user's own (`selected`,
`dragging`, `measured`, …), at the top level only: `data` is the application's and is never
touched, not even a `data.selected`. The old name `parentNode` becomes `parentId`. `order` is the
document's own, given by the place in the list. Every node and edge gets a `data` object.
Edges may name nodes that are not there, and nodes parents: React Flow tolerates both, and two
users' edits can bring it about at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from crdt_store.errors import InvalidGraph
from crdt_store.json_values import Json, checked_copy, is_number, is_unicode, pointer

Collection = Literal["nodes", "edges"]

MAX_ID_CHARS = 256
DEFAULT_MAX_ENTITIES = 20_000
"""Nodes and edges of one workflow together."""

NODE_PROPERTIES = frozenset({"position", "type", "parentId", "width", "height"})
EDGE_PROPERTIES = frozenset({"type", "source", "target", "sourceHandle", "targetHandle"})

_TRANSIENT_KEYS: Mapping[Collection, frozenset[str]] = MappingProxyType(
    {
        "nodes": frozenset(
            {"selected", "dragging", "resizing", "measured", "positionAbsolute", "internals"}
        ),
        "edges": frozenset({"selected"}),
    }
)
_RESERVED_KEYS: Mapping[Collection, frozenset[str]] = MappingProxyType(
    {kind: keys | {"order"} for kind, keys in _TRANSIENT_KEYS.items()}
)
_REQUIRED_KEYS: Mapping[Collection, tuple[str, ...]] = MappingProxyType(
    {"nodes": ("position",), "edges": ("source", "target")}
)
_NOT_META = frozenset({"nodes", "edges", "viewport"})


@dataclass(frozen=True, slots=True)
class GraphJson:
    """A graph that the schema allows, sharing nothing with what it was made from."""

    nodes: list[dict[str, Json]]
    edges: list[dict[str, Json]]
    meta: dict[str, Json]


def checked_graph(graph: Mapping[str, Json], *, max_entities: int) -> GraphJson:
    """Validate React Flow's `{nodes, edges, …}`; either list may be missing.

    Every other key goes to meta, except `viewport`; a `meta` object, as exports have it, is
    merged into it. Raises InvalidGraph with the JSON pointer of the first offence.
    """
    if not isinstance(graph, Mapping):
        raise InvalidGraph("", "must be an object with the lists 'nodes' and 'edges'")
    meta: dict[str, Json] = {}
    if isinstance(nested := graph.get("meta"), dict):
        meta.update(checked_copy(nested, "/meta", around=1))
    for key, value in graph.items():
        if key in _NOT_META or (key == "meta" and isinstance(value, dict)):
            continue
        meta.update(checked_copy({key: value}, "", around=1))
    nodes, edges = _listed(graph, "nodes"), _listed(graph, "edges")
    check_count(len(nodes) + len(edges), max_entities)
    return GraphJson(
        nodes=_checked_list("nodes", nodes), edges=_checked_list("edges", edges), meta=meta
    )


def check_count(entities: int, max_entities: int) -> None:
    """Raises InvalidGraph if a graph would hold more nodes and edges than the limit."""
    if entities > max_entities:
        raise InvalidGraph(
            "", f"{entities} nodes and edges; a workflow holds at most {max_entities}"
        )


def checked_entity(collection: Collection, value: object, path: str) -> dict[str, Json]:
    """A node or an edge as it may enter the document. Raises InvalidGraph at or below `path`."""
    entity = shaped(collection, value, path)
    entity_id = checked_id(entity, path)
    for key in _REQUIRED_KEYS[collection]:
        if key not in entity:
            raise InvalidGraph(f"{path}/{key}", missing(collection, key))
    checked = {
        key: checked_field(collection, (key,), item, path)
        for key, item in entity.items()
        if key != "id"
    }
    return {"id": entity_id, **checked}


def shaped(collection: Collection, value: object, path: str) -> dict[str, Json]:
    """A shallow copy with `data`, and without what never enters the document; values unchecked."""
    if not isinstance(value, dict):
        raise InvalidGraph(path, "must be an object")
    reserved = _RESERVED_KEYS[collection]
    entity = {key: item for key, item in value.items() if key not in reserved}
    if collection == "nodes" and "parentNode" in entity:
        old_name = entity.pop("parentNode")
        entity.setdefault("parentId", old_name)
    if entity.get("data") is None:
        entity["data"] = {}
    return entity


def checked_id(entity: Mapping[str, Json], path: str) -> str:
    """The entity's id. Raises InvalidGraph."""
    entity_id = entity.get("id")
    if type(entity_id) is not str or not 0 < len(entity_id) <= MAX_ID_CHARS:
        raise InvalidGraph(
            f"{path}/id", f"must be a string of 1 to {MAX_ID_CHARS} characters, unique in its list"
        )
    if not is_unicode(entity_id):
        raise InvalidGraph(f"{path}/id", "holds a lone surrogate, which is no valid Unicode")
    return entity_id


def checked_field(collection: Collection, field: tuple[str, ...], value: object, path: str) -> Json:
    """A copy of the value of one field, `(key,)` or `("data", key)`, of the entity at `path`.

    Raises InvalidGraph; `id` is no field, it never changes.
    """
    if not all(type(part) is str and is_unicode(part) for part in field):
        raise InvalidGraph(path, "every key must be a string of valid Unicode")
    at = path + pointer(*field)
    if len(field) == 1 and (check := _CHECKS[collection].get(field[0])) is not None:
        check(value, at)
    # The lists' level and the entity's own already surround a field.
    return checked_copy(value, at, around=1 + len(field))


def missing(collection: Collection, key: str) -> str:
    """What to say where the required `key` is absent."""
    return f"is required: every {collection[:-1]} needs it"


def is_required(collection: Collection, field: tuple[str, ...]) -> bool:
    return len(field) == 1 and field[0] in _REQUIRED_KEYS[collection]


def is_transient(collection: Collection, key: str) -> bool:
    """A key that is React Flow's run state and never listed."""
    return key in _TRANSIENT_KEYS[collection]


def transient_keys(collection: Collection) -> frozenset[str]:
    return _TRANSIENT_KEYS[collection]


def property_field(collection: Collection, name: str) -> tuple[str, ...]:
    """The field that an event's `property` means: `position`, `type`, …, or `data.<key>`; any
    other name means `data.<name>`. Only the first dot counts. Raises InvalidGraph if it is empty.
    """
    if not isinstance(name, str):
        raise InvalidGraph("/data", "the name of a property must be a string")
    if name in (NODE_PROPERTIES if collection == "nodes" else EDGE_PROPERTIES):
        return (name,)
    key = name.removeprefix("data.")
    if not key:
        raise InvalidGraph("/data", f"the property {name!r} names no key of data")
    return ("data", key)


def _listed(graph: Mapping[str, Json], collection: Collection) -> list[Json]:
    value = graph.get(collection, [])
    if not isinstance(value, list):
        raise InvalidGraph(f"/{collection}", f"must be a list of {collection}")
    return value


def _checked_list(collection: Collection, values: list[Json]) -> list[dict[str, Json]]:
    entities: dict[str, dict[str, Json]] = {}
    for position, value in enumerate(values):
        path = pointer(collection, position)
        entity = checked_entity(collection, value, path)
        if entity["id"] in entities:
            raise InvalidGraph(f"{path}/id", duplicate(collection, entity["id"]))
        entities[entity["id"]] = entity
    return list(entities.values())


def duplicate(collection: Collection, entity_id: str) -> str:
    """What to say where an id occurs again."""
    return f"another {collection[:-1]} has the id {entity_id!r}; give each its own"


def _check_position(value: object, at: str) -> None:
    if (
        not isinstance(value, dict)
        or not is_number(value.get("x"))
        or not is_number(value.get("y"))
    ):
        raise InvalidGraph(at, "must be an object {x, y} of two finite numbers")


def _check_data(value: object, at: str) -> None:
    if not isinstance(value, dict):
        raise InvalidGraph(at, "must be an object")


def _check_text(value: object, at: str) -> None:
    if not isinstance(value, str):
        raise InvalidGraph(at, "must be a string")


def _check_text_or_null(value: object, at: str) -> None:
    if value is not None and not isinstance(value, str):
        raise InvalidGraph(at, "must be a string or null")


def _check_number_or_null(value: object, at: str) -> None:
    if value is not None and not is_number(value):
        raise InvalidGraph(at, "must be a finite number or null")


_CHECKS: Mapping[Collection, Mapping[str, Callable[[object, str], None]]] = MappingProxyType(
    {
        "nodes": {
            "position": _check_position,
            "type": _check_text_or_null,
            "parentId": _check_text_or_null,
            "width": _check_number_or_null,
            "height": _check_number_or_null,
            "data": _check_data,
        },
        "edges": {
            "source": _check_text,
            "target": _check_text,
            "sourceHandle": _check_text_or_null,
            "targetHandle": _check_text_or_null,
            "type": _check_text_or_null,
            "data": _check_data,
        },
    }
)
