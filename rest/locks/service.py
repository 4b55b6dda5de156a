"""Edit locks: granted, extended, released; each grant and each end bumps the access epoch. [ACC-1]

Everything that writes here needs the workflow's row held (`lock_workflow`). Who may do what is the
caller's to check, except that a lock is its holder's.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from sqlalchemy import and_, delete, func, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from crdt_store.workflows import database_now
from rest.access.changes import change_access
from rest.audit.service import SYSTEM, Action, record, record_all
from rest.errors import (
    LockHeld,
    LockNotFound,
    LockNotYours,
    SessionNotFound,
    TooManyLocks,
)
from rest.locks.announcements import (
    EndReason,
    lock_json,
    tell_acquired,
    tell_released,
)
from rest.locks.models import EditLock
from rest.sessions.models import CollaborationRules, CollaborationSession
from server.core.access import Mode, Resource, ResourceType

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.ids import UserId, WorkflowId
    from server.core.bus import Bus
    from server.core.identity import Identity

DEFAULT_DURATION: Final = timedelta(minutes=30)
MAX_PER_HOLDER: Final = 1_000
"""Each change of the rules reads all locks of a workflow [LIVE-2]."""

_ACTIONS: Final[dict[EndReason, str]] = {
    "released": "lock.released",
    "expired": "lock.expired",
    "forced": "lock.force_released",
    "left": "lock.released",
    "may_not_edit": "lock.released",
    "session_ended": "lock.released",
}


async def list_locks(
    db: AsyncSession,
    workflow_id: WorkflowId,
    *,
    resource_type: ResourceType | None,
    after: int,
    limit: int,
) -> Sequence[EditLock]:
    """At most `limit` locks in the order of their fences, those after `after`; no due ones."""
    query = select(EditLock).where(
        EditLock.workflow_id == workflow_id,
        EditLock.fence > after,
        EditLock.expires_at > await database_now(db),
    )
    if resource_type is not None:
        query = query.where(EditLock.resource_type == resource_type.value)
    return (await db.scalars(query.order_by(EditLock.fence).limit(limit))).all()


async def acquire(
    db: AsyncSession,
    bus: Bus,
    workflow_id: WorkflowId,
    holder: Identity,
    resource: Resource,
    *,
    duration: timedelta | None,
    reason: str | None,
    session_id: str | None,
    is_live: bool,
) -> EditLock:
    """Grant the lock, or extend the one that the holder has.

    Raises LockHeld, SessionNotFound, or TooManyLocks if the holder has `MAX_PER_HOLDER`.
    An extension keeps the id and the fence, and shortens only if a duration is given. What is in
    the way but due is ended first. A node or edge need not exist: its id is reserved. `is_live`:
    the holder has an open socket.
    """
    if session_id is not None:
        await _require_active(db, workflow_id, session_id)
    now = await database_now(db)
    concerned = (
        await db.scalars(
            select(EditLock).where(
                EditLock.workflow_id == workflow_id, _concerns(resource, holder.user_id)
            )
        )
    ).all()
    others = [each for each in concerned if each.holder != holder.user_id]
    if in_the_way := [each for each in others if each.expires_at > now]:
        raise LockHeld(lock_json(min(in_the_way, key=lambda each: each.fence)))
    if others:
        await _end(
            db,
            bus,
            workflow_id,
            EditLock.lock_id.in_([each.lock_id for each in others]),
            reason="expired",
            by=None,
        )
    mine = next((each for each in concerned if each.holder == holder.user_id), None)
    is_new = mine is None
    if mine is not None:
        _extend(mine, now, duration=duration, reason=reason, session_id=session_id)
    else:
        await _require_few(db, workflow_id, holder)
        mine = EditLock(
            lock_id=uuid4().hex,
            workflow_id=workflow_id,
            resource_type=resource.type.value,
            resource_id=resource.id,
            holder=holder.user_id,
            holder_name=holder.name,
            reason=reason,
            session_id=session_id,
            follows_presence=session_id is not None or is_live,
            acquired_at=now,
            expires_at=now + (duration or DEFAULT_DURATION),
            fence=await _take_fences(db, workflow_id, 1),
        )
        db.add(mine)
        await change_access(db, bus, workflow_id)
    await record(
        db,
        workflow_id,
        holder,
        "lock.acquired" if is_new else "lock.extended",
        resource=resource,
        session_id=mine.session_id,
        details={"lock_id": mine.lock_id, "fence": mine.fence, "expires_at": mine.expires_at},
    )
    tell_acquired(db, bus, workflow_id, [mine], now)
    return mine


async def _require_few(db: AsyncSession, workflow_id: WorkflowId, holder: Identity) -> None:
    held = await db.scalar(
        select(func.count())
        .select_from(EditLock)
        .where(EditLock.workflow_id == workflow_id, EditLock.holder == holder.user_id)
    )
    if held is not None and held >= MAX_PER_HOLDER:
        raise TooManyLocks(MAX_PER_HOLDER)


async def release(
    db: AsyncSession,
    bus: Bus,
    workflow_id: WorkflowId,
    caller: Identity,
    resource: Resource,
    *,
    by_force: bool,
) -> None:
    """End the caller's lock or, `by_force`, whoever's. Raises LockNotFound or LockNotYours."""
    is_this = and_(
        EditLock.resource_type == resource.type.value, EditLock.resource_id == resource.id
    )
    lock = (
        await db.scalars(select(EditLock).where(EditLock.workflow_id == workflow_id, is_this))
    ).one_or_none()
    if lock is None:
        raise LockNotFound(resource)
    is_mine = lock.holder == caller.user_id
    if not is_mine and lock.expires_at <= await database_now(db):
        # Nobody is shown it any more; the sweeper is about to end it.
        raise LockNotFound(resource)
    if not is_mine and not by_force:
        raise LockNotYours(lock_json(lock))
    reason: EndReason = "released" if is_mine else "forced"
    await _end(db, bus, workflow_id, is_this, reason=reason, by=caller)


async def grant_created(
    db: AsyncSession,
    bus: Bus,
    workflow_id: WorkflowId,
    creator: Identity,
    created: Sequence[Resource],
) -> None:
    """In the mode `locked`: give the creator the locks of what the same commit creates.

    A resource that has a lock keeps it. In other modes nothing happens.
    """
    mode = await db.scalar(
        select(CollaborationRules.mode).where(CollaborationRules.workflow_id == workflow_id)
    )
    if mode != Mode.LOCKED:
        return
    held = await db.execute(
        select(EditLock.resource_type, EditLock.resource_id).where(
            EditLock.workflow_id == workflow_id
        )
    )
    taken = {Resource(ResourceType(kind), name) for kind, name in held}
    free = [each for each in dict.fromkeys(created) if each not in taken]
    if not free:
        return
    now = await database_now(db)
    last = await _take_fences(db, workflow_id, len(free))
    values = [
        {
            "lock_id": uuid4().hex,
            "workflow_id": workflow_id,
            "resource_type": resource.type.value,
            "resource_id": resource.id,
            "holder": creator.user_id,
            "holder_name": creator.name,
            "reason": None,
            "session_id": None,
            "follows_presence": True,
            "acquired_at": now,
            "expires_at": now + DEFAULT_DURATION,
            "fence": fence,
        }
        for fence, resource in enumerate(free, start=last - len(free) + 1)
    ]
    await db.execute(insert(EditLock), values)
    await change_access(db, bus, workflow_id)
    await record(
        db,
        workflow_id,
        creator,
        "lock.granted",
        resource=free[0] if len(free) == 1 else None,
        details={"resources": [{"type": kind.value, "id": name} for kind, name in free]},
    )
    tell_acquired(db, bus, workflow_id, [EditLock(**each) for each in values], now)


async def end_locks_of(
    db: AsyncSession,
    bus: Bus,
    workflow_id: WorkflowId,
    user_ids: Collection[UserId],
    *,
    by: Identity | None = None,
) -> None:
    """They have left: end the locks that follow their presence. `by` None: nobody's doing."""
    leaving = and_(EditLock.holder.in_(user_ids), EditLock.follows_presence)
    await _end(db, bus, workflow_id, leaving, reason="left", by=by)


