"""`/api/collaboration/audit/{workflow_id}`: who did what, for a workflow's owners."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from rest.audit import reading
from rest.audit.export import ExportFormat, export
from rest.audit.schemas import AuditPage
from rest.bodies import JsonRoute
from rest.deps import Caller, OfWorkflow, Provided
from rest.errors import InvalidInput
from rest.json_responses import CACHING, json_response
from rest.pages import CursorText, Limit, cut, decode_number
from rest.problems import AUTHENTICATED, responses
from rest.texts import Word
from server.core.roles import Permission

router = APIRouter(prefix="/api/collaboration/audit", tags=["audit"], route_class=JsonRoute)

_READ = (*AUTHENTICATED, "forbidden", "workflow_not_found")


def _filter(
    action: Annotated[
        Word | None,
        Query(
            description="One action, such as `lock.acquired`, or all of a feature: `lock.*`.",
        ),
    ] = None,
    actor: Annotated[Word | None, Query(description="The user who did it.")] = None,
    resource_type: Word | None = None,
    resource_id: Word | None = None,
    session_id: Word | None = None,
    since: Annotated[
        AwareDatetime | None, Query(description="RFC 3339; entries at this moment or later.")
    ] = None,
    until: Annotated[
        AwareDatetime | None, Query(description="RFC 3339; entries before this moment.")
    ] = None,
) -> reading.Filter:
    return reading.Filter(
        action=action,
        actor=actor,
        resource_type=resource_type,
        resource_id=resource_id,
        session_id=session_id,
        since=_utc("since", since),
        until=_utc("until", until),
    )


Wanted = Annotated[reading.Filter, Depends(_filter)]


@router.get(
    "/{workflow_id}",
    response_model=AuditPage,
    summary="List what was done in a workflow, the newest first",
    responses=responses(*_READ),
)
async def list_audit(
    services: Provided,
    caller: Caller,
    workflow_id: OfWorkflow,
    wanted: Wanted,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Response:
    """Needs `manage`: an audit tells who was let in, refused or removed, and when each was there,
    which collaborators do not owe each other."""
    before = None if cursor is None else decode_number(cursor)
    async with services.database.reading() as db:
        await services.access.require(db, workflow_id, caller, Permission.MANAGE)
        found = await reading.newest(db, workflow_id, wanted, before=before, limit=limit + 1)
    shown, following = cut(found, limit=limit, key=lambda entry: (str(entry.number),))
    return json_response(
        {"items": [reading.as_json(each) for each in shown], "next_cursor": following}
    )


@router.get(
    "/{workflow_id}/export",
    response_class=StreamingResponse,
    summary="Download the audit of a workflow, the oldest entry first",
    responses={
        200: {
            "description": "One entry a line, as the list has them.",
            "content": {
                each.media_type.partition(";")[0]: {"schema": {"type": "string"}}
                for each in ExportFormat
            },
        },
        **responses(*_READ),
    },
)
async def export_audit(
    services: Provided,
    caller: Caller,
    workflow_id: OfWorkflow,
    wanted: Wanted,
    format: Annotated[
        ExportFormat,
        Query(
            description="CSV has a header row, `details` as JSON, and an apostrophe before what a "
            "spreadsheet would take for a formula."
        ),
    ] = ExportFormat.NDJSON,
) -> Response:
    """Needs `manage`. All entries that the filters let through, up to the last one there is now."""
    async with services.database.reading() as db:
        await services.access.require(db, workflow_id, caller, Permission.MANAGE)
        upto = await reading.last_number(db, workflow_id)
    return StreamingResponse(
        export(services.database, workflow_id, wanted, upto=upto, format=format),
        media_type=format.media_type,
        headers={
            **CACHING,
            "Content-Disposition": f'attachment; filename="audit-{workflow_id}.{format}"',
        },
    )


def _utc(name: str, moment: datetime | None) -> datetime | None:
    try:
        return None if moment is None else moment.astimezone(UTC)
    except OverflowError:
        raise InvalidInput(f"query.{name}", "is out of range") from None
