"""Shares: created, redeemed, revoked; each change bumps the workflow's access epoch. [ACC-1]

What a redeemed share lets its user do is read by `rest.access.service`. Everything that writes
needs the workflow's row held (`hold`, `lock_workflow`); who may do what is the caller's to check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, func, or_, select

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import WorkflowId
from crdt_store.workflows import database_now, lock_workflow
from rest.access.changes import change_access
from rest.audit.service import SYSTEM, Action, record_all
from rest.errors import ShareEnded, ShareExceedsPermissions, ShareNotFound, ShareUsedUp
from rest.shares.granted import baseless, borrowed_of, flags, latest_end
from rest.shares.links import new_row_id
from rest.shares.models import ShareRedemption, WorkflowShare
from server.core.errors import Unauthenticated
from server.core.guests import LEEWAY, MAX_LIFE
from server.core.identity import GUEST_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy.ext.asyncio import AsyncSession

    from rest.access.service import Access, Standing
    from server.core.bus import Bus
    from server.core.identity import Identity
    from server.core.roles import Permission

MAX_USES: Final = 10_000
"""Of one share; also how many users an unlimited one serves at a time, since every room of the
workflow knows them all."""


async def create(
    db: AsyncSession,
    bus: Bus,
    access: Access,
    standing: Standing,
    creator: Identity,
    *,
    permissions: frozenset[Permission],
    lifetime: timedelta | None,
    max_uses: int | None,
) -> WorkflowShare:
    """A share of the workflow in which `creator` has this standing.

    Raises ShareExceedsPermissions for what the creator does not hold. What the creator holds by a
    share alone is not passed on for longer than that: the expiry is then earlier than asked for,
    and a revocation of the one ends the other.
    """
    if beyond := permissions - standing.permissions:
        raise ShareExceedsPermissions(beyond)
    workflow_id = WorkflowId(standing.row.id)
    now = await database_now(db)
    ends = [] if lifetime is None else [now + lifetime]
    borrowed = await borrowed_of(db, access, workflow_id, creator, permissions)
    limit = await latest_end(db, workflow_id, creator, borrowed)
    ends += [] if limit is None else [limit]
    share = WorkflowShare(
        row_id=new_row_id(),
        workflow_id=workflow_id,
        **flags(permissions),
        created_by=creator.user_id,
        created_by_name=creator.name,
        created_at=now,
        expires_at=min(ends, default=None),
        max_uses=max_uses,
        uses=0,
        borrowed=sorted(borrowed),
    )
    db.add(share)
    await change_access(db, bus, workflow_id)
    details = {
        "permissions": sorted(permissions),
        "expires_at": share.expires_at,
        "max_uses": max_uses,
    }
    await _record(db, share, creator, "share.created", details)
    return share


async def list_shares(
    db: AsyncSession,
    workflow_id: WorkflowId,
    *,
    only_live: bool,
    after: tuple[datetime, str] | None,
    limit: int,
) -> Sequence[WorkflowShare]:
    """At most `limit` shares of the workflow, the newest first, those after `after`.

    `only_live`: those that somebody new could redeem now.
    """
    query = select(WorkflowShare).where(WorkflowShare.workflow_id == workflow_id)
    if only_live:
        now = await database_now(db)
        query = query.where(
            WorkflowShare.ended_at.is_(None),
            or_(WorkflowShare.expires_at.is_(None), WorkflowShare.expires_at > now),
            or_(WorkflowShare.max_uses.is_(None), WorkflowShare.uses < WorkflowShare.max_uses),
        )
    if after is not None:
        at, row_id = after
        query = query.where(
            or_(
                WorkflowShare.created_at < at,
                and_(WorkflowShare.created_at == at, WorkflowShare.row_id > row_id),
            )
        )
    query = query.order_by(WorkflowShare.created_at.desc(), WorkflowShare.row_id).limit(limit)
    return (await db.scalars(query)).all()


async def find(db: AsyncSession, row_id: str) -> WorkflowShare:
    """Raises ShareNotFound."""
    share = await db.get(WorkflowShare, row_id)
    if share is None:
        raise ShareNotFound
    return share


async def hold(db: AsyncSession, row_id: str) -> WorkflowShare:
    """The share as it is once its workflow's row is held. Raises ShareNotFound. [ACC-1]"""
    workflow_id = await db.scalar(
        select(WorkflowShare.workflow_id).where(WorkflowShare.row_id == row_id)
    )
    if workflow_id is None:
        raise ShareNotFound
    try:
        await lock_workflow(db, WorkflowId(workflow_id))
    except WorkflowNotFound:
        raise ShareNotFound from None
    return await find(db, row_id)


