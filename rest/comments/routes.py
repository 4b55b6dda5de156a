"""`/api/collaboration/comments`: threads of comments on a workflow and on what is in it.

`/comments/{id}` means a workflow to GET and a comment to PATCH, DELETE and the two actions below
it. The methods keep them apart; one name for both, as OpenAPI takes two names for the same path.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import WorkflowId
from crdt_store.workflows import lock_workflow
from rest.acting import Acting
from rest.bodies import JsonRoute
from rest.comments import finding, service
from rest.comments.anchors import Place, Places, look
from rest.comments.schemas import (
    AddComment,
    CommentItem,
    CommentPage,
    ContextType,
    EditComment,
)
from rest.comments.views import comment_json, places_of
from rest.deps import Caller, Provided, Services, identify, workflow_id_of
from rest.errors import CommentNotFound, InvalidInput
from rest.json_responses import json_response
from rest.pages import CursorText, Limit, cut, decode_cursor
from rest.problems import AUTHENTICATED, WITH_BODY, responses
from rest.texts import MAX_OWN_ID_CHARS, ElementId, OwnId, UserIdText
from rest.workflows.service import create_if_unknown
from server.core.identity import Identity
from server.core.roles import Permission

router = APIRouter(prefix="/api/collaboration/comments", tags=["comments"], route_class=JsonRoute)

_READ = (*AUTHENTICATED, "forbidden", "workflow_not_found", "commit_failed")
_CHANGE = (*AUTHENTICATED, "forbidden", "comment_not_found", "commit_failed")

WorkflowPath = Annotated[str, Path(alias="id", description="The workflow's id.")]


async def _comment_id(
    comment_id: Annotated[str, Path(alias="id", description="The comment's id.")],
) -> str:
    """Raises CommentNotFound at once for what cannot be an id."""
    if len(comment_id) > MAX_OWN_ID_CHARS or "\0" in comment_id:
        raise CommentNotFound(comment_id[:MAX_OWN_ID_CHARS])
    return comment_id


OfComment = Annotated[str, Depends(_comment_id)]


@router.post(
    "",
    status_code=201,
    response_model=CommentItem,
    summary="Begin a thread, or reply in one",
    responses=responses(*_READ, *WITH_BODY, "comment_not_found"),
)
async def add_comment(
    request: Request, services: Provided, _caller: Caller, body: AddComment
) -> Response:
    """Needs `comment`. A reply to a resolved thread does not reopen it."""
    caller = await identify(request, body_user_id=body.user_id)
    _check_anchor(body)
    workflow_id = workflow_id_of(body.workflow_id)
    try:
        added, places = await _add(services, workflow_id, caller, body)
    except WorkflowNotFound:
        if not services.access.is_open_to_all:
            raise
        await create_if_unknown(services.database, workflow_id, caller)
        added, places = await _add(services, workflow_id, caller, body)
    return json_response(comment_json(added, places), status_code=201)


async def _add(
    services: Services, workflow_id: WorkflowId, caller: Identity, body: AddComment
) -> tuple[finding.Threaded, Places | None]:
    anchor = finding.anchor_in_document(body.context_type, body.context_id)
    async with services.database.reading() as db:
        await services.access.require(db, workflow_id, caller, Permission.COMMENT)
        if body.parent_comment_id is not None:
            anchor = (await finding.find_in(db, workflow_id, body.parent_comment_id)).anchor
    places = None
    if anchor is not None:
        places = await look(services.documents, workflow_id, [anchor])
    point = None if body.point is None else Place(body.point.x, body.point.y)
    async with services.database.writing() as db:
        await lock_workflow(db, workflow_id)
        await services.access.require(db, workflow_id, caller, Permission.COMMENT)
        if body.parent_comment_id is not None:
            added = await service.reply(
                db,
                services.bus,
                await finding.find_in(db, workflow_id, body.parent_comment_id),
                caller,
                body.content,
                session_id=body.session_id,
            )
        else:
            added = await service.begin_thread(
                db,
                services.bus,
                workflow_id,
                caller,
                body.content,
                context_type=body.context_type,
                context_id=body.context_id,
                point=point,
                places=places,
                session_id=body.session_id,
            )
    return added, places


def _filter(
    context_type: Annotated[
        ContextType | None, Query(description="What the thread is about.")
    ] = None,
    context_id: Annotated[ElementId | None, Query(description="The node's or edge's id.")] = None,
    resolved: Annotated[
        bool | None, Query(description="Only of resolved threads, or of open ones.")
    ] = None,
    thread_id: Annotated[OwnId | None, Query(min_length=1)] = None,
    author: Annotated[UserIdText | None, Query(min_length=1)] = None,
) -> finding.Filter:
    return finding.Filter(
        context_type=context_type,
        context_id=context_id,
        resolved=resolved,
        thread_id=thread_id,
        author=author,
    )


@router.get(
    "/{id}",
    response_model=CommentPage,
    summary="List the comments of a workflow, the oldest first",
    responses=responses(*_READ),
)
async def list_comments(
    services: Provided,
    caller: Caller,
    of_workflow: WorkflowPath,
    wanted: Annotated[finding.Filter, Depends(_filter)],
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Response:
    """For everyone who may view the workflow. Replies are where their thread is."""
    workflow_id = workflow_id_of(of_workflow)
    after = None if cursor is None else _position(cursor)
    async with services.database.reading() as db:
        await services.access.require(db, workflow_id, caller, Permission.VIEW)
        found = await finding.list_comments(db, workflow_id, wanted, after=after, limit=limit + 1)
    shown, following = cut(
        found,
        limit=limit,
        key=lambda each: (each.comment.created_at.isoformat(), each.comment.comment_id),
    )
    places = await places_of(services.documents, workflow_id, shown)
    return json_response(
        {"items": [comment_json(each, places) for each in shown], "next_cursor": following}
    )


@router.patch(
    "/{id}",
    response_model=CommentItem,
    summary="Change the content of one's own comment",
    responses=responses(*_CHANGE, *WITH_BODY, "not_the_author"),
)
async def edit_comment(
    request: Request, services: Provided, _caller: Caller, comment_id: OfComment, body: EditComment
) -> Response:
    """Needs `comment`."""
    caller = await identify(request, body_user_id=body.user_id)
    with _unknown_if_gone(comment_id):
        workflow_id, places = await _before(services, comment_id, caller)
        async with services.database.writing() as db:
            await lock_workflow(db, workflow_id)
            threaded, held = await finding.find(db, services.access, comment_id, caller)
            await service.edit(db, services.bus, threaded, caller, held, body.content)
    return json_response(comment_json(threaded, places))


@router.delete(
    "/{id}",
    status_code=204,
    summary="Delete a comment",
    responses=responses(*_CHANGE, "not_the_author"),
)
async def delete_comment(services: Provided, caller: Caller, comment_id: OfComment) -> Response:
    """One's own, or with `manage` any. One that has replies stays, deleted and without content."""
    async with services.database.reading() as db:
        found, _ = await finding.find(db, services.access, comment_id, caller)
    with _unknown_if_gone(comment_id):
        async with services.database.writing() as db:
            await lock_workflow(db, found.workflow_id)
            threaded, held = await finding.find(db, services.access, comment_id, caller)
            await service.delete(db, services.bus, threaded, caller, held)
    return Response(status_code=204)


