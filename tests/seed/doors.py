"""The seed's users at each of the doors: REST, the npm clients, the JSON socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.event_clients import EventClient, event_client
from tests.node_clients import SYNCED, NodeClients, StockClient, exists
from tests.rest.locking import id_of
from tests.rest.session_calls import name_of

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    import httpx

    from tests.rest.conftest import Api

ACC_3_S = 1.0 + 4.0
"""Within a second, on a machine that is busy with other tests."""
ONE_SECOND_IN_DAYS = 1 / 86_400
ONE_SECOND_IN_MINUTES = 1 / 60


async def yjs(
    api: Api, clients: NodeClients, user: httpx.AsyncClient, path: str, **more: Any
) -> StockClient:
    """An editor with the unmodified y-websocket package, once it has the workflow."""
    params = {"token": user.headers["authorization"].removeprefix("Bearer ")}
    client = await clients.open(
        api.server.sync_url, id_of(path), params=params, events=True, **more
    )
    await client.until(SYNCED, exists("doc", "nodes", "ask"))
    return client


def json_socket(
    api: Api, user: httpx.AsyncClient, session: dict[str, Any]
) -> AbstractAsyncContextManager[EventClient]:
    """A program that speaks the seed's WebSocket protocol."""
    token = user.headers["authorization"].removeprefix("Bearer ")
    return event_client(api.server, session["session_id"], name_of(user), token=token)


async def node_of(user: httpx.AsyncClient, path: str, node_id: str = "ask") -> dict[str, Any]:
    answer = await user.get(path)
    assert answer.status_code == 200, answer.text
    return next(node for node in answer.json()["nodes"] if node["id"] == node_id)


async def patch_node(
    user: httpx.AsyncClient, path: str, node_id: str = "ask", **changes: Any
) -> httpx.Response:
    return await user.patch(f"{path}/nodes/{node_id}", json=changes)
