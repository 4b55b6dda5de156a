"""The authorization matrix of HTTP: every route, every caller, and what a refusal gives away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import iter_route_contexts

from rest.problems import PROBLEMS
from server.app import create_app
from server.core.settings import Settings
from tests.authorization.scene import Scene, make_scene
from tests.authorization.table import CALLERS, REST, Row

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api

UNKNOWN = "0123456789abcdef0123456789abcdef"
OUTSIDE = ("stranger", "elsewhere")


def test_every_route_has_its_rows_and_every_row_its_route() -> None:
    app = create_app(Settings(auth_mode="dev"))
    found = {
        f"{method} {re.sub(r':[a-z]+}', '}', context.path)}"
        for context in iter_route_contexts(app.routes)
        if context.path is not None
        for method in (context.methods or ())
        if method != "HEAD"
    }
    described = {
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }
    assert described <= found
    assert len(described) > 40
    assert {row.route for row in REST} == found
    assert len({str(row) for row in REST}) == len(REST)


@pytest.mark.parametrize("row", REST, ids=str)
async def test_acc_2_each_caller_is_answered_as_the_table_says(api: Api, row: Row) -> None:
    """Who is refused changes nothing, with whatever status."""
    scene = await make_scene(api, mode=row.mode)
    answers: dict[str, int] = {}
    before = await scene.look()
    for caller in (each for each in CALLERS if row.expected[each] >= 400):
        answer = await scene.ask(row, caller)
        answers[caller] = answer.status_code
        if answer.status_code >= 400:
            _assert_documented(answer)
            assert await scene.look() == before, f"{caller} was refused and changed something"
    for caller in (each for each in CALLERS if row.expected[each] < 400):
        if answers and not row.route.startswith("GET "):
            scene = await make_scene(api, mode=row.mode)
        answers[caller] = (await scene.ask(row, caller)).status_code
    assert {caller: answers[caller] for caller in CALLERS} == row.expected


HIDING = [row for row in REST if row.names != "a link" and Scene({}, {}).named_in(row)]


@pytest.mark.parametrize("row", HIDING, ids=str)
async def test_who_may_not_view_learns_of_nothing_whether_it_exists(api: Api, row: Row) -> None:
    scene = await make_scene(api, mode=row.mode)
    for caller in OUTSIDE:
        for name in scene.named_in(row):
            existing = await scene.ask(row, caller)
            unknown = await scene.ask(row, caller, **{name: UNKNOWN})
            assert _shown(existing, scene.names[name]) == _shown(unknown, UNKNOWN)


def _assert_documented(answer: httpx.Response) -> None:
    problem = answer.json()
    status, title = PROBLEMS[problem["code"]]
    assert (answer.status_code, problem["status"], problem["title"]) == (status, status, title)
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("www-authenticate" in answer.headers) == (answer.status_code == 401)


def _shown(answer: httpx.Response, named: str) -> tuple[int, dict[str, str], Any]:
    """All that a caller sees of an answer, but for what he has named himself."""
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in ("date", "content-length")
    }
    return answer.status_code, headers, answer.text.replace(named, "…")
