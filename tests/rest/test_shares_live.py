"""Guests and sockets: a share lets them in, revoking or expiry shows them out; and dev mode."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import anyio
import pytest
from pycrdt import Doc, Map, create_sync_message, create_update_message
from websockets.asyncio.client import connect

from tests.rest.conftest import TWO_NODES, assert_problem, fresh, id_of
from tests.rest.session_calls import join, look
from tests.rest.sharing import DAYS_PER_SECOND, SHARES, guest, redeem, share, token_of
from tests.rest.test_open_sockets import close_code, receive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from websockets.asyncio.client import ClientConnection

    from tests.rest.conftest import Api

AUTH = 2
"""The message type of the y-protocols that says what is not permitted."""


@asynccontextmanager
async def socket_of(
    api: Api, path: str, **query: str
) -> AsyncIterator[tuple[ClientConnection, Doc[Any]]]:
    """A socket of the sync door whose Doc has received the workflow."""
    async with connect(f"{api.server.sync_url}/{id_of(path)}?{urlencode(query)}") as socket:
        doc: Doc[Any] = Doc()
        await socket.send(create_sync_message(doc))
        nodes = doc.get("nodes", type=Map)
        with anyio.fail_after(10):
            while "ask" not in nodes:
                await receive(socket, doc)
        yield socket, doc


async def test_acc_2_a_guest_who_may_view_sees_the_document_and_is_denied_an_edit(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    client = await guest(api, await share(owner, path))
    async with socket_of(api, path, token=token_of(client)) as (socket, doc):
        assert doc.get("nodes", type=Map)["ask"]["data"]["prompt"] is not None
        made: list[bytes] = []
        doc.observe(lambda event: made.append(event.update))
        doc.get("nodes", type=Map)["ask"]["type"] = "other"
        await socket.send(create_update_message(made[0]))
        with anyio.fail_after(10):
            while (await socket.recv())[0] != AUTH:
                continue
        assert await close_code(socket) == 4403
    assert (await owner.get(path)).json()["nodes"][0]["type"] == "llm"


async def test_a_guest_who_may_edit_edits(api: Api, owner: httpx.AsyncClient, path: str) -> None:
    client = await guest(api, await share(owner, path, "edit"))
    async with socket_of(api, path, token=token_of(client)) as (socket, doc):
        made: list[bytes] = []
        doc.observe(lambda event: made.append(event.update))
        doc.get("nodes", type=Map)["ask"]["type"] = "other"
        await socket.send(create_update_message(made[0]))
        with anyio.fail_after(10):
            while (await owner.get(path)).json()["nodes"][0]["type"] != "other":
                await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("who", ["guest", "user"])
async def test_acc_3_revoking_a_share_closes_the_open_socket_with_4403(
    api: Api, owner: httpx.AsyncClient, path: str, who: str
) -> None:
    shared = await share(owner, path)
    if who == "guest":
        token = token_of(await guest(api, shared))
    else:
        user = await api.user(fresh("user"))
        await redeem(user, shared)
        token = token_of(user)
    async with socket_of(api, path, token=token) as (socket, _):
        await owner.delete(f"{SHARES}/{shared['share_id']}")
        assert await close_code(socket) == 4403


async def test_acc_3_the_expiry_of_a_share_closes_the_open_socket_with_4403(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    lasts_s = 3.0
    shared = await share(owner, path, expires_in_days=lasts_s * DAYS_PER_SECOND)
    client = await guest(api, shared)
    async with socket_of(api, path, token=token_of(client)) as (socket, _):
        # `close_code` gives what may be late; the share's life comes before it.
        with anyio.move_on_after(lasts_s - 0.5):
            while True:
                await socket.recv()
        assert await close_code(socket) == 4403


async def test_a_session_tells_who_came_by_a_share_exactly_what_that_grants(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    session = await join(owner, path)
    for can, role in (
        (("edit",), "viewer"),
        (("comment", "share"), "commenter"),
        (("edit", "comment", "share"), "editor"),
    ):
        client = await guest(api, await share(owner, path, *can))
        told = [each for each in ("view", "comment", "edit", "share") if each in {"view", *can}]
        joined = await join(client, path)
        assert joined["permissions"] == (await look(client, session))["permissions"] == told
        assert role in {each["role"] for each in joined["participants"]}
    assert (await look(owner, session))["permissions"][-1] == "manage"


async def test_a_guest_of_another_workflow_is_closed_with_4403(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    client = await guest(api, await share(owner, await api.workflow(owner)))
    url = f"{api.server.sync_url}/{id_of(path)}?token={token_of(client)}"
    async with connect(url) as socket:
        assert await close_code(socket) == 4403


async def test_sec_1_a_tampered_guest_token_is_closed_with_4401(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    client = await guest(api, await share(owner, path))
    head, body, signature = token_of(client).split(".")
    for token in (f"{head}.{body}.{signature[::-1]}", f"{head}.{body}"):
        async with connect(f"{api.server.sync_url}/{id_of(path)}?token={token}") as socket:
            assert await close_code(socket) == 4401


# Dev mode


async def dev_path(dev_api: Api) -> str:
    return await dev_api.workflow(await dev_api.user("ann"), name="Two nodes", **TWO_NODES)


async def test_in_dev_mode_the_seeds_share_is_made_though_the_workflow_is_new(
    dev_api: Api,
) -> None:
    nobody, workflow_id = await dev_api.nobody(), fresh("workflow")
    created = await nobody.post(
        SHARES,
        json={
            "workflow_id": workflow_id,
            "user_id": "user-456",
            "permissions": {
                "can_view": True,
                "can_edit": False,
                "can_comment": True,
                "can_share": False,
            },
            "expires_in_days": 7,
        },
    )
    assert created.status_code == 201, created.text
    found = created.json()
    assert found["created_by"] == "user-456"
    link = f"{SHARES}/{found['share_id']}"
    assert (await nobody.get(link)).json() == found
    listed = await nobody.get(SHARES, params={"workflow_id": workflow_id})
    assert listed.json()["items"] == [found]
    assert (await nobody.delete(link)).status_code == 204
    assert (await nobody.get(link)).json()["revoked"] is True


async def test_in_dev_mode_who_names_a_user_redeems_as_that_user_and_else_as_a_guest(
    dev_api: Api,
) -> None:
    path = await dev_path(dev_api)
    shared = await share(await dev_api.user("ann"), path)
    nobody = await dev_api.nobody()
    by_body = await redeem(nobody, shared, user_id="bob")
    assert (by_body["user_id"], by_body["token"]) == ("bob", None)
    by_query = await redeem(await dev_api.user("eve"), shared)
    assert (by_query["user_id"], by_query["token"]) == ("eve", None)
    for headers in ({}, {"authorization": "Bearer of.no.meaning"}):
        answer = await nobody.post(f"{SHARES}/{shared['share_id']}/redeem", headers=headers)
        assert answer.json()["user_id"].startswith("guest:")
        assert answer.json()["token"]


async def test_acc_2_in_dev_mode_a_guest_has_the_shares_rights_alone(dev_api: Api) -> None:
    path = await dev_path(dev_api)
    other = await dev_path(dev_api)
    client = await guest(dev_api, await share(await dev_api.user("ann"), path))
    assert (await client.get(path)).json()["role"] == "viewer"
    assert_problem(await client.get(other), 403, "forbidden")
    refused = await client.patch(f"{path}/nodes/ask", json={"data": {"k": 1}})
    assert_problem(refused, 403, "forbidden")
    assert_problem(await client.post("/api/workflows", json={}), 403, "forbidden")
    made = await client.post(SHARES, json={"workflow_id": fresh("new")})
    assert_problem(made, 404, "workflow_not_found")
    listed = (await client.get("/api/workflows")).json()["items"]
    assert [each["id"] for each in listed] == [id_of(path)]
    async with socket_of(dev_api, path, token=token_of(client)) as (_, doc):
        assert "mail" in doc.get("nodes", type=Map)
    for unknown, code in ((id_of(other), 4403), (fresh("unknown"), 4404)):
        url = f"{dev_api.server.sync_url}/{unknown}?token={token_of(client)}"
        async with connect(url) as socket:
            assert await close_code(socket) == code


async def test_sec_1_in_dev_mode_too_only_its_token_makes_a_guest(dev_api: Api) -> None:
    path = await dev_path(dev_api)
    shared = await share(await dev_api.user("ann"), path)
    found = await redeem(await dev_api.nobody(), shared)
    nobody = await dev_api.nobody()
    nobody.headers["authorization"] = f"Bearer {found['token']}"
    own = await nobody.get(path, params={"user_id": found["user_id"]})
    assert own.json()["role"] == "viewer"
    answer = await nobody.get(path, params={"user_id": "ann"})
    assert_problem(answer, 403, "identity_mismatch")
    claimed = await (await dev_api.user(found["user_id"])).get(path)
    assert_problem(claimed, 401, "unauthenticated")
