"""`/api/workflows`: create, list, read, patch, export and delete workflow documents."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Body, Header, Query, Request, Response
from pydantic import Field

from crdt_store.ids import Seq, WorkflowId
from crdt_store.workflow import Workflow
from crdt_store.workflows import lock_workflow
from rest.access.service import Standing
from rest.bodies import JsonRoute
from rest.deps import Caller, OfWorkflow, Provided, Services, identify
from rest.errors import InvalidInput, NotForGuests
from rest.json_responses import CACHING, json_response
from rest.pages import CursorText, Limit, cut, decode_cursor
from rest.problems import AUTHENTICATED, WITH_BODY, responses
from rest.texts import MAX_WORD_CHARS, Storable
from rest.workflows import service
from rest.workflows.drafts import draft
from rest.workflows.etags import etag, expected_seq, is_unchanged
from rest.workflows.mirror import mirrored
from rest.workflows.schemas import (
    CreateWorkflow,
    ExportedGraph,
    PatchOperations,
    WorkflowGraph,
    WorkflowList,
    WorkflowSummary,
)
from server.core.documents import Graph
from server.core.identity import Identity
from server.core.roles import Permission

router = APIRouter(prefix="/api/workflows", tags=["workflows"], route_class=JsonRoute)

IfMatch = Annotated[
    str | None, Header(description="The ETag that the change is based on; 412 if it is stale.")
]
IfNoneMatch = Annotated[str | None, Header(description="The ETag at hand; 304 if it is current.")]

_READ = (*AUTHENTICATED, "forbidden", "workflow_not_found", "commit_failed")
_EDIT = (*_READ, *WITH_BODY, "edit_forbidden", "invalid_patch", "stale")
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Nothing has changed."}}


@router.post(
    "",
    status_code=201,
    response_model=WorkflowSummary,
    summary="Create a workflow, empty or from React Flow's JSON",
    responses=responses(
        *AUTHENTICATED, *WITH_BODY, "forbidden", "invalid_graph", "workflow_exists", "commit_failed"
    ),
)
async def create_workflow(
    request: Request, services: Provided, _caller: Caller, body: CreateWorkflow | None = None
) -> Response:
    """The caller becomes its owner. An id that exists is 409, whoever may see that workflow.
    Guests create none."""
    body = body or CreateWorkflow()
    caller = await identify(request, body_user_id=body.user_id)
    if caller.is_guest:
        raise NotForGuests("create workflows")
    drafted = await draft(
        body.graph(),
        keys=services.settings.shared_keys,
        max_document_bytes=services.settings.max_document_bytes,
    )
    workflow_id = service.new_workflow_id() if body.id is None else WorkflowId(body.id)
    async with services.database.writing() as db:
        await service.create(db, workflow_id, caller, drafted)
        standing = await services.access.require(db, workflow_id, caller, Permission.VIEW)
    return json_response(
        _summary(standing),
        status_code=201,
        headers={"Location": f"/api/workflows/{workflow_id}", **_tag(standing.row.seq)},
    )


@router.get(
    "",
    response_model=WorkflowList,
    summary="List the workflows that the caller may view, the last changed first",
    responses=responses(*AUTHENTICATED),
)
async def list_workflows(
    services: Provided,
    caller: Caller,
    q: Annotated[
        str,
        Field(max_length=MAX_WORD_CHARS),
        Storable,
        Query(
            description="Words that must all occur in the name, the description or a tag.",
        ),
    ] = "",
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Response:
    after = None if cursor is None else _position(cursor)
    async with services.database.reading() as db:
        found = await service.list_visible(
            db, services.access, caller, search=q, after=after, limit=limit + 1
        )
    shown, following = cut(
        found, limit=limit, key=lambda each: (each.row.updated_at.isoformat(), each.row.id)
    )
    return json_response({"items": [_summary(each) for each in shown], "next_cursor": following})


@router.get(
    "/{workflow_id}",
    response_model=WorkflowGraph,
    summary="Read a workflow as React Flow's JSON",
    responses={**responses(*_READ), **_NOT_MODIFIED},
)
async def get_workflow(
    services: Provided,
    caller: Caller,
    workflow_id: OfWorkflow,
    if_none_match: IfNoneMatch = None,
) -> Response:
    standing = await _require(services, workflow_id, caller, Permission.VIEW)
    if is_unchanged(if_none_match, Seq(standing.row.seq)):
        return _not_modified(standing)
    graph = await services.documents.graph(workflow_id)
    return json_response(_graph(standing, graph), headers=_tag(graph.seq))


@router.get(
    "/{workflow_id}/state",
    response_class=Response,
    summary="Read a workflow as one Yjs update",
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "A Yjs v1 update."},
        **responses(*_READ),
        **_NOT_MODIFIED,
    },
)
async def get_state(
    services: Provided,
    caller: Caller,
    workflow_id: OfWorkflow,
    if_none_match: IfNoneMatch = None,
) -> Response:
    standing = await _require(services, workflow_id, caller, Permission.VIEW)
    if is_unchanged(if_none_match, Seq(standing.row.seq)):
        return _not_modified(standing)
    seq, update = await services.documents.state(workflow_id)
    return Response(update, media_type="application/octet-stream", headers={**CACHING, **_tag(seq)})


@router.get(
    "/{workflow_id}/export",
    response_model=ExportedGraph,
    summary="Download a workflow as a file of React Flow's JSON",
    responses=responses(*_READ),
)
async def export_workflow(services: Provided, caller: Caller, workflow_id: OfWorkflow) -> Response:
    """What `POST /api/workflows` accepts again."""
    await _require(services, workflow_id, caller, Permission.VIEW)
    graph = await services.documents.graph(workflow_id)
    name = mirrored(graph.meta).name or workflow_id
    return json_response(
        _content(graph),
        headers={**_tag(graph.seq), "Content-Disposition": _attachment(name)},
    )


@router.patch(
    "/{workflow_id}",
    response_model=WorkflowGraph,
    summary="Change a workflow by a JSON Patch",
    responses=responses(*_EDIT, "patch_test_failed"),
    openapi_extra={
        "requestBody": {
            "content": {
                "application/json-patch+json": {
                    "schema": {
                        "type": "array",
                        "items": {"$ref": "#/components/schemas/PatchOperation"},
                    }
                }
            }
        }
    },
)
async def patch_workflow(
    services: Provided,
    caller: Caller,
    workflow_id: OfWorkflow,
    operations: PatchOperations,
    if_match: IfMatch = None,
) -> Response:
    """RFC 6902 on `{nodes, edges, meta}`, with indices as `GET` lists them: all of it or nothing.

    Send If-Match with indices, or begin with a `test` of the id, as others may edit meanwhile.
    """
    patch = [operation.as_json() for operation in operations]
    expected = await _expected(services, caller, workflow_id, if_match)
    graph = await services.documents.patch(workflow_id, caller, patch, expected_seq=expected)
    standing = await _require(services, workflow_id, caller, Permission.VIEW)
    return json_response(_graph(standing, graph), headers=_tag(graph.seq))


_MERGE_BODY = {
    "requestBody": {"content": {"application/merge-patch+json": {"schema": {"type": "object"}}}}
}
MergePatch = Annotated[
    dict[str, Any], Body(description="RFC 7396: null deletes, objects merge at every depth.")
]


@router.patch(
    "/{workflow_id}/nodes/{node_id:path}",
    response_model=dict[str, Any],
    summary="Change one node by a merge patch",
    responses=responses(*_EDIT, "node_not_found"),
    openapi_extra=_MERGE_BODY,
)
async def patch_node(
    services: Provided,
    caller: Caller,
    workflow_id: OfWorkflow,
    node_id: str,
    changes: MergePatch,
    if_match: IfMatch = None,
) -> Response:
    """Returns the node as `GET` lists it. Its id cannot be changed."""
    merged: list[dict[str, Any]] = []

    def change(workflow: Workflow) -> None:
        workflow.merge_node(node_id, changes)
        merged[:] = [workflow.node_json(node_id)]

    expected = await _expected(services, caller, workflow_id, if_match)
    seq = await services.documents.edit(workflow_id, caller, change, expected_seq=expected)
    return json_response(merged[0], headers=_tag(seq))


@router.patch(
    "/{workflow_id}/edges/{edge_id:path}",
    response_model=dict[str, Any],
    summary="Change one edge by a merge patch",
    responses=responses(*_EDIT, "edge_not_found"),
    openapi_extra=_MERGE_BODY,
)
async def patch_edge(
    services: Provided,
    caller: Caller,
    workflow_id: OfWorkflow,
    edge_id: str,
    changes: MergePatch,
    if_match: IfMatch = None,
) -> Response:
    """Returns the edge as `GET` lists it. Its id cannot be changed."""
    merged: list[dict[str, Any]] = []

    def change(workflow: Workflow) -> None:
        workflow.merge_edge(edge_id, changes)
        merged[:] = [workflow.edge_json(edge_id)]

    expected = await _expected(services, caller, workflow_id, if_match)
    seq = await services.documents.edit(workflow_id, caller, change, expected_seq=expected)
    return json_response(merged[0], headers=_tag(seq))


@router.delete(
    "/{workflow_id}",
    status_code=204,
    summary="Delete a workflow with all that belongs to it",
    responses=responses(*_READ),
)
async def delete_workflow(services: Provided, caller: Caller, workflow_id: OfWorkflow) -> Response:
    """For good; open sockets are closed with 4404."""
    async with services.database.writing() as db:
        await lock_workflow(db, workflow_id)
        await services.access.require(db, workflow_id, caller, Permission.MANAGE)
        await service.delete(db, services.bus, workflow_id, caller)
    await services.documents.close(workflow_id)
    return Response(status_code=204)


async def _expected(
    services: Services, caller: Identity, workflow_id: WorkflowId, if_match: str | None
) -> Seq | None:
    """The seq that an edit of the caller's must find. Raises Forbidden and Stale."""
    standing = await _require(services, workflow_id, caller, Permission.EDIT)
    return expected_seq(if_match, Seq(standing.row.seq))


