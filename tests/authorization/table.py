"""Who may do what: one row for every route and every socket message, one column for every caller.

What a route needs before it answers so is in the row: a body, a query, which ids stand in the path.
Names in braces are those of `tests.authorization.scene`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CALLERS = (
    "owner",
    "editor",
    "commenter",
    "viewer",
    "guest",  # by a link that grants to view
    "stranger",  # a user like any other, who has nothing here
    "elsewhere",  # whose token makes him an owner of other workflows
    "nobody",  # without a token
    "expired",  # with the owner's token of yesterday
)


@dataclass(frozen=True)
class Row:
    """`answers`: a status for each caller, in the order of CALLERS. `note` tells variants apart."""

    route: str
    answers: str
    note: str = ""
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    """What stands for a path's parameter, where the scene has no name of the same spelling."""
    mode: str = "parallel"
    """In `sequential` the editor has the turn."""
    names: str = "what may be hidden"
    """`a link` where the row names a share by its secret: who knows it may know that it exists."""

    @property
    def expected(self) -> dict[str, int]:
        return dict(zip(CALLERS, map(int, self.answers.split()), strict=True))

    def __str__(self) -> str:
        return f"{self.route} ({self.note})" if self.note else self.route


_OF_WORKFLOW = {"workflow_id": "{workflow_id}"}
_ON_ASK = {**_OF_WORKFLOW, "resource_type": "node", "resource_id": "{node_id}"}
_ON_MAIL = {**_OF_WORKFLOW, "resource_type": "node", "resource_id": "the-mail"}
_SESSION = "/api/collaboration/sessions/{session_id}"
_WORKFLOW = "/api/workflows/{workflow_id}"
_MEMBER = _WORKFLOW + "/members/{user_id}"
_SHARE = "/api/collaboration/shares/{share_id}"
_COMMENT = "/api/collaboration/comments/{id}"
_BY_ROW = {"share_id": "{share_row}"}
_BY_LINK = {"share_id": "{share_link}"}
_OTHER = {"user_id": "{other_id}"}
_ONESELF = {"user_id": "{caller_id}"}
_SAID = {"id": "{comment_id}"}
_PATCH = [{"op": "add", "path": "/meta/k", "value": 1}]

