"""Whether a room can hold its rules against changes: the index of its items, made and let go of."""

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
INDEX_OUTLIVES_RULES_S = 600.0

_STRUCTS_PER_SLICE = 1_000


class Enforcement:
    """The rules of one room, and what it takes to enforce them.

    The items are indexed when the first rule appears; changes wait meanwhile. The index goes 10
    minutes after the last rule.
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
        self._keep_until_s = 0.0
        self.rules = Rules(access, workflow_id)
        self.is_indexing = False

    def set_access(self, access: AccessSnapshot) -> None:
        self.rules = Rules(access, self._workflow_id)

    def is_possible(self, document: LiveDocument) -> bool:
        """Whether changes can be checked now; if not, `on_ready` is called when they can.

        To be asked inside the write turn, when the document and the rules are up to date.
        """
        if not self.rules.restrict_somebody:
            return True
        self._keep_until_s = self._context.clock.now_s() + INDEX_OUTLIVES_RULES_S
        if document.index is None and not self.is_indexing:
            state = document.diff(b"\x00")
            if len(state) <= INDEX_AT_ONCE_BYTES:
                *_, document.index = ItemIndex.read(state, slice_structs=1 << 62)
            else:
                self.is_indexing = True
                self._context.start_task(self._index(document, state))
        return not self.is_indexing

    def let_go(self, document: LiveDocument, now_s: float) -> None:
        """Housekeeping: an index that no rule has needed for long costs memory and time."""
        if document.index is None or now_s <= self._keep_until_s:
            return
        if self.rules.restrict_somebody:
            self._keep_until_s = now_s + INDEX_OUTLIVES_RULES_S
        else:
            document.index = None

    async def _index(self, document: LiveDocument, state: bytes) -> None:
        """Index the items while nothing changes them."""
        try:
            for index in ItemIndex.read(state, slice_structs=_STRUCTS_PER_SLICE):
                if index is not None:
                    document.index = index
                await anyio.lowlevel.checkpoint()
        finally:
            self.is_indexing = False
            self._on_ready()
