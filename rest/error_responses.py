"""Which problem each error becomes: those of rest, of the store and of the core beneath it."""

from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from crdt_store.errors import (
    CommitFailed,
    EntityNotFound,
    InvalidGraph,
    InvalidPatch,
    PatchTestFailed,
    StoreError,
    WorkflowExists,
    WorkflowNotFound,
)
from crdt_store.json_values import pointer
from rest.errors import (
    FieldError,
    LockHeld,
    LockNotYours,
    RestError,
    SessionFull,
    ShareExceedsPermissions,
    Stale,
    TurnHeld,
)
from rest.problems import render
from server.core.auth import IdentityMismatch, KeysUnavailable, Unauthenticated
from server.core.documents import EditForbidden, StaleSeq
from server.core.errors import CoreError

log = structlog.get_logger(__name__)

TRY_AGAIN = {"Retry-After": "2"}
_OUR_OWN_MISTAKES = (IntegrityError, DataError, ProgrammingError, NotSupportedError)
"""Of the database's errors those that trying again would not cure; all others are outages."""
_CODES_BY_STATUS = {404: "not_found", 405: "method_not_allowed"}


def handle_errors(app: FastAPI) -> None:
    """Answer every error of the application, its own 404s and 405s included, with a problem."""
    for expected in (RestError, StoreError, CoreError, StaleSeq, EditForbidden):
        app.add_exception_handler(expected, _expected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _from_framework)
    for outage in (DBAPIError, PoolTimeout, ConnectionError):
        app.add_exception_handler(outage, _database)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)


async def _expected(request: Request, error: Exception) -> Response:
    detail = str(error)
    match error:
        case Stale(seq=seq) | StaleSeq(actual=seq):
            return render("stale", detail, headers={"ETag": f'"{seq}"'}, seq=seq)
        case SessionFull(participants=participants, max_users=max_users):
            return render(error.code, detail, participants=participants, max_users=max_users)
        case TurnHeld(holder=holder, holder_name=name, idle_s=idle_s):
            return render(
                error.code, detail, holder=holder, holder_name=name, idle_s=round(idle_s, 3)
            )
        case LockHeld(lock=lock) | LockNotYours(lock=lock):
            return render(error.code, detail, lock=lock)
        case ShareExceedsPermissions(permissions=permissions):
            return render(error.code, detail, permissions=permissions)
        case RestError():
            return render(error.code, detail, errors=error.field_errors)
        case WorkflowNotFound():
            return render("workflow_not_found", detail)
        case WorkflowExists():
            return render("workflow_exists", detail)
        case EntityNotFound():
            return render(f"{error.kind}_not_found", detail)
        case InvalidGraph():
            return render("invalid_graph", detail, errors=[FieldError(error.path, error.detail)])
        case InvalidPatch():
            return render("invalid_patch", detail, errors=[_patch_error(error)])
        case PatchTestFailed():
            return render(
                "patch_test_failed", detail, errors=[FieldError(f"/{error.index}", detail)]
            )
        case EditForbidden():
            resources = [{"type": kind, "id": name} for kind, name in error.resources]
            members: dict[str, Any] = {"reason": error.reason, "resources": resources}
            if error.holder is not None:
                members["holder"] = error.holder
            return render("edit_forbidden", detail, **members)
        case CommitFailed():
            log.warning("rest_commit_failed", error=detail, path=request.url.path)
            return render(
                "commit_failed", "the change was not stored; try again", headers=TRY_AGAIN
            )
        case Unauthenticated():
            return render("unauthenticated", detail, headers=_challenge(request))
        case IdentityMismatch():
            return render("identity_mismatch", detail)
        case KeysUnavailable():
            return render("keys_unavailable", detail, headers=TRY_AGAIN)
        case _:
            raise error


def _patch_error(error: InvalidPatch) -> FieldError:
    if error.index is None:
        return FieldError(error.path, error.detail)
    return FieldError(f"/{error.index}", f"{error.path or '/'}: {error.detail}")


def _challenge(request: Request) -> dict[str, str]:
    """RFC 6750: the error is named only to those who sent a token."""
    has_token = "authorization" in request.headers or "token" in request.query_params
    reason = ', error="invalid_token"' if has_token else ""
    return {"WWW-Authenticate": f'Bearer realm="coflow"{reason}'}


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = []
    for each in error.errors():
        place, *parts = each["loc"]
        # For a union's member or a discriminator pydantic adds parts that the client never sent.
        path = pointer(*parts) if place == "body" else ".".join((str(place), *map(str, parts)))
        errors.append(FieldError(path, each["msg"].removeprefix("Value error, ")))
    first = errors[0]
    return render("invalid_request", f"{first.path or '/'}: {first.detail}", errors=errors)


async def _from_framework(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES_BY_STATUS.get(error.status_code)
    if code is None:
        code = "bad_request" if error.status_code < 500 else "internal_error"
    headers = None if error.headers is None else dict(error.headers)
    return render(code, error.detail, headers=headers)


async def _database(request: Request, error: Exception) -> Response:
    if isinstance(error, _OUR_OWN_MISTAKES):
        raise error
    cause = error.orig if isinstance(error, DBAPIError) else error
    log.error("rest_database_failed", error=str(cause), path=request.url.path)
    return render("database_unavailable", "try again", headers=TRY_AGAIN)


async def _gone(_request: Request, _error: Exception) -> Response:
    return render("bad_request", "the client went away")


async def _unexpected(_request: Request, _error: Exception) -> Response:
    # Starlette raises the error again after this answer, and the server logs it.
    return render("internal_error", "the server's log says more")
