"""Editing sessions: one active per workflow, opened by whoever comes first, joined by all others.

Everything that writes here needs the workflow's row held, which `hold` and `open_session` do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import select, update

from crdt_store.database import after_commit
from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import UserId, WorkflowId
from crdt_store.workflows import database_now, lock_workflow
from rest.audit.service import record, record_all
from rest.errors import Forbidden, SessionFull, SessionNotFound
from rest.locks.service import end_locks_of_session
from rest.sessions import turns
from rest.sessions.announcements import tell, tell_joined
from rest.sessions.audited import joined
from rest.sessions.departures import say_goodbye
from rest.sessions.models import CollaborationRules, CollaborationSession, SessionParticipant
from rest.sessions.presence import Attending, attend, oldest_present, present_users
from rest.texts import MAX_OWN_ID_CHARS
from server.core.bus import SessionEnded
from server.core.colors import color_of
from server.core.roles import Permission, highest_role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from rest.deps import Services
    from server.core.identity import Identity


@dataclass(frozen=True, slots=True)
class Held:
    """An active session, whose workflow's row is held, and who is asking."""

    services: Services
    db: AsyncSession
    row: CollaborationSession
    caller: Identity
    permissions: frozenset[Permission]
    now: datetime

    @property
    def workflow_id(self) -> WorkflowId:
        return WorkflowId(self.row.workflow_id)

    @property
    def is_live(self) -> bool:
        """The caller has an open socket on the workflow."""
        return self.services.participants.is_live(self.workflow_id, self.caller.user_id)


async def find(
    services: Services, db: AsyncSession, session_id: str, caller: Identity
) -> tuple[CollaborationSession, frozenset[Permission]]:
    """The active session, for one who may view its workflow. Raises SessionNotFound, for both."""
    row = await _active_by_id(db, session_id)
    return row, await _view(services, db, row.workflow_id, session_id, caller)


async def hold(
    services: Services,
    db: AsyncSession,
    session_id: str,
    caller: Identity,
    permission: Permission = Permission.VIEW,
) -> Held:
    """The active session, with its workflow's row held.

    Raises SessionNotFound, also if the caller may not view the workflow; then Forbidden.
    """
    workflow_id = WorkflowId((await _active_by_id(db, session_id)).workflow_id)
    try:
        await lock_workflow(db, workflow_id)
    except WorkflowNotFound:
        raise SessionNotFound(session_id) from None
    permissions = await _view(services, db, workflow_id, session_id, caller)
    # It may have ended while this waited for the row.
    row = await _active_by_id(db, session_id)
    if permission not in permissions:
        raise Forbidden(workflow_id, permission)
    return Held(services, db, row, caller, permissions, await database_now(db))


async def open_session(
    services: Services, db: AsyncSession, workflow_id: WorkflowId, caller: Identity
) -> tuple[Held, bool]:
    """The workflow's active session, and whether it is a new one.

    Raises WorkflowNotFound or Forbidden.
    """
    await lock_workflow(db, workflow_id)
    standing = await services.access.require(db, workflow_id, caller, Permission.VIEW)
    now = await database_now(db)
    row = await active_session(db, workflow_id)
    is_new = row is None
    if row is None:
        row = await create_session(db, workflow_id, caller, now)
    return Held(services, db, row, caller, standing.permissions, now), is_new


async def active_session(db: AsyncSession, workflow_id: WorkflowId) -> CollaborationSession | None:
    return (
        await db.scalars(
            select(CollaborationSession).where(
                CollaborationSession.workflow_id == workflow_id,
                CollaborationSession.ended_at.is_(None),
            )
        )
    ).one_or_none()


async def create_session(
    db: AsyncSession, workflow_id: WorkflowId, creator: Identity, now: datetime
) -> CollaborationSession:
    """Needs the workflow's row held, and that no session of it is active."""
    row = CollaborationSession(
        session_id=uuid4().hex,
        workflow_id=workflow_id,
        created_by=creator.user_id,
        created_at=now,
        last_activity=now,
        ended_at=None,
    )
    db.add(row)
    await record(db, workflow_id, creator, "session.created", session_id=row.session_id)
    return row


async def take_part(held: Held) -> SessionParticipant:
    """The caller is here. Who was not before needs a seat, and is announced. Raises SessionFull."""
    db, user_id = held.db, held.caller.user_id
    key = (held.row.session_id, user_id)
    before = await db.get(SessionParticipant, key)
    is_new = not held.is_live and not _is_present(before, held)
    # The attendance has yet to write that the socket came, and then finds nothing to record.
    is_ahead = held.is_live and (before is None or before.left_at is not None)
    if is_new:
        await _require_seat(held)
    here = Attending(held.row.session_id, user_id, held.caller.name)
    await attend(db, [here], now=held.now)
    row = await db.get_one(SessionParticipant, key, populate_existing=True)
    row.asked_at = held.now
    if is_new:
        row.joined_at = held.now
        row.cursor_position = row.selected_node = None
    held.row.last_activity = held.now
    if is_new or is_ahead:
        entered = joined(held.caller, held.row.session_id, by="socket" if is_ahead else "request")
        await record_all(db, held.workflow_id, [entered])
    if is_new:
        tell_joined(
            db,
            held.services.bus,
            held.workflow_id,
            held.now,
            user_id=user_id,
            user_name=held.caller.name,
            role=highest_role(held.permissions),
        )
    return row


