"""`/api/collaboration/shares`: links that let others take part, made, shown, redeemed, revoked."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import WorkflowId
from crdt_store.models import WorkflowRow
from crdt_store.workflows import lock_workflow
from rest.bodies import JsonRoute, OpenJsonRoute
from rest.deps import (
    Caller,
    CallerIfAny,
    Provided,
    RedeemerIfAny,
    Services,
    identify,
    identify_if_any,
    workflow_id_of,
)
from rest.errors import Forbidden, InvalidInput, ShareNotFound
from rest.json_responses import json_response
from rest.pages import CursorText, Limit, cut, decode_cursor
from rest.problems import AUTHENTICATED, WITH_BODY, responses
from rest.shares import links, service
from rest.shares.granted import GRANTABLE, flags, gains_nothing_by, permissions_of
from rest.shares.models import WorkflowShare
from rest.shares.schemas import (
    CreateShare,
    Redeemed,
    RedeemShare,
    Share,
    ShareList,
    SharePermissions,
    SharePreview,
)
from rest.workflows.service import create_if_unknown
from server.core.guests import GuestTokens, new_guest_id
from server.core.identity import Identity
from server.core.roles import Permission

router = APIRouter(prefix="/api/collaboration/shares", tags=["shares"], route_class=JsonRoute)
_open_router = APIRouter(route_class=OpenJsonRoute)

ShareId = Annotated[
    str,
    Path(
        alias="share_id",
        max_length=128,
        description="The whole share id; its part before `~` does for who may share the workflow.",
    ),
]
GUEST_NAME = "Guest"

_OF_WORKFLOW = (*AUTHENTICATED, "forbidden", "workflow_not_found", "shares_unavailable")
_OF_SHARE = (*AUTHENTICATED, "share_not_found", "shares_unavailable")
_ENDED = ("share_ended", "share_used_up")


@router.post(
    "",
    status_code=201,
    response_model=Share,
    summary="Create a share link",
    responses=responses(*_OF_WORKFLOW, *WITH_BODY, "share_exceeds_permissions", "commit_failed"),
)
async def create_share(
    request: Request, services: Provided, _caller: Caller, body: CreateShare
) -> Response:
    """Needs `share`, and everything that is to be granted.

    Whoever redeems it may do exactly what its permissions say. What the caller holds by another
    share is granted for no longer than that share lasts.
    """
    caller = await identify(request, body_user_id=body.user_id)
    workflow_id = workflow_id_of(body.workflow_id)
    links.require(services.settings)
    try:
        share = await _create(services, workflow_id, caller, body)
    except WorkflowNotFound:
        if not services.access.is_open_to_all:
            raise
        await create_if_unknown(services.database, workflow_id, caller)
        share = await _create(services, workflow_id, caller, body)
    return json_response(_share(request, services, share, with_link=True), status_code=201)


async def _create(
    services: Services, workflow_id: WorkflowId, caller: Identity, body: CreateShare
) -> WorkflowShare:
    days = body.expires_in_days
    async with services.database.writing() as db:
        await lock_workflow(db, workflow_id)
        standing = await services.access.require(db, workflow_id, caller, Permission.SHARE)
        return await service.create(
            db,
            services.bus,
            services.access,
            standing,
            caller,
            permissions=_permissions(body.permissions),
            lifetime=None if days is None else timedelta(days=days),
            max_uses=body.max_uses,
        )


@router.get(
    "",
    response_model=ShareList,
    summary="List the shares of a workflow, the newest first",
    responses=responses(*_OF_WORKFLOW),
)
async def list_shares(
    request: Request,
    services: Provided,
    caller: Caller,
    workflow_id: Annotated[str, Query(max_length=128)],
    live: Annotated[
        bool, Query(description="Only those that can be redeemed now, by somebody new.")
    ] = False,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Response:
    """Needs `share`. Those that have ended are listed too. One that grants more than the caller
    holds is listed without its link: by `share` alone nobody may gain what it grants."""
    of_workflow = workflow_id_of(workflow_id)
    links.require(services.settings)
    after = None if cursor is None else _position(cursor)
    async with services.database.reading() as db:
        standing = await services.access.require(db, of_workflow, caller, Permission.SHARE)
        found = await service.list_shares(
            db, of_workflow, only_live=live, after=after, limit=limit + 1
        )
    shown, following = cut(
        found, limit=limit, key=lambda share: (share.created_at.isoformat(), share.row_id)
    )
    items = [
        _share(request, services, each, with_link=gains_nothing_by(each, standing.permissions))
        for each in shown
    ]
    return json_response({"items": items, "next_cursor": following})


@router.get(
    "/{share_id}",
    response_model=Share | SharePreview,
    summary="Read a share, or what a share link leads to",
    responses=responses(*_OF_SHARE, *_ENDED, "forbidden"),
)
async def get_share(
    request: Request, services: Provided, caller: CallerIfAny, share_id: ShareId
) -> Response:
    """Who may share the workflow reads all of it, though not the link of one that grants more than
    the caller holds. Whoever else has the whole share id, even without an identity, reads where it
    leads and what it grants, while it can be redeemed."""
    named = links.parse(services.settings, share_id)
    links.require(services.settings)
    if caller is None and (not named.by_link or services.settings.auth_mode == "dev"):
        caller = await identify(request)
    async with services.database.reading() as db:
        share = await service.find(db, named.row_id)
        held = None
        if caller is not None:
            held = await _who_may_share(db, services, share, caller, named)
        if held is not None:
            with_link = named.by_link or gains_nothing_by(share, held)
            return json_response(_share(request, services, share, with_link=with_link))
        await service.check_open_to(db, share, caller)
        workflow = await db.get_one(WorkflowRow, share.workflow_id)
    return json_response(
        {
            "share_id": share_id,
            "workflow_id": share.workflow_id,
            "workflow_name": workflow.name,
            "permissions": flags(permissions_of(share)),
            "expires_at": share.expires_at,
        }
    )


@router.delete(
    "/{share_id}",
    status_code=204,
    summary="Revoke a share",
    responses=responses(*_OF_SHARE, "forbidden", "commit_failed"),
)
async def revoke_share(services: Provided, caller: Caller, share_id: ShareId) -> Response:
    """Needs `share`; the part of the id before `~` is enough. Open sockets of those who have no
    other right to view are closed within a second. One that has ended already is 204 too."""
    named = links.parse(services.settings, share_id)
    async with services.database.writing() as db:
        share = await service.hold(db, named.row_id)
        await _who_may_share(db, services, share, caller, replace(named, by_link=False))
        await service.revoke(db, services.bus, share, caller)
    return Response(status_code=204)


@_open_router.post(
    "/{share_id}/redeem",
    response_model=Redeemed,
    summary="Redeem a share link, as a user or as a guest",
    responses=responses(*_OF_SHARE, *WITH_BODY, *_ENDED, "commit_failed"),
)
async def redeem_share(
    request: Request,
    services: Provided,
    _redeemer: RedeemerIfAny,
    share_id: ShareId,
    body: RedeemShare | None = None,
) -> Response:
    """A user's identity gains what the share grants. Who has none becomes a guest, and gets a
    token. Redeeming again counts no further use: for a guest, if its token comes with it. That may
    have expired, if the guest has redeemed this very share before."""
    body = body or RedeemShare()
    caller = await identify_if_any(request, body_user_id=body.user_id, even_expired_guest=True)
    named = links.parse(services.settings, share_id)
    if not named.by_link:
        raise ShareNotFound
    if caller is None:
        caller = Identity(new_guest_id(), name=body.name or GUEST_NAME)
    elif caller.is_guest and body.name is not None:
        caller = replace(caller, name=body.name)
    async with services.database.writing() as db:
        share = await service.hold(db, named.row_id)
        now = await service.redeem(db, services.bus, share, caller)
    token = None
    if caller.is_guest:
        token = GuestTokens.of(services.settings).mint(
            caller.user_id, caller.name, share=share.row_id, now=now, ends_at=share.expires_at
        )
    return json_response(
        {
            "workflow_id": share.workflow_id,
            "user_id": caller.user_id,
            "token": token,
            "permissions": flags(permissions_of(share)),
        }
    )


router.include_router(_open_router)


async def _who_may_share(
    db: AsyncSession,
    services: Services,
    share: WorkflowShare,
    caller: Identity,
    named: links.NamedShare,
) -> frozenset[Permission] | None:
    """What the caller holds, None for one who may not share the workflow but has the link; who has
    not the link and may not, may not go on.

    Raises ShareNotFound for who may not even view the workflow, or else Forbidden.
    """
    workflow_id = WorkflowId(share.workflow_id)
    try:
        standing = await services.access.require(db, workflow_id, caller, Permission.VIEW)
    except (Forbidden, WorkflowNotFound):
        if named.by_link:
            return None
        raise ShareNotFound from None
    if Permission.SHARE in standing.permissions:
        return standing.permissions
    if named.by_link:
        return None
    raise Forbidden(workflow_id, Permission.SHARE)


def _permissions(given: SharePermissions) -> frozenset[Permission]:
    return frozenset(each for each in GRANTABLE if getattr(given, f"can_{each.value}"))


def _position(cursor: str) -> tuple[datetime, str]:
    moment, row_id = decode_cursor(cursor, length=2)
    with suppress(ValueError, OverflowError):
        at = datetime.fromisoformat(moment)
        if at.tzinfo is not None:
            return at.astimezone(UTC), row_id
    raise InvalidInput("query.cursor", "is not a cursor of this list")


def _share(
    request: Request, services: Services, share: WorkflowShare, *, with_link: bool
) -> dict[str, Any]:
    """Without its link a share goes by its row id, by which it can be revoked but not redeemed."""
    share_id = links.share_id(services.settings, share.row_id) if with_link else share.row_id
    return {
        "share_id": share_id,
        "url": f"{str(request.base_url).rstrip('/')}/share/{share_id}" if with_link else None,
        "workflow_id": share.workflow_id,
        "permissions": flags(permissions_of(share)),
        "created_by": share.created_by,
        "created_by_name": share.created_by_name,
        "created_at": share.created_at,
        "expires_at": share.expires_at,
        "max_uses": share.max_uses,
        "uses": share.uses,
        "revoked": share.revoked_by is not None,
    }