async def _require(
    services: Services, workflow_id: WorkflowId, caller: Identity, permission: Permission
) -> Standing:
    async with services.database.reading() as db:
        return await services.access.require(db, workflow_id, caller, permission)


def _summary(standing: Standing) -> dict[str, Any]:
    row = standing.row
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "tags": row.tags,
        "role": standing.role,
        "seq": row.seq,
        "created_by": row.created_by,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _graph(standing: Standing, graph: Graph) -> dict[str, Any]:
    """The document is the truth; of the row only what the document does not know."""
    meta = mirrored(graph.meta)
    return {
        **_summary(standing),
        "name": meta.name,
        "description": meta.description,
        "tags": meta.tags,
        "seq": graph.seq,
        **_content(graph),
    }


def _content(graph: Graph) -> dict[str, Any]:
    return {
        "nodes": orjson.Fragment(graph.nodes_json),
        "edges": orjson.Fragment(graph.edges_json),
        "meta": graph.meta,
    }


def _tag(seq: int) -> dict[str, str]:
    return {"ETag": etag(Seq(seq))}


def _not_modified(standing: Standing) -> Response:
    return Response(status_code=304, headers={**CACHING, **_tag(standing.row.seq)})


def _position(cursor: str) -> tuple[datetime, str]:
    moment, workflow_id = decode_cursor(cursor, length=2)
    with suppress(ValueError, OverflowError):
        at = datetime.fromisoformat(moment)
        if at.tzinfo is not None:
            return at.astimezone(UTC), workflow_id
    raise InvalidInput("query.cursor", "is not a cursor of this list")


def _attachment(name: str) -> str:
    """RFC 6266: a plain name for old clients, the real one for all others."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " ._-") else "_" for c in name)
    return (
        f'attachment; filename="{plain[:100].strip() or "workflow"}.json"; '
        f"filename*=UTF-8''{quote(name[:100], safe='')}.json"
    )
