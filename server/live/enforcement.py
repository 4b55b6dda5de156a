"""Whether a room can hold its rules against changes: the index of its items, made and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.lowlevel

from crdt_store.item_index import ItemIndex
from server.live.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from crdt_store.ids import WorkflowId
    from server.core.access import AccessSnapshot
    from server.live.context import RoomContext
    from server.live.live_document import LiveDocument

INDEX_AT_ONCE_BYTES = 16 * 1024
"""A larger document is indexed in slices, with the event loop's turn between them [LIVE-2]."""

_STRUCTS_PER_SLICE = 1_000
_SPARE_ENTRIES = 50_000


class Enforcement:
    """The rules of one room, and what it takes to enforce them.

    The items are indexed when the document is opened; changes wait meanwhile. As the index also
    remembers what entries of maps have held, it is made anew when it has doubled.
    """

    def __init__(
        self,
        access: AccessSnapshot,
        workflow_id: WorkflowId,
        context: RoomContext,
        *,
        on_ready: Callable[[], None],
    ) -> None:
        self._workflow_id = workflow_id
        self._context = context
        self._on_ready = on_ready
        self._made_entries = 0
        self.rules = Rules(access, workflow_id)
        self.is_indexing = False

    def set_access(self, access: AccessSnapshot) -> None:
        self.rules = Rules(access, self._workflow_id)

    def is_possible(self, document: LiveDocument) -> bool:
        """Whether changes can be checked now; if not, `on_ready` is called when they can."""
        if document.index is None and not self.is_indexing:
            self._make(document)
        return not self.is_indexing

    def keep_small(self, document: LiveDocument) -> None:
        """Housekeeping. Not while a change is being applied."""
        index = document.index
        if index is not None and len(index) > 2 * self._made_entries + _SPARE_ENTRIES:
            document.index = None
            self._make(document)

    def _make(self, document: LiveDocument) -> None:
        state = document.diff(b"\x00")
        if len(state) <= INDEX_AT_ONCE_BYTES:
            *_, index = ItemIndex.read(state, slice_structs=1 << 62)
            assert index is not None
            self._take(document, index)
        else:
            self.is_indexing = True
            self._context.start_task(self._index(document, state))

    async def _index(self, document: LiveDocument, state: bytes) -> None:
        """Index the items while nothing changes them."""
        try:
            for index in ItemIndex.read(state, slice_structs=_STRUCTS_PER_SLICE):
                if index is not None:
                    self._take(document, index)
                await anyio.lowlevel.checkpoint()
        finally:
            self.is_indexing = False
            self._on_ready()

    def _take(self, document: LiveDocument, index: ItemIndex) -> None:
        document.index = index
        self._made_entries = len(index)
