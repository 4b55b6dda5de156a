"""Share links redeemed: as a user, as a guest, by many at once; and what that gives, on REST."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
import jwt
import pytest

from server.core.guests import GUEST_KEY_ID
from tests.rest.commenting import comment
from tests.rest.conftest import assert_problem, fresh, id_of
from tests.rest.sharing import (
    DAYS_PER_SECOND,
    SHARES,
    claims_of,
    guest,
    redeem,
    share,
    token_of,
)

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api

REDEEMERS = 50


async def uses(owner: httpx.AsyncClient, shared: dict[str, Any]) -> int:
    found: int = (await owner.get(f"{SHARES}/{shared['share_id']}")).json()["uses"]
    return found


# As a user


async def test_a_user_who_redeems_a_share_has_what_it_grants(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path, "comment")
    user_id = fresh("user")
    user = await api.user(user_id)
    assert_problem(await user.get(path), 403, "forbidden")
    assert await redeem(user, shared, name="ignored") == {
        "workflow_id": id_of(path),
        "user_id": user_id,
        "token": None,
        "permissions": shared["permissions"],
    }
    seen = (await user.get(path)).json()
    assert (seen["role"], len(seen["nodes"])) == ("commenter", 2)
    refused = await user.patch(f"{path}/nodes/ask", json={"data": {"k": 1}})
    assert_problem(refused, 403, "forbidden")


async def test_a_user_has_the_union_of_membership_and_all_redeemed_shares(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    user_id = fresh("user")
    user = await api.user(user_id)
    await owner.put(f"{path}/members/{user_id}", json={"role": "viewer"})
    await redeem(user, await share(owner, path, "comment"))
    await redeem(user, await share(owner, path, "edit"))
    assert (await user.get(path)).json()["role"] == "commenter"
    edited = await user.patch(f"{path}/nodes/ask", json={"data": {"k": 1}})
    assert edited.status_code == 200
    last = await share(owner, path, "share")
    await redeem(user, last)
    assert (await user.get(path)).json()["role"] == "editor"
    await owner.delete(f"{SHARES}/{last['share_id']}")
    assert (await user.get(path)).json()["role"] == "commenter"


async def test_a_redeemed_workflow_is_listed_until_the_share_ends(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path, "comment")
    user = await api.user(fresh("user"))
    came = await guest(api, shared)
    assert (await user.get("/api/workflows")).json()["items"] == []
    await redeem(user, shared)
    for client in (user, came):
        (listed,) = (await client.get("/api/workflows")).json()["items"]
        assert (listed["id"], listed["role"]) == (id_of(path), "commenter")
    await owner.delete(f"{SHARES}/{shared['share_id']}")
    for client in (user, came):
        assert (await client.get("/api/workflows")).json()["items"] == []


# As a guest


async def test_who_has_no_identity_becomes_a_guest_with_a_token(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path)
    nobody = await api.nobody()
    found = await redeem(nobody, shared, name="  Zoe ")
    assert found["user_id"].startswith("guest:")
    assert found["permissions"] == shared["permissions"]
    assert jwt.get_unverified_header(found["token"])["kid"] == GUEST_KEY_ID
    claims = claims_of(found["token"])
    assert (claims["sub"], claims["name"]) == (found["user_id"], "Zoe")
    assert claims["share"] == shared["share_id"].partition("~")[0]
    left_s = claims["exp"] - datetime.now(UTC).timestamp()
    assert 86_400 - 60 < left_s <= 86_400 + 5
    by_query = await nobody.get(path, params={"token": found["token"]})
    assert by_query.json()["role"] == "viewer"
    other = await redeem(await api.nobody(), shared)
    assert other["user_id"] != found["user_id"]
    assert claims_of(other["token"])["name"] == "Guest"


async def test_a_share_can_be_redeemed_without_a_body(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path)
    answer = await (await api.nobody()).post(f"{SHARES}/{shared['share_id']}/redeem")
    assert answer.status_code == 200
    assert answer.json()["token"]


async def test_a_guests_token_never_outlives_the_share(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path, expires_in_days=0.25)
    token = (await redeem(await api.nobody(), shared))["token"]
    ends_at = datetime.fromisoformat(shared["expires_at"]).timestamp()
    assert claims_of(token)["exp"] == pytest.approx(ends_at, abs=0.001)


@pytest.mark.parametrize("name", ["👩‍💻 Dev", "می‌خواهم"])
async def test_a_guest_may_have_a_name_with_joiners(
    api: Api, owner: httpx.AsyncClient, path: str, name: str
) -> None:
    shared = await share(owner, path, "comment")
    visitor = await guest(api, shared, name=name)
    assert (await comment(visitor, path, "hello"))["author_name"] == name
    again = await redeem(visitor, shared, name=name)
    assert claims_of(again["token"])["name"] == name


@pytest.mark.parametrize("name", ["n" * 257, "a\0b", "a\nb", "\u202eecila", "\u200d", 7])
async def test_a_guest_has_a_name_that_can_be_shown(
    api: Api, owner: httpx.AsyncClient, path: str, name: object
) -> None:
    shared = await share(owner, path)
    nobody = await api.nobody()
    answer = await nobody.post(f"{SHARES}/{shared['share_id']}/redeem", json={"name": name})
    problem = assert_problem(answer, 422, "invalid_request")
    assert problem["errors"][0]["path"] == "/name"
    assert await uses(owner, shared) == 0


async def test_live_2_a_stranger_cannot_make_the_server_hold_a_large_body(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path)
    nobody = await api.nobody()
    answer = await nobody.post(f"{SHARES}/{shared['share_id']}/redeem", json={"name": "n" * 20_000})
    assert_problem(answer, 413, "body_too_large")


async def test_acc_2_a_guest_with_a_viewers_share_reads_and_changes_nothing(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    client = await guest(api, await share(owner, path))
    for below in ("", "/state", "/export", "/members"):
        assert (await client.get(f"{path}{below}")).status_code == 200
    before = (await owner.get(path)).json()
    node = {"workflow_id": id_of(path), "resource_type": "node", "resource_id": "ask"}
    for method, target, body in (
        ("PATCH", path, []),
        ("PATCH", f"{path}/nodes/ask", {"data": {"k": 1}}),
        ("PATCH", f"{path}/edges/e1", {"data": {"k": 1}}),
        ("DELETE", path, None),
        ("PUT", f"{path}/members/zoe", {"role": "viewer"}),
        ("POST", SHARES, {"workflow_id": id_of(path)}),
        ("POST", "/api/collaboration/locks/acquire", node),
        ("POST", "/api/workflows", {"name": "mine"}),
    ):
        answer = await client.request(method, target, json=body)
        assert_problem(answer, 403, "forbidden")
    assert (await owner.get(path)).json() == before


async def test_a_guest_with_an_editors_share_edits_and_is_the_author(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    client = await guest(api, await share(owner, path, "edit"))
    edited = await client.patch(f"{path}/nodes/ask", json={"data": {"k": "v"}})
    assert (edited.status_code, edited.json()["data"]["k"]) == (200, "v")
    assert_problem(await client.delete(path), 403, "forbidden")


async def test_a_guest_of_one_workflow_is_a_stranger_to_the_others(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    client = await guest(api, await share(owner, path, "edit", "comment", "share"))
    other = await api.workflow(owner, name="private")
    elsewhere = await share(owner, other)
    assert_problem(await client.get(other), 403, "forbidden")
    row = elsewhere["share_id"].partition("~")[0]
    assert_problem(await client.get(f"{SHARES}/{row}"), 404, "share_not_found")
    assert_problem(await client.delete(f"{SHARES}/{row}"), 404, "share_not_found")
    before = token_of(client)
    renewed = await redeem(client, elsewhere)
    assert renewed["user_id"] == claims_of(before)["sub"]
    assert (await client.get(other)).status_code == 200
    assert (await client.get(path)).status_code == 200


async def test_sec_1_a_tampered_guest_token_is_nobodys(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    first, second = [await guest(api, await share(owner, path), name=n) for n in ("Ann", "Eve")]
    head, _, signature = token_of(first).split(".")
    first.headers["authorization"] = f"Bearer {head}.{token_of(second).split('.')[1]}.{signature}"
    assert_problem(await first.get(path), 401, "unauthenticated")
    host = await api.user("guest:" + "0" * 32, workflows={"*": "owner"})
    assert_problem(await host.get(path), 401, "unauthenticated")


async def test_a_guest_is_no_other_user(api: Api, owner: httpx.AsyncClient, path: str) -> None:
    client = await guest(api, await share(owner, path))
    answer = await client.get(path, params={"user_id": "ann"})
    assert_problem(answer, 403, "identity_mismatch")


# Counting


async def test_redeeming_again_is_free_for_a_user_and_for_a_guest_with_its_token(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path, max_uses=2)
    user = await api.user(fresh("user"))
    for _ in range(3):
        await redeem(user, shared)
    assert await uses(owner, shared) == 1
    came = await guest(api, shared)
    guest_id = claims_of(token_of(came))["sub"]
    again = await redeem(came, shared, name="Zoe")
    assert again["user_id"] == guest_id
    assert claims_of(again["token"])["name"] == "Zoe"
    assert await uses(owner, shared) == 2
    link = f"{SHARES}/{shared['share_id']}"
    nobody = await api.nobody()
    assert_problem(await nobody.post(f"{link}/redeem"), 410, "share_used_up")
    assert_problem(await nobody.get(link), 410, "share_used_up")
    for known in (user, came):
        assert (await known.get(link)).status_code == 200
        await redeem(known, shared)


@pytest.mark.parametrize("kind", ["guests", "users", "one user"])
async def test_acc_1_a_share_is_never_redeemed_more_often_than_it_may_be(
    api: Api, owner: httpx.AsyncClient, path: str, kind: str
) -> None:
    shared = await share(owner, path, max_uses=10)
    one = await api.user(fresh("one"))
    clients = [
        one
        if kind == "one user"
        else await (api.nobody() if kind == "guests" else api.user(fresh("user")))
        for _ in range(REDEEMERS)
    ]
    answers: list[httpx.Response] = []

    async def try_it(client: httpx.AsyncClient) -> None:
        link = f"{SHARES}/{shared['share_id']}/redeem"
        answers.append(await client.post(link, timeout=60))

    async with anyio.create_task_group() as tasks:
        for client in clients:
            tasks.start_soon(try_it, client)
    succeeded = [each for each in answers if each.status_code == 200]
    if kind == "one user":
        assert len(succeeded) == REDEEMERS
        assert await uses(owner, shared) == 1
        return
    assert len(succeeded) == 10
    assert len({each.json()["user_id"] for each in succeeded}) == 10
    for each in answers:
        if each not in succeeded:
            assert_problem(each, 410, "share_used_up")
    assert await uses(owner, shared) == 10


# Ending


async def test_acc_3_a_revoked_share_takes_back_what_it_gave(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path, "edit")
    user, came = await api.user(fresh("user")), await guest(api, shared)
    await redeem(user, shared)
    await owner.delete(f"{SHARES}/{shared['share_id']}")
    for client in (user, came):
        assert_problem(await client.get(path), 403, "forbidden")
        again = await client.post(f"{SHARES}/{shared['share_id']}/redeem")
        assert_problem(again, 410, "share_ended")


async def test_acc_1_an_expired_share_ends_within_a_second_and_the_audit_tells_it(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path, expires_in_days=1.5 * DAYS_PER_SECOND)
    client = await guest(api, shared)
    assert (await client.get(path)).status_code == 200
    with anyio.fail_after(10):
        while (await client.get(path)).status_code == 200:
            await anyio.lowlevel.checkpoint()
    ended_at = datetime.now(UTC)
    late = ended_at - datetime.fromisoformat(shared["expires_at"])
    assert 0 <= late.total_seconds() < 1 + 2, "a second, and a margin for a busy machine"
    assert_problem(await client.get(path), 403, "forbidden")
    link = f"{SHARES}/{shared['share_id']}"
    assert_problem(await client.get(link), 410, "share_ended")
    assert_problem(await (await api.nobody()).post(f"{link}/redeem"), 410, "share_ended")
    audit = (await owner.get(f"/api/collaboration/audit/{id_of(path)}")).json()["items"]
    (expired,) = [each for each in audit if each["action"] == "share.expired"]
    assert expired["user_id"] == "system"
    assert expired["resource_id"] == shared["share_id"].partition("~")[0]
    assert (await owner.get(link)).json()["revoked"] is False


async def test_who_comes_at_the_moment_of_the_expiry_is_too_late(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path, expires_in_days=1e-9)
    nobody = await api.nobody()
    link = f"{SHARES}/{shared['share_id']}"
    assert_problem(await nobody.post(f"{link}/redeem"), 410, "share_ended")
    assert_problem(await nobody.get(link), 410, "share_ended")
    assert await uses(owner, shared) == 0
