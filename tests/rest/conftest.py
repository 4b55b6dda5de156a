"""Fixtures: HTTP clients of the shared servers, and workflows with members of each role.

The servers are shared by the tests of a run, so every test makes workflows and users of its own.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from tests.servers import ServerProcess


class Api:
    """HTTP clients of one server, by user; each stays open until the test ends."""

    def __init__(self, server: ServerProcess, open_clients: AsyncExitStack) -> None:
        self.server = server
        self._open_clients = open_clients

    async def user(self, user_id: str, **claims: Any) -> httpx.AsyncClient:
        """A client that is `user_id`, by token or, in dev mode, by name."""
        client = await self.nobody()
        params = self.server.params(user_id, **claims)
        if "token" in params:
            client.headers["authorization"] = f"Bearer {params['token']}"
        else:
            client.params = httpx.QueryParams(params)
        return client

    async def nobody(self) -> httpx.AsyncClient:
        """A client that says nothing about who it is."""
        # Loading the certificates that plain HTTP has no use for takes longer than the requests.
        client = httpx.AsyncClient(base_url=self.server.base_url, verify=False)
        return await self._open_clients.enter_async_context(client)

    async def workflow(self, owner: httpx.AsyncClient, **body: Any) -> str:
        """Create one and return its path."""
        created = await owner.post("/api/workflows", json=body)
        assert created.status_code == 201, created.text
        return f"/api/workflows/{created.json()['id']}"


@pytest.fixture
async def api(jwt_server: ServerProcess) -> AsyncIterator[Api]:
    async with AsyncExitStack() as open_clients:
        yield Api(jwt_server, open_clients)


@pytest.fixture
async def dev_api(server: ServerProcess) -> AsyncIterator[Api]:
    async with AsyncExitStack() as open_clients:
        yield Api(server, open_clients)


def id_of(path: str) -> str:
    """The id of the workflow at this path."""
    return path.rsplit("/", 1)[1]


def fresh(prefix: str) -> str:
    """An id that no other test uses."""
    return f"{prefix}-{uuid4().hex[:12]}"


@pytest.fixture
async def owner(api: Api) -> httpx.AsyncClient:
    return await api.user(fresh("owner"))


TWO_NODES: Mapping[str, Any] = {
    "nodes": [
        {"id": "ask", "type": "llm", "position": {"x": 0, "y": 0}, "data": {"prompt": "Why?"}},
        {"id": "mail", "position": {"x": 200, "y": 10}, "data": {"label": "Mail"}},
    ],
    "edges": [{"id": "e1", "source": "ask", "target": "mail", "data": {}}],
}


@pytest.fixture
async def path(api: Api, owner: httpx.AsyncClient) -> str:
    """The path of a workflow with two nodes and an edge, which belongs to `owner`."""
    return await api.workflow(owner, name="Two nodes", **TWO_NODES)


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The response is an RFC 9457 problem with this status and code; returns it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["code"] == code, problem
    assert problem["status"] == status
    assert problem["type"] == f"urn:coflow:problem:{code}"
    assert problem["title"]
    assert problem["detail"]
    return problem