@router.post(
    "/{id}/resolve",
    response_model=CommentItem,
    summary="Resolve a thread",
    responses=responses(*_CHANGE, *WITH_BODY),
)
async def resolve_comment(
    request: Request,
    services: Provided,
    _caller: Caller,
    comment_id: OfComment,
    body: Acting | None = None,
) -> Response:
    """By any comment of it; returns its first. Needs `comment`. Again changes nothing."""
    caller = await identify(request, body_user_id=body.user_id if body else None)
    return await _set_resolved(services, caller, comment_id, resolved=True)


@router.post(
    "/{id}/reopen",
    response_model=CommentItem,
    summary="Reopen a resolved thread",
    responses=responses(*_CHANGE, *WITH_BODY),
)
async def reopen_comment(
    request: Request,
    services: Provided,
    _caller: Caller,
    comment_id: OfComment,
    body: Acting | None = None,
) -> Response:
    """By any comment of it; returns its first. Needs `comment`. Again changes nothing."""
    caller = await identify(request, body_user_id=body.user_id if body else None)
    return await _set_resolved(services, caller, comment_id, resolved=False)


async def _set_resolved(
    services: Services, caller: Identity, comment_id: str, *, resolved: bool
) -> Response:
    with _unknown_if_gone(comment_id):
        workflow_id, places = await _before(services, comment_id, caller)
        async with services.database.writing() as db:
            await lock_workflow(db, workflow_id)
            threaded, held = await finding.find(db, services.access, comment_id, caller)
            await service.set_resolved(db, services.bus, threaded, caller, held, resolved=resolved)
    first = finding.Threaded(threaded.first, threaded.first)
    return json_response(comment_json(first, places))


async def _before(
    services: Services, comment_id: str, caller: Identity
) -> tuple[WorkflowId, Places | None]:
    """What a change needs that takes time: the comment's workflow, and where its anchor is."""
    async with services.database.reading() as db:
        found, held = await finding.find(db, services.access, comment_id, caller)
    service.require(found, held, Permission.COMMENT)
    return found.workflow_id, await places_of(services.documents, found.workflow_id, [found])


@contextmanager
def _unknown_if_gone(comment_id: str) -> Iterator[None]:
    """The workflow that a comment was in was deleted meanwhile."""
    try:
        yield
    except WorkflowNotFound:
        raise CommentNotFound(comment_id) from None


def _check_anchor(body: AddComment) -> None:
    """Raises InvalidInput. A reply's own anchor is not read."""
    if body.parent_comment_id is not None:
        return
    match body.context_type:
        case ContextType.NODE | ContextType.EDGE:
            if body.context_id is None:
                raise InvalidInput("/context_id", f"must be the {body.context_type}'s id")
        case ContextType.CANVAS:
            if body.point is None:
                raise InvalidInput("/point", "must say where on the canvas")
        case ContextType.WORKFLOW:
            pass


def _position(cursor: str) -> tuple[datetime, str]:
    moment, comment_id = decode_cursor(cursor, length=2)
    with suppress(ValueError, OverflowError):
        at = datetime.fromisoformat(moment)
        if at.tzinfo is not None:
            return at.astimezone(UTC), comment_id
    raise InvalidInput("query.cursor", "is not a cursor of this list")
