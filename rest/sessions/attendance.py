"""Who comes and goes by sockets, kept in the session's rows: batched, beside the live side.

`joined` and `left` only note what is; one task writes it, at most once a second, in a transaction
for many workflows, and records in it who came and who went: a page that was loaded anew in between
is neither. Nothing here is announced: the live side does that itself.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import anyio
import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crdt_store.errors import CommitFailed, WorkflowNotFound
from crdt_store.ids import UserId, WorkflowId
from crdt_store.workflows import database_now, lock_workflow
from rest.audit.service import record_all
from rest.sessions.audited import joined, left
from rest.sessions.models import CollaborationSession, SessionParticipant
from rest.sessions.presence import Attending, attend
from rest.sessions.service import create_session

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.database import Database
    from rest.audit.service import Action
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
_WORKFLOWS_AT_ONCE: Final = 50
"""Of one transaction that holds their rows, as long as who came and went is recorded."""

_OUTAGES = (DBAPIError, PoolTimeout, OSError, CommitFailed)

Change = tuple[WorkflowId, UserId]


@dataclass(frozen=True, slots=True)
class _Noted:
    identity: Identity
    is_here: bool
    at_s: float
    """Of the event loop's clock: the row may have become newer since."""


class _Present(NamedTuple):
    session_id: str
    user_name: str
    asked_at: datetime | None


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
        """What was noted, of a few workflows at a time; then all who are here."""
        async with self._writing:
            noted, self._noted = self._noted, {}
            of: dict[WorkflowId, dict[Change, _Noted]] = {}
            for change, each in noted.items():
                of.setdefault(change[0], {})[change] = each
            try:
                for part in _parts(sorted(of), _WORKFLOWS_AT_ONCE):
                    changes = {key: each for name in part for key, each in of[name].items()}
                    async with self._database.writing() as db:
                        await _store(db, changes)
                    for change in changes:
                        del noted[change]
                if touched is not None and touched.users():
                    async with self._database.writing() as db:
                        # Asked for in the write turn, so that a session that has ended meanwhile
                        # is not opened again for those who were sent away.
                        await _store(db, _all_here(touched))
            except BaseException:
                # What was noted since is newer.
                self._noted = {**noted, **self._noted}
                raise


def _all_here(participants: Participants) -> dict[Change, _Noted]:
    now_s = asyncio.get_running_loop().time()
    return {
        (workflow_id, identity.user_id): _Noted(identity, is_here=True, at_s=now_s)
        for workflow_id, identities in participants.users().items()
        for identity in identities
    }


async def _store(db: AsyncSession, changes: Mapping[Change, _Noted]) -> None:
    """Write who is here and who has left, and record who was not here before, or was.

    The audit needs the row of a workflow held; that all is as before is written without.
    """
    workflow_ids = sorted({workflow_id for workflow_id, _ in changes})
    present = await _present(db, workflow_ids)
    held = await _hold(
        db,
        {change[0] for change, noted in changes.items() if noted.is_here != (change in present)},
    )
    sessions = await _sessions(db, workflow_ids)
    now = await database_now(db)
    for workflow_id in sorted(held - sessions.keys()):
        here = (n.identity for (of, _), n in changes.items() if of == workflow_id and n.is_here)
        if (creator := next(here, None)) is not None:
            row = await create_session(db, workflow_id, creator, now)
            sessions[workflow_id] = row.session_id
    # Somebody may have come or gone while this waited for the rows.
    present = {change: row for change, row in present.items() if change[0] not in held}
    present |= await _present(db, sorted(held))

    loop_s = asyncio.get_running_loop().time()
    written: list[Attending] = []
    recorded: dict[WorkflowId, list[Action]] = {}
    for change, noted in sorted(changes.items(), key=lambda each: each[1].at_s):
        workflow_id, user_id = change
        session_id, before = sessions.get(workflow_id), present.get(change)
        if session_id is None or (before is not None and before.session_id != session_id):
            continue
        if noted.is_here and (before is not None or workflow_id in held):
            written.append(Attending(session_id, user_id, noted.identity.name))
            if before is None:
                came = joined(noted.identity, session_id, by="socket")
                recorded.setdefault(workflow_id, []).append(came)
        elif not noted.is_here and before is not None:
            at = now - timedelta(seconds=loop_s - noted.at_s)
            # Who came by REST after the socket had closed is here again.
            if before.asked_at is None or before.asked_at < at:
                written.append(Attending(session_id, user_id, before.user_name, left_at=now))
                went = left(user_id, noted.identity, session_id, "disconnected")
                recorded.setdefault(workflow_id, []).append(went)
    for part in _parts(sorted(written), _AT_ONCE):
        await attend(db, part, now=now)
    for workflow_id, actions in recorded.items():
        await record_all(db, workflow_id, actions)
    for ids in _parts(sorted(sessions.values()), _AT_ONCE):
        await db.execute(
            update(CollaborationSession)
            .where(CollaborationSession.session_id.in_(ids))
            .values(last_activity=now)
            .execution_options(synchronize_session=False)
        )


async def _hold(db: AsyncSession, workflow_ids: Collection[WorkflowId]) -> set[WorkflowId]:
    """Hold these workflows' rows, in their order; those that there are."""
    held = set()
    for workflow_id in sorted(workflow_ids):
        with suppress(WorkflowNotFound):
            await lock_workflow(db, workflow_id)
            held.add(workflow_id)
    return held


async def _present(db: AsyncSession, workflow_ids: Sequence[WorkflowId]) -> dict[Change, _Present]:
    """Who takes part in the active sessions of these workflows."""
    found: dict[Change, _Present] = {}
    for part in _parts(workflow_ids, _AT_ONCE):
        rows = await db.execute(
            select(
                CollaborationSession.workflow_id,
                SessionParticipant.user_id,
                SessionParticipant.session_id,
                SessionParticipant.user_name,
                SessionParticipant.asked_at,
            )
            .join(
                SessionParticipant,
                SessionParticipant.session_id == CollaborationSession.session_id,
            )
            .where(
                CollaborationSession.workflow_id.in_(part),
                CollaborationSession.ended_at.is_(None),
                SessionParticipant.left_at.is_(None),
            )
        )
        for workflow_id, user_id, session_id, user_name, asked_at in rows:
            change = (WorkflowId(workflow_id), UserId(user_id))
            found[change] = _Present(session_id, user_name, asked_at)
    return found


async def _sessions(db: AsyncSession, workflow_ids: Sequence[WorkflowId]) -> dict[WorkflowId, str]:
    """The active sessions of these workflows, of those that have one."""
    found: dict[WorkflowId, str] = {}
    for part in _parts(workflow_ids, _AT_ONCE):
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


def _parts(items: Sequence[T], length: int) -> list[Sequence[T]]:
    return [items[first : first + length] for first in range(0, len(items), length)]
