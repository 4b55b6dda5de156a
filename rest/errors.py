"""Every error of the REST door itself; what they look like on the wire is `rest.problems`' part.

RestError
├── MalformedJson            the body is no JSON text
├── UnsupportedMediaType     the body is not declared as JSON
├── BodyTooLarge
├── BodyTooSlow
├── InvalidInput             well-formed, but a field is not what it should be
├── Forbidden                a known workflow, a missing permission
├── MemberNotFound
├── SessionNotFound          not the workflow's active session
├── SessionFull              as many take part as the workflow allows
├── NotSequential            turns exist in the mode `sequential` alone
├── TurnHeld                 by somebody who is not idle
├── TurnNotYours             only its holder passes it on
├── LockNotFound             nobody holds it
├── LockHeld                 by somebody else, who excludes the caller
├── TooManyLocks             of one holder in a workflow
├── LockNotYours             only its holder releases it, or an owner by force
├── Stale                    the workflow has moved past what a condition names
├── NotForGuests             a guest has nothing but what a share grants
├── SharesUnavailable        no secret that could sign links is configured
├── ShareNotFound            unknown, forged, or of a workflow that one may not view
├── ShareEnded               revoked or expired
├── ShareUsedUp
├── CommentNotFound          unknown, or of a workflow that one may not view
├── NotTheAuthor             only who wrote a comment changes it
├── ShareExceedsPermissions  one cannot grant what one does not hold
└── LastOwner                a workflow always has one owner at least
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crdt_store.ids import Seq, UserId, WorkflowId
    from server.core.access import Resource
    from server.core.roles import Permission


@dataclass(frozen=True, slots=True)
class FieldError:
    """`path` is a JSON pointer into the body, or `query.…`, `path.…`, `header.…`."""

    path: str
    detail: str


class RestError(Exception):
    """Base of every error that rest raises; `code` is the stable code of the problem."""

    code: str

    @property
    def field_errors(self) -> tuple[FieldError, ...]:
        return ()


class MalformedJson(RestError):
    code = "malformed_json"


class UnsupportedMediaType(RestError):
    code = "unsupported_media_type"

    def __init__(self, content_type: str | None) -> None:
        given = f"{content_type!r} is" if content_type else "none is"
        super().__init__(f"the body must have a JSON content type; {given} given")


class BodyTooLarge(RestError):
    code = "body_too_large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"the body exceeds {limit_bytes} bytes")
        self.limit_bytes = limit_bytes


class BodyTooSlow(RestError):
    code = "request_timeout"

    def __init__(self, limit_s: float) -> None:
        super().__init__(f"the body did not arrive within {limit_s:g} s")


class InvalidInput(RestError):
    code = "invalid_request"

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(f"{path}: {detail}")
        self.path = path
        self.detail = detail

    @property
    def field_errors(self) -> tuple[FieldError, ...]:
        return (FieldError(self.path, self.detail),)


class Forbidden(RestError):
    code = "forbidden"

    def __init__(self, workflow_id: WorkflowId, permission: Permission) -> None:
        super().__init__(f"you may not {permission.value} workflow {workflow_id!r}")
        self.workflow_id = workflow_id
        self.permission = permission


class MemberNotFound(RestError):
    code = "member_not_found"

    def __init__(self, workflow_id: WorkflowId, user_id: UserId) -> None:
        super().__init__(f"{user_id!r} is no member of workflow {workflow_id!r}")


class SessionNotFound(RestError):
    code = "session_not_found"

    def __init__(self, session_id: str) -> None:
        super().__init__(f"there is no active session {session_id!r}")


class SessionFull(RestError):
    code = "session_full"

    def __init__(self, participants: int, max_users: int) -> None:
        super().__init__(f"{participants} take part already, and {max_users} may")
        self.participants = participants
        self.max_users = max_users


class NotSequential(RestError):
    code = "not_sequential"

    def __init__(self, mode: str) -> None:
        super().__init__(f"the workflow's mode is {mode!r}, in which nobody has the turn")


class TurnHeld(RestError):
    code = "turn_held"

    def __init__(self, holder: UserId, name: str, *, idle_s: float, needed_s: float) -> None:
        super().__init__(
            f"{name} ({holder}) has the turn and has been idle for {idle_s:.0f} s; "
            f"it can be taken over after {needed_s:g} s"
        )
        self.holder = holder
        self.holder_name = name
        self.idle_s = idle_s


class TurnNotYours(RestError):
    code = "turn_not_yours"

    def __init__(self, holder: UserId | None) -> None:
        super().__init__("nobody has the turn" if holder is None else f"{holder!r} has the turn")


class LockNotFound(RestError):
    code = "lock_not_found"

    def __init__(self, resource: Resource) -> None:
        super().__init__(f"nobody holds a lock on {resource.type.value} {resource.id!r}")


class _NamesTheHolder(RestError):
    def __init__(self, lock: Mapping[str, Any], hint: str) -> None:
        """`lock` is the JSON of the lock in the way."""
        super().__init__(
            f"{lock['resource_type']} {lock['resource_id']!r} is locked by "
            f"{lock['locked_by_name']} ({lock['locked_by']}); {hint}"
        )
        self.lock = lock


class LockHeld(_NamesTheHolder):
    code = "lock_held"

    def __init__(self, lock: Mapping[str, Any]) -> None:
        super().__init__(lock, "wait for its release or its expiry")


class TooManyLocks(RestError):
    code = "too_many_locks"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"you hold {limit} locks in this workflow, which is the most: release some, or lock"
            " the workflow"
        )


class LockNotYours(_NamesTheHolder):
    code = "forbidden"

    def __init__(self, lock: Mapping[str, Any]) -> None:
        super().__init__(lock, "an owner may release it with `force`")


class CommentNotFound(RestError):
    code = "comment_not_found"

    def __init__(self, comment_id: str) -> None:
        super().__init__(f"there is no comment {comment_id!r}")


class NotTheAuthor(RestError):
    code = "not_the_author"

    def __init__(self, comment_id: str) -> None:
        super().__init__(f"comment {comment_id!r} is somebody else's")


class Stale(RestError):
    code = "stale"

    def __init__(self, seq: Seq) -> None:
        super().__init__(f"the workflow is at seq {seq}, which If-Match does not name")
        self.seq = seq


class NotForGuests(RestError):
    code = "forbidden"

    def __init__(self, what: str) -> None:
        super().__init__(f"guests may not {what}")


class SharesUnavailable(RestError):
    code = "shares_unavailable"

    def __init__(self) -> None:
        super().__init__("this server signs no share links: its operator must set COFLOW_SECRET")


class ShareNotFound(RestError):
    code = "share_not_found"

    def __init__(self) -> None:
        # Not which id: the whole one is a secret.
        super().__init__("there is no such share")


class ShareEnded(RestError):
    code = "share_ended"

    def __init__(self, *, was_revoked: bool) -> None:
        super().__init__(f"the share {'was revoked' if was_revoked else 'has expired'}")


class ShareUsedUp(RestError):
    code = "share_used_up"

    def __init__(self, max_uses: int) -> None:
        super().__init__(f"the share has been used {max_uses} times, which is its limit")


class ShareExceedsPermissions(RestError):
    code = "share_exceeds_permissions"

    def __init__(self, beyond: Iterable[Permission]) -> None:
        self.permissions = sorted(beyond)
        super().__init__(f"you cannot grant what you do not hold: {', '.join(self.permissions)}")


class LastOwner(RestError):
    code = "last_owner"

    def __init__(self, workflow_id: str) -> None:
        super().__init__(f"workflow {workflow_id!r} would have no owner left")
