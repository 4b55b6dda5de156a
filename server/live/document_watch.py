"""What has changed in a document since a patch was planned: which entities, or their order."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pycrdt import MapEvent

from crdt_store.footprint import META

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pycrdt import Map, Subscription

    from crdt_store.footprint import Footprint, Read
    from crdt_store.graph_json import Collection
    from crdt_store.workflow import Workflow

_PLACE_KEYS = frozenset({"order", "parentId", "source", "target"})
"""Keys of a node or an edge that decide whether and where it is listed."""


class DocumentWatch:
    """Follows a document while somebody plans; an idle one costs an update nothing."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self._users = 0
        self._subscriptions: list[tuple[Map[Any], Subscription]] = []
        self._changed: set[Read] = set()
        self._is_reordered = False

    @contextmanager
    def following(self) -> Iterator[None]:
        """To be entered while the document stands where the plan is made from."""
        self._users += 1
        if self._users == 1:
            self._start()
        try:
            yield
        finally:
            self._users -= 1
            if self._users == 0:
                self._stop()

    def spared(self, footprint: Footprint) -> bool:
        """Whether nothing has changed of all that a plan was made from."""
        if (
            not self._subscriptions
            or self._is_reordered
            or (footprint.is_everything and self._changed)
        ):
            return False
        return self._changed.isdisjoint(footprint.read)

    def _start(self) -> None:
        workflow = self._workflow
        self._changed.clear()
        self._is_reordered = False
        for root, note in (
            (workflow.nodes, self._noting("nodes")),
            (workflow.edges, self._noting("edges")),
            (workflow.meta, self._note_meta),
        ):
            self._subscriptions.append((root, root.observe_deep(note)))

    def _stop(self) -> None:
        for root, subscription in self._subscriptions:
            root.unobserve(subscription)
        self._subscriptions.clear()

    def _noting(self, collection: Collection) -> Callable[[Sequence[Any]], None]:
        def note(events: Sequence[Any]) -> None:
            for event in events:
                path = event.path
                if not path or _decides_place(event, path):
                    self._is_reordered = True
                else:
                    self._changed.add((collection, path[0]))

        return note

    def _note_meta(self, events: object) -> None:
        self._changed.add(META)


def _decides_place(event: Any, path: Sequence[Any]) -> bool:
    if len(path) > 1:
        return path[1] in _PLACE_KEYS
    return isinstance(event, MapEvent) and not _PLACE_KEYS.isdisjoint(
        event.keys  # type: ignore[attr-defined]
    )
