"""Whatever is wrong with a request, on whatever route: said as a problem, and nothing has happened.

The routes and what may be wrong come from the API's own description; a valid request of each comes
from the table of tests.authorization.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from server.app import create_app
from server.core.settings import Settings
from tests.authorization.scene import make_scene
from tests.authorization.table import CALLERS, REST, Row
from tests.rest.bad_values import Schemas, bad_cursors, nested

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api

DOCUMENT = create_app(Settings(auth_mode="dev")).openapi()
SCHEMAS = Schemas(DOCUMENT)
JSON = {"content-type": "application/json"}
MAX_ANSWER_BYTES = 4_096


def _says_who_asks(parameter: dict[str, Any]) -> bool:
    return parameter["in"] == "query" and parameter["name"] in ("token", "user_id")


class Route:
    """A route of the description, and a valid request to it."""

    def __init__(self, row: Row) -> None:
        method, path = row.route.split()
        self.row = row
        self.operation: dict[str, Any] = DOCUMENT["paths"][path][method.lower()]
        self.caller = next(each for each in CALLERS if row.expected[each] < 400)
        body = self.operation.get("requestBody")
        self.body: dict[str, Any] | None = body and body["content"]["application/json"]["schema"]

    def parameters(self, place: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.operation.get("parameters", [])
        return [each for each in found if each["in"] == place and not _says_who_asks(each)]

    @property
    def needs_body(self) -> bool:
        return self.body is not None and not SCHEMAS.is_nullable(self.body)

    def __str__(self) -> str:
        return self.row.route


def _routes() -> dict[str, Route]:
    """By method and path, with the first row of each that lets somebody in."""
    routes: dict[str, Route] = {}
    for row in REST:
        method, path = row.route.split()
        if method.lower() in DOCUMENT["paths"].get(path, {}) and min(row.expected.values()) < 400:
            routes.setdefault(row.route, Route(row))
    return routes


ROUTES = list(_routes().values())
WITH_BODY = [route for route in ROUTES if route.body is not None]


def test_every_route_is_tried() -> None:
    described = {f"{m.upper()} {path}" for path, ms in DOCUMENT["paths"].items() for m in ms}
    assert {str(route) for route in ROUTES} == described
    assert len(WITH_BODY) >= 15


@pytest.mark.parametrize("route", WITH_BODY, ids=str)
async def test_what_is_no_json_body_is_refused(api: Api, route: Route) -> None:
    scene = await make_scene(api, mode=route.row.mode)
    before = await scene.look()
    for content in (
        b"{",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": 1e400}',
        b'{"a": "\xff"}',
        b'{"user_id": "\\ud800"}',
        b"{} {}",
        b"[" * 10_000,
    ):
        answer = await scene.send(route.row, route.caller, content=content, headers=JSON)
        _assert_problem(route, answer, 400, "malformed_json")
    for content_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        headers = {"content-type": content_type}
        answer = await scene.send(route.row, route.caller, content=b"{}", headers=headers)
        _assert_problem(route, answer, 415, "unsupported_media_type")
    for body in (7, "text", True, [7], nested(500)):
        answer = await scene.send(route.row, route.caller, json=body)
        _assert_problem(route, answer, 422, "invalid_request")
    if route.needs_body:
        for content in (b"", b"null"):
            answer = await scene.send(route.row, route.caller, content=content, headers=JSON)
            _assert_problem(route, answer, 422, "invalid_request")
    assert await scene.look() == before


@pytest.mark.parametrize("route", WITH_BODY, ids=str)
async def test_each_property_that_is_wrong_is_named_and_nothing_happens(
    api: Api, route: Route
) -> None:
    scene = await make_scene(api, mode=route.row.mode)
    before = await scene.look()
    valid = scene.body(route.row, route.caller)
    assert route.body is not None
    wrong = list(SCHEMAS.bad_bodies(route.body, {} if valid is None else valid))
    for path, body in wrong:
        if _is_taken(route, path, body):
            continue
        answer = await scene.send(route.row, route.caller, json=body)
        shown = f"{path} in {str(body)[:200]}: {answer.status_code} {answer.text}"
        assert answer.status_code >= 400, shown
        problem = _assert_problem(route, answer)
        if not _is_unknown_id(path, body, problem):
            assert answer.status_code == 422, shown
            assert any(_is_at(path, each["path"]) for each in problem["errors"]), shown
    assert await scene.look() == before


async def test_the_errors_of_one_problem_are_not_without_end(api: Api) -> None:
    scene = await make_scene(api)
    [patch] = [each for each in WITH_BODY if str(each) == "PATCH /api/workflows/{workflow_id}"]
    answer = await scene.send(patch.row, "owner", json=[{"op": "jump"}] * 1_000)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 100
    assert answer.json()["errors"][0]["path"] == "/0/op"


@pytest.mark.parametrize("route", WITH_BODY, ids=str)
async def test_properties_that_nobody_knows_are_passed_over(api: Api, route: Route) -> None:
    """So a newer client can speak to an older server; a document keeps what is its content."""
    scene = await make_scene(api, mode=route.row.mode)
    body = scene.body(route.row, route.caller)
    unknown = {"nobody-knows": {"this": [1, None]}}
    if isinstance(body, list):
        body = [{**each, **unknown} for each in body]
    else:
        body = {**(body or {}), **unknown}
    answer = await scene.send(route.row, route.caller, json=body)
    assert answer.status_code == route.row.expected[route.caller], answer.text


@pytest.mark.parametrize("route", [each for each in ROUTES if each.parameters("query")], ids=str)
async def test_each_query_parameter_that_is_wrong_is_named(api: Api, route: Route) -> None:
    scene = await make_scene(api, mode=route.row.mode)
    before = await scene.look()
    for parameter in route.parameters("query"):
        name = parameter["name"]
        values = list(SCHEMAS.bad_queries(parameter["schema"]))
        if name == "cursor":
            values += bad_cursors()
        assert values, name
        for value in values:
            params = {**scene.query(route.row, route.caller), name: value}
            answer = await scene.send(route.row, route.caller, params=params)
            problem = _assert_problem(route, answer)
            if name == "workflow_id" and problem["code"] == "workflow_not_found":
                continue
            assert answer.status_code == 422, (name, value, answer.text)
            assert {each["path"] for each in problem["errors"]} == {f"query.{name}"}, value
        if parameter.get("required"):
            _assert_problem(route, await scene.send(route.row, route.caller, params={}), 422)
    assert await scene.look() == before


@pytest.mark.parametrize("route", [each for each in ROUTES if each.parameters("path")], ids=str)
async def test_what_can_stand_in_no_path_is_refused(api: Api, route: Route) -> None:
    scene = await make_scene(api, mode=route.row.mode)
    before = await scene.look()
    for parameter in route.parameters("path"):
        for value in ("a\0b", "a\x1bb", "x" * 10_000):
            answer = await scene.send(route.row, route.caller, in_path={parameter["name"]: value})
            problem = _assert_problem(route, answer)
            assert answer.status_code in (404, 422), answer.text
            if answer.status_code == 422:
                assert problem["errors"][0]["path"] == f"path.{parameter['name']}"
    assert await scene.look() == before


@pytest.mark.parametrize("route", [each for each in ROUTES if each.parameters("header")], ids=str)
async def test_a_condition_that_makes_no_sense_is_not_met(api: Api, route: Route) -> None:
    scene = await make_scene(api, mode=route.row.mode)
    before = await scene.look()
    for parameter in route.parameters("header"):
        for value in ("nonsense", '"', 'W/"', f'"{"9" * 30}"', "x" * 5_000, '"\xff"'):
            headers = [(parameter["name"].encode(), value.encode("latin-1"))]
            answer = await scene.send(route.row, route.caller, headers=headers)
            if parameter["name"] == "if-match":
                _assert_problem(route, answer, 412, "stale")
            else:
                assert answer.status_code == 200, answer.text
    assert await scene.look() == before


def _is_taken(route: Route, path: str, body: Any) -> bool:
    """Strings that are right: a document's name may be any, and RFC 6902 has no `from` of `add`."""
    match str(route), path:
        case "POST /api/workflows", "/name":
            return isinstance(body["name"], str)
        case "PATCH /api/workflows/{workflow_id}", "/0/from":
            return isinstance(body[0]["from"], str)
        case _:
            return False


