"""Opening many clients of the server, and filling its documents as a client would."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from benchmarks.connection import Connection, Receive
from benchmarks.update_ranges import clock_ranges
from benchmarks.websocket_frames import client_frame, upgrade_request
from benchmarks.wire import UPDATE, read_bytes, sync_message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from benchmarks.server_process import ServerProcess

_ANSWER_TIMEOUT_S = 30.0
_AT_ONCE = 50

T = TypeVar("T")


async def open_client(
    server: ServerProcess,
    workflow: str,
    user: str,
    *,
    on_update: Receive | None = None,
    on_awareness: Receive | None = None,
    on_made: Callable[[Connection], None] | None = None,
    **params: str,
) -> Connection:
    """Connect `user` to `workflow` and wait for step 2. Raises ServerClosed or TimeoutError.

    `on_made` gets the connection before anything can arrive on it; `params` join the query.
    """
    request = upgrade_request(server.host, server.port, server.sync_path(workflow, user, **params))
    connection = Connection(request, on_update, on_awareness)
    if on_made is not None:
        on_made(connection)
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: connection, server.host, server.port)
    await asyncio.wait_for(asyncio.shield(connection.step_2), _ANSWER_TIMEOUT_S)
    return connection


async def in_groups(work: Sequence[Awaitable[T]], *, at_once: int = _AT_ONCE) -> list[T]:
    """All results in order; at most `at_once` under way, so that no backlog overflows."""
    turns = asyncio.Semaphore(at_once)

    async def take_turn(item: Awaitable[T]) -> T:
        async with turns:
            return await item

    return list(await asyncio.gather(*(take_turn(item) for item in work)))


async def fill_document(server: ServerProcess, workflow: str, base: bytes) -> None:
    """Send `base` as an edit, and return once another client was shown all of it."""
    wanted = {client_id: end for client_id, _, end in clock_ranges(base)}
    shown = asyncio.Event()

    def watch(message: bytes, at: float) -> None:
        for client_id, _, end in clock_ranges(read_bytes(message, 2)[0]):
            if wanted.get(client_id, end + 1) <= end:
                shown.set()

    watcher = await open_client(server, workflow, "filler-watch", on_update=watch)
    filler = await open_client(server, workflow, "filler")
    filler.send(client_frame(sync_message(UPDATE, base)))
    await asyncio.wait_for(shown.wait(), _ANSWER_TIMEOUT_S)
    watcher.abort()
    filler.abort()


def unexpected_closes(connections: Sequence[Connection]) -> list[str]:
    """Why the server closed connections that nobody left: one line per reason, with a count."""
    reasons: dict[str, int] = {}
    for connection in connections:
        if connection.close_reason not in (None, "left"):
            reasons[connection.close_reason] = reasons.get(connection.close_reason, 0) + 1
    return [f"{count} connections {reason}" for reason, count in reasons.items()]
