"""The sweeper: one task that ends what is due, though nobody asks for it. [ACC-1]

What has an expiry still holds until a transaction has ended it: this task sees that it does so
within a second.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import anyio
import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crdt_store.errors import CommitFailed
from rest.locks.sweeps import end_absent_locks, end_due_locks
from rest.sessions.sweeps import end_absent_participations, pass_lost_turns

if TYPE_CHECKING:
    from rest.deps import Services
    from server.core.metrics import Metrics

log = structlog.get_logger(__name__)

Sweep = Callable[["Services"], Awaitable[None]]
"""Looks in a session that reads whether anything is due, and writes only if so: it runs often,
and SQLite's write turn is one for the whole process."""

SWEEPS: Final[tuple[Sweep, ...]] = (
    end_due_locks,
    end_absent_locks,
    end_absent_participations,
    pass_lost_turns,
)
SWEEP_EVERY_S: Final = 0.5
AFTER_OUTAGE_S: Final = 2.0
_OUTAGES = (OperationalError, InterfaceError, PoolTimeout, OSError, CommitFailed)


async def run_sweeper(services: Services, metrics: Metrics) -> None:
    """Call every sweep each half second until cancelled; one that fails is called again."""
    while True:
        await anyio.sleep(SWEEP_EVERY_S)
        try:
            await _sweep_once(services, metrics)
        except _OUTAGES as outage:
            log.warning("sweeping waits for the database", error=type(outage).__name__)
            await anyio.sleep(AFTER_OUTAGE_S)


async def _sweep_once(services: Services, metrics: Metrics) -> None:
    for sweep in SWEEPS:
        try:
            await sweep(services)
        except _OUTAGES:
            raise
        except Exception:  # a task's edge: neither the other sweeps nor the server end with it
            metrics.task_errors += 1
            log.exception("a sweep failed")
