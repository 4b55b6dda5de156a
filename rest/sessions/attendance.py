"""Who comes and goes by sockets, kept in the session's rows: batched, beside the live side.

`joined` and `left` only note what is; one task writes it, at most once a second, in one
transaction for all workflows. Nothing here is announced: the live side does that itself.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crdt_store.errors import CommitFailed, WorkflowNotFound
from crdt_store.ids import UserId, WorkflowId
from crdt_store.workflows import database_now, lock_workflow
from rest.sessions.models import CollaborationSession, SessionParticipant
from rest.sessions.presence import enter
from rest.sessions.service import active_session, create_session

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.database import Database
    from server.core.identity import Identity
    from server.core.metrics import Metrics
    from server.core.participants import Participants
    from server.core.settings import Settings

T = TypeVar("T")

log = structlog.get_logger(__name__)

WRITE_EVERY_S: Final = 1.0
TOUCH_EVERY_S: Final = 30.0
FLUSH_WITHIN_S: Final = 3.0
MAX_NOTED: Final = 20_000
"""Beyond it a change is dropped: who is here is touched later, who is not times out [LIVE-1]."""
_AT_ONCE: Final = 500
"""Rows of one statement, and workflows of one query: SQLite bounds a statement's parameters."""

_OUTAGES = (DBAPIError, PoolTimeout, OSError, CommitFailed)

Change = tuple[WorkflowId, UserId]


@dataclass(frozen=True, slots=True)
class _Noted:
    identity: Identity
    is_here: bool
    at_s: float
    """Of the event loop's clock: the row may have become newer since."""


class SessionAttendance:
    """Implements server.core.participants.Attendance. `run` is its task."""

    def __init__(self, database: Database, *, settings: Settings, metrics: Metrics) -> None:
        self._database = database
        self._metrics = metrics
        # So that who is connected never looks gone, however short the timeout.
        self._touch_every_s = min(TOUCH_EVERY_S, settings.presence_timeout_s / 4)
        self._noted: dict[Change, _Noted] = {}
        self._is_due = asyncio.Event()
        self._writing = asyncio.Lock()

    def joined(self, workflow_id: WorkflowId, identity: Identity) -> None:
        """As server.core.participants.Attendance."""
        self._note(workflow_id, identity, is_here=True)

    def left(self, workflow_id: WorkflowId, identity: Identity) -> None:
        """As server.core.participants.Attendance."""
        self._note(workflow_id, identity, is_here=False)

    def _note(self, workflow_id: WorkflowId, identity: Identity, *, is_here: bool) -> None:
        change = (workflow_id, identity.user_id)
        if len(self._noted) < MAX_NOTED or change in self._noted:
            self._noted[change] = _Noted(identity, is_here, asyncio.get_running_loop().time())
        self._is_due.set()

    async def run(self, participants: Participants) -> None:
        """Write what was noted, and touch everyone who is here, until cancelled."""
        loop = asyncio.get_running_loop()
        touch_at_s = loop.time() + self._touch_every_s
        while True:
            with anyio.move_on_after(max(0.0, touch_at_s - loop.time())):
                await self._is_due.wait()
            self._is_due.clear()
            touches = loop.time() >= touch_at_s
            if touches:
                touch_at_s = loop.time() + self._touch_every_s
            try:
                await self._write(participants if touches else None)
            except _OUTAGES as outage:
                log.warning("the attendance waits for the database", error=type(outage).__name__)
                self._is_due.set()
            except Exception:  # a task's edge: it is tried again, and sockets go on meanwhile
                self._metrics.task_errors += 1
                log.exception("the attendance could not be written")
                self._is_due.set()
            await anyio.sleep(min(WRITE_EVERY_S, self._touch_every_s))

    async def flush(self) -> None:
        """Before the process ends: write what was noted, if the database takes it in time."""
        with anyio.move_on_after(FLUSH_WITHIN_S):
            try:
                await self._write(None)
            except _OUTAGES as outage:
                # Who was not seen to leave times out.
                log.warning("the attendance was not written", error=type(outage).__name__)

    async def _write(self, touched: Participants | None) -> None:
        async with self._writing:
            if touched is None and not self._noted:
                return
            loop = asyncio.get_running_loop()
            noted, self._noted = self._noted, {}
            try:
                async with self._database.writing() as db:
                    changes = dict(noted)
                    # Asked for in the write turn, so that a session that has ended meanwhile is
                    # not opened again for those who were sent away.
                    for workflow_id, identities in (touched.users() if touched else {}).items():
                        for identity in identities:
                            here = _Noted(identity, is_here=True, at_s=loop.time())
                            changes.setdefault((workflow_id, identity.user_id), here)
                    await _store(db, changes)
            except BaseException:
                # What was noted since is newer.
                self._noted = {**noted, **self._noted}
                raise


