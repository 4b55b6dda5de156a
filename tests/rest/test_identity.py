"""Who is asking: the token's user in jwt mode, the named user in dev mode. [SEC-1]"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jwt
import pytest

from tests.rest.conftest import assert_problem, fresh
from tests.servers import JWT_SECRET

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api


async def test_the_token_may_come_as_a_query_parameter(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    user_id = fresh("user")
    await owner.put(f"{path}/members/{user_id}", json={"role": "viewer"})
    nobody = await api.nobody()
    token = api.server.token(user_id)
    assert (await nobody.get(path, params={"token": token})).status_code == 200
    assert_problem(await nobody.get(path, params={"token": "x"}), 401, "unauthenticated")


async def test_the_header_goes_before_the_query_parameter(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    assert (await owner.get(path, params={"token": "nonsense"})).status_code == 200


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Basic dXNlcjpwYXNz", "Bearer x.y.z", "bearer a b c", "\xff"]
)
async def test_sec_1_a_header_that_is_no_bearer_token_is_401(api: Api, header: str) -> None:
    nobody = await api.nobody()
    answer = await nobody.get(
        "/api/workflows", headers=[(b"authorization", header.encode("latin-1"))]
    )
    assert_problem(answer, 401, "unauthenticated")


async def test_sec_1_a_token_of_another_secret_is_401_and_is_not_repeated(api: Api) -> None:
    token = jwt.encode({"sub": "ann", "exp": 4_000_000_000}, JWT_SECRET + "!", algorithm="HS256")
    nobody = await api.nobody()
    answer = await nobody.get("/api/workflows", headers={"authorization": f"Bearer {token}"})
    assert_problem(answer, 401, "unauthenticated")
    assert token not in answer.text


async def test_sec_1_another_users_id_is_a_mismatch(api: Api) -> None:
    user_id = fresh("user")
    user = await api.user(user_id)
    for refused in (
        await user.get("/api/workflows", params={"user_id": "ann"}),
        await user.post("/api/workflows", params={"user_id": "ann"}, json={}),
        await user.post("/api/workflows", json={"user_id": "ann"}),
        await user.post("/api/workflows", params={"user_id": user_id}, json={"user_id": "ann"}),
        await user.put("/api/workflows/w/members/x?user_id=ann", json={"role": "viewer"}),
    ):
        assert_problem(refused, 403, "identity_mismatch")
    same = await user.post(
        "/api/workflows", params={"user_id": user_id}, json={"user_id": user_id, "name": "n"}
    )
    assert same.status_code == 201
    assert same.json()["created_by"] == user_id


async def test_sec_1_a_body_is_not_read_before_its_sender_is_known(api: Api) -> None:
    nobody = await api.nobody()
    answer = await nobody.post(
        "/api/workflows", content=b"{not json", headers={"content-type": "application/json"}
    )
    assert_problem(answer, 401, "unauthenticated")


async def test_in_dev_mode_the_user_is_named_by_query_else_by_body_else_anonymous(
    dev_api: Api,
) -> None:
    nobody = await dev_api.nobody()
    ann, bob = fresh("ann"), fresh("bob")
    for params, body, expected in (
        ({"user_id": ann}, {"user_id": bob}, ann),
        ({}, {"user_id": bob}, bob),
        ({}, {}, "anonymous"),
    ):
        created = await nobody.post("/api/workflows", params=params, json=body)
        assert created.json()["created_by"] == expected
        path = created.headers["location"]
        assert "user_id" not in (await nobody.get(path)).json()["meta"]


async def test_in_dev_open_mode_everyone_is_an_editor_of_everything(dev_api: Api) -> None:
    ann, bob = await dev_api.user(fresh("ann")), await dev_api.user(fresh("bob"))
    name = fresh("name")
    path = await dev_api.workflow(ann, name=name)
    assert (await bob.get(path)).json()["role"] == "editor"
    listed = (await bob.get("/api/workflows", params={"q": name})).json()["items"]
    assert [item["role"] for item in listed] == ["editor"]
    patched = await bob.patch(path, json=[{"op": "add", "path": "/meta/k", "value": 1}])
    assert patched.status_code == 200
    assert_problem(await bob.delete(path), 403, "forbidden")
    put = await bob.put(f"{path}/members/bob", json={"role": "owner"})
    assert_problem(put, 403, "forbidden")
    assert (await ann.delete(path)).status_code == 204


async def test_sec_1_a_page_of_another_origin_cannot_create_by_a_form(dev_api: Api) -> None:
    nobody = await dev_api.nobody()
    answer = await nobody.post("/api/workflows", data={"name": "x"})
    assert_problem(answer, 415, "unsupported_media_type")
