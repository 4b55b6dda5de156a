"""What a user may do with a workflow, read from rest's tables; the source of a room's rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, select

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import UserId
from crdt_store.models import WorkflowRow
from rest.access.models import WorkflowMember
from rest.errors import Forbidden
from rest.locks.models import EditLock
from rest.locks.service import grant_created
from rest.sessions.models import CollaborationRules
from rest.sessions.presence import present_users
from rest.shares.models import ShareRedemption, WorkflowShare
from server.core.access import AccessSnapshot, HeldLock, Mode, Resource, ResourceType
from server.core.roles import Permission, Role, highest_role

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.database import Database
    from crdt_store.ids import WorkflowId
    from server.core.bus import Bus
    from server.core.identity import Identity
    from server.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Standing:
    """A workflow's row as a user sees it, and what that user may do with it."""

    row: WorkflowRow
    permissions: frozenset[Permission]

    @property
    def role(self) -> Role | None:
        return highest_role(self.permissions)


class Access:
    """Implements server.core.access.AccessSource over the tables of rest."""

    def __init__(self, database: Database, *, settings: Settings, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._presence_timeout_s = settings.presence_timeout_s
        self.is_open_to_all = settings.auth_mode == "dev" and settings.dev_open

    async def snapshot(self, workflow_id: WorkflowId) -> AccessSnapshot:
        """Everything as one transaction saw it [ACC-1]. Raises WorkflowNotFound."""
        async with self._database.reading_for_rooms() as db:
            return await self.read(db, workflow_id)

    async def read(self, db: AsyncSession, workflow_id: WorkflowId) -> AccessSnapshot:
        """The rules as a session sees them: under the workflow's row they are those in force."""
        rows = (
            await db.execute(
                select(
                    WorkflowRow.access_epoch,
                    CollaborationRules.mode,
                    CollaborationRules.max_users,
                    CollaborationRules.turn_holder,
                    WorkflowMember.user_id,
                    WorkflowMember.role,
                )
                .outerjoin(CollaborationRules, CollaborationRules.workflow_id == WorkflowRow.id)
                .outerjoin(WorkflowMember, WorkflowMember.workflow_id == WorkflowRow.id)
                .where(WorkflowRow.id == workflow_id)
            )
        ).all()
        if not rows:
            raise WorkflowNotFound(workflow_id)
        first = rows[0]
        return AccessSnapshot(
            access_epoch=first.access_epoch,
            members={
                UserId(row.user_id): Role(row.role) for row in rows if row.user_id is not None
            },
            open_to_all=self.is_open_to_all,
            shared=await _shared(db, workflow_id),
            mode=Mode(first.mode or Mode.PARALLEL),
            max_users=first.max_users,
            turn_holder=None if first.turn_holder is None else UserId(first.turn_holder),
            locks=await _locks(db, workflow_id),
        )

    async def require(
        self,
        db: AsyncSession,
        workflow_id: WorkflowId,
        identity: Identity,
        permission: Permission,
    ) -> Standing:
        """The user's standing, with `permission` in it. Raises WorkflowNotFound or Forbidden.

        In a writing session, hold the workflow's row first, or the role may change meanwhile.
        """
        found = (
            await db.execute(
                select(WorkflowRow, WorkflowMember.role)
                .outerjoin(
                    WorkflowMember,
                    and_(
                        WorkflowMember.workflow_id == WorkflowRow.id,
                        WorkflowMember.user_id == identity.user_id,
                    ),
                )
                .where(WorkflowRow.id == workflow_id)
            )
        ).one_or_none()
        if found is None:
            raise WorkflowNotFound(workflow_id)
        row, role = found
        shared = await _shared(db, workflow_id, identity.user_id)
        held = self.permissions(
            identity,
            workflow_id,
            None if role is None else Role(role),
            shared.get(identity.user_id, frozenset()),
        )
        if permission not in held:
            raise Forbidden(workflow_id, permission)
        return Standing(row, held)

    async def count_participants(
        self, workflow_id: WorkflowId, live: Collection[UserId], *, but: UserId
    ) -> int:
        """As server.core.access.AccessSource."""
        return len((await self._present(workflow_id)).union(live) - {but})

    async def takes_part(self, workflow_id: WorkflowId, user_id: UserId) -> bool:
        """As server.core.access.AccessSource."""
        return user_id in await self._present(workflow_id)

    async def _present(self, workflow_id: WorkflowId) -> set[UserId]:
        async with self._database.reading_for_rooms() as db:
            return await present_users(db, workflow_id, timeout_s=self._presence_timeout_s)

    async def grant_created(
        self,
        db: AsyncSession,
        workflow_id: WorkflowId,
        creator: Identity,
        created: Sequence[Resource],
    ) -> None:
        """As server.core.access.AccessSource; `db` is a session of `Database.writing()`."""
        await grant_created(db, self._bus, workflow_id, creator, created)

    def permissions(
        self,
        identity: Identity,
        workflow_id: WorkflowId,
        membership: Role | None,
        shared: frozenset[Permission] = frozenset(),
    ) -> frozenset[Permission]:
        """What a user with these may do: the very rule that a room applies. [ACC-2]"""
        snapshot = AccessSnapshot(
            access_epoch=0,
            members={} if membership is None else {identity.user_id: membership},
            open_to_all=self.is_open_to_all,
            shared={identity.user_id: shared},
        )
        return snapshot.permissions_of(identity, workflow_id)


async def _shared(
    db: AsyncSession, workflow_id: WorkflowId, user_id: UserId | None = None
) -> dict[UserId, frozenset[Permission]]:
    """What users have by live shares: all users, or the one."""
    query = (
        select(
            ShareRedemption.user_id,
            WorkflowShare.can_view,
            WorkflowShare.can_comment,
            WorkflowShare.can_edit,
            WorkflowShare.can_share,
        )
        .join(WorkflowShare, WorkflowShare.row_id == ShareRedemption.row_id)
        .where(WorkflowShare.workflow_id == workflow_id, WorkflowShare.ended_at.is_(None))
    )
    if user_id is not None:
        query = query.where(ShareRedemption.user_id == user_id)
    held: dict[UserId, frozenset[Permission]] = {}
    for redeemer, *flags in await db.execute(query):
        granted = frozenset(
            permission for permission, flag in zip(_SHARED, flags, strict=True) if flag
        )
        held[UserId(redeemer)] = held.get(UserId(redeemer), frozenset()) | granted
    return held


_SHARED = (Permission.VIEW, Permission.COMMENT, Permission.EDIT, Permission.SHARE)


async def _locks(db: AsyncSession, workflow_id: WorkflowId) -> dict[Resource, HeldLock]:
    found = await db.execute(
        select(
            EditLock.resource_type,
            EditLock.resource_id,
            EditLock.holder,
            EditLock.holder_name,
            EditLock.fence,
        ).where(EditLock.workflow_id == workflow_id)
    )
    return {
        Resource(ResourceType(kind), resource_id): HeldLock(UserId(holder), name, fence)
        for kind, resource_id, holder, name, fence in found
    }
