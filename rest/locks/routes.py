"""`/api/collaboration/locks`: acquire, release and list edit locks."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import WorkflowId
from crdt_store.workflows import lock_workflow
from rest.bodies import JsonRoute
from rest.deps import Caller, OfWorkflow, Provided, Services, identify, workflow_id_of
from rest.errors import InvalidInput
from rest.json_responses import json_response
from rest.locks import service
from rest.locks.announcements import lock_json
from rest.locks.models import EditLock
from rest.locks.schemas import AcquireLock, Lock, LockedResource, LockList, Released, ReleaseLock
from rest.pages import CursorText, Limit, cut, decode_number
from rest.problems import AUTHENTICATED, WITH_BODY, responses
from rest.workflows.service import create_if_unknown
from server.core.access import Resource, ResourceType
from server.core.identity import Identity
from server.core.roles import Permission

router = APIRouter(prefix="/api/collaboration/locks", tags=["locks"], route_class=JsonRoute)

_READ = (*AUTHENTICATED, "forbidden", "workflow_not_found")
_CHANGE = (*_READ, *WITH_BODY, "commit_failed")


@router.post(
    "/acquire",
    response_model=Lock,
    summary="Acquire the lock of a workflow, node or edge, or extend it",
    responses=responses(*_CHANGE, "session_not_found", "lock_held", "too_many_locks"),
)
async def acquire_lock(
    request: Request, services: Provided, _caller: Caller, body: AcquireLock
) -> Response:
    """Needs `edit`. Whoever is in the way is named in `lock` of the 409.

    A workflow's lock excludes everybody else's edits, and cannot be had while others hold locks of
    nodes or edges; a node's covers the node, not its edges. A node or edge need not exist yet.
    """
    caller = await identify(request, body_user_id=body.user_id)
    workflow_id, resource = _named(body)
    try:
        lock = await _acquire(services, workflow_id, caller, resource, body)
    except WorkflowNotFound:
        if not services.access.is_open_to_all:
            raise
        await create_if_unknown(services.database, workflow_id, caller)
        lock = await _acquire(services, workflow_id, caller, resource, body)
    return json_response(lock_json(lock))


async def _acquire(
    services: Services,
    workflow_id: WorkflowId,
    caller: Identity,
    resource: Resource,
    body: AcquireLock,
) -> EditLock:
    minutes = body.duration_minutes
    async with services.database.writing() as db:
        await lock_workflow(db, workflow_id)
        await services.access.require(db, workflow_id, caller, Permission.EDIT)
        return await service.acquire(
            db,
            services.bus,
            workflow_id,
            caller,
            resource,
            duration=None if minutes is None else timedelta(minutes=minutes),
            reason=body.reason,
            session_id=body.session_id,
            is_live=services.participants.is_live(workflow_id, caller.user_id),
        )


@router.post(
    "/release",
    response_model=Released,
    summary="Release a lock",
    responses=responses(*_CHANGE, "lock_not_found"),
)
async def release_lock(
    request: Request, services: Provided, _caller: Caller, body: ReleaseLock
) -> Response:
    """One's own; or another's with `force`, which needs `manage`. Else 403 names the `lock`."""
    caller = await identify(request, body_user_id=body.user_id)
    workflow_id, resource = _named(body)
    async with services.database.writing() as db:
        await lock_workflow(db, workflow_id)
        standing = await services.access.require(db, workflow_id, caller, Permission.VIEW)
        await service.release(
            db,
            services.bus,
            workflow_id,
            caller,
            resource,
            by_force=body.force and Permission.MANAGE in standing.permissions,
        )
    return json_response({"released": True})


@router.get(
    "/{workflow_id}",
    response_model=LockList,
    summary="List the locks held in a workflow, the oldest first",
    responses=responses(*_READ),
)
async def list_locks(
    services: Provided,
    caller: Caller,
    workflow_id: OfWorkflow,
    resource_type: Annotated[
        ResourceType | None, Query(description="Only locks of this kind of resource.")
    ] = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Response:
    """For everyone who may view the workflow."""
    after = 0 if cursor is None else decode_number(cursor)
    async with services.database.reading() as db:
        await services.access.require(db, workflow_id, caller, Permission.VIEW)
        found = await service.list_locks(
            db, workflow_id, resource_type=resource_type, after=after, limit=limit + 1
        )
    shown, following = cut(found, limit=limit, key=lambda lock: (str(lock.fence),))
    return json_response({"items": [lock_json(each) for each in shown], "next_cursor": following})


def _named(body: LockedResource) -> tuple[WorkflowId, Resource]:
    """Raises WorkflowNotFound at once for what cannot be an id, and InvalidInput."""
    workflow_id = workflow_id_of(body.workflow_id)
    resource = body.resource()
    if resource is None:
        raise InvalidInput(
            "/resource_id",
            "must be the workflow's id"
            if body.resource_type is ResourceType.WORKFLOW
            else f"must be the {body.resource_type.value}'s id",
        )
    return workflow_id, resource
