"""Tasks that outlive the message or timer that asked for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import structlog

from server.live.live_document import is_panic

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from server.core.metrics import Metrics

log = structlog.get_logger(__name__)


class BackgroundTasks:
    """Not a task group of anyio's: a message or a timer asks for a task outside of any other, where
    anyio starts none as soon as an application has sniffio installed.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._tasks: set[asyncio.Task[None]] = set()
        self._scopes: set[anyio.CancelScope] = set()
        self._is_stopped = False

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine until `stop`; its errors are logged here."""
        task = asyncio.get_running_loop().create_task(self._guard(coroutine))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Cancel every task, but for what it shields, such as a commit, and wait for its end."""
        self._is_stopped = True
        for scope in list(self._scopes):
            scope.cancel()
        if others := self._tasks - {asyncio.current_task()}:
            with anyio.CancelScope(shield=True):
                await asyncio.wait(others)

    async def _guard(self, coroutine: Coroutine[Any, Any, None]) -> None:
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            if self._is_stopped:
                scope.cancel()
            try:
                await coroutine
            except BaseException as error:
                # A task's edge. A panic of pycrdt is no Exception, and must not end every room.
                if not isinstance(error, Exception) and not is_panic(error):
                    raise
                self._metrics.task_errors += 1
                log.exception("background task failed")
            finally:
                self._scopes.discard(scope)
