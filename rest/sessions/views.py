"""A session as every answer shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crdt_store.ids import UserId, WorkflowId
from crdt_store.workflows import database_now
from rest.sessions.presence import oldest_present, recent_rows
from rest.sessions.turns import read_requests, read_rules, turn_json
from server.core.access import Mode
from server.core.colors import color_of
from server.core.identity import Identity
from server.core.roles import highest_role, listed

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from rest.deps import Services
    from rest.sessions.models import CollaborationSession
    from server.core.roles import Permission


async def session_json(
    services: Services,
    db: AsyncSession,
    row: CollaborationSession,
    caller: Identity,
    *,
    permissions: frozenset[Permission],
) -> dict[str, Any]:
    """`permissions` are the caller's."""
    workflow_id = WorkflowId(row.workflow_id)
    rules = await read_rules(db, workflow_id)
    return {
        "session_id": row.session_id,
        "workflow_id": row.workflow_id,
        "collaboration_mode": Mode.PARALLEL if rules is None else rules.mode,
        "max_users": None if rules is None else rules.max_users,
        "participants": await _participants(services, db, row, caller),
        "permissions": listed(permissions),
        "created_by": row.created_by,
        "created_at": row.created_at,
        "last_activity": row.last_activity,
        "turn": turn_json(rules, await read_requests(db, workflow_id)),
    }


async def _participants(
    services: Services, db: AsyncSession, row: CollaborationSession, caller: Identity
) -> list[dict[str, Any]]:
    """Everyone with an open socket, as its presence shows them; all others as their rows do."""
    workflow_id = WorkflowId(row.workflow_id)
    found = {
        each.user_id: _participant(
            each.user_id,
            each.user_name,
            role=each.role,
            cursor_position=each.cursor_position,
            selected_node=each.selected_node,
            last_active=each.last_active,
        )
        for each in services.participants.live(workflow_id)
    }
    since = oldest_present(await database_now(db), timeout_s=services.settings.presence_timeout_s)
    by_rows = [
        each
        for each in await recent_rows(db, row.session_id, since=since)
        if each.left_at is None and each.user_id not in found
    ]
    if by_rows:
        snapshot = await services.access.read(db, workflow_id)
        for each in by_rows:
            user_id = UserId(each.user_id)
            known = caller if user_id == caller.user_id else Identity(user_id, each.user_name)
            found[user_id] = _participant(
                user_id,
                each.user_name,
                role=highest_role(snapshot.permissions_of(known, workflow_id)),
                cursor_position=each.cursor_position,
                selected_node=each.selected_node,
                last_active=each.last_active,
            )
    return [found[user_id] for user_id in sorted(found)]


def _participant(user_id: UserId, user_name: str, **shown: Any) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "user_name": user_name,
        "user_color": color_of(user_id),
        **shown,
    }
