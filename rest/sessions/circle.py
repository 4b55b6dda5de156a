"""Who is around a turn, and may have it: sockets, rows, and what is known of each one's rights."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from crdt_store.ids import UserId, WorkflowId
from rest.sessions.presence import recent_rows
from server.core.identity import Identity
from server.core.roles import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from rest.deps import Services
    from rest.sessions.models import CollaborationSession, SessionParticipant
    from server.core.access import AccessSnapshot


@dataclass(frozen=True, slots=True)
class Circle:
    """`rows` are those of everyone who was here within the presence timeout."""

    workflow_id: WorkflowId
    snapshot: AccessSnapshot
    live: Mapping[UserId, Identity]
    rows: Mapping[UserId, SessionParticipant]

    def is_here(self, user_id: UserId) -> bool:
        row = self.rows.get(user_id)
        return user_id in self.live or (row is not None and row.left_at is None)

    def is_gone(self, user_id: UserId) -> bool:
        """Not here for longer than the presence timeout: a reload of a page is no absence."""
        return user_id not in self.live and user_id not in self.rows

    def may_edit(self, user_id: UserId, *, if_unknown: bool) -> bool:
        """Rights that only a user's own token grants are known while a socket of his is open."""
        identity = self.live.get(user_id) or Identity(user_id, name=user_id)
        if Permission.EDIT in self.snapshot.permissions_of(identity, self.workflow_id):
            return True
        is_known = (
            user_id in self.live
            or user_id in self.snapshot.members
            or user_id in self.snapshot.shared
        )
        return if_unknown and not is_known

    def name_of(self, user_id: UserId) -> str:
        if (identity := self.live.get(user_id)) is not None:
            return identity.name
        row = self.rows.get(user_id)
        return user_id if row is None else row.user_name


async def read_circle(
    services: Services, db: AsyncSession, row: CollaborationSession, now: datetime
) -> Circle:
    """As the session's transaction sees it, and with the sockets that are open now."""
    workflow_id = WorkflowId(row.workflow_id)
    since = now - timedelta(seconds=services.settings.presence_timeout_s)
    recent = await recent_rows(db, row.session_id, since=since)
    return Circle(
        workflow_id,
        snapshot=await services.access.read(db, workflow_id),
        live={each.user_id: each for each in services.participants.users().get(workflow_id, ())},
        rows={UserId(each.user_id): each for each in recent},
    )
