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
from crdt_store.text_diff import set_text

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    text_keys: frozenset[str]

    def write(self, change: Change) -> None:
        match change:
            case Put(collection, entity, order):
                shared = self._new_entity({**entity, "order": order}, self.text_keys)
                self.roots[collection][entity["id"]] = shared
            case Drop(collection, entity_id):
                _delete(self.roots[collection], entity_id)
            case Assign(collection, entity_id, (key,), value):
                _assign(self._entity(collection, entity_id), key, value, as_text=False)
            case Assign(collection, entity_id, (_, key), value):
                data = self._data(collection, entity_id)
                _assign(data, key, value, as_text=key in self.text_keys)
            case Unset(collection, entity_id, (key,)):
                _delete(self._entity(collection, entity_id), key)
            case Unset(collection, entity_id, (_, key)):
                _delete(self._data(collection, entity_id), key)
            case AssignMeta(key, value):
                _assign(self.roots["meta"], key, value, as_text=False)
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
        # A plain object, by a client that ignores the schema. It becomes a map; texts stay plain.
        root[entity_id] = shared = self._new_entity(read_value(found), frozenset())
        return shared

    def _data(self, collection: Collection, entity_id: str) -> Map[Any]:
        entity = self._entity(collection, entity_id)
        found = entity.get("data")
        if isinstance(found, Map):
            return found
        plain = read_value(found)
        entity["data"] = data = Map(plain if isinstance(plain, dict) else {})
        return data

    @staticmethod
    def _new_entity(entity: Mapping[str, Json], text_keys: frozenset[str]) -> Map[Any]:
        data = entity.get("data")
        shared = {
            key: Text(value) if key in text_keys and isinstance(value, str) else value
            for key, value in (data if isinstance(data, dict) else {}).items()
        }
        return Map({**entity, "data": Map(shared)})


def _assign(shared: Map[Any], key: str, value: Json, *, as_text: bool) -> None:
    existing = shared.get(key)
    if isinstance(existing, Text) and isinstance(value, str):
        set_text(existing, value)
    elif isinstance(existing, Map) and isinstance(value, dict):
        _assign_all(existing, value)
    elif as_text and isinstance(value, str) and not isinstance(existing, str):
        shared[key] = Text(value)
    else:
        # A plain string stays one, under a text key too: two who convert at once lose one text.
        shared[key] = value


def _assign_all(shared: Map[Any], value: Mapping[str, Json]) -> None:
    """Make a nested shared map equal to `value`, touching only the keys that differ."""
    old = read_value(shared)
    for key in old.keys() - value.keys():
        _delete(shared, key)
    for key, item in value.items():
        if key not in old or not json_equal(old[key], item):
            _assign(shared, key, item, as_text=False)


def _delete(shared: Map[Any], key: str) -> None:
    if key in shared:
        del shared[key]
