"""The sweeper: one task that ends what is due, though nobody asks for it. [ACC-1]

What has an expiry still holds until a transaction has ended it: this task sees that it does so
within a second.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import anyio
import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crdt_store.errors import CommitFailed
from rest.comments.sweeps import refresh_points
from rest.locks.sweeps import end_absent_locks, end_due_locks
from rest.sessions.sweeps import end_absent_participations, pass_lost_turns
from rest.shares.expiry import end_due_shares

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
    end_due_shares,
    refresh_points,
)
SWEEP_EVERY_S: Final = 0.5
AFTER_OUTAGE_S: Final = 2.0


async def run_sweeper(services: Services, metrics: Metrics) -> None:
    """Call every sweep each half second until cancelled; one that fails is called again."""
    while True:
        await anyio.sleep(SWEEP_EVERY_S)
        if not await _sweep_once(services, metrics):
            await anyio.sleep(AFTER_OUTAGE_S)


async def _sweep_once(services: Services, metrics: Metrics) -> bool:
    """False if the database was not available to one of them."""
    is_available = True
    for sweep in SWEEPS:
        try:
            await sweep(services)
        except Exception as error:  # a task's edge: neither the others nor the server end with it
            if _is_outage(error):
                is_available = False
                log.warning("a sweep waits for the database", error=type(error).__name__)
            else:
                metrics.task_errors += 1
                log.exception("a sweep failed")
    return is_available


def _is_outage(error: Exception) -> bool:
    """The database's trouble, not a mistake of ours."""
    return isinstance(error, (DBAPIError, PoolTimeout, OSError, CommitFailed)) and not isinstance(
        error, (IntegrityError, DataError, ProgrammingError)
    )
