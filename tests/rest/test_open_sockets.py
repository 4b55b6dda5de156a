"""What REST changes reaches the sockets that are open: edits, lost rights, deleted workflows."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import anyio
from pycrdt import (
    Doc,
    Map,
    YMessageType,
    YSyncMessageType,
    create_sync_message,
    handle_sync_message,
)
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.rest.conftest import fresh

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from websockets.asyncio.client import ClientConnection

    from tests.rest.conftest import Api

WITHIN_S = 1.0
"""[ACC-3]"""
MARGIN_S = 2.0
"""For a machine that is busy with other tests."""


def sync_url(api: Api, path: str, user_id: str) -> str:
    return f"{api.server.sync_url}/{path.rsplit('/', 1)[1]}?token={api.server.token(user_id)}"


@asynccontextmanager
async def synced(
    api: Api, path: str, user_id: str
) -> AsyncIterator[tuple[ClientConnection, Doc[Any]]]:
    """A socket of the sync door whose Doc has received the workflow."""
    async with connect(sync_url(api, path, user_id)) as socket:
        doc: Doc[Any] = Doc()
        await socket.send(create_sync_message(doc))
        with anyio.fail_after(10):
            while await receive(socket, doc) != YSyncMessageType.SYNC_STEP2:
                continue
        yield socket, doc


async def receive(socket: ClientConnection, doc: Doc[Any]) -> int | None:
    """Take one message; the kind of sync message that it was, if any."""
    message = await socket.recv()
    assert isinstance(message, bytes)
    if message[0] != YMessageType.SYNC:
        return None
    answer = handle_sync_message(message[1:], doc)
    if answer is not None:
        await socket.send(answer)
    return message[1]


async def close_code(socket: ClientConnection) -> int:
    """Read until the server closes; fails if that takes longer than a revocation may."""
    with anyio.fail_after(WITHIN_S + MARGIN_S), suppress(ConnectionClosed):
        async for _ in socket:
            continue
    assert socket.close_code is not None
    return socket.close_code


async def test_an_edit_by_rest_reaches_an_open_socket(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    user_id = fresh("viewer")
    await owner.put(f"{path}/members/{user_id}", json={"role": "viewer"})
    async with synced(api, path, user_id) as (socket, doc):
        await owner.patch(f"{path}/nodes/ask", json={"data": {"k": "v"}})
        nodes = doc.get("nodes", type=Map)
        with anyio.fail_after(5):
            while "k" not in nodes["ask"]["data"]:
                await receive(socket, doc)
        assert nodes["ask"]["data"]["k"] == "v"


async def test_acc_3_a_removed_member_is_closed_with_4403(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    user_id = fresh("viewer")
    await owner.put(f"{path}/members/{user_id}", json={"role": "viewer"})
    async with synced(api, path, user_id) as (socket, _):
        await owner.delete(f"{path}/members/{user_id}")
        assert await close_code(socket) == 4403


async def test_a_deleted_workflow_closes_its_sockets_with_4404(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    user_id = fresh("viewer")
    await owner.put(f"{path}/members/{user_id}", json={"role": "viewer"})
    async with synced(api, path, user_id) as (socket, _):
        await owner.delete(path)
        assert await close_code(socket) == 4404


async def test_acc_3_who_was_just_let_in_is_not_turned_away_by_the_rules_of_before(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    """Others have the workflow open: what they are held to was read before the grant."""
    first = fresh("viewer")
    await owner.put(f"{path}/members/{first}", json={"role": "viewer"})
    async with synced(api, path, first):
        for _ in range(5):
            newcomer = fresh("viewer")
            await owner.put(f"{path}/members/{newcomer}", json={"role": "viewer"})
            async with synced(api, path, newcomer) as (_, doc):
                assert "ask" in doc.get("nodes", type=Map)


async def test_acc_3_who_was_just_removed_is_not_let_in_by_the_rules_of_before(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    first, second = fresh("viewer"), fresh("viewer")
    await owner.put(f"{path}/members/{first}", json={"role": "viewer"})
    async with synced(api, path, first):
        for _ in range(5):
            await owner.put(f"{path}/members/{second}", json={"role": "viewer"})
            async with synced(api, path, second):
                pass
            await owner.delete(f"{path}/members/{second}")
            async with connect(sync_url(api, path, second)) as socket:
                assert await close_code(socket) == 4403
                # Not let in and thrown out again.
                assert socket.close_reason == "you have no access to this workflow"
