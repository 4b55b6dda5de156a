"""Memberships: every change holds the workflow's row and bumps its access epoch [ACC-1], and the
audit tells it.

Who may do what is the caller's to check; that a workflow keeps an owner is a rule of this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from rest.access.changes import change_access
from rest.access.models import WorkflowMember
from rest.audit.service import record
from rest.errors import LastOwner, MemberNotFound
from rest.locks.service import end_all_locks_of
from server.core.roles import PERMISSIONS_OF, Permission, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.ids import UserId, WorkflowId
    from server.core.bus import Bus
    from server.core.identity import Identity


async def list_members(
    db: AsyncSession, workflow_id: WorkflowId, *, after: str | None, limit: int
) -> Sequence[WorkflowMember]:
    """At most `limit` members in the order of their user ids, those after `after`."""
    query = select(WorkflowMember).where(WorkflowMember.workflow_id == workflow_id)
    if after is not None:
        query = query.where(WorkflowMember.user_id > after)
    found = await db.scalars(query.order_by(WorkflowMember.user_id).limit(limit))
    return found.all()


async def get_member(db: AsyncSession, workflow_id: WorkflowId, user_id: UserId) -> WorkflowMember:
    """Raises MemberNotFound."""
    member = await db.get(WorkflowMember, (workflow_id, user_id))
    if member is None:
        raise MemberNotFound(workflow_id, user_id)
    return member


def add_owner(db: AsyncSession, workflow_id: WorkflowId, creator: Identity) -> None:
    """Make the creator of a workflow its first member, in the transaction that creates it."""
    db.add(
        WorkflowMember(
            workflow_id=workflow_id,
            user_id=creator.user_id,
            role=Role.OWNER.value,
            name=creator.name,
            added_by=creator.user_id,
        )
    )


async def put_member(
    db: AsyncSession,
    bus: Bus,
    workflow_id: WorkflowId,
    user_id: UserId,
    *,
    role: Role,
    name: str | None,
    actor: Identity,
) -> tuple[WorkflowMember, bool]:
    """Give `user_id` the role; returns the member, and whether it is a new one. [ACC-1]

    Needs the workflow's row held. Raises LastOwner. A role that is held already changes nothing.
    `actor` is who does it.
    """
    member = await db.get(WorkflowMember, (workflow_id, user_id))
    is_new = member is None
    if member is None:
        member = WorkflowMember(
            workflow_id=workflow_id,
            user_id=user_id,
            role=role.value,
            name=name,
            added_by=actor.user_id,
        )
        db.add(member)
        action, details = "member.added", {"role": role.value}
    else:
        member.name = name or member.name
        if member.role == role.value:
            return member, False
        await _keep_an_owner(db, member)
        action, details = "member.role_changed", {"from": member.role, "to": role.value}
        member.role = role.value
        if Permission.EDIT not in PERMISSIONS_OF[role]:
            await end_all_locks_of(db, bus, workflow_id, [user_id])
    await change_access(db, bus, workflow_id)
    await record(db, workflow_id, actor, action, resource=("member", user_id), details=details)
    return member, is_new


async def remove_member(
    db: AsyncSession, bus: Bus, workflow_id: WorkflowId, user_id: UserId, *, actor: Identity
) -> None:
    """Needs the workflow's row held. Raises MemberNotFound or LastOwner. [ACC-1]

    `actor` is who does it, the member itself if it leaves.
    """
    member = await get_member(db, workflow_id, user_id)
    await _keep_an_owner(db, member)
    await db.delete(member)
    await end_all_locks_of(db, bus, workflow_id, [user_id])
    await change_access(db, bus, workflow_id)
    await record(
        db,
        workflow_id,
        actor,
        "member.removed",
        resource=("member", user_id),
        details={"role": member.role},
    )


async def _keep_an_owner(db: AsyncSession, leaving: WorkflowMember) -> None:
    """Raises LastOwner if `leaving` is the only owner."""
    if leaving.role != Role.OWNER.value:
        return
    others = await db.scalar(
        select(func.count())
        .select_from(WorkflowMember)
        .where(
            WorkflowMember.workflow_id == leaving.workflow_id,
            WorkflowMember.role == Role.OWNER.value,
            WorkflowMember.user_id != leaving.user_id,
        )
    )
    if not others:
        raise LastOwner(leaving.workflow_id)
