"""A change of the graph as a value, and how it is written into the shared types.

Nodes and edges are created by one `set` of a whole map and afterwards only changed in place, key
by key, so that a concurrent deletion wins instead of bringing half a node back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, assert_never

from pycrdt import Map, Text

from crdt_store.graph_listing import read_value
from crdt_store.json_values import Json, json_equal
from crdt_store.shared_values import PLAIN, SharedKeys
from crdt_store.text_diff import set_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crdt_store.graph_json import Collection

Field = tuple[str, ...]
"""`(key,)` of a node or an edge, or `("data", key)`."""


@dataclass(frozen=True, slots=True)
class Put:
    """A new node or edge, as `graph_json.checked_entity` returns it."""

    collection: Collection
    entity: Mapping[str, Json]
    order: float


@dataclass(frozen=True, slots=True)
class Drop:
    collection: Collection
    entity_id: str


@dataclass(frozen=True, slots=True)
class Assign:
    """Set one field of an existing node or edge to a checked value."""

    collection: Collection
    entity_id: str
    field: Field
    value: Json


@dataclass(frozen=True, slots=True)
class Unset:
    collection: Collection
    entity_id: str
    field: Field


@dataclass(frozen=True, slots=True)
class AssignMeta:
    key: str
    value: Json


@dataclass(frozen=True, slots=True)
class UnsetMeta:
    key: str


Change = Put | Drop | Assign | Unset | AssignMeta | UnsetMeta


@dataclass(frozen=True, slots=True)
class GraphWriter:
    """Carries out changes on the root maps; the caller holds the transaction.

    Values must have been checked: nothing is validated here.
    """

    roots: Mapping[Literal["nodes", "edges", "meta"], Map[Any]]
    keys: SharedKeys

    def write(self, change: Change) -> None:
        match change:
            case Put(collection, entity, order):
                shared = _new_entity({**entity, "order": order}, self.keys)
                self.roots[collection][entity["id"]] = shared
            case Drop(collection, entity_id):
                _delete(self.roots[collection], entity_id)
            case Assign(collection, entity_id, (key,), value):
                _assign(self._entity(collection, entity_id), key, value)
            case Assign(collection, entity_id, (_, key), value):
                data = self._data(collection, entity_id)
                _assign(data, key, value, self.keys.in_data, self.keys.in_settings)
            case Unset(collection, entity_id, (key,)):
                _delete(self._entity(collection, entity_id), key)
            case Unset(collection, entity_id, (_, key)):
                _delete(self._data(collection, entity_id), key)
            case AssignMeta(key, value):
                _assign(self.roots["meta"], key, value)
            case UnsetMeta(key):
                _delete(self.roots["meta"], key)
            case Assign() | Unset():
                raise ValueError(f"no field of a node or an edge: {change.field!r}")
            case _:
                assert_never(change)

    def _entity(self, collection: Collection, entity_id: str) -> Map[Any]:
        root = self.roots[collection]
        found = root[entity_id]
        if isinstance(found, Map):
            return found
        # A plain object, by a client that ignores the schema. It becomes a map; what is in its
        # data stays plain.
        root[entity_id] = shared = _new_entity(read_value(found), PLAIN)
        return shared

    def _data(self, collection: Collection, entity_id: str) -> Map[Any]:
        entity = self._entity(collection, entity_id)
        found = entity.get("data")
        if isinstance(found, Map):
            return found
        plain = read_value(found)
        entity["data"] = data = Map(plain if isinstance(plain, dict) else {})
        return data


def _new_entity(entity: Mapping[str, Json], keys: SharedKeys) -> Map[Any]:
    data = entity.get("data")
    shared = {
        key: keys.in_data(key, value)
        for key, value in (data if isinstance(data, dict) else {}).items()
    }
    return Map({**entity, "data": Map(shared)})


def _plain(key: str, value: Json) -> Json:
    return value


def _assign(
    shared: Map[Any],
    key: str,
    value: Json,
    create: Callable[[str, Json], Any] = _plain,
    create_inside: Callable[[str, Json], Any] = _plain,
) -> None:
    """Set an entry by what differs; `create` says what becomes of a value that is new there, and
    `create_inside` of one that is new in the map which the entry holds."""
    match shared.get(key), value:
        case Text() as text, str():
            set_text(text, value)
        case Map() as inner, dict():
            _assign_all(inner, value, create_inside)
        case (str(), str()) | (dict(), dict()):
            # What is plain stays so, under whatever key: two who convert at once lose one edit.
            shared[key] = value
        case _:
            shared[key] = create(key, value)


def _assign_all(
    shared: Map[Any], value: Mapping[str, Json], create: Callable[[str, Json], Any]
) -> None:
    """Make a nested shared map equal to `value`, touching only the keys that differ."""
    old = read_value(shared)
    for key in old.keys() - value.keys():
        _delete(shared, key)
    for key, item in value.items():
        if key not in old or not json_equal(old[key], item):
            _assign(shared, key, item, create)


def _delete(shared: Map[Any], key: str) -> None:
    if key in shared:
        del shared[key]
