"""Memberships over HTTP: given, changed, listed, taken away; and that an owner always remains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import anyio
import pytest

from tests.rest.conftest import assert_problem, fresh

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api


async def me(client: httpx.AsyncClient, path: str) -> str:
    created_by: str = (await client.get(path)).json()["created_by"]
    return created_by


async def test_the_creator_is_the_first_member_and_owner(
    owner: httpx.AsyncClient, path: str
) -> None:
    owner_id = await me(owner, path)
    listed = (await owner.get(f"{path}/members")).json()
    assert listed["next_cursor"] is None
    (member,) = listed["items"]
    assert member["user_id"] == member["added_by"] == owner_id
    assert member["role"] == "owner"
    assert member["name"] == owner_id.capitalize()
    assert member["added_at"].endswith("Z")
    assert (await owner.get(f"{path}/members/{owner_id}")).json() == member


async def test_a_member_is_added_with_201_and_changed_with_200(
    owner: httpx.AsyncClient, path: str
) -> None:
    added = await owner.put(f"{path}/members/ann", json={"role": "viewer", "name": "Ann"})
    assert added.status_code == 201
    assert added.json()["role"] == "viewer"
    assert added.json()["name"] == "Ann"
    assert added.json()["added_by"] == await me(owner, path)
    changed = await owner.put(f"{path}/members/ann", json={"role": "editor"})
    assert changed.status_code == 200
    assert changed.json() == {**added.json(), "role": "editor"}
    same = await owner.put(f"{path}/members/ann", json={"role": "editor"})
    assert (same.status_code, same.json()) == (200, changed.json())
    assert (await owner.get(f"{path}/members/ann")).json() == changed.json()


async def test_a_removed_member_is_gone(owner: httpx.AsyncClient, path: str) -> None:
    await owner.put(f"{path}/members/ann", json={"role": "viewer"})
    assert (await owner.delete(f"{path}/members/ann")).status_code == 204
    assert_problem(await owner.get(f"{path}/members/ann"), 404, "member_not_found")
    assert_problem(await owner.delete(f"{path}/members/ann"), 404, "member_not_found")


@pytest.mark.parametrize(
    "user_id", ["auth0|7f", "https://id.example/u/1", "ä ö", "guests:x", "%2F"]
)
async def test_a_member_may_have_any_id_that_a_token_may_have(
    api: Api, owner: httpx.AsyncClient, path: str, user_id: str
) -> None:
    target = f"{path}/members/{quote(user_id, safe='')}"
    added = await owner.put(target, json={"role": "viewer"})
    assert added.status_code == 201
    assert added.json()["user_id"] == user_id
    member = await api.user(user_id)
    assert (await member.get(path)).json()["role"] == "viewer"
    assert (await owner.delete(target)).status_code == 204
    assert_problem(await member.get(path), 403, "forbidden")


@pytest.mark.parametrize("user_id", ["", " ann", "a%00b", "a%09b", "x" * 129])
async def test_an_id_that_no_token_can_have_is_refused(
    owner: httpx.AsyncClient, path: str, user_id: str
) -> None:
    answer = await owner.put(f"{path}/members/{user_id}", json={"role": "viewer"})
    problem = assert_problem(answer, 422, "invalid_request")
    assert problem["errors"][0]["path"] == "path.user_id"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, "/role"),
        ({"role": "boss"}, "/role"),
        ({"role": None}, "/role"),
        ({"role": "viewer", "name": "n" * 257}, "/name"),
        ({"role": "viewer", "name": "\u202enna"}, "/name"),
        ([], ""),
    ],
)
async def test_a_membership_that_makes_no_sense_is_refused(
    owner: httpx.AsyncClient, path: str, body: Any, wrong: str
) -> None:
    problem = assert_problem(
        await owner.put(f"{path}/members/ann", json=body), 422, "invalid_request"
    )
    assert problem["errors"][0]["path"] == wrong


async def test_the_last_owner_can_neither_leave_nor_be_lowered_nor_be_removed(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    owner_id = await me(owner, path)
    workflow_id = path.rsplit("/", 1)[1]
    # Not even by one whose token makes him an owner: tokens end, and nobody would be left.
    admin = await api.user(fresh("admin"), workflows={workflow_id: "owner"})
    for client in (owner, admin):
        target = f"{path}/members/{owner_id}"
        assert_problem(await client.put(target, json={"role": "editor"}), 409, "last_owner")
        assert_problem(await client.delete(target), 409, "last_owner")
    assert (await owner.get(path)).json()["role"] == "owner"


async def test_an_owner_can_leave_once_there_is_another(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    owner_id, second_id = await me(owner, path), fresh("second")
    await owner.put(f"{path}/members/{second_id}", json={"role": "owner"})
    lowered = await owner.put(f"{path}/members/{owner_id}", json={"role": "viewer"})
    assert lowered.status_code == 200
    second = await api.user(second_id)
    assert_problem(await second.delete(f"{path}/members/{second_id}"), 409, "last_owner")
    assert_problem(
        await owner.put(f"{path}/members/{owner_id}", json={"role": "owner"}), 403, "forbidden"
    )
    assert (await owner.delete(f"{path}/members/{owner_id}")).status_code == 204
    assert_problem(await owner.get(path), 403, "forbidden")


async def test_acc_1_of_two_owners_who_leave_at_once_one_stays(
    api: Api, owner: httpx.AsyncClient
) -> None:
    for _ in range(5):
        path = await api.workflow(owner)
        second_id = fresh("second")
        await owner.put(f"{path}/members/{second_id}", json={"role": "owner"})
        second = await api.user(second_id)
        leaving = {owner: await me(owner, path), second: second_id}
        statuses = []

        async def leave(client: httpx.AsyncClient, user_id: str, path: str = path) -> None:
            answer = await client.delete(f"{path}/members/{user_id}")
            statuses.append(answer.status_code)  # noqa: B023 - the group ends within the round

        async with anyio.create_task_group() as tasks:
            for client, user_id in leaving.items():
                tasks.start_soon(leave, client, user_id)
        assert sorted(statuses) == [204, 409]


@pytest.mark.parametrize("role", ["viewer", "commenter", "editor"])
async def test_every_member_may_leave(
    api: Api, owner: httpx.AsyncClient, path: str, role: str
) -> None:
    user_id = fresh("member")
    await owner.put(f"{path}/members/{user_id}", json={"role": role})
    member = await api.user(user_id)
    assert (await member.delete(f"{path}/members/{user_id}")).status_code == 204
    assert_problem(await member.get(path), 403, "forbidden")


async def test_members_are_listed_page_by_page(owner: httpx.AsyncClient, path: str) -> None:
    owner_id = await me(owner, path)
    added = [f"member-{number}" for number in range(4)]
    for user_id in added:
        await owner.put(f"{path}/members/{user_id}", json={"role": "viewer"})
    seen: list[str] = []
    params: dict[str, str | int] = {"limit": 2}
    while True:
        page = (await owner.get(f"{path}/members", params=params)).json()
        seen += [item["user_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == sorted([*added, owner_id])
    answer = await owner.get(f"{path}/members", params={"cursor": "x"})
    assert_problem(answer, 422, "invalid_request")


async def test_the_members_of_a_deleted_workflow_are_gone_when_its_id_is_taken_again(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    await owner.put(f"{path}/members/ann", json={"role": "owner"})
    await owner.delete(path)
    other = await api.user(fresh("other"))
    await other.post("/api/workflows", json={"id": path.rsplit("/", 1)[1]})
    assert len((await other.get(f"{path}/members")).json()["items"]) == 1
    assert_problem(await owner.get(path), 403, "forbidden")


async def test_a_guest_cannot_be_made_a_member(owner: httpx.AsyncClient, path: str) -> None:
    refused = await owner.put(f"{path}/members/guest:abc", json={"role": "owner"})
    assert_problem(refused, 422, "invalid_request")
