"""`/api/collaboration/sessions/{session_id}/turn`: who may edit in the mode `sequential`."""

from typing import Any

from fastapi import APIRouter, Request, Response

from crdt_store.ids import UserId
from rest.acting import Acting
from rest.bodies import JsonRoute
from rest.deps import Caller, Provided, identify
from rest.json_responses import json_response
from rest.problems import responses
from rest.sessions import service, turn_requests
from rest.sessions.routes import CHANGE, SessionId
from rest.sessions.schemas import PassTurn, Turn
from rest.sessions.service import Held
from rest.sessions.turns import read_requests, read_rules, turn_json
from server.core.roles import Permission

router = APIRouter(
    prefix="/api/collaboration/sessions/{session_id}/turn",
    tags=["sessions"],
    route_class=JsonRoute,
)

_TURN = (*CHANGE, "forbidden", "not_sequential", "session_full")


@router.post(
    "/request",
    response_model=Turn,
    summary="Ask for the turn",
    responses=responses(*_TURN),
)
async def request_turn(
    request: Request,
    services: Provided,
    _caller: Caller,
    session_id: SessionId,
    body: Acting | None = None,
) -> Response:
    """Needs `edit`. If nobody has it, or who has it is gone, it is the caller's at once; else the
    caller waits in the queue. Who asks takes part."""
    caller = await identify(request, body_user_id=None if body is None else body.user_id)
    async with services.database.writing() as db:
        held = await service.hold(services, db, session_id, caller, Permission.EDIT)
        await turn_requests.request(held)
        turn = await _turn(held)
    return json_response(turn)


@router.post(
    "/pass",
    response_model=Turn,
    summary="Pass the turn on",
    responses=responses(*_TURN, "turn_not_yours"),
)
async def pass_turn(
    request: Request,
    services: Provided,
    _caller: Caller,
    session_id: SessionId,
    body: PassTurn | None = None,
) -> Response:
    """Only its holder can. It goes to who is named, else to the first in the queue, else to
    nobody."""
    body = body or PassTurn()
    caller = await identify(request, body_user_id=body.user_id)
    async with services.database.writing() as db:
        held = await service.hold(services, db, session_id, caller)
        await turn_requests.pass_turn(held, None if body.to is None else UserId(body.to))
        turn = await _turn(held)
    return json_response(turn)


@router.post(
    "/take-over",
    response_model=Turn,
    summary="Take the turn over from who is idle",
    responses=responses(*_TURN, "turn_held"),
)
async def take_over_turn(
    request: Request,
    services: Provided,
    _caller: Caller,
    session_id: SessionId,
    body: Acting | None = None,
) -> Response:
    """Needs `edit`. While its holder is not idle, only owners can; for all others 409 `turn_held`
    says who has it, and for how long he has been idle."""
    caller = await identify(request, body_user_id=None if body is None else body.user_id)
    async with services.database.writing() as db:
        held = await service.hold(services, db, session_id, caller, Permission.EDIT)
        await turn_requests.take_over(held)
        turn = await _turn(held)
    return json_response(turn)


async def _turn(held: Held) -> dict[str, Any]:
    rules = await read_rules(held.db, held.workflow_id)
    return turn_json(rules, await read_requests(held.db, held.workflow_id))