async def end_all_locks_of(
    db: AsyncSession, bus: Bus, workflow_id: WorkflowId, user_ids: Collection[UserId]
) -> None:
    """They may not edit any more: whatever they hold would only keep others from editing."""
    await _end(db, bus, workflow_id, EditLock.holder.in_(user_ids), reason="may_not_edit", by=None)


async def end_locks_of_session(
    db: AsyncSession,
    bus: Bus,
    workflow_id: WorkflowId,
    session_id: str,
    *,
    by: Identity | None = None,
) -> None:
    """The workflow's session has ended, and with it the locks that follow presence in it.

    Those of users who were merely connected too: a socket takes part in the session implicitly.
    """
    of_session = or_(EditLock.session_id == session_id, EditLock.session_id.is_(None))
    ending = and_(of_session, EditLock.follows_presence)
    await _end(db, bus, workflow_id, ending, reason="session_ended", by=by)


async def end_due(db: AsyncSession, bus: Bus, workflow_id: WorkflowId) -> None:
    """End the locks whose time is over."""
    due = EditLock.expires_at <= await database_now(db)
    await _end(db, bus, workflow_id, due, reason="expired", by=None)


async def _end(
    db: AsyncSession,
    bus: Bus,
    workflow_id: WorkflowId,
    which: ColumnElement[bool],
    *,
    reason: EndReason,
    by: Identity | None,
) -> None:
    """Delete these locks of the workflow; nothing happens, nor is the epoch bumped, for none."""
    gone = await db.scalars(
        delete(EditLock)
        .where(EditLock.workflow_id == workflow_id, which)
        .returning(EditLock)
        .execution_options(synchronize_session=False)
    )
    locks = sorted(gone, key=lambda lock: lock.fence)
    if not locks:
        return
    await change_access(db, bus, workflow_id)
    await record_all(
        db,
        workflow_id,
        [
            Action(
                by or SYSTEM,
                _ACTIONS[reason],
                resource=(lock.resource_type, lock.resource_id),
                session_id=lock.session_id,
                details={
                    "lock_id": lock.lock_id,
                    "fence": lock.fence,
                    "holder": lock.holder,
                    "reason": reason,
                },
            )
            for lock in locks
        ],
    )
    tell_released(
        db,
        bus,
        workflow_id,
        locks,
        await database_now(db),
        reason=reason,
        released_by=None if by is None else by.user_id,
    )


