"""Edit locks as Python calls."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rest.deps import workflow_id_of
from rest.embedding.calls import Actor, Calls, checked
from rest.errors import InvalidInput
from rest.locks import service
from rest.locks.announcements import lock_json
from rest.locks.schemas import AcquireLock, Lock, ReleaseLock
from rest.locks.sweeps import end_due_locks
from server.core.roles import Permission

if TYPE_CHECKING:
    from rest.locks.schemas import LockedResource
    from server.core.access import Resource

_ALL: Final = 1_000_000


class LockCalls(Calls):
    async def acquire_edit_lock(
        self,
        workflow_id: str,
        user_id: Actor,
        resource_type: str,
        resource_id: str | None = None,
        *,
        session_id: str | None = None,
        reason: str | None = None,
        duration_minutes: float | None = None,
    ) -> Lock:
        """Acquire the lock of a workflow, node or edge, or extend it. Needs `edit`.

        Raises LockHeld, whose `lock` names the holder, SessionNotFound or TooManyLocks.
        """
        body = checked(
            AcquireLock,
            workflow_id=workflow_id,
            resource_type=resource_type,
            resource_id=resource_id,
            session_id=session_id,
            reason=reason,
            duration_minutes=duration_minutes,
        )
        named, resource = workflow_id_of(workflow_id), _resource(body)
        actor = await self._identify(user_id)
        minutes = body.duration_minutes

        async def acquire() -> Lock:
            async with self._changing(named, actor, Permission.EDIT) as (db, _):
                lock = await service.acquire(
                    db,
                    self._services.bus,
                    named,
                    actor,
                    resource,
                    duration=None if minutes is None else timedelta(minutes=minutes),
                    reason=body.reason,
                    session_id=body.session_id,
                    is_live=self._services.participants.is_live(named, actor.user_id),
                )
                return Lock(**lock_json(lock))

        return await self._creating(named, actor, acquire)

    async def release_edit_lock(
        self,
        workflow_id: str,
        user_id: Actor,
        resource_type: str,
        resource_id: str | None = None,
        *,
        force: bool = False,
    ) -> None:
        """Release the actor's own lock or, by `force`, another's, if the actor may `manage`.

        Raises LockNotFound or LockNotYours.
        """
        body = checked(
            ReleaseLock,
            workflow_id=workflow_id,
            resource_type=resource_type,
            resource_id=resource_id,
            force=force,
        )
        named, resource = workflow_id_of(workflow_id), _resource(body)
        actor = await self._identify(user_id)
        async with self._changing(named, actor, Permission.VIEW) as (db, standing):
            by_force = body.force and Permission.MANAGE in standing.permissions
            await service.release(db, self._services.bus, named, actor, resource, by_force=by_force)

    async def get_active_locks(self, workflow_id: str, user_id: Actor) -> list[Lock]:
        """All locks of the workflow, the oldest first. Needs `view`."""
        named, actor = workflow_id_of(workflow_id), await self._identify(user_id)
        async with self._seen(named, actor, Permission.VIEW) as db:
            found = await service.list_locks(db, named, resource_type=None, after=0, limit=_ALL)
            return [Lock(**lock_json(each)) for each in found]

    async def cleanup_expired_locks(self) -> None:
        """End the locks whose time is over, in all workflows; a server does so twice a second."""
        await end_due_locks(self._services)


def _resource(body: LockedResource) -> Resource:
    """Raises InvalidInput."""
    resource = body.resource()
    if resource is None:
        raise InvalidInput("/resource_id", f"does not name a {body.resource_type.value}")
    return resource
