"""What committed edits changed in the graph, told to those who have no Yjs document of their own.

The document is observed only while somebody wants to know. Callbacks note which entries were
touched; the values are read once, when the tick is committed, so that nothing is shown before
[DUR-1] and a property that many touch in one tick is told once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pycrdt import Map, MapEvent
from pycrdt._base import BaseType

from crdt_store.errors import EntityNotFound
from crdt_store.graph_json import is_transient
from crdt_store.graph_listing import read_value
from crdt_store.json_values import json_equal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pycrdt import Subscription

    from crdt_store.graph_json import Collection
    from crdt_store.ids import UserId
    from crdt_store.json_values import Json
    from crdt_store.workflow import Workflow
    from server.live.live_document import LiveDocument
    from server.live.socket_end import SocketEnd

MAX_CHANGES_PER_TICK = 200
"""Of more than this nothing is told one by one: to list a node takes up to 50 µs."""

_ABSENT: Final = object()
_UNKNOWN: Final = object()
"""A shared type, or something inside one: what it was is not kept."""

Field = tuple[str, ...]
"""`()` for the whole node or edge, `(key,)` of it, `("data", key)`, or `("data", key, setting)` of
what lies in a map there. The last is told as `("data", key)` with all settings."""


class _Key(NamedTuple):
    collection: Collection
    entity_id: str
    field: Field


@dataclass(slots=True)
class _Touched:
    before: object
    author: UserId | None
    source: SocketEnd | None
    times: int = 1


class ContentUpdate(NamedTuple):
    """One change, as the JSON protocol shows it; `source` made it and need not be told."""

    author: UserId | None
    source: SocketEnd | None
    change: dict[str, Json]


class ContentUpdates:
    """Follows one room's document while there are listeners; an unfollowed one costs nothing."""

    def __init__(self) -> None:
        self._document: LiveDocument | None = None
        self._subscriptions: list[tuple[Map[Any], Subscription]] = []
        self._source: SocketEnd | None = None
        self._fresh: dict[_Key, object] = {}
        """Touched by the present row, with what was there before."""
        self._touched: dict[_Key, _Touched] = {}
        self._is_too_much = False

    @property
    def is_following(self) -> bool:
        return self._document is not None

    def follow(self, document: LiveDocument) -> None:
        """Forget what was noted, and follow this document from now on."""
        self.stop()
        self._document = document
        document.after_row = self._row_made
        workflow = document.workflow
        for root, note in (
            (workflow.nodes, self._noting("nodes")),
            (workflow.edges, self._noting("edges")),
        ):
            self._subscriptions.append((root, root.observe_deep(note)))

    def stop(self) -> None:
        """Let go of the document: one that is observed is never freed."""
        for root, subscription in self._subscriptions:
            root.unobserve(subscription)
        self._subscriptions.clear()
        if self._document is not None:
            self._document.after_row = None
            self._document = None
        self._forget()

    def made_by(self, source: SocketEnd) -> None:
        """The row that is being made comes from this connection."""
        self._source = source

    def take(self, author: UserId | None = None) -> Iterator[ContentUpdate] | None:
        """What changed since the last call; None if it is too much to be told one by one.

        To be called when all that the document holds is committed; it is read as the result is,
        which must be before anything else happens. `author` is that of changes
        which no row was made of here: of rows that another process has committed.
        """
        if self._document is None:
            return iter(())
        if self._fresh:
            self._row_made(author)
        touched, is_too_much = self._touched, self._is_too_much
        self._forget()
        if is_too_much:
            return None
        return _updates(self._document.workflow, touched)

    def _forget(self) -> None:
        self._source = None
        self._fresh = {}
        self._touched = {}
        self._is_too_much = False

    def _row_made(self, author: UserId | None) -> None:
        """All that was noted since the last row is this author's."""
        fresh, self._fresh = self._fresh, {}
        source, self._source = self._source, None
        if self._is_too_much:
            return
        touched = self._touched
        for key, before in fresh.items():
            known = touched.pop(key, None)
            if known is None:
                touched[key] = _Touched(before, author, source)
            else:
                touched[key] = _Touched(known.before, author, source, known.times + 1)
        if len(touched) > MAX_CHANGES_PER_TICK:
            self._is_too_much = True
            touched.clear()

    def _noting(self, collection: Collection) -> Callable[[Sequence[Any]], None]:
        def note(events: Sequence[Any]) -> None:
            # Only what is read in here of an event is valid.
            if not self._is_too_much:
                for event in events:
                    self._note(collection, event)

        return note

    def _note(self, collection: Collection, event: Any) -> None:
        path = event.path
        match len(path), isinstance(event, MapEvent):
            case 0, _:
                for entity_id, entry in event.keys.items():
                    self._touch(collection, entity_id, (), entry)
            case 1, True:
                for key, entry in event.keys.items():
                    if key not in ("id", "order") and not is_transient(collection, key):
                        self._touch(collection, path[0], (key,), entry)
            case 1, False:
                # No map where a node or an edge should be: JSON does not list it.
                pass
            case 2 | 3, True if path[1] == "data":
                for key, entry in event.keys.items():
                    self._touch(collection, path[0], (*path[1:], key), entry)
            case _:
                inside = tuple(path[1:4]) if path[1] == "data" else (path[1],)
                self._fresh.setdefault(_Key(collection, path[0], inside), _UNKNOWN)

    def _touch(
        self, collection: Collection, entity_id: str, field: Field, entry: dict[str, Any]
    ) -> None:
        before = _ABSENT if entry["action"] == "add" else entry.get("oldValue", _UNKNOWN)
        if not field and before is not _ABSENT:
            before = _UNKNOWN
        elif isinstance(before, BaseType):
            before = _UNKNOWN
        self._fresh.setdefault(_Key(collection, entity_id, field), before)


