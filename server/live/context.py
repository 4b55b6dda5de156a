"""What every room of a process shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from crdt_store.shared_values import SharedKeys
    from crdt_store.update_scan import ScanLimits
    from server.core.clock import Clock
    from server.core.metrics import Metrics
    from server.core.participants import Attendance


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """The settings that a room enforces; see `docs/configuration.md` for each."""

    max_document_bytes: int
    max_awareness_state_bytes: int
    max_connections_per_workflow: int
    max_messages_per_second: int
    max_pending_bytes_per_workflow: int
    send_buffer_bytes: int


@dataclass(frozen=True, slots=True)
class RoomContext:
    """`start_task` gives a task its parent, where its errors are logged.

    `attendance` is told of every user's first and last socket on a workflow.
    """

    limits: RoomLimits
    scan_limits: ScanLimits
    shared_keys: SharedKeys
    metrics: Metrics
    clock: Clock
    start_task: Callable[[Coroutine[Any, Any, None]], None]
    attendance: Attendance | None = None
