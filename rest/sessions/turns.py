"""The turn of the mode `sequential`: who may edit, who waits for it, and how it moves on. [ACC-1]

Needs the workflow's row held. A turn has one holder, or none; those who asked for it wait in a
queue. A holder who is gone, or may not edit any more, has lost it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from crdt_store.ids import UserId, WorkflowId
from rest.access.changes import change_access
from rest.audit.service import SYSTEM, Action, record, record_all
from rest.sessions.announcements import tell
from rest.sessions.circle import read_circle
from rest.sessions.models import CollaborationRules, TurnRequest
from rest.sessions.signs import has_acted
from server.core.access import Mode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from rest.deps import Services
    from rest.sessions.circle import Circle
    from rest.sessions.models import CollaborationSession
    from server.core.bus import Bus
    from server.core.identity import Identity


async def read_rules(db: AsyncSession, workflow_id: WorkflowId) -> CollaborationRules | None:
    return await db.get(CollaborationRules, workflow_id)


async def read_requests(db: AsyncSession, workflow_id: WorkflowId) -> Sequence[TurnRequest]:
    """In the order in which they will get the turn."""
    found = await db.scalars(
        select(TurnRequest)
        .where(TurnRequest.workflow_id == workflow_id)
        .order_by(TurnRequest.requested_at, TurnRequest.user_id)
    )
    return found.all()


def turn_json(rules: CollaborationRules | None, requests: Sequence[TurnRequest]) -> dict[str, Any]:
    return {
        "holder": None if rules is None else rules.turn_holder,
        "holder_name": None if rules is None else rules.turn_holder_name,
        "since": None if rules is None else rules.turn_since,
        "requests": [
            {
                "user_id": each.user_id,
                "user_name": each.user_name,
                "requested_at": each.requested_at,
            }
            for each in requests
        ],
    }


async def give(
    db: AsyncSession,
    bus: Bus,
    rules: CollaborationRules,
    to: tuple[UserId, str] | None,
    now: datetime,
    *,
    session_id: str | None,
    by: Identity,
    action: str,
    **details: Any,
) -> None:
    """Make this user the holder, or nobody; whoever had it has lost it."""
    workflow_id = WorkflowId(rules.workflow_id)
    before = rules.turn_holder
    rules.turn_holder, rules.turn_holder_name = to or (None, None)
    rules.turn_since = None if to is None else now
    if to is not None:
        await _drop_requests(db, workflow_id, [to[0]])
    await change_access(db, bus, workflow_id)
    await record(
        db,
        workflow_id,
        by,
        action,
        session_id=session_id,
        details={"from": before, "to": rules.turn_holder, **details},
    )
    await tell_turn(db, bus, rules, now)


async def pass_on(
    services: Services,
    db: AsyncSession,
    rules: CollaborationRules,
    circle: Circle,
    now: datetime,
    *,
    session_id: str,
    by: Identity,
    **details: Any,
) -> None:
    """Give the turn to the first in the queue who is here and may edit, else to nobody."""
    following: tuple[UserId, str] | None = None
    skipped: list[UserId] = []
    for each in await read_requests(db, circle.workflow_id):
        user_id = UserId(each.user_id)
        if user_id == rules.turn_holder:
            continue
        if not circle.is_gone(user_id) and circle.may_edit(user_id, if_unknown=True):
            following = (user_id, each.user_name)
            break
        skipped.append(user_id)
    await _drop_requests(db, circle.workflow_id, skipped)
    await give(
        db,
        services.bus,
        rules,
        following,
        now,
        session_id=session_id,
        by=by,
        action="turn.passed",
        **details,
    )


async def settle(
    services: Services, db: AsyncSession, row: CollaborationSession, now: datetime
) -> tuple[CollaborationRules | None, Circle]:
    """Take the turn from a holder who is gone or may not edit. Returns the rules as they are now,
    and everyone around."""
    rules = await read_rules(db, WorkflowId(row.workflow_id))
    circle = await read_circle(services, db, row, now)
    if rules is not None and rules.mode == Mode.SEQUENTIAL and rules.turn_holder is not None:
        holder = UserId(rules.turn_holder)
        reason = None
        if not circle.may_edit(holder, if_unknown=True):
            reason = "may_not_edit"
        elif circle.is_gone(holder):
            since = now - timedelta(seconds=services.settings.presence_timeout_s)
            if not await has_acted(db, circle.workflow_id, holder, since=since):
                reason = "absent"
        if reason is not None:
            await pass_on(
                services,
                db,
                rules,
                circle,
                now,
                session_id=row.session_id,
                by=SYSTEM,
                reason=reason,
            )
    return rules, circle


async def give_up(
    services: Services,
    db: AsyncSession,
    row: CollaborationSession,
    user_ids: Sequence[UserId],
    now: datetime,
    *,
    by: Identity,
    reason: str,
) -> None:
    """These users are leaving: their turn passes on, and their requests for it are dropped."""
    workflow_id = WorkflowId(row.workflow_id)
    rules = await read_rules(db, workflow_id)
    if rules is None:
        return
    dropped = await _drop_requests(db, workflow_id, user_ids)
    await record_all(
        db,
        workflow_id,
        [
            Action(
                by,
                "turn.request_dropped",
                resource=("participant", user_id),
                session_id=row.session_id,
                details={"reason": reason},
            )
            for user_id in dropped
        ],
    )
    if rules.turn_holder in user_ids:
        circle = await read_circle(services, db, row, now)
        await pass_on(
            services, db, rules, circle, now, session_id=row.session_id, by=by, reason=reason
        )
    elif dropped:
        await tell_turn(db, services.bus, rules, now)


async def clear(
    services: Services, db: AsyncSession, workflow_id: WorkflowId, now: datetime
) -> None:
    """Nobody has the turn, nobody waits for it: its session or its mode has ended."""
    rules = await read_rules(db, workflow_id)
    if rules is None:
        return
    requests = await read_requests(db, workflow_id)
    await _drop_requests(db, workflow_id, [UserId(each.user_id) for each in requests])
    if rules.turn_holder is not None:
        rules.turn_holder = rules.turn_holder_name = rules.turn_since = None
        await change_access(db, services.bus, workflow_id)
    elif not requests:
        return
    await tell_turn(db, services.bus, rules, now)


async def tell_turn(db: AsyncSession, bus: Bus, rules: CollaborationRules, now: datetime) -> None:
    workflow_id = WorkflowId(rules.workflow_id)
    turn = turn_json(rules, await read_requests(db, workflow_id))
    del turn["since"]
    tell(db, bus, workflow_id, "turn_changed", now, **turn)


async def _drop_requests(
    db: AsyncSession, workflow_id: WorkflowId, user_ids: Sequence[UserId]
) -> list[UserId]:
    """Whose there were."""
    if not user_ids:
        return []
    gone = await db.scalars(
        delete(TurnRequest)
        .where(TurnRequest.workflow_id == workflow_id, TurnRequest.user_id.in_(user_ids))
        .returning(TurnRequest.user_id)
        .execution_options(synchronize_session=False)
    )
    return sorted(UserId(user_id) for user_id in gone)
