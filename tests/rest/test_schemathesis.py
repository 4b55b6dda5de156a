"""The server keeps to its own description, whatever is asked of it: schemathesis on every route.

Both sides of each schema are drawn, what it allows and what it does not; no answer is a 500, and
every status, content type and body is described. Half of the requests name what exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from server.app import create_app
from server.core.settings import Settings
from tests.rest.conftest import TWO_NODES, fresh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import BaseSchema

    from tests.servers import ServerProcess

EXAMPLES = 12


def says_who_asks(parameter: dict[str, Any]) -> bool:
    return parameter["in"] == "query" and parameter["name"] in ("token", "user_id")


def can_be_wrong(operation: dict[str, Any]) -> bool:
    """Every text is one, in a path or a header; what else there is may be wrong."""
    return "requestBody" in operation or any(
        parameter["in"] == "query" and not says_who_asks(parameter)
        for parameter in operation.get("parameters", [])
    )


METHODS_OF: dict[str, dict[str, Any]] = create_app(Settings(auth_mode="dev")).openapi()["paths"]
ROUTES = [
    (method, path, mode)
    for path, methods in METHODS_OF.items()
    for method, operation in methods.items()
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or can_be_wrong(operation)
]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def described(jwt_server: ServerProcess) -> BaseSchema:
    """What the running process says of itself, but for who asks: that is the tests' part."""
    document = httpx.get(f"{jwt_server.base_url}/openapi.json").json()
    for methods in document["paths"].values():
        for operation in methods.values():
            given = operation.get("parameters", [])
            operation["parameters"] = [p for p in given if not says_who_asks(p)]
            operation.pop("security", None)
    for schema in document["components"]["schemas"].values():
        # In an answer it would be required.
        if "user_id" not in schema.get("required", []):
            schema.get("properties", {}).pop("user_id", None)
    return schemathesis.openapi.from_dict(document)


class Existing:
    """What a request can name: a workflow with one of everything, made anew if it is gone."""

    def __init__(self, server: ServerProcess) -> None:
        self.owner = fresh("owner")
        self.headers = {"Authorization": f"Bearer {server.token(self.owner)}"}
        self._http = httpx.Client(base_url=server.base_url, headers=self.headers, verify=False)
        self._ids: dict[str, str] = {}

    def ids(self) -> dict[str, str]:
        """By the names of path parameters and of the body's properties."""
        if not self._ids or not self._is_there():
            self._make()
        return self._ids

    def close(self) -> None:
        self._http.close()

    def _is_there(self) -> bool:
        session = self._http.get(f"/api/collaboration/sessions/{self._ids['session_id']}")
        return session.is_success

    def _make(self) -> None:
        workflow_id = self._post("/api/workflows", TWO_NODES)["id"]
        of_workflow = {"workflow_id": workflow_id}
        session = self._post("/api/collaboration/sessions", of_workflow)
        share = self._post("/api/collaboration/shares", of_workflow)
        comment = self._post("/api/collaboration/comments", {**of_workflow, "content": "Hm"})
        node = {"resource_type": "node", "resource_id": "ask"}
        self._post("/api/collaboration/locks/acquire", {**of_workflow, **node})
        self._ids = {
            "workflow_id": workflow_id,
            "session_id": session["session_id"],
            "share_id": share["share_id"],
            "parent_comment_id": comment["comment_id"],
            "node_id": "ask",
            "edge_id": "e1",
            "user_id": self.owner,
        }

    def _post(self, path: str, body: Any) -> Any:
        answer = self._http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture
def existing(jwt_server: ServerProcess) -> Iterator[Existing]:
    found = Existing(jwt_server)
    yield found
    found.close()


def name_what_exists(case: Case[Any], ids: dict[str, str]) -> None:
    """Put the ids of what exists where the request names something."""
    own = {
        **ids,
        # `{id}` is a workflow's to GET and a comment's otherwise.
        "id": ids["workflow_id"] if case.method == "GET" else ids["parent_comment_id"],
    }
    for name in case.path_parameters or {}:
        case.path_parameters[name] = own[name]
    if case.query and "workflow_id" in case.query:
        case.query["workflow_id"] = ids["workflow_id"]
    if isinstance(case.body, dict):
        for name in {"workflow_id", "session_id", "parent_comment_id"} & case.body.keys():
            case.body[name] = ids[name]


@pytest.mark.parametrize(("method", "path", "mode"), ROUTES)
def test_every_answer_is_a_described_one(
    jwt_server: ServerProcess,
    described: BaseSchema,
    existing: Existing,
    method: str,
    path: str,
    mode: GenerationMode,
) -> None:
    operation = described[path][method]
    base_url = jwt_server.base_url

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(case=operation.as_strategy(generation_mode=mode), names_what_exists=st.booleans())
    def exchange(case: Case[Any], names_what_exists: bool) -> None:
        checks = list(CHECKS)
        if names_what_exists:
            name_what_exists(case, existing.ids())
        elif mode is GenerationMode.NEGATIVE:
            checks.append(negative_data_rejection)
        case.call_and_validate(base_url, headers=existing.headers, checks=checks)

    exchange()
