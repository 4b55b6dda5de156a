"""Locks over HTTP: had by one, refused to the others with the holder's name, extended, released."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import anyio
import pytest

from rest.locks.service import MAX_PER_HOLDER
from tests.rest.conftest import assert_problem, fresh, id_of
from tests.rest.locking import (
    LOCKS,
    acquire,
    actions,
    ask,
    held,
    member,
    release,
    resource,
)
from tests.rest.session_calls import change, join

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api


@pytest.fixture
async def ann(api: Api, owner: httpx.AsyncClient, path: str) -> httpx.AsyncClient:
    return await member(api, owner, path, "editor")


@pytest.fixture
async def bob(api: Api, owner: httpx.AsyncClient, path: str) -> httpx.AsyncClient:
    return await member(api, owner, path, "editor")


def minutes_left(lock: dict[str, Any]) -> float:
    left: timedelta = datetime.fromisoformat(lock["expires_at"]) - datetime.now(UTC)
    return left.total_seconds() / 60


async def test_a_lock_is_granted_for_thirty_minutes_and_shown_whole(
    ann: httpx.AsyncClient, owner: httpx.AsyncClient, path: str
) -> None:
    lock = await acquire(ann, path, "node", "ask", reason="Rewording")
    assert set(lock) == {
        *("lock_id", "workflow_id", "resource_type", "resource_id", "locked_by"),
        *("locked_by_name", "reason", "expires_at", "fence"),
    }
    assert lock["workflow_id"] == id_of(path)
    assert (lock["resource_type"], lock["resource_id"]) == ("node", "ask")
    assert lock["locked_by_name"] == lock["locked_by"].capitalize()
    assert lock["reason"] == "Rewording"
    assert lock["expires_at"].endswith("Z")
    assert 29 < minutes_left(lock) < 31
    assert await held(owner, path) == [lock]


async def test_acc_1_a_conflict_is_409_and_names_the_holder_by_the_lock(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, path: str
) -> None:
    lock = await acquire(ann, path, "node", "ask")
    problem = assert_problem(await ask(bob, path, "node", "ask"), 409, "lock_held")
    assert problem["lock"] == lock
    assert lock["locked_by_name"] in problem["detail"]
    # The same id of another kind is another resource.
    assert (await ask(bob, path, "edge", "ask")).status_code == 200
    assert (await ask(bob, path, "node", "mail")).status_code == 200


@pytest.mark.parametrize(("kind", "name"), [("node", "ask"), ("edge", "e1")])
async def test_a_workflow_lock_excludes_every_other_users_lock_and_is_excluded_by_each(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, path: str, kind: str, name: str
) -> None:
    whole = await acquire(ann, path, "workflow")
    assert whole["resource_id"] == id_of(path)
    for asked in ((kind, name), ("workflow", id_of(path))):
        problem = assert_problem(await ask(bob, path, *asked), 409, "lock_held")
        assert problem["lock"] == whole
    await acquire(ann, path, kind, name)
    await release(ann, path, "workflow")
    problem = assert_problem(await ask(bob, path, "workflow"), 409, "lock_held")
    assert (problem["lock"]["resource_type"], problem["lock"]["resource_id"]) == (kind, name)
    # One's own locks are not in one's own way.
    await acquire(ann, path, "workflow")


async def test_acquiring_again_extends_the_same_lock_and_does_not_shorten_it(
    ann: httpx.AsyncClient, path: str
) -> None:
    first = await acquire(ann, path, "node", "ask", reason="A", duration_minutes=60)
    again = await acquire(ann, path, "node", "ask")
    assert again == first
    longer = await acquire(ann, path, "node", "ask", duration_minutes=120, reason="B")
    assert 119 < minutes_left(longer) < 121
    assert longer == {**first, "reason": "B", "expires_at": longer["expires_at"]}
    shorter = await acquire(ann, path, "node", "ask", duration_minutes=5)
    assert 4 < minutes_left(shorter) < 6
    assert await held(ann, path) == [shorter]


async def test_the_audit_knows_every_grant_extension_and_end(
    owner: httpx.AsyncClient, ann: httpx.AsyncClient, path: str
) -> None:
    await acquire(ann, path, "node", "ask")
    await acquire(ann, path, "node", "ask")
    await release(ann, path, "node", "ask")
    await acquire(ann, path, "node", "ask")
    await release(owner, path, "node", "ask", force=True)
    assert await actions(owner, path) == [
        *("lock.acquired", "lock.extended", "lock.released"),
        *("lock.acquired", "lock.force_released"),
    ]


async def test_fences_grow_with_every_grant_in_the_workflow(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, path: str
) -> None:
    fences = []
    for client, name in ((ann, "ask"), (bob, "mail"), (ann, "other")):
        fences.append((await acquire(client, path, "node", name))["fence"])
    await release(ann, path, "node", "ask")
    fences.append((await acquire(bob, path, "node", "ask"))["fence"])
    assert fences == sorted(set(fences))


async def test_acc_1_of_fifty_who_ask_at_once_exactly_one_gets_the_lock(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    clients = [await member(api, owner, path, "editor") for _ in range(50)]
    answers: list[httpx.Response] = []

    async def compete(client: httpx.AsyncClient) -> None:
        answers.append(await ask(client, path, "node", "ask"))

    async with anyio.create_task_group() as tasks:
        for client in clients:
            tasks.start_soon(compete, client)
    [winner] = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(answers) == 50
    for answer in answers:
        if answer.status_code != 200:
            assert assert_problem(answer, 409, "lock_held")["lock"] == winner
    assert await held(owner, path) == [winner]


async def test_a_lock_may_reserve_what_does_not_exist_yet(
    ann: httpx.AsyncClient, path: str
) -> None:
    name = "näher / bei ☂"
    assert (await acquire(ann, path, "node", name))["resource_id"] == name
    assert (await release(ann, path, "node", name)).status_code == 200


async def test_a_released_lock_is_free_and_cannot_be_released_twice(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, path: str
) -> None:
    await acquire(ann, path, "node", "ask")
    answer = await release(ann, path, "node", "ask")
    assert (answer.status_code, answer.json()) == (200, {"released": True})
    assert_problem(await release(ann, path, "node", "ask"), 404, "lock_not_found")
    await acquire(bob, path, "node", "ask")


async def test_only_the_holder_releases_or_an_owner_by_force(
    owner: httpx.AsyncClient, ann: httpx.AsyncClient, bob: httpx.AsyncClient, path: str
) -> None:
    lock = await acquire(ann, path, "node", "ask")
    for client, more in ((bob, {}), (bob, {"force": True}), (owner, {}), (owner, {"force": False})):
        answer = await release(client, path, "node", "ask", **more)
        assert assert_problem(answer, 403, "forbidden")["lock"] == lock
    assert await held(owner, path) == [lock]
    assert (await release(owner, path, "node", "ask", force=True)).status_code == 200
    assert await held(owner, path) == []


async def test_acc_1_who_may_no_longer_edit_has_no_lock_to_release(
    owner: httpx.AsyncClient, ann: httpx.AsyncClient, path: str
) -> None:
    lock = await acquire(ann, path, "node", "ask")
    await owner.put(f"{path}/members/{lock['locked_by']}", json={"role": "viewer"})
    assert_problem(await ask(ann, path, "node", "ask"), 403, "forbidden")
    assert_problem(await release(ann, path, "node", "ask"), 404, "lock_not_found")


@pytest.mark.parametrize("role", ["viewer", "commenter"])
async def test_who_may_only_look_sees_locks_and_gets_none(
    api: Api, owner: httpx.AsyncClient, ann: httpx.AsyncClient, path: str, role: str
) -> None:
    lock = await acquire(ann, path, "node", "ask")
    client = await member(api, owner, path, role)
    assert await held(client, path) == [lock]
    problem = assert_problem(await ask(client, path, "node", "mail"), 403, "forbidden")
    assert "edit" in problem["detail"]


async def test_a_stranger_learns_nothing_of_locks_and_sessions(
    api: Api, ann: httpx.AsyncClient, path: str
) -> None:
    await acquire(ann, path, "node", "ask")
    stranger = await api.user(fresh("stranger"))
    told = [
        {**assert_problem(answer, 403, "forbidden"), "detail": ""}
        for answer in (
            await ask(stranger, path, "node", "ask"),
            await ask(stranger, path, "node", "none"),
            await ask(stranger, path, "node", "none", session_id="none"),
            await release(stranger, path, "node", "ask"),
            await release(stranger, path, "node", "none", force=True),
            await stranger.get(f"{LOCKS}/{id_of(path)}"),
        )
    ]
    assert all(each == told[0] for each in told)
    nobody = await api.nobody()
    assert_problem(await ask(nobody, path, "node", "ask"), 401, "unauthenticated")
    assert_problem(await release(nobody, path, "node", "ask"), 401, "unauthenticated")
    assert_problem(await nobody.get(f"{LOCKS}/{id_of(path)}"), 401, "unauthenticated")


async def test_an_unknown_workflow_has_no_locks(owner: httpx.AsyncClient) -> None:
    for path in (f"/api/workflows/{fresh('none')}", "/api/workflows/a b", "/api/workflows/a\0b"):
        await _assert_unknown(owner, path)


async def _assert_unknown(owner: httpx.AsyncClient, path: str) -> None:
    assert_problem(await ask(owner, path, "node", "ask"), 404, "workflow_not_found")
    assert_problem(await release(owner, path, "node", "ask"), 404, "workflow_not_found")
    quoted = quote(id_of(path))
    assert_problem(await owner.get(f"{LOCKS}/{quoted}"), 404, "workflow_not_found")


async def test_an_unknown_session_is_404_and_locks_nothing(
    owner: httpx.AsyncClient, path: str
) -> None:
    answer = await ask(owner, path, "node", "ask", session_id="none")
    assert_problem(answer, 404, "session_not_found")
    assert await held(owner, path) == []


async def test_locks_are_listed_by_kind_and_page_by_page(
    owner: httpx.AsyncClient, path: str
) -> None:
    edges = [await acquire(owner, path, "edge", f"e{number}") for number in range(3)]
    nodes = [await acquire(owner, path, "node", f"n{number}") for number in range(2)]
    assert await held(owner, path) == edges + nodes
    assert await held(owner, path, resource_type="node") == nodes
    assert await held(owner, path, resource_type="workflow") == []
    seen: list[Any] = []
    params: dict[str, str | int] = {"limit": 2}
    while True:
        page = (await owner.get(f"{LOCKS}/{id_of(path)}", params=params)).json()
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == edges + nodes


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"workflow_id": None}, "/workflow_id"),
        ({"resource_type": "port"}, "/resource_type"),
        ({"resource_id": None}, "/resource_id"),
        ({"resource_id": ""}, "/resource_id"),
        ({"resource_id": 7}, "/resource_id"),
        ({"resource_id": "x" * 257}, "/resource_id"),
        ({"resource_id": "a\0b"}, "/resource_id"),
        ({"resource_type": "workflow", "resource_id": "other"}, "/resource_id"),
        ({"reason": "x" * 1001}, "/reason"),
        ({"reason": "a\0b"}, "/reason"),
        ({"session_id": "a\0b"}, "/session_id"),
        ({"session_id": "x" * 129}, "/session_id"),
        ({"duration_minutes": 0}, "/duration_minutes"),
        ({"duration_minutes": 0.016}, "/duration_minutes"),
        ({"duration_minutes": -1}, "/duration_minutes"),
        ({"duration_minutes": 1440.1}, "/duration_minutes"),
        ({"duration_minutes": 1e308}, "/duration_minutes"),
        ({"duration_minutes": "soon"}, "/duration_minutes"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused_with_the_place(
    owner: httpx.AsyncClient, path: str, changed: dict[str, Any], wrong: str
) -> None:
    body = {**resource(path, "node", "ask"), **changed}
    answer = await owner.post(f"{LOCKS}/acquire", json=body)
    problem = assert_problem(answer, 422, "invalid_request")
    assert [error["path"] for error in problem["errors"]] == [wrong]
    assert await held(owner, path) == []


@pytest.mark.parametrize("changed", [{"resource_id": None}, {"force": "maybe"}])
async def test_a_release_that_makes_no_sense_is_refused(
    owner: httpx.AsyncClient, path: str, changed: dict[str, Any]
) -> None:
    body = {**resource(path, "node", "ask"), **changed}
    answer = await owner.post(f"{LOCKS}/release", json=body)
    problem = assert_problem(answer, 422, "invalid_request")
    assert [error["path"] for error in problem["errors"]] == [f"/{next(iter(changed))}"]


@pytest.mark.parametrize("cursor", ["x", "WyJhIl0", "WyItMSJd", "WyI5OTk5OTk5OTk5OTk5OTk5OTk5Il0"])
async def test_a_cursor_that_is_none_of_locks_is_refused(
    owner: httpx.AsyncClient, path: str, cursor: str
) -> None:
    answer = await owner.get(f"{LOCKS}/{id_of(path)}", params={"cursor": cursor})
    assert_problem(answer, 422, "invalid_request")


async def test_the_longest_and_the_shortest_lock_are_granted(
    owner: httpx.AsyncClient, path: str
) -> None:
    day = await acquire(owner, path, "node", "ask", duration_minutes=1440)
    assert 1439 < minutes_left(day) < 1441
    await acquire(owner, path, "node", "mail", duration_minutes=0.02)


async def test_in_dev_mode_a_lock_on_an_unknown_workflow_creates_it(dev_api: Api) -> None:
    path = f"/api/workflows/{fresh('dev')}"
    nobody = await dev_api.nobody()
    lock = await acquire(nobody, path, "node", "ask", user_id="user-123")
    assert lock["locked_by"] == "user-123"
    other = await dev_api.user("user-456")
    assert_problem(await ask(other, path, "node", "ask"), 409, "lock_held")
    user = await dev_api.user("user-123")
    assert (await user.get(path)).json()["role"] == "owner"
    assert (await release(nobody, path, "node", "ask", user_id="user-123")).status_code == 200


async def test_sec_1_another_users_id_in_the_body_is_403_in_jwt_mode(
    owner: httpx.AsyncClient, path: str
) -> None:
    answer = await ask(owner, path, "node", "ask", user_id="somebody")
    assert_problem(answer, 403, "identity_mismatch")
    answer = await release(owner, path, "node", "ask", user_id="somebody")
    assert_problem(answer, 403, "identity_mismatch")


async def test_live_2_one_user_holds_so_many_locks_and_no_more(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, owner: httpx.AsyncClient, path: str
) -> None:
    session = {"session_id": (await join(owner, path))["session_id"]}
    assert (await change(owner, session, collaboration_mode="locked")).status_code == 200
    # What one creates in this mode one holds.
    added = [
        {"op": "add", "path": "/nodes/-", "value": {"id": f"new{n}", "position": {"x": n, "y": 0}}}
        for n in range(MAX_PER_HOLDER)
    ]
    answer = await ann.patch(path, json=added)
    assert answer.status_code == 200, answer.text
    refused = await ask(ann, path, "node", "ask")
    assert_problem(refused, 409, "too_many_locks")
    assert (await ask(ann, path, "node", "new7", duration_minutes=5)).status_code == 200, "extended"
    await acquire(bob, path, "node", "ask")
    await release(ann, path, "node", "new7")
    await acquire(ann, path, "node", "mail")
