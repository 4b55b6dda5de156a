"""The registry of live documents: opened once however many ask, closed when nobody is left.

Derives from pycrdt-websocket's WebsocketServer and keeps its interface.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import anyio
import structlog
from pycrdt.websocket import WebsocketServer

from crdt_store import refusals, snapshots
from crdt_store.errors import WorkflowNotFound
from crdt_store.graph_listing import read_rows
from crdt_store.ids import UserId, WorkflowId
from crdt_store.update_scan import ScanLimits
from server.core.clock import Clock, SystemClock
from server.core.close_codes import CloseCode
from server.live.admission import Admission
from server.live.background import BackgroundTasks
from server.live.context import RoomContext, RoomLimits
from server.live.hazards import may_hold_pairs
from server.live.live_document import is_panic
from server.live.room import Room, RoomGone
from server.live.write_loop import WriteLoop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pycrdt import Channel

    from crdt_store.database import Database
    from crdt_store.journal import Journal
    from server.core.access import AccessSource
    from server.core.identity import Identity
    from server.core.metrics import Metrics
    from server.core.participants import Attendance, LiveParticipant
    from server.core.settings import Settings

log = structlog.get_logger(__name__)

HOUSEKEEPING_EVERY_S = 2.0
MAX_IDLE_ROOMS = 256
"""Documents kept in memory without anybody in them, for those who read over REST."""
_REFRESH_AFTER_S = 0.03
_RETRY_AFTER_S = (0.1, 0.5, 2.0)
FOLD_EVERY_S = 60.0
"""For one document. In between its journal grows: replaying 100,000 rows takes half a second."""
SIGN_OF_LIFE_AFTER_S = 20.0
"""A stock client reconnects when it has heard nothing for 30 s."""

MirrorMeta = Callable[[WorkflowId, dict[str, Any]], Coroutine[Any, Any, None]]


class Rooms(WebsocketServer):
    """Use as an async context manager; leaving it closes every room."""

    rooms: dict[str, Room]  # type: ignore[assignment]

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database,
        journal: Journal,
        access: AccessSource,
        metrics: Metrics,
        mirror_meta: MirrorMeta,
        attendance: Attendance | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(auto_clean_rooms=False)
        self.settings = settings
        self.metrics = metrics
        self._database = database
        self._journal = journal
        self._access = access
        self._mirror_meta = mirror_meta
        self._clock = clock or SystemClock()
        self._loading: dict[WorkflowId, asyncio.Future[Room]] = {}
        self._changed_while_loading: set[WorkflowId] = set()
        self._is_folding = False
        self._may_fold_s: dict[WorkflowId, float] = {}
        self._mirrors: dict[WorkflowId, dict[str, Any]] = {}
        self._mirroring = False
        self._background = BackgroundTasks(metrics)
        self.connections_of: dict[UserId, int] = {}
        self.admission = Admission(access)
        self.is_draining = False
        self._write_loop = WriteLoop(
            database,
            journal,
            access,
            metrics,
            tick_s=settings.tick_ms / 1000,
            start_task=self.start_task,
            on_committed=self._after_commit,
        )
        self._context = RoomContext(
            limits=RoomLimits(
                max_document_bytes=settings.max_document_bytes,
                max_awareness_state_bytes=settings.max_awareness_state_bytes,
                max_connections_per_workflow=settings.max_connections_per_workflow,
                max_messages_per_second=settings.max_messages_per_second,
                max_pending_bytes_per_workflow=settings.max_pending_bytes_per_workflow,
                send_buffer_bytes=settings.send_buffer_bytes,
            ),
            scan_limits=ScanLimits(
                max_update_bytes=settings.max_message_bytes,
                extra_roots=frozenset(settings.extra_roots),
            ),
            shared_keys=settings.shared_keys,
            metrics=metrics,
            clock=self._clock,
            start_task=self.start_task,
            attendance=attendance,
        )

    async def __aenter__(self) -> Rooms:
        await super().__aenter__()
        self.start_task(self._keep_house())
        return self

    def start_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine until the registry stops; its errors are logged."""
        self._background.start(coroutine)

    async def get_room(self, name: str) -> Room:
        """The live document of a workflow, loaded if need be. Raises WorkflowNotFound.

        However many ask at once, it is loaded once and each gets the same room. Its rules are no
        older than the last change of them that was told [ACC-3].
        """
        room = await self._find_or_load(WorkflowId(name))
        if room.access_is_stale:
            await self.refresh_access(room)
        return room

    async def _find_or_load(self, workflow_id: WorkflowId) -> Room:
        room = self.rooms.get(workflow_id)
        if room is not None and not room.is_gone:
            room.touch()
            return room
        loading = self._loading.get(workflow_id)
        if loading is None:
            loading = asyncio.get_running_loop().create_future()
            # Nobody may be left to hear of a failure.
            loading.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._loading[workflow_id] = loading
            self.start_task(self._load(workflow_id, loading))
        return await asyncio.shield(loading)

    async def _load(self, workflow_id: WorkflowId, loading: asyncio.Future[Room]) -> None:
        try:
            access = await self._access.snapshot(workflow_id)
            stored = await self._journal.load(workflow_id)
            room = Room(
                workflow_id, stored, access, self._context, schedule=self._write_loop.schedule
            )
            if any(may_hold_pairs(part) for part in stored.updates()):
                await room.survey(learn_pairs=True)
            await room.start()
            room.can_enforce()
            self.rooms[workflow_id] = room
            self.metrics.rooms = len(self.rooms)
            if not loading.done():
                loading.set_result(room)
            if workflow_id in self._changed_while_loading or (
                stored.head.access_epoch != access.access_epoch
            ):
                self.access_changed(workflow_id)
            self._drop_idle_ones()
        except BaseException as error:
            if not loading.done():
                loading.set_exception(error)
            if not isinstance(error, Exception) and not is_panic(error):
                raise
        finally:
            del self._loading[workflow_id]
            self._changed_while_loading.discard(workflow_id)

    async def serve(  # type: ignore[override]
        self, websocket: Channel, identity: Identity
    ) -> None:
        """Serve any pycrdt Channel, whoever's it was verified to be, until it ends.

        Its path is the workflow's id, with or without a leading slash. Raises WorkflowNotFound,
        and RoomGone while the process drains.
        """
        if self.is_draining:
            raise RoomGone("the server restarts")
        room = await self.get_room(websocket.path.removeprefix("/"))
        await room.serve(websocket, identity)

    async def stop(self) -> None:
        """Close every room, whose document would otherwise never be freed; end all tasks.

        Idempotent.
        """
        for room in list(self.rooms.values()):
            self._drop(room, CloseCode.RESTART, "the server stops")
        if self.running:
            await super().stop()
        await self._background.stop()

    async def delete_room(self, *, name: str | None = None, room: Any = None) -> None:
        """Close a room for good, with 1012; its document stays in the store."""
        found = self.rooms.get(name) if name is not None else room
        if found is not None:
            self._drop(found, CloseCode.RESTART, "the room was closed")

    def close_workflow(self, workflow_id: WorkflowId) -> None:
        """The workflow was deleted: its sockets are closed with 4404."""
        if (room := self.rooms.get(workflow_id)) is not None:
            self._drop(room, CloseCode.NOT_FOUND, "the workflow was deleted")
        elif workflow_id in self._loading:
            self._changed_while_loading.add(workflow_id)

    def access_changed(self, workflow_id: WorkflowId, access_epoch: int | None = None) -> None:
        """The rules moved, to this epoch: read them anew and enforce them on open sockets [ACC-3].

        A room at work reads them in its next write turn in any case, and before anybody comes in; a
        quiet one a moment later, once for however many changes there were.
        """
        if (room := self.rooms.get(workflow_id)) is not None:
            if access_epoch is not None and access_epoch <= room.access.access_epoch:
                return
            room.access_changed(access_epoch)
            self.start_task(self._refresh_access_soon(room, access_epoch))
        elif workflow_id in self._loading:
            self._changed_while_loading.add(workflow_id)

    def announce(self, workflow_id: WorkflowId, message: Mapping[str, Any]) -> None:
        """Tell everyone who has the workflow open, and reads events, what was committed."""
        if (room := self.rooms.get(workflow_id)) is not None:
            room.announce(message)

    def end_session(self, workflow_id: WorkflowId) -> None:
        """The editing session was ended: its sockets are closed with 4403."""
        if (room := self.rooms.get(workflow_id)) is not None:
            room.disconnect_all(CloseCode.FORBIDDEN, "the session was ended")

    # Participants

    def live(self, workflow_id: WorkflowId) -> list[LiveParticipant]:
        """As server.core.participants.Participants."""
        room = self.rooms.get(workflow_id)
        return [] if room is None else room.participants()

    def is_live(self, workflow_id: WorkflowId, user_id: UserId) -> bool:
        """As server.core.participants.Participants."""
        room = self.rooms.get(workflow_id)
        return room is not None and any(
            each.user_id == user_id for each in room.connections.values()
        )

    def users(self) -> dict[WorkflowId, list[Identity]]:
        """As server.core.participants.Participants."""
        return {
            room.workflow_id: list(identities.values())
            for room in self.rooms.values()
            if (identities := room.identities())
        }

    async def _refresh_access_soon(self, room: Room, access_epoch: int | None) -> None:
        if access_epoch is not None:
            await anyio.sleep(_REFRESH_AFTER_S)
            if room.is_gone or access_epoch <= room.access.access_epoch:
                return
        await self.refresh_access(room)

    async def refresh_access(self, room: Room) -> None:
        """Read a room's rules and enforce them. Raises what the database does after some tries."""
        for wait_s in (*_RETRY_AFTER_S, None):
            try:
                access = await self._access.snapshot(room.workflow_id)
            except WorkflowNotFound:
                self._drop(room, CloseCode.NOT_FOUND, "the workflow was deleted")
                return
            except Exception:
                # The write turn reads the rules anew in any case; this is for those who read.
                log.exception("access could not be read", workflow=room.workflow_id)
                if wait_s is None:
                    raise
                await anyio.sleep(wait_s)
            else:
                if not room.is_gone and access.access_epoch >= room.access.access_epoch:
                    room.set_access(access)
                return

    async def settled(self) -> None:
        """Wait until everything that was submitted is committed and shown."""
        await self._write_loop.drain()

    async def drain(self, timeout_s: float) -> None:
        """Stop taking edits, commit what is queued, close every socket with 1012."""
        self.is_draining = True
        with anyio.move_on_after(timeout_s):
            await self._write_loop.drain()
        for room in list(self.rooms.values()):
            self._drop(room, CloseCode.RESTART, "the server restarts")

    def _drop(self, room: Room, code: CloseCode, reason: str) -> None:
        room.close_all(code, reason)
        if self.rooms.get(room.workflow_id) is room:
            del self.rooms[room.workflow_id]
        self.metrics.rooms = len(self.rooms)

    def _after_commit(self, room: Room) -> None:
        if news := room.document.refused.take_news():
            self.start_task(refusals.store(self._database, room.workflow_id, news))
        if room.rows_since_fold >= self.settings.fold_after_rows:
            self._fold(room)
        if room.document.hazards.is_survey_due:
            self.start_task(room.survey(learn_pairs=False))
        if room.document.meta_changed:
            room.document.meta_changed = False
            self._mirrors[room.workflow_id] = read_rows(room.document.workflow.meta)
            if not self._mirroring:
                self._mirroring = True
                self.start_task(self._mirror())

    async def _mirror(self) -> None:
        try:
            while self._mirrors:
                workflow_id, meta = next(iter(self._mirrors.items()))
                await self._mirror_meta(workflow_id, meta)
                if self._mirrors[workflow_id] is meta:
                    del self._mirrors[workflow_id]
        finally:
            self._mirroring = False

    def _fold(self, room: Room) -> None:
        """Fold in the background: one document at a time, and each not too often.

        A fold holds the interpreter lock for some 10 ms per 1,000 nodes.
        """
        if self._is_folding or self._clock.now_s() < self._may_fold_s.get(room.workflow_id, 0.0):
            return
        self._is_folding = True
        room.rows_since_fold = 0
        self.start_task(self._fold_in_background(room.workflow_id))

    async def _fold_in_background(self, workflow_id: WorkflowId) -> None:
        try:
            with self.metrics.folding():
                await snapshots.fold(
                    self._database,
                    self._journal,
                    workflow_id,
                    keep_rows=self.settings.journal_keep_rows,
                )
        finally:
            self._is_folding = False
            now_s = self._clock.now_s()
            self._may_fold_s = {
                other: at_s for other, at_s in self._may_fold_s.items() if at_s > now_s
            }
            self._may_fold_s[workflow_id] = now_s + FOLD_EVERY_S

    async def _keep_house(self) -> None:
        while True:
            await anyio.sleep(HOUSEKEEPING_EVERY_S)
            self.metrics.pending_bytes = sum(
                room.pending.cost_bytes for room in self.rooms.values()
            )
            for room in list(self.rooms.values()):
                try:
                    self._look_after(room, self._clock.now_s())
                except Exception:
                    self.metrics.task_errors += 1
                    log.exception("housekeeping failed", workflow=room.workflow_id)

    def _look_after(self, room: Room, now_s: float) -> None:
        if room.is_gone:
            self._drop(room, CloseCode.RESTART, "the room was closed")
            return
        room.keep_alive(now_s, SIGN_OF_LIFE_AFTER_S)
        idle = room.idle_since_s
        if idle is not None and now_s - idle > self.settings.room_idle_s and room.is_resting:
            if room.rows_since_fold > self.settings.fold_after_rows // 10:
                self._fold(room)
            self._drop(room, CloseCode.RESTART, "nobody is here")

    def _drop_idle_ones(self) -> None:
        """Bound the memory of rooms that nobody has a socket in: the longest idle go first."""
        idle = [room for room in self.rooms.values() if room.is_resting]
        if len(idle) > MAX_IDLE_ROOMS:
            idle.sort(key=lambda room: room.idle_since_s or 0.0)
            for room in idle[: len(idle) - MAX_IDLE_ROOMS]:
                self._drop(room, CloseCode.RESTART, "nobody is here")
