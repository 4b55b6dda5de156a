"""Problem details (RFC 9457): the stable codes, their statuses and titles, and the JSON of one."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from rest.errors import FieldError

PROBLEMS: dict[str, tuple[HTTPStatus, str]] = {
    "malformed_json": (HTTPStatus.BAD_REQUEST, "The body is not JSON"),
    "bad_request": (HTTPStatus.BAD_REQUEST, "Bad request"),
    "unauthenticated": (HTTPStatus.UNAUTHORIZED, "Authentication is required"),
    "forbidden": (HTTPStatus.FORBIDDEN, "A permission is missing"),
    "identity_mismatch": (HTTPStatus.FORBIDDEN, "The user_id is not the token's"),
    "share_exceeds_permissions": (HTTPStatus.FORBIDDEN, "A share cannot grant that much"),
    "not_the_author": (HTTPStatus.FORBIDDEN, "The comment is somebody else's"),
    "edit_forbidden": (HTTPStatus.FORBIDDEN, "The change is not allowed"),
    "not_found": (HTTPStatus.NOT_FOUND, "There is no such path"),
    "workflow_not_found": (HTTPStatus.NOT_FOUND, "There is no such workflow"),
    "member_not_found": (HTTPStatus.NOT_FOUND, "There is no such member"),
    "session_not_found": (HTTPStatus.NOT_FOUND, "There is no such session"),
    "lock_not_found": (HTTPStatus.NOT_FOUND, "There is no such lock"),
    "share_not_found": (HTTPStatus.NOT_FOUND, "There is no such share"),
    "node_not_found": (HTTPStatus.NOT_FOUND, "There is no such node"),
    "comment_not_found": (HTTPStatus.NOT_FOUND, "There is no such comment"),
    "edge_not_found": (HTTPStatus.NOT_FOUND, "There is no such edge"),
    "method_not_allowed": (HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed"),
    "request_timeout": (HTTPStatus.REQUEST_TIMEOUT, "The body took too long to arrive"),
    "workflow_exists": (HTTPStatus.CONFLICT, "The workflow id is taken"),
    "last_owner": (HTTPStatus.CONFLICT, "A workflow keeps one owner at least"),
    "session_full": (HTTPStatus.CONFLICT, "The session is full"),
    "not_sequential": (HTTPStatus.CONFLICT, "Turns need the mode sequential"),
    "turn_held": (HTTPStatus.CONFLICT, "Somebody else has the turn"),
    "turn_not_yours": (HTTPStatus.CONFLICT, "Only who has the turn can pass it on"),
    "too_many_locks": (HTTPStatus.CONFLICT, "As many locks as one may hold"),
    "lock_held": (HTTPStatus.CONFLICT, "Somebody else holds a lock"),
    "patch_test_failed": (HTTPStatus.CONFLICT, "A test operation of the patch failed"),
    "share_ended": (HTTPStatus.GONE, "The share was revoked or has expired"),
    "share_used_up": (HTTPStatus.GONE, "The share has reached its limit of uses"),
    "stale": (HTTPStatus.PRECONDITION_FAILED, "The workflow has changed since"),
    "body_too_large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large"),
    "unsupported_media_type": (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body must be JSON"),
    "invalid_request": (HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not valid"),
    "invalid_graph": (HTTPStatus.UNPROCESSABLE_ENTITY, "The graph is not valid"),
    "invalid_patch": (HTTPStatus.UNPROCESSABLE_ENTITY, "The patch cannot be applied"),
    "internal_error": (HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong in the server"),
    "commit_failed": (HTTPStatus.SERVICE_UNAVAILABLE, "The change could not be stored"),
    "shares_unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, "Share links are not available"),
    "keys_unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, "Tokens cannot be verified now"),
    "database_unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, "The database is not available"),
}
"""Every code that a response can carry. Codes are part of the contract; titles are not."""

ALWAYS = ("internal_error", "database_unavailable")
AUTHENTICATED = (
    "unauthenticated",
    "identity_mismatch",
    "invalid_request",
    "keys_unavailable",
    *ALWAYS,
)
WITH_BODY = ("malformed_json", "request_timeout", "body_too_large", "unsupported_media_type")


MAX_ERRORS = 100
MAX_TEXT_CHARS = 1_000


class FieldProblem(BaseModel):
    path: str = Field(description="JSON pointer into the body, or `query.…`, `path.…`, `header.…`.")
    detail: str


class Problem(BaseModel):
    """An RFC 9457 problem; some codes add members of their own, such as `resources`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:coflow:problem:workflow_not_found"])
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable and machine-readable.")
    errors: list[FieldProblem] | None = Field(
        default=None, description=f"What is wrong, by field; the first {MAX_ERRORS}."
    )


def render(
    code: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    headers: dict[str, str] | None = None,
    **members: Any,
) -> Response:
    """The response for `code`, one of PROBLEMS; `members` are added to the problem object."""
    status, title = PROBLEMS[code]
    problem: dict[str, Any] = {
        "type": f"urn:coflow:problem:{code}",
        "title": title,
        "status": status.value,
        "detail": _cut(detail),
        "code": code,
        **members,
    }
    if errors:
        problem["errors"] = [
            {"path": _cut(each.path), "detail": _cut(each.detail)} for each in errors[:MAX_ERRORS]
        ]
    return Response(
        orjson.dumps(problem, option=orjson.OPT_UTC_Z),
        status_code=status,
        media_type="application/problem+json",
        headers=headers,
    )


def _cut(text: str) -> str:
    """Texts quote the request, which may be large."""
    return text if len(text) <= MAX_TEXT_CHARS else f"{text[:MAX_TEXT_CHARS]}…"


def responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI `responses` for a route that can answer with these codes."""
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(PROBLEMS[code][0].value, []).append(code)
    return {
        status: {
            "description": "Codes: " + ", ".join(f"`{code}`" for code in sorted(of_status)),
            "content": {"application/problem+json": {"schema": {"$ref": PROBLEM_SCHEMA}}},
        }
        for status, of_status in sorted(by_status.items())
    }


PROBLEM_SCHEMA = "#/components/schemas/Problem"
