"""The composition root: the only file that imports both doors."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import anyio
import structlog
import uvicorn
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import WebSocketRoute

import rest.api
from crdt_store.database import Database
from crdt_store.open_journal import open_journal
from rest.access.service import Access
from rest.sessions.attendance import SessionAttendance
from rest.sessions.lookup import find_session
from rest.sweeper import run_sweeper
from rest.workflows.service import create_if_unknown, mirror_meta
from server import migrations
from server.core.auth import create_authenticator
from server.core.bus import (
    AccessChanged,
    Announced,
    Event,
    InProcessBus,
    SessionEnded,
    WorkflowDeleted,
)
from server.core.logs import configure_logging
from server.core.metrics import Metrics
from server.core.origins import OriginMiddleware
from server.core.version import version
from server.editor_pages import NothingHere, editor_routes
from server.live.documents import LiveDocuments
from server.live.event_socket import EventSocket
from server.live.rooms import Rooms
from server.live.sync_socket import SyncSocket
from server.live.websocket_protocol import WebSocketProtocol
from server.operations import Operated, operations_router

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Iterator, Sequence
    from types import FrameType

    from server.core.settings import Settings

log = structlog.get_logger(__name__)

_SWITCH_INTERVAL_S = 0.001
_CLOSING_TIMEOUT_S = 1
"""For closing handshakes, after the drain has had its time: 10 s are promised for all."""
_WEBSOCKET_OVERHEAD_BYTES = 64
"""A message around the largest update: its type, its subtype, its length."""


def create_app(settings: Settings) -> FastAPI:
    """The whole server as one ASGI application; its lifespan opens and closes everything."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            Database.open(settings.database_url) as database,
            open_journal(database) as journal,
            create_authenticator(settings) as authenticator,
        ):
            await migrations.check(database)
            metrics = Metrics()
            bus = InProcessBus()
            access = Access(database, settings=settings, bus=bus)
            attendance = SessionAttendance(database, settings=settings, metrics=metrics)
            async with Rooms(
                settings,
                database=database,
                journal=journal,
                access=access,
                metrics=metrics,
                mirror_meta=partial(mirror_meta, database),
                attendance=attendance,
            ) as rooms:
                bus.subscribe(partial(_tell_rooms, rooms))
                rest.api.install(
                    app,
                    database=database,
                    documents=LiveDocuments(rooms),
                    authenticator=authenticator,
                    access=access,
                    bus=bus,
                    settings=settings,
                    participants=rooms,
                )
                rooms.start_task(attendance.run(rooms))
                rooms.start_task(run_sweeper(app.state.services, metrics))
                create_unknown = (
                    partial(create_if_unknown, database) if access.is_open_to_all else None
                )
                sync = SyncSocket(rooms, authenticator, create_unknown=create_unknown)
                events = EventSocket(
                    rooms,
                    authenticator,
                    create_unknown=create_unknown,
                    find_session=partial(find_session, database),
                )
                app.router.routes += [
                    WebSocketRoute("/sync/{workflow_id}", sync),
                    WebSocketRoute("/api/collaboration/ws/{session_id}/{user_id:path}", events),
                ]
                app.state.operated = Operated(database, rooms, metrics)
                _spare_the_collector()
                yield
                await rooms.drain(settings.drain_timeout_s)
                await attendance.flush()

    app = FastAPI(title="coflow", version=version(), lifespan=lifespan)
    rest.api.add_routes(app)
    app.include_router(operations_router())
    app.router.routes += editor_routes()
    app.router.default = NothingHere(app.router.default)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.allowed_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["Content-Disposition", "Date", "ETag", "Location", "Retry-After"],
    )
    app.add_middleware(OriginMiddleware, settings=settings)
    return app


def _spare_the_collector() -> None:
    """What is there after the start stays; and full collections, which stop everything, are rare.

    With Python's own thresholds they made the p99 of 200 busy documents five times higher.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 50, 50)


def _tell_rooms(rooms: Rooms, event: Event) -> None:
    match event:
        case AccessChanged():
            rooms.access_changed(event.workflow_id, event.access_epoch)
        case WorkflowDeleted():
            rooms.close_workflow(event.workflow_id)
        case Announced():
            rooms.announce(event.workflow_id, event.message)
        case SessionEnded():
            rooms.end_session(event.workflow_id)


class Server(uvicorn.Server):
    """uvicorn's, but a signal ends it with what is queued committed, and with exit code 0."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, *, drain_timeout_s: float) -> None:
        super().__init__(config)
        self._app = app
        self._drain_timeout_s = drain_timeout_s

    def _log_started_message(self, listeners: Sequence[socket.SocketType]) -> None:
        host, port = listeners[0].getsockname()[:2]
        at = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        log.info("coflow is ready", http=f"http://{at}", sync=f"ws://{at}/sync/WORKFLOW_ID")

    async def shutdown(self, sockets: object = None) -> None:
        """Stop accepting, commit what is queued, close the sockets with 1012, then go."""
        for server in self.servers:
            server.close()
        await self._app.state.operated.rooms.drain(self._drain_timeout_s)
        await super().shutdown()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises the signal again after a graceful end, which makes the exit code -15.
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        log.info("signal received", signal=signal.Signals(sig).name)
        super().handle_exit(sig, frame)


def serve(settings: Settings) -> None:
    """Run the server in this process until a signal ends it. Blocks."""
    configure_logging(settings)
    # The journal's thread gives up the interpreter lock around each statement; while the event
    # loop is busy it would wait 5 ms to get it back.
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    anyio.run(_migrate_if_wanted, settings)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="auto",
        http="httptools",
        ws=WebSocketProtocol,
        ws_max_size=settings.max_message_bytes + _WEBSOCKET_OVERHEAD_BYTES,
        ws_ping_interval=settings.ping_every_s,
        ws_ping_timeout=settings.ping_every_s,
        ws_per_message_deflate=False,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=_CLOSING_TIMEOUT_S,
    )
    Server(config, app, drain_timeout_s=settings.drain_timeout_s).run()


async def _migrate_if_wanted(settings: Settings) -> None:
    if settings.migrates_on_start:
        await migrations.upgrade(settings.database_url)
