"""The process's one tick: presence at once, and one write turn at a time for all that waits.

Whether a tick goes out at once is judged for the whole process, not per room: many quiet rooms
that each send at once would make one commit per update. While one commit runs, what arrives
becomes the next [DUR-2].
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import structlog

from crdt_store.errors import StoreError
from crdt_store.session_turn import SessionTurn, session_turn
from server.core.close_codes import CloseCode
from server.live.live_document import DocumentBroken, is_panic

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractAsyncContextManager

    from crdt_store.database import Database
    from crdt_store.ids import Seq, UserId, WorkflowId
    from crdt_store.journal import Head, Journal, WriteTurn
    from server.core.access import AccessSource, Resource
    from server.core.identity import Identity
    from server.core.metrics import Metrics
    from server.live.batch import Outcome
    from server.live.room import Room

log = structlog.get_logger(__name__)

MAX_APPLY_S = 0.015
"""How long one turn may gate and apply before it lets the event loop go on [LIVE-2]."""
_MAX_CULPRITS = 8
_MANY_ROOMS = 24
_LONGER = 1.65
"""With many documents at work a commit's fixed cost counts most: at 20 ms, ticks become 33 ms."""


class WriteLoop:
    """Schedules rooms, commits their changes, and tells them what became of it."""

    def __init__(
        self,
        database: Database,
        journal: Journal,
        access: AccessSource,
        metrics: Metrics,
        *,
        tick_s: float,
        start_task: Callable[[Coroutine[Any, Any, None]], None],
        on_committed: Callable[[Room], None],
    ) -> None:
        self._database = database
        self._journal = journal
        self._access = access
        self._metrics = metrics
        self._tick_s = tick_s
        self._start_task = start_task
        self._on_committed = on_committed
        self._due: dict[Room, None] = {}
        self._timer: asyncio.TimerHandle | asyncio.Handle | None = None
        self._last_tick_s = 0.0
        self._rooms_last_time = 0
        self._is_committing = False
        self._idle = asyncio.Event()
        self._idle.set()

    def schedule(self, room: Room) -> None:
        """Give the room a place in the next tick. Cheap to call again and again."""
        self._due[room] = None
        if self._timer is None:
            self._arm()

    async def drain(self) -> None:
        """Wait until nothing is scheduled and no commit runs."""
        while self._due or self._is_committing:
            self._idle.clear()
            await self._idle.wait()

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        tick_s = self._tick_s * (_LONGER if self._rooms_last_time > _MANY_ROOMS else 1.0)
        wait_s = self._last_tick_s + tick_s - loop.time()
        # In a turn of its own even after a quiet spell: what arrives together goes out together.
        self._timer = (
            loop.call_later(wait_s, self._tick) if wait_s > 0 else loop.call_soon(self._tick)
        )

    def _tick(self) -> None:
        self._timer = None
        self._last_tick_s = asyncio.get_running_loop().time()
        due, self._due = self._due, {}
        writing: list[Room] = []
        for room in due:
            if room.is_gone:
                continue
            room.flush_presence()
            if room.wants_turn:
                writing.append(room)
        if not writing:
            self._check_idle()
        elif self._is_committing:
            # The commit in flight arms the next tick when it is done.
            self._due.update(dict.fromkeys(writing))
        else:
            self._is_committing = True
            self._rooms_last_time = len(writing)
            self._start_task(self._commit(writing))

    def _check_idle(self) -> None:
        if not self._due and not self._is_committing:
            self._idle.set()

    async def _commit(self, rooms: list[Room]) -> None:
        applied: dict[Room, Seq] = {}
        rooms, deferred = _for_one_turn(rooms)
        has_turn = False
        has_rows = False
        started_s = time.perf_counter()
        try:
            async with self._turn(rooms) as turn:
                has_turn = True
                deadline_s = time.monotonic() + MAX_APPLY_S
                for room in rooms:
                    if applied and time.monotonic() > deadline_s:
                        deferred.append(room)
                    else:
                        has_rows |= await self._apply_or_close(room, turn, applied, deadline_s)
        except Exception as error:
            # Memory is ahead of the store now: throw it away. The clients still hold their
            # edits and bring them back. A closed database and a bug in applying end here too.
            if isinstance(error, StoreError):
                log.error("commit failed", error=str(error), rooms=len(applied))
            else:
                log.exception("write turn failed", rooms=len(applied))
            self._metrics.commits_failed += 1
            for room in applied if has_turn else rooms:
                _give_up(room, error)
        else:
            if has_rows:
                self._metrics.committed(time.perf_counter() - started_s)
            for room, last_seq in applied.items():
                self._publish(room, last_seq)
        finally:
            # Who had to wait goes first.
            self._due = dict.fromkeys(deferred) | self._due
            self._is_committing = False
            if self._due and self._timer is None:
                self._arm()
            self._check_idle()

    def _turn(self, rooms: list[Room]) -> AbstractAsyncContextManager[WriteTurn]:
        first = rooms[0]
        if first.rules.grants_what_is_created:
            return session_turn(self._database, first.workflow_id)
        return self._journal.turn([room.workflow_id for room in rooms])

    async def _apply_or_close(
        self, room: Room, turn: WriteTurn, applied: dict[Room, Seq], deadline_s: float
    ) -> bool:
        """Apply what waits in one room; its failure is its own. True if it has rows to commit."""
        try:
            return await self._apply(room, turn, applied, deadline_s)
        except Exception as error:
            log.exception("a room failed", workflow=room.workflow_id)
            _give_up(room, error)
            return False

    def _publish(self, room: Room, last_seq: Seq) -> None:
        if room.is_gone:
            return
        try:
            room.publish(last_seq)
            self._on_committed(room)
        except BaseException as error:
            # One room's failure (pycrdt's panics are BaseExceptions) must not keep what the
            # others committed from being shown.
            room.close_all(CloseCode.OVERLOAD, "the workflow is being reloaded")
            log.exception("a committed change could not be shown", workflow=room.workflow_id)
            if not isinstance(error, Exception) and not is_panic(error):
                raise
        if room.wants_turn:
            self._due[room] = None

    async def _apply(
        self, room: Room, turn: WriteTurn, applied: dict[Room, Seq], deadline_s: float
    ) -> bool:
        head = turn.heads.get(room.workflow_id)
        if head is None:
            room.close_all(CloseCode.NOT_FOUND, "the workflow was deleted")
            return False
        for _ in range(_MAX_CULPRITS):
            await self._bring_up_to_date(room, head)
            if room.is_gone or not room.can_enforce():
                return False
            if room.rules.grants_what_is_created and not isinstance(turn, SessionTurn):
                # What it creates must come with its lock: next time in a turn that can do both.
                self._due[room] = None
                return False
            try:
                outcome = room.apply(deadline_s=deadline_s)
            except DocumentBroken as broken:
                log.error("document broken", workflow=room.workflow_id, error=str(broken))
                room.reload(await self._journal.load(room.workflow_id))
                room.drop_culprit(broken.culprit)
                continue
            last_seq = head.seq
            if outcome.rows:
                last_seq = turn.append(room.workflow_id, outcome.rows)
                if isinstance(turn, SessionTurn):
                    await self._grant(room, turn, outcome)
                self._metrics.updates_committed += sum(
                    change.refusal is None and change.missing is None for change in outcome.changes
                )
            applied[room] = last_seq
            return bool(outcome.rows)
        room.close_all(CloseCode.OVERLOAD, "too many changes that cannot be applied")
        return False

    async def _grant(self, room: Room, turn: SessionTurn, outcome: Outcome) -> None:
        created: dict[UserId, tuple[Identity, list[Resource]]] = {}
        for creator, resource in outcome.created:
            created.setdefault(creator.user_id, (creator, []))[1].append(resource)
        for creator, resources in created.values():
            await self._access.grant_created(turn.db, room.workflow_id, creator, resources)

    async def _bring_up_to_date(self, room: Room, head: Head) -> None:
        """Under the turn nobody else can move the head: what is behind is read now."""
        workflow_id: WorkflowId = room.workflow_id
        if head.seq > room.document.seq:
            rows = await self._journal.rows_after(workflow_id, room.document.seq)
            room.pull(rows, head)
        if room.access_is_stale or head.access_epoch != room.access.access_epoch:
            room.set_access(await self._access.snapshot(workflow_id))


def _for_one_turn(rooms: list[Room]) -> tuple[list[Room], list[Room]]:
    """Those that can go now, and those for the next turn. One in the mode `locked` goes alone."""
    if rooms[0].rules.grants_what_is_created:
        return rooms[:1], rooms[1:]
    granting = [room for room in rooms if room.rules.grants_what_is_created]
    return [room for room in rooms if room not in granting], granting


def _give_up(room: Room, error: Exception) -> None:
    if not room.is_gone:
        room.fail_edits(error)
        room.close_all(CloseCode.OVERLOAD, "the change could not be saved; try again")
