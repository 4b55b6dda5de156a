"""What waits to be written to a room: Yjs updates, and edits from REST and JSON events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

    from crdt_store.ids import ClientId, Seq
    from crdt_store.item_index import Owner
    from crdt_store.journal import Origin
    from crdt_store.update_scan import Scan
    from crdt_store.workflow import Workflow
    from server.core.identity import Identity
    from server.live.connection import Connection
    from server.live.gate import Arrival, Refuse


@dataclass(slots=True, eq=False)
class SyncChange:
    """A Yjs update from a socket, scanned and not yet applied."""

    connection: Connection
    update: bytes
    scan: Scan
    arrival: Arrival
    clocks: Mapping[ClientId, int] = field(default_factory=dict)
    """Of a step 2: what the sender's replica held when it last asked for what it lacks."""
    refusal: Refuse | None = None
    missing: dict[ClientId, int] | None = None
    """Set while it waits for structs that nobody has brought yet."""
    held_since_s: float = 0.0
    was_tried_in_part: bool = False
    is_settled: bool = False
    made_under: ClientId | None = None
    """The client id, if its author made it just now under a claim of its own."""

    @property
    def is_fresh(self) -> bool:
        """Whether it was made just now: what was held may have come another way meanwhile."""
        return self.arrival == "update" and not self.held_since_s

    @property
    def cost_bytes(self) -> int:
        """What it takes in memory while it waits: the bytes, and about 1 KiB of objects."""
        return len(self.update) + 1024


@dataclass(slots=True, eq=False)
class Edit:
    """A change from REST or a JSON event, run in the write turn."""

    identity: Identity
    change: Callable[[Workflow], None]
    expected_seq: Seq | None
    done: asyncio.Future[None]
    fits: Callable[[Seq], bool] | None = None
    """Whether `change`, if it was planned beforehand, still means the same at this seq."""
    origin: Origin = "rest"
    touches: Owner | None = None
    """The one node or edge that it changes, if that is known: refused without a look at it."""
    error: BaseException | None = None
    seq: Seq | None = None
    """Where the document stands with the change in it; true once it is committed."""

    def finish(self) -> None:
        """Tell whoever waits: the change is committed, or `error`. Idempotent."""
        if self.done.done():
            return
        if self.error is not None:
            self.done.set_exception(self.error)
        else:
            self.done.set_result(None)


class PlanOutdated(Exception):
    """The document has changed since the edit was planned; nothing was written."""


Pending = SyncChange | Edit
