"""Guests whose tokens have expired come back by the live link of a share that they redeemed, and by
nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import connect

from crdt_store.ids import UserId
from server.core.guests import MAX_LIFE, GuestTokens
from server.core.settings import Settings
from tests.rest.conftest import assert_problem, fresh, id_of
from tests.rest.sharing import SHARES, claims_of, redeem, share
from tests.rest.test_open_sockets import close_code
from tests.servers import JWT_SECRET

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api

AWAY = timedelta(days=2)


def expired(token: str, secret: str = JWT_SECRET) -> str:
    """The token that the server would have given the same guest at its visit two days ago."""
    claims = claims_of(token)
    signer = GuestTokens.of(Settings(auth_mode="jwt", jwt_secret=secret, secret=None))
    came_at = datetime.now(UTC) - AWAY
    return signer.mint(
        UserId(claims["sub"]), claims["name"], share=claims["share"], now=came_at, ends_at=None
    )


async def bearer(api: Api, token: str) -> httpx.AsyncClient:
    client = await api.nobody()
    client.headers["authorization"] = f"Bearer {token}"
    return client


async def away(api: Api, shared: dict[str, Any], **body: Any) -> httpx.AsyncClient:
    """A guest of the share whose token has expired."""
    token = (await redeem(await api.nobody(), shared, **body))["token"]
    return await bearer(api, expired(token))


def link(shared: dict[str, Any]) -> str:
    return f"{SHARES}/{shared['share_id']}"


async def test_a_guest_whose_token_has_expired_comes_back_as_the_same_guest(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path, "comment", max_uses=1)
    first = await redeem(await api.nobody(), shared, name="Zoe")
    back = await bearer(api, expired(first["token"]))
    again = await redeem(back, shared)
    assert again["user_id"] == first["user_id"]
    claims = claims_of(again["token"])
    assert (claims["sub"], claims["name"]) == (first["user_id"], "Zoe")
    left = claims["exp"] - datetime.now(UTC).timestamp()
    assert left == pytest.approx(MAX_LIFE.total_seconds(), abs=60)
    seen = await (await bearer(api, again["token"])).get(path)
    assert seen.json()["role"] == "commenter"
    assert (await owner.get(link(shared))).json()["uses"] == 1


async def test_sec_1_an_expired_token_is_nobodys_anywhere_else(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path, "edit", "comment", "share")
    back = await away(api, shared)
    node = {"workflow_id": id_of(path), "resource_type": "node", "resource_id": "ask"}
    for method, target, body in (
        ("GET", path, None),
        ("GET", "/api/workflows", None),
        ("PATCH", f"{path}/nodes/ask", {"data": {"k": 1}}),
        ("POST", "/api/collaboration/locks/acquire", node),
        ("GET", link(shared), None),
        ("DELETE", link(shared), None),
    ):
        answer = await back.request(method, target, json=body)
        assert_problem(answer, 401, "unauthenticated")
    token = back.headers["authorization"].removeprefix("Bearer ")
    async with connect(f"{api.server.sync_url}/{id_of(path)}?token={token}") as socket:
        assert await close_code(socket) == 4401


async def test_sec_1_an_expired_token_is_nobodys_at_a_share_that_its_guest_has_not_redeemed(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    back = await away(api, await share(owner, path))
    used_up = await share(owner, path, max_uses=1)
    await redeem(await api.nobody(), used_up)
    for other in (await share(owner, path, "edit"), used_up):
        assert_problem(await back.post(f"{link(other)}/redeem"), 401, "unauthenticated")
    # A link that anybody can make for a workflow of their own.
    stranger = await api.user(fresh("stranger"))
    own = await share(stranger, await api.workflow(stranger))
    assert_problem(await back.post(f"{link(own)}/redeem"), 401, "unauthenticated")
    assert (await stranger.get(link(own))).json()["uses"] == 0


async def test_sec_1_the_part_of_a_link_that_is_no_secret_lets_no_expired_token_in(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path)
    back = await away(api, shared)
    row_id = shared["share_id"].partition("~")[0]
    for no_link in (row_id, f"{row_id}~{'A' * 22}"):
        answer = await back.post(f"{SHARES}/{no_link}/redeem")
        assert_problem(answer, 404, "share_not_found")


async def test_acc_3_an_expired_token_brings_nobody_back_by_a_share_that_has_ended(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path)
    back = await away(api, shared)
    await owner.delete(link(shared))
    assert_problem(await back.post(f"{link(shared)}/redeem"), 410, "share_ended")


async def test_sec_1_an_expired_token_of_another_key_is_nobodys(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path)
    token = (await redeem(await api.nobody(), shared))["token"]
    forger = await bearer(api, expired(token, secret="a-secret-of-another-server-altogether"))
    assert_problem(await forger.post(f"{link(shared)}/redeem"), 401, "unauthenticated")
    back = await bearer(api, expired(token))
    named = await back.post(f"{link(shared)}/redeem", params={"user_id": "ann"})
    assert_problem(named, 403, "identity_mismatch")


async def test_a_users_expired_token_redeems_nothing(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path)
    user_id = fresh("user")
    await redeem(await api.user(user_id), shared)
    late = await api.user(user_id, exp=int((datetime.now(UTC) - AWAY).timestamp()))
    assert_problem(await late.post(f"{link(shared)}/redeem"), 401, "unauthenticated")
