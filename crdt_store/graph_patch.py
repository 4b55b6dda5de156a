"""From a changed JSON to the fewest changes in place: JSON Patch, merge patch, single values.

Everything here is a plan: it reads JSON, validates what would be written, and writes nothing.

What a JSON Patch means beyond RFC 6902: a node that is removed takes neither its edges nor its
children along (list them, or use `Workflow.remove_node`); run state such as `selected` is
accepted and left out; the id of an existing entity cannot change; the place in a list becomes
`order`, and a child listed before its parent comes after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crdt_store.errors import InvalidGraph, InvalidPatch
from crdt_store.footprint import META, Footprint
from crdt_store.graph_changes import Assign, AssignMeta, Change, Drop, Put, Unset, UnsetMeta
from crdt_store.graph_json import (
    check_count,
    checked_entity,
    checked_field,
    checked_id,
    duplicate,
    is_required,
    missing,
    property_field,
    shaped,
)
from crdt_store.graph_order import place
from crdt_store.json_patch import PatchTarget
from crdt_store.json_values import Json, checked_copy, json_equal, pointer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crdt_store.footprint import Read
    from crdt_store.graph_json import Collection
    from crdt_store.graph_listing import ListedGraph, Listing

_ROOT_KEYS = frozenset({"nodes", "edges", "meta"})


def plan_patch(
    graph: ListedGraph,
    operations: Sequence[Mapping[str, Json]],
    *,
    max_entities: int,
    footprint: Footprint | None = None,
) -> list[Change]:
    """What RFC 6902 `operations` on `{nodes, edges, meta}` change; `graph` stays as it is.

    Beside one pass over the ids it costs what the operations touch. Raises InvalidPatch or
    PatchTestFailed; `footprint` is filled in then, too. Needs no document: a thread may do it
    while the event loop goes on.
    """
    footprint = footprint if footprint is not None else Footprint()
    shared: dict[int, Read] = {id(graph.meta): META}
    shared.update((id(entity), ("nodes", entity["id"])) for entity in graph.nodes.entities)
    shared.update((id(entity), ("edges", entity["id"])) for entity in graph.edges.entities)
    target = PatchTarget(
        {
            "nodes": list(graph.nodes.entities),
            "edges": list(graph.edges.entities),
            "meta": graph.meta,
        },
        shared=shared.keys(),
    )
    try:
        for index, operation in enumerate(operations):
            target.apply(index, operation)
        nodes, edges, meta = _checked_root(target.root)
        changes = [
            *_list_changes("nodes", graph.nodes, nodes, target.originals, footprint),
            *_list_changes("edges", graph.edges, edges, target.originals, footprint),
            *_meta_changes(graph.meta, meta, footprint),
        ]
        if any(isinstance(change, Put) for change in changes):
            check_count(len(nodes) + len(edges), max_entities)
    except InvalidGraph as error:
        raise InvalidPatch(error.path, error.detail) from error
    finally:
        footprint.read.update(shared[each] for each in target.visited)
        footprint.is_everything = target.visited_all
    return changes


def plan_merge(
    collection: Collection, before: Mapping[str, Json], changes: Mapping[str, Json]
) -> list[Change]:
    """What an RFC 7386 merge patch on one entity changes; `before` is the entity as listed.

    A null deletes, objects merge at every depth. Each key of `data` is planned as one value, of
    which `graph_changes` writes what differs. Raises InvalidPatch with a path inside the entity.
    """
    if not isinstance(changes, dict):
        raise InvalidPatch("", "a merge patch of a node or an edge must be an object")
    try:
        merged = shaped(collection, _merged(before, checked_copy(changes, "")), "")
        if merged.get("id") != before["id"]:
            raise InvalidGraph("/id", _FIXED_ID)
        return list(_entity_changes(collection, before, merged, ""))
    except InvalidGraph as error:
        raise InvalidPatch(error.path, error.detail) from error


def plan_value(
    collection: Collection, before: Mapping[str, Json], name: str, value: Json
) -> list[Change]:
    """What setting one property changes: nothing if it has that value; None deletes it.

    `name` is read by `property_field`. Raises InvalidGraph with a path inside the entity.
    """
    field = property_field(collection, name)
    holder = before if len(field) == 1 else before["data"]
    key = field[-1]
    if value is None:
        if is_required(collection, field):
            raise InvalidGraph(pointer(*field), missing(collection, key))
        return [Unset(collection, before["id"], field)] if key in holder else []
    checked = checked_field(collection, field, value, "")
    if key in holder and json_equal(holder[key], checked):
        return []
    return [Assign(collection, before["id"], field, checked)]


_FIXED_ID = "the id of what exists cannot change; remove it and add another"


def _checked_root(root: Json) -> tuple[list[Json], list[Json], dict[str, Json]]:
    if not isinstance(root, dict):
        raise InvalidGraph("", "the document must stay an object {nodes, edges, meta}")
    if unknown := root.keys() - _ROOT_KEYS:
        raise InvalidGraph(pointer(min(unknown)), "must be under /nodes, /edges or /meta")
    nodes, edges, meta = root.get("nodes"), root.get("edges"), root.get("meta")
    if not isinstance(nodes, list):
        raise InvalidGraph("/nodes", "must stay a list")
    if not isinstance(edges, list):
        raise InvalidGraph("/edges", "must stay a list")
    if not isinstance(meta, dict):
        raise InvalidGraph("/meta", "must stay an object")
    return nodes, edges, meta


def _list_changes(
    collection: Collection,
    listing: Listing,
    patched: Sequence[Json],
    originals: Mapping[int, Json],
    footprint: Footprint,
) -> Iterator[Change]:
    """The entities of `listing` that are in `patched` as the same objects are as they were,
    wherever they are now; `originals` tells which others are changed copies of them."""
    known = {id(entity): entity["id"] for entity in listing.entities}
    by_id = {entity["id"]: entity for entity in listing.entities}
    final: dict[str, Mapping[str, Json]] = {}
    added: list[dict[str, Json]] = []
    changed: list[Change] = []
    new_parents = False
    for position, value in enumerate(patched):
        entity = value
        if (same := known.get(id(value))) is not None:
            entity_id = same
        else:
            path = pointer(collection, position)
            entity = shaped(collection, value, path)
            entity_id = checked_id(entity, path)
            original = originals.get(id(value))
            if known.get(id(original), entity_id) != entity_id:
                raise InvalidGraph(f"{path}/id", _FIXED_ID)
            if (before := by_id.get(entity_id)) is not None:
                footprint.read.add((collection, entity_id))
                changed += _entity_changes(collection, before, entity, path)
                new_parents |= before.get("parentId") != entity.get("parentId")
            else:
                entity = checked_entity(collection, value, path)
                added.append(entity)
        if entity_id in final:
            raise InvalidGraph(
                f"{pointer(collection, position)}/id", duplicate(collection, entity_id)
            )
        final[entity_id] = entity
    for entity_id in by_id.keys() - final.keys():
        yield Drop(collection, entity_id)
    yield from changed
    orders: dict[str, float] = {}
    if new_parents or list(final) != list(by_id):
        orders = place(list(final), listing.orders, _parents(final.values()))
    for entity in added:
        yield Put(collection, entity, orders.pop(entity["id"]))
    for entity_id, order in orders.items():
        yield Assign(collection, entity_id, ("order",), order)


def _parents(entities: Iterable[Mapping[str, Json]]) -> dict[str, str]:
    return {
        entity["id"]: parent
        for entity in entities
        if isinstance(parent := entity.get("parentId"), str)
    }


def _entity_changes(
    collection: Collection, before: Mapping[str, Json], after: Mapping[str, Json], path: str
) -> Iterator[Change]:
    """The fields in which an entity differs; only what differs is validated."""
    entity_id = before["id"]
    if not isinstance(after["data"], dict):
        checked_field(collection, ("data",), after["data"], path)
    for field in _fields(before):
        if _value(after, field) is _ABSENT:
            if is_required(collection, field):
                raise InvalidGraph(path + pointer(*field), missing(collection, field[0]))
            yield Unset(collection, entity_id, field)
    for field in _fields(after):
        value = _value(after, field)
        old = _value(before, field)
        if old is _ABSENT or not json_equal(old, value):
            checked = checked_field(collection, field, value, path)
            yield Assign(collection, entity_id, field, checked)


_ABSENT = object()


def _fields(entity: Mapping[str, Json]) -> Iterator[tuple[str, ...]]:
    for key in entity:
        if key not in ("id", "data"):
            yield (key,)
    for key in entity["data"]:
        yield ("data", key)


def _value(entity: Mapping[str, Json], field: tuple[str, ...]) -> Json:
    holder = entity if len(field) == 1 else entity["data"]
    return holder.get(field[-1], _ABSENT)


def _meta_changes(
    before: Mapping[str, Json], after: Mapping[str, Json], footprint: Footprint
) -> Iterator[Change]:
    if after is before:
        return
    footprint.read.add(META)
    for key in before.keys() - after.keys():
        yield UnsetMeta(key)
    for key, value in after.items():
        if key not in before or not json_equal(before[key], value):
            yield AssignMeta(key, checked_copy({key: value}, "/meta", around=1)[key])


def _merged(before: Mapping[str, Json], changes: Mapping[str, Json]) -> dict[str, Json]:
    merged = dict(before)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            inner = merged.get(key)
            merged[key] = _merged(inner if isinstance(inner, dict) else {}, value)
        else:
            merged[key] = value
    return merged