def _concerns(resource: Resource, holder: UserId) -> ColumnElement[bool]:
    """The lock of the very resource, and others' locks that exclude one on it."""
    itself = and_(
        EditLock.resource_type == resource.type.value, EditLock.resource_id == resource.id
    )
    of_others = EditLock.holder != holder
    if resource.type is not ResourceType.WORKFLOW:
        of_others = and_(of_others, EditLock.resource_type == ResourceType.WORKFLOW.value)
    return or_(itself, of_others)


def _extend(
    lock: EditLock,
    now: datetime,
    *,
    duration: timedelta | None,
    reason: str | None,
    session_id: str | None,
) -> None:
    if duration is not None:
        lock.expires_at = now + duration
    else:
        lock.expires_at = max(lock.expires_at, now + DEFAULT_DURATION)
    if reason is not None:
        lock.reason = reason
    if session_id is not None:
        lock.session_id = session_id
        lock.follows_presence = True


async def _require_active(db: AsyncSession, workflow_id: WorkflowId, session_id: str) -> None:
    """Raises SessionNotFound, for another workflow's session too."""
    active = await db.scalar(
        select(CollaborationSession.session_id).where(
            CollaborationSession.session_id == session_id,
            CollaborationSession.workflow_id == workflow_id,
            CollaborationSession.ended_at.is_(None),
        )
    )
    if active is None:
        raise SessionNotFound(session_id)


async def _take_fences(db: AsyncSession, workflow_id: WorkflowId, count: int) -> int:
    """Take the next `count` fences of the workflow; return the last of them."""
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    fence: int = (
        await db.execute(
            dialect.insert(CollaborationRules)
            .values(workflow_id=workflow_id, last_fence=count)
            .on_conflict_do_update(
                index_elements=[CollaborationRules.workflow_id],
                set_={"last_fence": CollaborationRules.last_fence + count},
            )
            .returning(CollaborationRules.last_fence)
            .execution_options(synchronize_session=False)
        )
    ).scalar_one()
    return fence