REST = (
    #                                    own edi com vie gue str els nob exp
    Row("POST /api/workflows", "         201 201 201 201 403 201 201 401 401",
        body={"id": "{new_workflow_id}"}),
    Row("GET /api/workflows", "          200 200 200 200 200 200 200 401 401"),
    Row(f"GET {_WORKFLOW}", "            200 200 200 200 200 403 403 401 401"),
    Row(f"GET {_WORKFLOW}/state", "      200 200 200 200 200 403 403 401 401"),
    Row(f"GET {_WORKFLOW}/export", "     200 200 200 200 200 403 403 401 401"),
    Row(f"PATCH {_WORKFLOW}", "          200 200 403 403 403 403 403 401 401",
        body=_PATCH),
    Row(f"PATCH {_WORKFLOW}/nodes/{{node_id}}",
        "                                200 200 403 403 403 403 403 401 401",
        body={"data": {"label": "new"}}),
    Row(f"PATCH {_WORKFLOW}/edges/{{edge_id}}",
        "                                200 200 403 403 403 403 403 401 401",
        body={"data": {"label": "new"}}),
    Row(f"DELETE {_WORKFLOW}", "         204 403 403 403 403 403 403 401 401"),

    Row(f"GET {_WORKFLOW}/members", "    200 200 200 200 200 403 403 401 401"),
    Row(f"GET {_MEMBER}", "              200 200 200 200 200 403 403 401 401",
        ids=_OTHER),
    Row(f"PUT {_MEMBER}", "              201 403 403 403 403 403 403 401 401",
        "somebody new", body={"role": "viewer"}, ids={"user_id": "{new_user_id}"}),
    Row(f"PUT {_MEMBER}", "              200 403 403 403 403 403 403 401 401",
        "another role", body={"role": "editor"}, ids=_OTHER),
    Row(f"DELETE {_MEMBER}", "           204 403 403 403 403 403 403 401 401",
        "somebody else", ids=_OTHER),
    # The last owner stays; a guest, who is no member, cannot leave as one.
    Row(f"DELETE {_MEMBER}", "           409 204 204 204 404 403 403 401 401",
        "oneself", ids=_ONESELF),

    Row("POST /api/collaboration/sessions",
        "                                200 200 200 200 200 403 403 401 401",
        body=_OF_WORKFLOW),
    Row(f"GET {_SESSION}", "             200 200 200 200 200 404 404 401 401"),
    Row(f"PATCH {_SESSION}", "           200 403 403 403 403 404 404 401 401",
        body={"collaboration_mode": "locked", "max_users": 9}),
    Row(f"DELETE {_SESSION}", "          204 403 403 403 403 404 404 401 401"),
    Row(f"POST {_SESSION}/leave", "      200 200 200 200 200 404 404 401 401"),
    Row(f"POST {_SESSION}/heartbeat",
        "                                200 200 200 200 200 404 404 401 401",
        body={"cursor_position": {"x": 1, "y": 2}}),
    Row(f"POST {_SESSION}/turn/request",
        "                                200 200 403 403 403 404 404 401 401",
        mode="sequential"),
    # Only the editor, who has it, can pass it on: 409 names him, which all may know who may view.
    Row(f"POST {_SESSION}/turn/pass",
        "                                409 200 409 409 409 404 404 401 401",
        mode="sequential"),
    Row(f"POST {_SESSION}/turn/take-over",
        "                                200 200 403 403 403 404 404 401 401",
        mode="sequential"),

    Row("POST /api/collaboration/locks/acquire",
        "                                200 200 403 403 403 403 403 401 401",
        body=_ON_ASK),
    Row("POST /api/collaboration/locks/acquire",
        "                                409 200 403 403 403 403 403 401 401",
        "what the editor holds", body=_ON_MAIL),
    Row("POST /api/collaboration/locks/release",
        "                                403 200 403 403 403 403 403 401 401",
        "what the editor holds", body=_ON_MAIL),
    Row("POST /api/collaboration/locks/release",
        "                                200 200 403 403 403 403 403 401 401",
        "by force", body={**_ON_MAIL, "force": True}),
    Row("GET /api/collaboration/locks/{workflow_id}",
        "                                200 200 200 200 200 403 403 401 401"),

    Row("POST /api/collaboration/shares",
        "                                201 201 403 403 403 403 403 401 401",
        body={**_OF_WORKFLOW, "permissions": {"can_edit": True}}),
    Row("GET /api/collaboration/shares",
        "                                200 200 403 403 403 403 403 401 401",
        query=_OF_WORKFLOW),
    Row(f"GET {_SHARE}", "               200 200 403 403 403 404 404 401 401",
        "by its row id", ids=_BY_ROW),
    Row(f"GET {_SHARE}", "               200 200 200 200 200 200 200 200 401",
        "by its link", ids=_BY_LINK, names="a link"),
    Row(f"DELETE {_SHARE}", "            204 204 403 403 403 404 404 401 401",
        "by its row id", ids=_BY_ROW),
    # To have the link is not to have the right to end it.
    Row(f"DELETE {_SHARE}", "            204 204 403 403 403 404 404 401 401",
        "by its link", ids=_BY_LINK),
    Row(f"POST {_SHARE}/redeem", "       200 200 200 200 200 200 200 200 401",
        ids=_BY_LINK, names="a link"),
    Row(f"POST {_SHARE}/redeem", "       404 404 404 404 404 404 404 404 401",
        "by its row id", ids=_BY_ROW),

    Row("POST /api/collaboration/comments",
        "                                201 201 201 403 403 403 403 401 401",
        body={**_OF_WORKFLOW, "content": "Hm"}),
    Row("POST /api/collaboration/comments",
        "                                201 201 201 403 403 403 403 401 401",
        "a reply",
        body={**_OF_WORKFLOW, "content": "Hm", "parent_comment_id": "{comment_id}"}),
    Row(f"GET {_COMMENT}", "             200 200 200 200 200 403 403 401 401",
        ids={"id": "{workflow_id}"}),
    Row(f"PATCH {_COMMENT}", "           403 403 200 403 403 404 404 401 401",
        "the commenter's", body={"content": "Aha"}, ids=_SAID),
    Row(f"DELETE {_COMMENT}", "          204 403 204 403 403 404 404 401 401",
        "the commenter's", ids=_SAID),
    Row(f"POST {_COMMENT}/resolve", "    200 200 200 403 403 404 404 401 401",
        ids=_SAID),
    Row(f"POST {_COMMENT}/reopen", "     200 200 200 403 403 404 404 401 401",
        ids=_SAID),

    Row("GET /api/collaboration/audit/{workflow_id}",
        "                                200 403 403 403 403 403 403 401 401"),
    Row("GET /api/collaboration/audit/{workflow_id}/export",
        "                                200 403 403 403 403 403 403 401 401"),

    # For machines and for who reads about the API: no content, no token.
    Row("GET /api/server", "             200 200 200 200 200 200 200 200 200"),
    Row("GET /healthz", "                200 200 200 200 200 200 200 200 200"),
    Row("GET /readyz", "                 200 200 200 200 200 200 200 200 200"),
    Row("GET /metrics", "                200 200 200 200 200 200 200 200 200"),
    Row("GET /openapi.json", "           200 200 200 200 200 200 200 200 200"),
    Row("GET /docs", "                   200 200 200 200 200 200 200 200 200"),
    Row("GET /docs/oauth2-redirect", "   200 200 200 200 200 200 200 200 200"),
    Row("GET /redoc", "                  200 200 200 200 200 200 200 200 200"),
    # The editor, or a text where it was not built; what it shows it asks of the routes above.
    Row("GET /", "                       200 200 200 200 200 200 200 200 200"),
    Row("GET /w/{workflow_id}", "        200 200 200 200 200 200 200 200 200"),
    Row("GET /share/{share_id}", "       200 200 200 200 200 200 200 200 200",
        ids=_BY_LINK),
    Row("GET /icon.svg", "               200 200 200 200 200 200 200 200 200"),
)  # fmt: skip

SYNC_ROUTE = "/sync/{workflow_id}"
EVENT_ROUTE = "/api/collaboration/ws/{session_id}/{user_id}"

SOCKETS = {
    # A number is the code that the socket is closed with; test_sockets explains the words.
    #                  owner    editor   comment. viewer   guest    str. els. nob. exp.
    SYNC_ROUTE: {
        "step 1":          "answered answered answered answered answered 4403 4403 4401 4401",
        "step 2":          "saved    saved    dropped  dropped  dropped  4403 4403 4401 4401",
        "update":          "saved    saved    4403     4403     4403     4403 4403 4401 4401",
        "awareness":       "seen     seen     seen     seen     seen     4403 4403 4401 4401",
        "query awareness": "answered answered answered answered answered 4403 4403 4401 4401",
    },
    EVENT_ROUTE: {
        "heartbeat":       "answered answered answered answered answered 4404 4404 4401 4401",
        "cursor_update":   "seen     seen     seen     seen     seen     4404 4404 4401 4401",
        "text_change":     "saved    saved    refused  refused  refused  4404 4404 4401 4401",
    },
}  # fmt: skip