def _is_at(path: str, named: str) -> bool:
    """Of a patch the operation is named, not its member."""
    return named.startswith(path) or (named[1:].isdecimal() and path.startswith(f"{named}/"))


def _is_unknown_id(path: str, body: Any, problem: dict[str, Any]) -> bool:
    """What can be nobody's id is answered like an unknown one, or like somebody else's."""
    if not isinstance(body, dict) or not isinstance(body.get(path[1:]), str):
        return False
    codes = {
        "/workflow_id": {"workflow_not_found"},
        "/session_id": {"session_not_found"},
        "/parent_comment_id": {"comment_not_found"},
        "/user_id": {"identity_mismatch"},
    }
    return problem["code"] in codes.get(path, ())


def _assert_problem(
    route: Route, answer: httpx.Response, status: int | None = None, code: str | None = None
) -> dict[str, Any]:
    """It is a problem that the route describes, and does not repeat large input."""
    assert answer.status_code >= 400, answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) <= MAX_ANSWER_BYTES, answer.text[:500]
    problem: dict[str, Any] = answer.json()
    assert status in (None, answer.status_code), problem
    assert code in (None, problem["code"]), problem
    described = route.operation["responses"][str(answer.status_code)]["description"]
    assert problem["code"] in re.findall(r"`(\w+)`", described), (problem, described)
    assert problem["status"] == answer.status_code
    assert answer.status_code != 422 or problem["errors"]
    assert all(each["detail"] for each in problem.get("errors", ()))
    return problem
