"""`/api/collaboration/sessions`: create or join, look, leave, stay, change the mode, end."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import WorkflowId
from rest.acting import Acting
from rest.bodies import JsonRoute
from rest.deps import Caller, Provided, Services, identify, workflow_id_of
from rest.json_responses import json_response
from rest.problems import AUTHENTICATED, WITH_BODY, responses
from rest.sessions import service
from rest.sessions.rules import set_rules
from rest.sessions.schemas import (
    Beat,
    ChangeSession,
    Heartbeat,
    JoinSession,
    Left,
    Session,
)
from rest.sessions.views import session_json
from rest.workflows.service import create_if_unknown
from server.core.identity import Identity
from server.core.roles import Permission

router = APIRouter(prefix="/api/collaboration/sessions", tags=["sessions"], route_class=JsonRoute)

SessionId = Annotated[str, Path(description="Of an active session.")]

READ = (*AUTHENTICATED, "session_not_found")
CHANGE = (*READ, *WITH_BODY, "commit_failed")


@router.post(
    "",
    response_model=Session,
    summary="Join the workflow's editing session, creating it if there is none",
    responses={
        201: {"model": Session, "description": "A new session."},
        **responses(
            *AUTHENTICATED,
            *WITH_BODY,
            "forbidden",
            "workflow_not_found",
            "session_full",
            "commit_failed",
        ),
    },
)
async def join_session(
    request: Request, services: Provided, _caller: Caller, body: JoinSession
) -> Response:
    """For everyone who may view the workflow; sockets take part by themselves. A full one is 409,
    except for owners and for those who take part already."""
    caller = await identify(request, body_user_id=body.user_id)
    workflow_id = workflow_id_of(body.workflow_id)
    try:
        joined, is_new = await _join(services, workflow_id, caller, body)
    except WorkflowNotFound:
        if not services.access.is_open_to_all:
            raise
        await create_if_unknown(services.database, workflow_id, caller)
        joined, is_new = await _join(services, workflow_id, caller, body)
    return json_response(
        joined,
        status_code=201 if is_new else 200,
        headers={"Location": f"{router.prefix}/{joined['session_id']}"} if is_new else None,
    )


async def _join(
    services: Services, workflow_id: WorkflowId, caller: Identity, body: JoinSession
) -> tuple[dict[str, Any], bool]:
    async with services.database.writing() as db:
        held, is_new = await service.open_session(services, db, workflow_id, caller)
        # In this order, see `presence`; who may manage finds a seat under any rules.
        await service.take_part(held)
        if Permission.MANAGE in held.permissions:
            await set_rules(held, _rules(body, keeps_null=False))
    return await _seen(held), is_new


@router.get(
    "/{session_id}",
    response_model=Session,
    summary="Read a session with its participants",
    responses=responses(*READ),
)
async def get_session(services: Provided, caller: Caller, session_id: SessionId) -> Response:
    """For everyone who may view the workflow; all others are told that there is none."""
    async with services.database.reading() as db:
        row, permissions = await service.find(services, db, session_id, caller)
        return json_response(await session_json(services, db, row, caller, permissions=permissions))


@router.patch(
    "/{session_id}",
    response_model=Session,
    summary="Change the mode of the session's workflow, or how many may take part",
    responses=responses(*CHANGE, "forbidden"),
)
async def change_session(
    request: Request,
    services: Provided,
    _caller: Caller,
    session_id: SessionId,
    body: ChangeSession,
) -> Response:
    """Needs `manage`. In the mode `sequential` nobody may edit until the turn is asked for."""
    caller = await identify(request, body_user_id=body.user_id)
    async with services.database.writing() as db:
        held = await service.hold(services, db, session_id, caller, Permission.MANAGE)
        await set_rules(held, _rules(body, keeps_null=True))
    return json_response(await _seen(held))


@router.delete(
    "/{session_id}",
    status_code=204,
    summary="End a session",
    responses=responses(*READ, "forbidden", "commit_failed"),
)
async def end_session(services: Provided, caller: Caller, session_id: SessionId) -> Response:
    """Needs `manage`. Open sockets are closed with 4403; locks that belong to the session end."""
    async with services.database.writing() as db:
        await service.end(await service.hold(services, db, session_id, caller, Permission.MANAGE))
    return Response(status_code=204)


@router.post(
    "/{session_id}/leave",
    response_model=Left,
    summary="Leave a session",
    responses=responses(*CHANGE),
)
async def leave_session(
    request: Request,
    services: Provided,
    _caller: Caller,
    session_id: SessionId,
    body: Acting | None = None,
) -> Response:
    """The caller's turn passes on, and the locks that he took while taking part end."""
    caller = await identify(request, body_user_id=None if body is None else body.user_id)
    async with services.database.writing() as db:
        has_left = await service.leave(await service.hold(services, db, session_id, caller))
    return json_response({"left": has_left})


@router.post(
    "/{session_id}/heartbeat",
    response_model=Beat,
    summary="Say that one is still here, and where",
    responses=responses(*CHANGE, "session_full"),
)
async def send_heartbeat(
    request: Request,
    services: Provided,
    _caller: Caller,
    session_id: SessionId,
    body: Heartbeat | None = None,
) -> Response:
    """Two minutes without one, and without a socket, and one has left. Who had left joins again."""
    body = body or Heartbeat()
    caller = await identify(request, body_user_id=body.user_id)
    async with services.database.writing() as db:
        held = await service.hold(services, db, session_id, caller)
        row = await service.heartbeat(held, _shown(body))
    return json_response(
        {"session_id": row.session_id, "user_id": row.user_id, "last_active": row.last_active}
    )


async def _seen(held: service.Held) -> dict[str, Any]:
    """The session after the commit: the write turn need not wait for what it looks like."""
    async with held.services.database.reading() as db:
        return await session_json(
            held.services, db, held.row, held.caller, permissions=held.permissions
        )


def _shown(body: Heartbeat) -> dict[str, Any]:
    """What the body says of the caller's presence; what it leaves out is kept."""
    given: dict[str, Any] = {}
    if "cursor_position" in body.model_fields_set:
        cursor = body.cursor_position
        given["cursor_position"] = None if cursor is None else cursor.model_dump(exclude_none=True)
    if "selected_node" in body.model_fields_set:
        given["selected_node"] = body.selected_node
    return given


def _rules(body: JoinSession | ChangeSession, *, keeps_null: bool) -> dict[str, Any]:
    """What the body sets; `max_users: null` takes the limit away only where that is meant."""
    given: dict[str, Any] = {}
    if body.collaboration_mode is not None:
        given["mode"] = body.collaboration_mode
    if "max_users" in body.model_fields_set and (keeps_null or body.max_users is not None):
        given["max_users"] = body.max_users
    return given