def _updates(workflow: Workflow, touched: Mapping[_Key, _Touched]) -> Iterator[ContentUpdate]:
    """What to tell of it, each property once and as whoever was last made it."""
    whole = {(key.collection, key.entity_id) for key in touched if not key.field}
    told: dict[_Key, _Touched] = {}
    for key, of in touched.items():
        if key.field and (
            (key.collection, key.entity_id) in whole or _was_taken_back(workflow, key, of)
        ):
            continue
        at = key._replace(field=key.field[:2])
        told.pop(at, None)
        told[at] = of
    for key, of in told.items():
        if (change := _change(workflow, key, of)) is not None:
            yield ContentUpdate(of.author, of.source, change)


def _root(workflow: Workflow, collection: Collection) -> Map[Any]:
    return workflow.nodes if collection == "nodes" else workflow.edges


def _was_taken_back(workflow: Workflow, key: _Key, of: _Touched) -> bool:
    """What only one row touched and left as it was, is a change that the rules took back."""
    if of.times > 1 or of.before is _UNKNOWN:
        return False
    entity = _root(workflow, key.collection).get(key.entity_id)
    return _is_same(of.before, _look(entity, key.field))


def _change(workflow: Workflow, key: _Key, of: _Touched) -> dict[str, Json] | None:
    """How a touched entry stands now; None if JSON does not list it."""
    kind = "node" if key.collection == "nodes" else "edge"
    named: dict[str, Json] = {f"{kind}_id": key.entity_id}
    root = _root(workflow, key.collection)
    if not key.field:
        if key.entity_id not in root:
            return None if of.before is _ABSENT else {"op": f"remove_{kind}", **named}
        read = workflow.node_json if kind == "node" else workflow.edge_json
        try:
            return {"op": f"add_{kind}", **named, "value": read(key.entity_id)}
        except EntityNotFound:
            # Something that JSON does not list either.
            return None
    now = _look(root.get(key.entity_id), key.field)
    named["property"] = ".".join(key.field)
    if now is _ABSENT:
        return {"op": "delete", **named}
    return {"op": "set", **named, "value": read_value(now)}


def _look(shared: object, path: Iterable[str]) -> object:
    for key in path:
        if not isinstance(shared, Map):
            return _ABSENT
        shared = shared.get(key, _ABSENT)
    return shared


def _is_same(before: Any, now: Any) -> bool:
    if before is _ABSENT or now is _ABSENT or isinstance(now, BaseType):
        return before is now
    return json_equal(before, now)
