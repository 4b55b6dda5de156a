"""The audit as Python calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest.audit import reading
from rest.audit.schemas import AuditItem
from rest.audit.service import record
from rest.deps import workflow_id_of
from rest.embedding.calls import Actor, Calls, check_storable
from server.core.roles import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping


class AuditCalls(Calls):
    async def get_audit_log(
        self,
        workflow_id: str,
        user_id: Actor,
        limit: int = 100,
        *,
        action: str | None = None,
        before: int | None = None,
    ) -> list[AuditItem]:
        """The newest entries first, of those with numbers below `before`. Needs `manage`.

        `action` is one, such as `lock.acquired`, or all of a feature: `lock.*`.
        """
        check_storable(action=action)
        named, actor = workflow_id_of(workflow_id), await self._identify(user_id)
        async with self._seen(named, actor, Permission.MANAGE) as db:
            found = await reading.newest(
                db, named, reading.Filter(action=action), before=before, limit=limit
            )
            return [AuditItem(**reading.as_json(each)) for each in found]

    async def _audit_action(
        self,
        workflow_id: str,
        user_id: Actor,
        action: str,
        resource: tuple[str, str] | None = None,
        *,
        session_id: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Append what the embedding application itself did, as `feature.verb`. Needs `view`.

        What the other calls do is in the audit by itself. `details` are JSON, and never secrets.
        """
        check_storable(action=action, session_id=session_id)
        for part in resource or ():
            check_storable(resource=part)
        named, actor = workflow_id_of(workflow_id), await self._identify(user_id)
        async with self._changing(named, actor, Permission.VIEW) as (db, _):
            await record(
                db,
                named,
                actor,
                action,
                resource=resource,
                session_id=session_id,
                details=details,
            )
