"""What is wrong with a request is said as a problem, with the place, and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.conftest import assert_problem, fresh

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from tests.rest.conftest import Api
    from tests.servers import ServerProcess, StartServer

AT = {"x": 0, "y": 0}


def node(node_id: Any = "n", **fields: Any) -> dict[str, Any]:
    return {"id": node_id, "position": AT, **fields}


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("body", "code", "wrong"),
    [
        ([], "invalid_request", ""),
        ("text", "invalid_request", ""),
        ({"id": ""}, "invalid_request", "/id"),
        ({"id": "a b"}, "invalid_request", "/id"),
        ({"id": "a/b"}, "invalid_request", "/id"),
        ({"id": "ä"}, "invalid_request", "/id"),
        ({"id": "a\n"}, "invalid_request", "/id"),
        ({"id": "."}, "invalid_request", "/id"),
        ({"id": ".."}, "invalid_request", "/id"),
        ({"id": "x" * 129}, "invalid_request", "/id"),
        ({"id": 7}, "invalid_request", "/id"),
        ({"name": 7}, "invalid_request", "/name"),
        ({"nodes": {}}, "invalid_request", "/nodes"),
        ({"edges": "x"}, "invalid_request", "/edges"),
        ({"nodes": [7]}, "invalid_graph", "/nodes/0"),
        ({"nodes": [node(7)]}, "invalid_graph", "/nodes/0/id"),
        ({"nodes": [node(), node()]}, "invalid_graph", "/nodes/1/id"),
        ({"nodes": [{"id": "n"}]}, "invalid_graph", "/nodes/0/position"),
        ({"nodes": [node(data=[])]}, "invalid_graph", "/nodes/0/data"),
        ({"nodes": [node(position={"x": "1", "y": 2})]}, "invalid_graph", "/nodes/0/position"),
        ({"edges": [{"id": "e", "source": "a"}]}, "invalid_graph", "/edges/0/target"),
        ({"nodes": [node(data={"a~/b": nested(100)})]}, "invalid_graph", "/nodes/0/data/a~0~1b"),
    ],
)
async def test_a_graph_that_makes_no_workflow_is_refused_with_the_place(
    owner: httpx.AsyncClient, body: Any, code: str, wrong: str
) -> None:
    problem = assert_problem(await owner.post("/api/workflows", json=body), 422, code)
    assert problem["errors"][0]["path"].startswith(wrong)
    assert problem["errors"][0]["detail"]
    assert (await owner.get("/api/workflows")).json()["items"] == []


async def test_a_graph_that_is_refused_does_not_take_the_id(owner: httpx.AsyncClient) -> None:
    workflow_id = fresh("w")
    refused = await owner.post("/api/workflows", json={"id": workflow_id, "nodes": [7]})
    assert_problem(refused, 422, "invalid_graph")
    assert (await owner.post("/api/workflows", json={"id": workflow_id})).status_code == 201


@pytest.mark.parametrize(
    ("patch", "code", "wrong"),
    [
        ({}, "invalid_request", ""),
        ([7], "invalid_request", "/0"),
        ([{"op": "jump", "path": "/nodes"}], "invalid_request", "/0/op"),
        ([{"op": "add"}], "invalid_request", "/0/path"),
        ([{"op": "remove", "path": "/meta/name"}, {"op": "add"}], "invalid_request", "/1/path"),
        ([{"op": "test", "path": ""}] * 1_001, "invalid_request", ""),
        ([{"op": "add", "path": "/meta/k"}], "invalid_patch", "/0"),
        ([{"op": "move", "path": "/meta/k"}], "invalid_patch", "/0"),
        ([{"op": "remove", "path": "/nodes/2"}], "invalid_patch", "/0"),
        ([{"op": "remove", "path": "/nodes/01"}], "invalid_patch", "/0"),
        ([{"op": "remove", "path": "nodes"}], "invalid_patch", "/0"),
        ([{"op": "add", "path": "/other", "value": 1}], "invalid_patch", ""),
        ([{"op": "replace", "path": "/nodes/0/id", "value": "x"}], "invalid_patch", ""),
        ([{"op": "replace", "path": "/nodes/0/position", "value": 7}], "invalid_patch", ""),
        ([{"op": "remove", "path": "/nodes/0/position"}], "invalid_patch", ""),
        ([{"op": "add", "path": "/nodes/-", "value": node("ask")}], "invalid_patch", ""),
        ([{"op": "replace", "path": "", "value": None}], "invalid_patch", ""),
    ],
)
async def test_a_patch_that_cannot_be_applied_changes_nothing(
    owner: httpx.AsyncClient, path: str, patch: Any, code: str, wrong: str
) -> None:
    before = (await owner.get(path)).json()
    problem = assert_problem(await owner.patch(path, json=patch), 422, code)
    assert problem["errors"][0]["path"].startswith(wrong)
    assert (await owner.get(path)).json() == before


@pytest.mark.parametrize(
    ("below", "changes", "code"),
    [
        ("nodes/ask", [], "invalid_request"),
        ("nodes/ask", None, "invalid_request"),
        ("nodes/ask", {"position": {"x": "left"}}, "invalid_patch"),
        ("nodes/ask", {"position": None}, "invalid_patch"),
        ("nodes/ask", {"id": "other"}, "invalid_patch"),
        ("nodes/ask", {"data": 7}, "invalid_patch"),
        ("edges/e1", {"source": None}, "invalid_patch"),
        ("edges/e1", {"target": 7}, "invalid_patch"),
    ],
)
async def test_a_merge_patch_that_breaks_the_schema_changes_nothing(
    owner: httpx.AsyncClient, path: str, below: str, changes: Any, code: str
) -> None:
    before = (await owner.get(path)).json()
    assert_problem(await owner.patch(f"{path}/{below}", json=changes), 422, code)
    assert (await owner.get(path)).json() == before


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        ({"limit": "0"}, "query.limit"),
        ({"limit": "101"}, "query.limit"),
        ({"limit": "many"}, "query.limit"),
        ({"q": "x" * 257}, "query.q"),
        ({"q": "a\0b"}, "query.q"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused_by_name(
    owner: httpx.AsyncClient, params: dict[str, str], wrong: str
) -> None:
    answer = await owner.get("/api/workflows", params=params)
    problem = assert_problem(answer, 422, "invalid_request")
    assert [error["path"] for error in problem["errors"]] == [wrong]


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": 1} x',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b"[" * 100_000,
    ],
)
async def test_a_body_that_is_no_json_is_400(owner: httpx.AsyncClient, content: bytes) -> None:
    answer = await owner.post(
        "/api/workflows", content=content, headers={"content-type": "application/json"}
    )
    assert_problem(answer, 400, "malformed_json")


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "application/x-www-form-urlencoded", "json", "a/b+json"],
)
async def test_a_body_that_is_not_declared_as_json_is_415(
    owner: httpx.AsyncClient, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    answer = await owner.post("/api/workflows", content=b"{}", headers=headers)
    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing/here", 404, "not_found"),
        ("GET", "/api/workflows/a/b", 404, "not_found"),
        ("PUT", "/api/workflows", 405, "method_not_allowed"),
        ("POST", "/api/workflows/a", 405, "method_not_allowed"),
        ("GET", "/api/workflows/a/nodes/b", 405, "method_not_allowed"),
    ],
)
async def test_a_path_or_method_that_does_not_exist_is_a_problem_too(
    owner: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await owner.request(method, path)
    assert_problem(answer, status, code)
    assert ("allow" in answer.headers) == (status == 405)


@pytest.fixture
async def small_server(start_server: StartServer) -> ServerProcess:
    return await start_server(max_message_bytes=10_000)


async def test_live_1_a_body_beyond_the_limit_is_413_however_it_is_sent(
    small_server: ServerProcess,
) -> None:
    async def in_chunks() -> AsyncIterator[bytes]:
        yield b'{"name": "'
        for _ in range(200):
            yield b"x" * 1_000
        yield b'"}'

    headers = {"content-type": "application/json"}
    async with small_server.http("ann") as ann:
        declared = await ann.post("/api/workflows", json={"name": "x" * 10_000})
        assert_problem(declared, 413, "body_too_large")
        streamed = await ann.post("/api/workflows", content=in_chunks(), headers=headers)
        assert_problem(streamed, 413, "body_too_large")
        largest = b'{"name": "' + b"x" * 9_988 + b'"}'
        assert len(largest) == 10_000
        fits = await ann.post("/api/workflows", content=largest, headers=headers)
        assert fits.status_code == 201


async def test_a_graph_that_exceeds_the_document_limit_is_refused(
    start_server: StartServer,
) -> None:
    server = await start_server(max_document_bytes=10_000)
    async with server.http("ann") as ann:
        graph = {"nodes": [node(f"n{n}", data={"text": "x" * 100}) for n in range(200)]}
        assert_problem(await ann.post("/api/workflows", json=graph), 422, "invalid_graph")


async def test_the_detail_of_a_problem_does_not_repeat_large_input(
    owner: httpx.AsyncClient,
) -> None:
    answer = await owner.post("/api/workflows", json={"id": "x" * 100_000})
    assert_problem(answer, 422, "invalid_request")
    assert len(answer.content) < 2_000


async def test_a_user_without_rights_learns_nothing_from_a_problem(api: Api, path: str) -> None:
    stranger = await api.user(fresh("stranger"))
    for answer in (
        await stranger.patch(path, json=[{"op": "test", "path": "/meta/name", "value": "x"}]),
        await stranger.patch(f"{path}/nodes/gone", json={}),
        await stranger.get(f"{path}/members/gone"),
        await stranger.get(path, headers={"if-none-match": "*"}),
        await stranger.patch(path, json=[], headers={"if-match": '"0"'}),
    ):
        problem = assert_problem(answer, 403, "forbidden")
        assert "seq" not in problem
        assert "etag" not in answer.headers