async def _store(db: AsyncSession, changes: Mapping[Change, _Noted]) -> None:
    here = {change: noted.identity for change, noted in changes.items() if noted.is_here}
    sessions = await _sessions(db, {workflow_id for workflow_id, _ in changes})
    # In the order of their ids, as everyone who holds several workflows' rows.
    for workflow_id in sorted({workflow_id for workflow_id, _ in here} - sessions.keys()):
        creator = next(identity for (of, _), identity in here.items() if of == workflow_id)
        try:
            await lock_workflow(db, workflow_id)
        except WorkflowNotFound:
            continue
        row = await active_session(db, workflow_id)
        if row is None:
            row = await create_session(db, workflow_id, creator, await database_now(db))
        sessions[workflow_id] = row.session_id
    now = await database_now(db)
    entering = sorted(
        (sessions[workflow_id], user_id, identity.name)
        for (workflow_id, user_id), identity in here.items()
        if workflow_id in sessions
    )
    loop_s = asyncio.get_running_loop().time()
    leaving = sorted(
        (sessions[workflow_id], user_id, now - timedelta(seconds=loop_s - noted.at_s))
        for (workflow_id, user_id), noted in changes.items()
        if not noted.is_here and workflow_id in sessions
    )
    for first in range(0, len(entering), _AT_ONCE):
        await enter(db, entering[first : first + _AT_ONCE], now=now)
    for session_id, user_id, at in leaving:
        await db.execute(
            update(SessionParticipant)
            .where(
                SessionParticipant.session_id == session_id,
                SessionParticipant.user_id == user_id,
                SessionParticipant.left_at.is_(None),
                # Who came by REST after the socket had closed is here again.
                or_(SessionParticipant.asked_at.is_(None), SessionParticipant.asked_at < at),
            )
            .values(left_at=now, last_active=now)
            .execution_options(synchronize_session=False)
        )
    for part in _parts(sorted(sessions.values())):
        await db.execute(
            update(CollaborationSession)
            .where(CollaborationSession.session_id.in_(part))
            .values(last_activity=now)
            .execution_options(synchronize_session=False)
        )


async def _sessions(
    db: AsyncSession, workflow_ids: Collection[WorkflowId]
) -> dict[WorkflowId, str]:
    """The active sessions of these workflows, of those that have one."""
    found: dict[WorkflowId, str] = {}
    for part in _parts(sorted(workflow_ids)):
        rows = await db.execute(
            select(CollaborationSession.workflow_id, CollaborationSession.session_id)
            .where(
                CollaborationSession.workflow_id.in_(part),
                CollaborationSession.ended_at.is_(None),
            )
            # Nobody deletes a workflow between this and the rows that refer to its session.
            .with_for_update(read=True, key_share=True)
        )
        found.update({WorkflowId(workflow_id): session_id for workflow_id, session_id in rows})
    return found


def _parts(items: list[T]) -> list[list[T]]:
    return [items[first : first + _AT_ONCE] for first in range(0, len(items), _AT_ONCE)]
