"""What shares grant, and to whom: read by lists, and by who would pass on what a share gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, select

from rest.access.models import WorkflowMember
from rest.shares.models import ShareRedemption, WorkflowShare
from server.core.roles import PERMISSIONS_OF, Permission, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.ids import UserId, WorkflowId
    from rest.access.service import Access
    from server.core.identity import Identity

GRANTABLE: Final = (Permission.VIEW, Permission.EDIT, Permission.COMMENT, Permission.SHARE)


def permissions_of(share: WorkflowShare) -> frozenset[Permission]:
    return frozenset(each for each in GRANTABLE if getattr(share, f"can_{each.value}"))


def gains_nothing_by(share: WorkflowShare, held: frozenset[Permission]) -> bool:
    """Whether its link gives nothing to one who holds this: who holds less must not be shown it, or
    `share` alone would give whatever the strongest link of the workflow does."""
    return permissions_of(share) <= held


def flags(permissions: Collection[Permission]) -> dict[str, bool]:
    """`can_view` and its like, as columns and JSON have them."""
    return {f"can_{each.value}": each in permissions for each in GRANTABLE}


def viewable_workflow_ids(user_id: UserId) -> Select[str]:
    """The ids of the workflows that a user may view by a live share, as a subquery."""
    return select(WorkflowShare.workflow_id).where(_counts_for(user_id), WorkflowShare.can_view)


async def granted_by_workflow(
    db: AsyncSession, user_id: UserId, workflow_ids: Collection[str]
) -> Mapping[str, frozenset[Permission]]:
    """What live shares give a user in these workflows; one without any is absent."""
    granted: dict[str, frozenset[Permission]] = {}
    query = select(WorkflowShare).where(
        _counts_for(user_id), WorkflowShare.workflow_id.in_(workflow_ids)
    )
    for share in await db.scalars(query):
        before = granted.get(share.workflow_id, frozenset())
        granted[share.workflow_id] = before | permissions_of(share)
    return granted


async def borrowed_of(
    db: AsyncSession,
    access: Access,
    workflow_id: WorkflowId,
    identity: Identity,
    permissions: frozenset[Permission],
) -> frozenset[Permission]:
    """Which of `permissions`, and of the one to share, the user has by shares alone. Supposes that
    the user has them."""
    role = await db.scalar(
        select(WorkflowMember.role).where(
            WorkflowMember.workflow_id == workflow_id, WorkflowMember.user_id == identity.user_id
        )
    )
    lasting = access.permissions(identity, workflow_id, None if role is None else Role(role))
    return (permissions | {Permission.SHARE}) - lasting


async def latest_end(
    db: AsyncSession, workflow_id: WorkflowId, identity: Identity, borrowed: frozenset[Permission]
) -> datetime | None:
    """When the user will have lost one of what is `borrowed` by the expiry of shares; None if no
    such moment is known."""
    if not borrowed:
        return None
    query = select(WorkflowShare).where(
        _counts_for(identity.user_id), WorkflowShare.workflow_id == workflow_id
    )
    shares = (await db.scalars(query)).all()
    ends = []
    for permission in borrowed:
        of_shares = [each.expires_at for each in shares if permission in permissions_of(each)]
        known = [end for end in of_shares if end is not None]
        if known and len(known) == len(of_shares):
            ends.append(max(known))
    return min(ends, default=None)


async def baseless(db: AsyncSession, workflow_id: WorkflowId) -> list[WorkflowShare]:
    """The live shares of the workflow whose creators no longer have what they lent by them.

    A share that was redeemed by its own creator is no base of itself, nor are two of each other.
    """
    query = (
        select(WorkflowShare)
        .where(WorkflowShare.workflow_id == workflow_id, WorkflowShare.ended_at.is_(None))
        .order_by(WorkflowShare.created_at, WorkflowShare.row_id)
    )
    live = (await db.scalars(query)).all()
    waiting = [each for each in live if each.borrowed]
    if not waiting:
        return []
    lenders = {each.created_by for each in waiting}
    redeemed: dict[str, set[str]] = {}
    for row_id, user_id in await db.execute(
        select(ShareRedemption.row_id, ShareRedemption.user_id)
        .join(WorkflowShare, WorkflowShare.row_id == ShareRedemption.row_id)
        .where(
            WorkflowShare.workflow_id == workflow_id,
            WorkflowShare.ended_at.is_(None),
            ShareRedemption.user_id.in_(
                select(WorkflowShare.created_by).where(WorkflowShare.workflow_id == workflow_id)
            ),
        )
    ):
        redeemed.setdefault(row_id, set()).add(user_id)
    held: dict[str, frozenset[Permission]] = dict.fromkeys(lenders, frozenset())
    for user_id, role in await db.execute(
        select(WorkflowMember.user_id, WorkflowMember.role).where(
            WorkflowMember.workflow_id == workflow_id
        )
    ):
        if user_id in lenders:
            held[user_id] = PERMISSIONS_OF[Role(role)]
    based = [each for each in live if not each.borrowed]
    while based:
        for share in based:
            for user_id in redeemed.get(share.row_id, set()) & lenders:
                held[user_id] |= permissions_of(share)
        based = [each for each in waiting if held[each.created_by].issuperset(each.borrowed)]
        waiting = [each for each in waiting if each not in based]
    return waiting


def _counts_for(user_id: UserId) -> ColumnElement[bool]:
    """Of shares those that the user has redeemed and that have not ended. [ACC-1]"""
    redeemed = select(ShareRedemption.row_id).where(ShareRedemption.user_id == user_id)
    return and_(WorkflowShare.row_id.in_(redeemed), WorkflowShare.ended_at.is_(None))
