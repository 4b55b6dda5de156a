"""The bus: what one door committed, the other learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import structlog

if TYPE_CHECKING:
    from crdt_store.ids import WorkflowId

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AccessChanged:
    """A commit bumped the workflow's access epoch to `access_epoch` [ACC-1]."""

    workflow_id: WorkflowId
    access_epoch: int


@dataclass(frozen=True, slots=True)
class WorkflowDeleted:
    """A commit deleted the workflow."""

    workflow_id: WorkflowId


@dataclass(frozen=True, slots=True)
class Announced:
    """Something that everyone with an open socket on the workflow is told, once committed.

    `message` is an event of the JSON protocol, `type` included; values are what orjson writes.
    """

    workflow_id: WorkflowId
    message: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A commit ended the workflow's editing session: its sockets are closed with 4403."""

    workflow_id: WorkflowId
    session_id: str


Event = AccessChanged | WorkflowDeleted | Announced | SessionEnded
Handler = Callable[[Event], None]
"""Must not block: it runs between two steps of the event loop. What it starts, it starts itself."""


class Bus(Protocol):
    async def publish(self, event: Event) -> None:
        """Tell every handler, after the commit that the event is about. Never raises an Exception.

        Events of one publisher reach a handler in order. A bus may lose events while its wire is
        down: whoever enforces rules reads the epoch in the write turn, and only reacts sooner
        because of the bus.
        """
        ...

    def subscribe(self, handler: Handler) -> Callable[[], None]:
        """Call `handler` for every event published from now on; returns how to end that."""
        ...


class InProcessBus:
    """Calls the handlers before `publish` returns, in the order in which they subscribed."""

    def __init__(self) -> None:
        self._handlers: dict[object, Handler] = {}

    async def publish(self, event: Event) -> None:
        for subscription, handler in list(self._handlers.items()):
            if subscription not in self._handlers:
                continue  # ended by a handler before it
            try:
                handler(event)
            except Exception:  # a handler's failure is not the publisher's, nor the next handler's
                _log.exception("bus_handler_failed", bus_event=type(event).__name__)

    def subscribe(self, handler: Handler) -> Callable[[], None]:
        subscription = object()
        self._handlers[subscription] = handler

        def end() -> None:
            self._handlers.pop(subscription, None)

        return end