async def check_open_to(
    db: AsyncSession, share: WorkflowShare, user: Identity | None
) -> ShareRedemption | None:
    """The user's redemption of the share, None if the user may redeem it for the first time.

    Raises ShareEnded; for who has not redeemed it before Unauthenticated if the user's token is
    past its end, or ShareUsedUp.
    """
    now = await database_now(db)
    if share.ended_at is not None or (share.expires_at is not None and share.expires_at <= now):
        raise ShareEnded(was_revoked=share.revoked_by is not None)
    known = None if user is None else await db.get(ShareRedemption, (share.row_id, user.user_id))
    if known is None and user is not None and user.has_expired(now):
        # Both together, the live link and the token, are what lets a guest come back; a token that
        # has leaked is worth no more than before to who has another link, or none.
        raise Unauthenticated("the guest's token has expired")
    if known is None and share.max_uses is not None and share.uses >= share.max_uses:
        raise ShareUsedUp(share.max_uses)
    return known


async def redeem(db: AsyncSession, bus: Bus, share: WorkflowShare, user: Identity) -> datetime:
    """Let the user have what the share grants; returns the database's time.

    Counts one use, none for who has redeemed it before. Raises like `check_open_to`.
    """
    known = await check_open_to(db, share, user)
    now = await database_now(db)
    if known is not None:
        if user.is_guest:
            # Who has a new token now, and maybe a new name; `_make_place` must know that.
            known.user_name, known.redeemed_at = user.name, now
        return now
    if share.max_uses is None:
        await _make_place(db, share, now)
    share.uses += 1
    db.add(
        ShareRedemption(
            row_id=share.row_id, user_id=user.user_id, user_name=user.name, redeemed_at=now
        )
    )
    await change_access(db, bus, WorkflowId(share.workflow_id))
    await _record(db, share, user, "share.redeemed", {"uses": share.uses})
    return now


async def revoke(db: AsyncSession, bus: Bus, share: WorkflowShare, by: Identity) -> None:
    """End the share, what was redeemed of it, and the shares that were made with what it gave; one
    that has ended already stays as it is. [ACC-3]"""
    if share.ended_at is not None:
        return
    workflow_id = WorkflowId(share.workflow_id)
    share.ended_at = now = await database_now(db)
    share.revoked_by = by.user_id
    await db.flush()
    lent = await baseless(db, workflow_id)
    for each in lent:
        each.ended_at, each.revoked_by = now, by.user_id
    await change_access(db, bus, workflow_id)
    await record_all(
        db,
        workflow_id,
        [
            _action(share, by, "share.revoked", {}),
            *(_action(each, by, "share.revoked", {"with": share.row_id}) for each in lent),
        ],
    )


async def end_due(db: AsyncSession, bus: Bus, workflow_id: WorkflowId) -> None:
    """End the workflow's shares whose expiry has passed, and those made with what they gave.
    [ACC-1]"""
    now = await database_now(db)
    due = await db.scalars(
        select(WorkflowShare)
        .where(
            WorkflowShare.workflow_id == workflow_id,
            WorkflowShare.ended_at.is_(None),
            WorkflowShare.expires_at <= now,
        )
        .order_by(WorkflowShare.expires_at, WorkflowShare.row_id)
    )
    ended = list(due)
    for share in ended:
        share.ended_at = now
    if ended:
        await db.flush()
        for share in await baseless(db, workflow_id):
            share.ended_at = now
            ended.append(share)
        await change_access(db, bus, workflow_id)
        await record_all(
            db,
            workflow_id,
            [
                _action(each, SYSTEM, "share.expired", {"expires_at": each.expires_at})
                for each in ended
            ],
        )


async def _make_place(db: AsyncSession, share: WorkflowShare, now: datetime) -> None:
    """Forget guests whose tokens have expired, if there are too many: those who come back after
    that are new ones. Raises ShareUsedUp."""
    of_share = ShareRedemption.row_id == share.row_id
    count = select(func.count()).select_from(ShareRedemption).where(of_share)
    if (await db.scalar(count) or 0) < MAX_USES:
        return
    await db.execute(
        delete(ShareRedemption)
        .where(
            of_share,
            # Not LIKE: it ignores case on SQLite.
            func.substr(ShareRedemption.user_id, 1, len(GUEST_PREFIX)) == GUEST_PREFIX,
            ShareRedemption.redeemed_at < now - MAX_LIFE - LEEWAY,
        )
        .execution_options(synchronize_session=False)
    )
    if (await db.scalar(count) or 0) >= MAX_USES:
        raise ShareUsedUp(MAX_USES)


async def _record(
    db: AsyncSession, share: WorkflowShare, by: Identity, action: str, details: Mapping[str, Any]
) -> None:
    await record_all(db, WorkflowId(share.workflow_id), [_action(share, by, action, details)])


def _action(share: WorkflowShare, by: Identity, name: str, details: Mapping[str, Any]) -> Action:
    """By row id: the whole share id would let every reader of the audit redeem the share."""
    return Action(by, name, resource=("share", share.row_id), details=details)
