"""`/api/workflows/{workflow_id}/members`: who belongs to a workflow, in which role."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from crdt_store.ids import UserId
from crdt_store.workflows import lock_workflow
from rest.access.models import WorkflowMember
from rest.bodies import JsonRoute
from rest.deps import Caller, OfWorkflow, Provided
from rest.errors import InvalidInput
from rest.json_responses import json_response
from rest.members import service
from rest.members.schemas import Member, MemberList, PutMember
from rest.pages import CursorText, Limit, cut, decode_cursor
from rest.problems import AUTHENTICATED, WITH_BODY, responses
from server.core.auth import MAX_USER_ID_CHARS
from server.core.identity import GUEST_PREFIX
from server.core.roles import Permission

router = APIRouter(
    prefix="/api/workflows/{workflow_id}/members", tags=["members"], route_class=JsonRoute
)

MemberId = Annotated[
    str,
    Path(
        alias="user_id",
        min_length=1,
        max_length=MAX_USER_ID_CHARS,
        description="The member, not the caller.",
    ),
]

_READ = (*AUTHENTICATED, "forbidden", "workflow_not_found")
_CHANGE = (*_READ, "last_owner", "commit_failed")


@router.get(
    "",
    response_model=MemberList,
    summary="List the members of a workflow, by user id",
    responses=responses(*_READ),
)
async def list_members(
    services: Provided,
    caller: Caller,
    workflow_id: OfWorkflow,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Response:
    """For everyone who may view the workflow."""
    after = None if cursor is None else decode_cursor(cursor, length=1)[0]
    async with services.database.reading() as db:
        await services.access.require(db, workflow_id, caller, Permission.VIEW)
        found = await service.list_members(db, workflow_id, after=after, limit=limit + 1)
    shown, following = cut(found, limit=limit, key=lambda member: (member.user_id,))
    return json_response({"items": [_member(each) for each in shown], "next_cursor": following})


@router.get(
    "/{user_id:path}",
    response_model=Member,
    summary="Read one membership",
    responses=responses(*_READ, "member_not_found"),
)
async def get_member(
    services: Provided, caller: Caller, workflow_id: OfWorkflow, member_id: MemberId
) -> Response:
    """For everyone who may view the workflow."""
    user_id = _user_id(member_id)
    async with services.database.reading() as db:
        await services.access.require(db, workflow_id, caller, Permission.VIEW)
        return json_response(_member(await service.get_member(db, workflow_id, user_id)))


@router.put(
    "/{user_id:path}",
    response_model=Member,
    summary="Make a user a member, or change the role of one",
    responses={
        201: {"model": Member, "description": "A new member."},
        **responses(*_CHANGE, *WITH_BODY),
    },
)
async def put_member(
    services: Provided,
    caller: Caller,
    workflow_id: OfWorkflow,
    member_id: MemberId,
    body: PutMember,
) -> Response:
    """Needs `manage`. The last owner cannot be lowered. Open sockets follow within a second."""
    user_id = _user_id(member_id)
    if user_id.startswith(GUEST_PREFIX):
        raise InvalidInput("path.user_id", "is a guest's: guests come and go by share links")
    async with services.database.writing() as db:
        await lock_workflow(db, workflow_id)
        await services.access.require(db, workflow_id, caller, Permission.MANAGE)
        member, is_new = await service.put_member(
            db,
            services.bus,
            workflow_id,
            user_id,
            role=body.role,
            name=body.name,
            actor=caller,
        )
    return json_response(_member(member), status_code=201 if is_new else 200)


@router.delete(
    "/{user_id:path}",
    status_code=204,
    summary="Remove a member, or leave",
    responses=responses(*_CHANGE, "member_not_found"),
)
async def remove_member(
    services: Provided, caller: Caller, workflow_id: OfWorkflow, member_id: MemberId
) -> Response:
    """Needs `manage`, except to remove oneself. The last owner cannot leave."""
    user_id = _user_id(member_id)
    needed = Permission.VIEW if user_id == caller.user_id else Permission.MANAGE
    async with services.database.writing() as db:
        await lock_workflow(db, workflow_id)
        await services.access.require(db, workflow_id, caller, needed)
        await service.remove_member(db, services.bus, workflow_id, user_id, actor=caller)
    return Response(status_code=204)


def _user_id(text: str) -> UserId:
    """Only what a token's `sub` can be."""
    if not text.isprintable() or text != text.strip():
        raise InvalidInput("path.user_id", "must be printable and without outer spaces")
    return UserId(text)


def _member(member: WorkflowMember) -> dict[str, Any]:
    return {
        "user_id": member.user_id,
        "role": member.role,
        "name": member.name,
        "added_by": member.added_by,
        "added_at": member.added_at,
    }
