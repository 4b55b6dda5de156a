"""What every route needs: the services, the caller's identity, the workflow's id.

A route that writes opens `services.database.writing()` itself, once, after everything that may
take time (identity, body, documents built): the SQLite write turn is one queue for the whole
process. The commit has happened when the block ends, hence before the response; a `yield`
dependency of the usual scope would commit after it, and a failed commit would look like a 201.
"""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from crdt_store.database import Database
from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import WorkflowId
from rest.access.service import Access
from rest.workflows.schemas import is_workflow_id
from server.core.auth import Authenticator, IdentityMismatch
from server.core.bus import Bus
from server.core.documents import Documents
from server.core.identity import Identity
from server.core.participants import Participants
from server.core.settings import Settings

_bearer = HTTPBearer(
    auto_error=False, description="A JWT whose `sub` is the user (jwt mode); else query `token`."
)


@dataclass(frozen=True, slots=True)
class Services:
    """What `install` was given; one per application, kept at `app.state.services`."""

    database: Database
    documents: Documents
    authenticator: Authenticator
    bus: Bus
    settings: Settings
    access: Access
    participants: Participants


def services_of(request: Request) -> Services:
    return cast("Services", request.app.state.services)


async def authenticate_early(request: Request) -> None:
    """In jwt mode, verify the caller before the body is read. Raises like `identify`.

    In dev mode the body itself may name the user, so there is nothing to verify yet.
    """
    if services_of(request).settings.auth_mode == "jwt":
        await identify(request)


async def identify(
    request: Request, *, body_user_id: str | None = None, even_expired_guest: bool = False
) -> Identity:
    """The caller: bearer token, else query `token`; `user_id` from the query, else the body.

    With `even_expired_guest` the caller may be one whose token is past its end: see `has_expired`.
    Raises Unauthenticated, or IdentityMismatch if any `user_id` differs from the token's `sub`.
    """
    services = services_of(request)
    user_id = request.query_params.get("user_id") or body_user_id
    identity = await services.authenticator.identify(
        _token_of(request), user_id=user_id, even_expired_guest=even_expired_guest
    )
    if services.settings.auth_mode == "jwt" and body_user_id not in (None, identity.user_id):
        raise IdentityMismatch(f"the token is not {body_user_id!r}'s")
    return identity


async def identify_if_any(
    request: Request, *, body_user_id: str | None = None, even_expired_guest: bool = False
) -> Identity | None:
    """As `identify`, but None for who says nothing about who they are: maybe a guest to be."""
    is_named = bool(request.query_params.get("user_id") or body_user_id)
    if not is_named and not _token_of(request):
        return None
    identity = await identify(
        request, body_user_id=body_user_id, even_expired_guest=even_expired_guest
    )
    # In dev mode a token that is no guest's says nothing.
    is_ignored = services_of(request).settings.auth_mode == "dev" and not identity.is_guest
    return None if is_ignored and not is_named else identity


def _token_of(request: Request) -> str | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    token = credentials.strip() if scheme.lower() == "bearer" else None
    return token or request.query_params.get("token")


_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
_Token = Annotated[
    str | None, Query(alias="token", description="The JWT, where no header can be sent.")
]
_UserId = Annotated[
    str | None,
    Query(
        alias="user_id",
        description="Dev mode: who is asking. In jwt mode it must equal the token's `sub`.",
    ),
]


async def _caller(
    request: Request,
    _credentials: _Credentials,
    _token: _Token = None,
    _user_id: _UserId = None,
) -> Identity:
    return await identify(request)


async def _caller_if_any(
    request: Request,
    _credentials: _Credentials,
    _token: _Token = None,
    _user_id: _UserId = None,
) -> Identity | None:
    return await identify_if_any(request)


async def _redeemer_if_any(
    request: Request,
    _credentials: _Credentials,
    _token: _Token = None,
    _user_id: _UserId = None,
) -> Identity | None:
    return await identify_if_any(request, even_expired_guest=True)


async def _workflow_id(
    workflow_id: Annotated[str, Path(description="1 to 128 of `A-Z a-z 0-9 . _ ~ -`.")],
) -> WorkflowId:
    return workflow_id_of(workflow_id)


def workflow_id_of(text: str) -> WorkflowId:
    """Raises WorkflowNotFound at once for what cannot be an id."""
    if not is_workflow_id(text):
        raise WorkflowNotFound(WorkflowId(text))
    return WorkflowId(text)


OfWorkflow = Annotated[WorkflowId, Depends(_workflow_id)]
Caller = Annotated[Identity, Depends(_caller)]
CallerIfAny = Annotated[Identity | None, Depends(_caller_if_any)]
RedeemerIfAny = Annotated[Identity | None, Depends(_redeemer_if_any)]
Provided = Annotated[Services, Depends(services_of)]
