"""What a user may do with a workflow, read from the memberships; the source of a room's rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, select

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import UserId
from crdt_store.models import WorkflowRow
from rest.access.models import WorkflowMember
from rest.errors import Forbidden
from server.core.access import AccessSnapshot
from server.core.roles import Permission, Role, highest_role

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.database import Database
    from crdt_store.ids import WorkflowId
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
    """Implements server.core.access.AccessSource over `workflow_members`."""

    def __init__(self, database: Database, *, settings: Settings) -> None:
        self._database = database
        self.is_open_to_all = settings.auth_mode == "dev" and settings.dev_open

    async def snapshot(self, workflow_id: WorkflowId) -> AccessSnapshot:
        """Epoch and members as one statement saw them [ACC-1]. Raises WorkflowNotFound."""
        async with self._database.reading_for_rooms() as db:
            rows = (
                await db.execute(
                    select(WorkflowRow.access_epoch, WorkflowMember.user_id, WorkflowMember.role)
                    .outerjoin(WorkflowMember, WorkflowMember.workflow_id == WorkflowRow.id)
                    .where(WorkflowRow.id == workflow_id)
                )
            ).all()
        if not rows:
            raise WorkflowNotFound(workflow_id)
        return AccessSnapshot(
            access_epoch=rows[0].access_epoch,
            members={
                UserId(row.user_id): Role(row.role) for row in rows if row.user_id is not None
            },
            open_to_all=self.is_open_to_all,
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
        held = self.permissions(identity, workflow_id, None if role is None else Role(role))
        if permission not in held:
            raise Forbidden(workflow_id, permission)
        return Standing(row, held)

    def permissions(
        self, identity: Identity, workflow_id: WorkflowId, membership: Role | None
    ) -> frozenset[Permission]:
        """What a user with that membership may do: the very rule that a room applies. [ACC-2]"""
        members = {} if membership is None else {identity.user_id: membership}
        snapshot = AccessSnapshot(access_epoch=0, members=members, open_to_all=self.is_open_to_all)
        return snapshot.permissions_of(identity, workflow_id)