async def heartbeat(held: Held, changes: Mapping[str, Any]) -> SessionParticipant:
    """The caller is still here; `changes` of cursor_position and selected_node are shown.

    Raises SessionFull for one who was gone meanwhile.
    """
    row = await take_part(held)
    before = (row.cursor_position, row.selected_node)
    for name, value in changes.items():
        setattr(row, name, value)
    # What a socket's presence shows is newer, and was told already.
    if (row.cursor_position, row.selected_node) != before and not held.is_live:
        tell(
            held.db,
            held.services.bus,
            held.workflow_id,
            "cursor_update",
            held.now,
            user_id=row.user_id,
            user_name=row.user_name,
            user_color=color_of(UserId(row.user_id)),
            cursor_position=row.cursor_position,
            selected_node=row.selected_node,
        )
    return row


async def leave(held: Held) -> bool:
    """The caller gives up the turn, a place in its queue, and the locks that follow presence.

    False if sockets remain open: who is connected takes part.
    """
    db, user_id = held.db, held.caller.user_id
    row = await db.get(SessionParticipant, (held.row.session_id, user_id))
    is_live = held.is_live
    was_here = is_live
    if row is not None and row.left_at is None:
        was_here = True
        row.left_at = row.last_active = held.now
        await db.flush()
    if was_here:
        held.row.last_activity = held.now
        await say_goodbye(
            held.services,
            db,
            held.row,
            [user_id],
            held.now,
            by=held.caller,
            reason="left",
            is_told=not is_live,
        )
    return not is_live


async def end(held: Held) -> None:
    """End the session: its participants leave, its turn and its locks end, its sockets close."""
    db, workflow_id, session_id = held.db, held.workflow_id, held.row.session_id
    here = (
        SessionParticipant.session_id == session_id,
        SessionParticipant.left_at.is_(None),
    )
    # In order, see `presence`.
    await db.execute(
        select(SessionParticipant.user_id)
        .where(*here)
        .order_by(SessionParticipant.user_id)
        .with_for_update()
    )
    await db.execute(
        update(SessionParticipant)
        .where(*here)
        .values(left_at=held.now)
        .execution_options(synchronize_session=False)
    )
    held.row.ended_at = held.row.last_activity = held.now
    await record(db, workflow_id, held.caller, "session.ended", session_id=session_id)
    await end_locks_of_session(db, held.services.bus, workflow_id, session_id, by=held.caller)
    await turns.clear(held.services, db, workflow_id, held.now)
    tell(
        db,
        held.services.bus,
        workflow_id,
        "session_ended",
        held.now,
        session_id=session_id,
        ended_by=held.caller.user_id,
    )
    after_commit(db, partial(held.services.bus.publish, SessionEnded(workflow_id, session_id)))


def _is_present(row: SessionParticipant | None, held: Held) -> bool:
    oldest = oldest_present(held.now, timeout_s=held.services.settings.presence_timeout_s)
    return row is not None and row.left_at is None and row.last_active >= oldest


async def _require_seat(held: Held) -> None:
    """Raises SessionFull, except for owners."""
    max_users = await held.db.scalar(
        select(CollaborationRules.max_users).where(
            CollaborationRules.workflow_id == held.workflow_id
        )
    )
    if max_users is None or Permission.MANAGE in held.permissions:
        return
    here = await present_users(
        held.db, held.workflow_id, timeout_s=held.services.settings.presence_timeout_s
    )
    here |= {each.user_id for each in held.services.participants.live(held.workflow_id)}
    if len(here) >= max_users:
        raise SessionFull(len(here), max_users)


async def _active_by_id(db: AsyncSession, session_id: str) -> CollaborationSession:
    """Raises SessionNotFound."""
    # No id of ours is like that, and PostgreSQL refuses NUL.
    if len(session_id) > MAX_OWN_ID_CHARS or "\0" in session_id:
        raise SessionNotFound(session_id[:MAX_OWN_ID_CHARS])
    row = (
        await db.scalars(
            select(CollaborationSession)
            .where(
                CollaborationSession.session_id == session_id,
                CollaborationSession.ended_at.is_(None),
            )
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if row is None:
        raise SessionNotFound(session_id)
    return row


async def _view(
    services: Services, db: AsyncSession, workflow_id: str, session_id: str, caller: Identity
) -> frozenset[Permission]:
    """Raises SessionNotFound: nobody learns that a session exists that he may not see."""
    try:
        standing = await services.access.require(
            db, WorkflowId(workflow_id), caller, Permission.VIEW
        )
    except (Forbidden, WorkflowNotFound):
        raise SessionNotFound(session_id) from None
    return standing.permissions
