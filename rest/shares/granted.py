"""What shares grant, and to whom: read by lists, and by who would pass on what a share gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, select

from rest.access.models import WorkflowMember
from rest.shares.models import ShareRedemption, WorkflowShare
from server.core.roles import Permission, Role

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


async def latest_end(
    db: AsyncSession,
    access: Access,
    workflow_id: WorkflowId,
    identity: Identity,
    permissions: frozenset[Permission],
) -> datetime | None:
    """When the user will have lost one of `permissions`, or the one to share, by the expiry of
    shares; None if no such moment is known. Supposes that the user has them now."""
    role = await db.scalar(
        select(WorkflowMember.role).where(
            WorkflowMember.workflow_id == workflow_id, WorkflowMember.user_id == identity.user_id
        )
    )
    lasting = access.permissions(identity, workflow_id, None if role is None else Role(role))
    borrowed = (permissions | {Permission.SHARE}) - lasting
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


def _counts_for(user_id: UserId) -> ColumnElement[bool]:
    """Of shares those that the user has redeemed and that have not ended. [ACC-1]"""
    redeemed = select(ShareRedemption.row_id).where(ShareRedemption.user_id == user_id)
    return and_(WorkflowShare.row_id.in_(redeemed), WorkflowShare.ended_at.is_(None))
