"""Sessions over HTTP: one per workflow, created, joined, looked at, left, full, changed, ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from server.core.colors import color_of
from tests.rest.conftest import assert_problem, fresh, id_of
from tests.rest.locking import acquire, held, member
from tests.rest.session_calls import (
    SESSIONS,
    act,
    actions,
    ask_to_join,
    audited,
    change,
    join,
    look,
    name_of,
    who,
)

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api


@pytest.fixture
async def ann(api: Api, owner: httpx.AsyncClient, path: str) -> httpx.AsyncClient:
    return await member(api, owner, path, "editor")


@pytest.fixture
async def bob(api: Api, owner: httpx.AsyncClient, path: str) -> httpx.AsyncClient:
    return await member(api, owner, path, "viewer")


async def test_the_first_creates_the_session_and_all_others_join_it(
    owner: httpx.AsyncClient, ann: httpx.AsyncClient, path: str
) -> None:
    created = await ask_to_join(owner, path)
    assert created.status_code == 201, created.text
    session = created.json()
    assert created.headers["location"] == f"{SESSIONS}/{session['session_id']}"
    assert set(session) == {
        *("session_id", "workflow_id", "collaboration_mode", "max_users", "participants"),
        *("permissions", "created_by", "created_at", "last_activity", "turn"),
    }
    assert session["permissions"] == ["view", "comment", "edit", "share", "manage"]
    assert session["workflow_id"] == id_of(path)
    assert (session["collaboration_mode"], session["max_users"]) == ("parallel", None)
    assert session["created_by"] == name_of(owner)
    assert session["created_at"].endswith("Z")
    assert session["turn"] == {"holder": None, "holder_name": None, "since": None, "requests": []}
    (only,) = session["participants"]
    assert only.pop("last_active").endswith("Z")
    assert only == {
        "user_id": name_of(owner),
        "user_name": name_of(owner).capitalize(),
        "user_color": color_of(only["user_id"]),
        "role": "owner",
        "cursor_position": None,
        "selected_node": None,
    }

    joined = await ask_to_join(ann, path)
    assert joined.status_code == 200
    assert joined.json()["permissions"] == ["view", "comment", "edit", "share"]
    assert joined.json()["session_id"] == session["session_id"]
    seen = await look(owner, session)
    assert {(each["user_id"], each["role"]) for each in seen["participants"]} == {
        (name_of(owner), "owner"),
        (name_of(ann), "editor"),
    }
    again = await ask_to_join(ann, path)
    assert (again.status_code, len(again.json()["participants"])) == (200, 2)
    assert await actions(owner, path, "session") == [
        "session.created",
        "session.joined",
        "session.joined",
    ]


async def test_of_twenty_who_come_at_once_one_creates_and_nineteen_join(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    clients = [await member(api, owner, path, "editor") for _ in range(20)]
    answers: list[httpx.Response] = []

    async def come(client: httpx.AsyncClient) -> None:
        answers.append(await ask_to_join(client, path))

    async with anyio.create_task_group() as tasks:
        for client in clients:
            tasks.start_soon(come, client)
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["session_id"] for answer in answers}) == 1
    assert await who(owner, answers[0].json()) == {name_of(client) for client in clients}


async def test_a_full_session_is_409_with_the_count_except_for_owners_and_who_is_in(
    api: Api,
    owner: httpx.AsyncClient,
    ann: httpx.AsyncClient,
    bob: httpx.AsyncClient,
    path: str,
) -> None:
    session = await join(owner, path, max_users=2)
    await join(ann, path)
    problem = assert_problem(await ask_to_join(bob, path), 409, "session_full")
    assert (problem["participants"], problem["max_users"]) == (2, 2)
    assert_problem(await act(bob, session, "heartbeat"), 409, "session_full")
    await join(ann, path)
    second = await member(api, owner, path, "owner")
    await join(second, path)
    problem = assert_problem(await ask_to_join(bob, path), 409, "session_full")
    assert problem["participants"] == 3
    await act(second, session, "leave")
    await act(ann, session, "leave")
    await join(bob, path)
    assert await who(owner, session) == {name_of(owner), name_of(bob)}


async def test_the_last_seat_is_taken_once_by_ten_who_come_at_once(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    session = await join(owner, path, max_users=3)
    clients = [await member(api, owner, path, "editor") for _ in range(10)]
    statuses: list[int] = []

    async def come(client: httpx.AsyncClient) -> None:
        statuses.append((await ask_to_join(client, path)).status_code)

    async with anyio.create_task_group() as tasks:
        for client in clients:
            tasks.start_soon(come, client)
    assert sorted(statuses) == [200] * 2 + [409] * 8
    assert len(await who(owner, session)) == 3


async def test_mode_and_max_users_are_set_by_owners_and_ignored_from_others(
    owner: httpx.AsyncClient, ann: httpx.AsyncClient, path: str
) -> None:
    session = await join(ann, path, collaboration_mode="locked", max_users=7)
    assert (session["collaboration_mode"], session["max_users"]) == ("parallel", None)
    session = await join(owner, path, collaboration_mode="locked", max_users=7)
    assert (session["collaboration_mode"], session["max_users"]) == ("locked", 7)
    session = await join(ann, path, collaboration_mode="parallel")
    assert (session["collaboration_mode"], session["max_users"]) == ("locked", 7)
    assert_problem(await change(ann, session, max_users=9), 403, "forbidden")
    changed = await change(owner, session, collaboration_mode="sequential")
    assert changed.status_code == 200
    assert (changed.json()["collaboration_mode"], changed.json()["max_users"]) == ("sequential", 7)
    changed = await change(owner, session, max_users=None)
    assert (changed.json()["collaboration_mode"], changed.json()["max_users"]) == (
        "sequential",
        None,
    )
    await change(owner, session)
    first, *others = [
        entry["details"]
        for entry in await audited(owner, path, "session")
        if entry["action"] == "session.mode_changed"
    ]
    assert first == {
        "from": {"mode": "parallel", "max_users": None},
        "to": {"mode": "locked", "max_users": 7},
    }
    assert len(others) == 2


async def test_mode_and_max_users_belong_to_the_workflow_and_outlive_its_session(
    owner: httpx.AsyncClient, path: str
) -> None:
    session = await join(owner, path, collaboration_mode="sequential", max_users=7)
    assert (await owner.delete(f"{SESSIONS}/{session['session_id']}")).status_code == 204
    following = await join(owner, path)
    assert following["session_id"] != session["session_id"]
    assert (following["collaboration_mode"], following["max_users"]) == ("sequential", 7)


async def test_a_heartbeat_shows_cursor_and_node_and_keeps_what_it_leaves_out(
    owner: httpx.AsyncClient, ann: httpx.AsyncClient, path: str
) -> None:
    session = await join(owner, path)
    await join(ann, path)

    async def shown() -> tuple[Any, Any]:
        (mine,) = [
            each
            for each in (await look(owner, session))["participants"]
            if each["user_id"] == name_of(ann)
        ]
        return mine["cursor_position"], mine["selected_node"]

    cursor = {"x": 10.5, "y": -3}
    answer = await act(ann, session, "heartbeat", cursor_position=cursor, selected_node="ask")
    assert answer.status_code == 200, answer.text
    assert answer.json().pop("last_active").endswith("Z")
    assert (answer.json()["session_id"], answer.json()["user_id"]) == (
        session["session_id"],
        name_of(ann),
    )
    assert await shown() == (cursor, "ask")
    bare = await ann.post(f"{SESSIONS}/{session['session_id']}/heartbeat")
    assert bare.status_code == 200
    assert await shown() == (cursor, "ask")
    await act(ann, session, "heartbeat", cursor_position=None)
    assert await shown() == (None, "ask")
    seen = {"x": 0, "y": 0, "viewport": {"x": 1, "y": 2, "zoom": 0.5}}
    await act(ann, session, "heartbeat", cursor_position=seen)
    assert await shown() == (seen, "ask")


async def test_who_leaves_is_gone_and_joins_again_by_a_heartbeat(
    owner: httpx.AsyncClient, ann: httpx.AsyncClient, path: str
) -> None:
    session = await join(owner, path)
    await join(ann, path)
    assert (await act(ann, session, "leave")).json() == {"left": True}
    assert await who(owner, session) == {name_of(owner)}
    assert (await ann.post(f"{SESSIONS}/{session['session_id']}/leave")).json() == {"left": True}
    left = [e for e in await audited(owner, path, "session") if e["action"] == "session.left"]
    assert [(e["user_id"], e["details"]) for e in left] == [(name_of(ann), {"reason": "left"})]
    assert left[0]["session_id"] == session["session_id"]
    assert (await act(ann, session, "heartbeat")).status_code == 200
    assert await who(owner, session) == {name_of(owner), name_of(ann)}


async def test_leaving_ends_the_locks_taken_in_the_session(
    owner: httpx.AsyncClient, ann: httpx.AsyncClient, path: str
) -> None:
    session = await join(ann, path)
    await acquire(ann, path, "node", "ask", session_id=session["session_id"])
    kept = await acquire(ann, path, "node", "mail")
    await act(ann, session, "leave")
    assert await held(owner, path) == [kept]


async def test_an_ended_session_is_gone_with_its_locks_and_another_can_begin(
    owner: httpx.AsyncClient, ann: httpx.AsyncClient, path: str
) -> None:
    session = await join(ann, path)
    url = f"{SESSIONS}/{session['session_id']}"
    await acquire(ann, path, "node", "ask", session_id=session["session_id"])
    assert_problem(await ann.delete(url), 403, "forbidden")
    assert (await owner.delete(url)).status_code == 204
    assert await held(owner, path) == []
    assert_problem(await ann.get(url), 404, "session_not_found")
    assert_problem(await owner.delete(url), 404, "session_not_found")
    for action in ("leave", "heartbeat", "turn/request", "turn/pass", "turn/take-over"):
        assert_problem(await act(ann, session, action), 404, "session_not_found")
    assert_problem(await change(owner, session, max_users=3), 404, "session_not_found")
    again = await ask_to_join(ann, path)
    assert again.status_code == 201
    assert await who(ann, again.json()) == {name_of(ann)}
    assert "session.ended" in await actions(owner, path, "session")


async def test_nobody_learns_of_a_session_in_a_workflow_that_he_may_not_view(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    session = await join(owner, path)
    stranger = await api.user(fresh("stranger"))
    unknown = {"session_id": "0" * 32}

    def told(answer: httpx.Response, asked: dict[str, Any]) -> dict[str, Any]:
        problem = assert_problem(answer, 404, "session_not_found")
        return {**problem, "detail": problem["detail"].replace(asked["session_id"], "ID")}

    for action in ("leave", "heartbeat", "turn/request", "turn/pass", "turn/take-over"):
        seen, not_there = [
            told(await act(stranger, each, action), each) for each in (session, unknown)
        ]
        assert seen == not_there
    for method in ("GET", "DELETE"):
        seen, not_there = [
            told(await stranger.request(method, f"{SESSIONS}/{each['session_id']}"), each)
            for each in (session, unknown)
        ]
        assert seen == not_there
    assert told(await change(stranger, session), session) == told(
        await change(stranger, unknown), unknown
    )
    assert_problem(await ask_to_join(stranger, path), 403, "forbidden")
    assert_problem(await ask_to_join(stranger, "/unknown"), 404, "workflow_not_found")


async def test_a_removed_member_finds_no_session_any_more(
    owner: httpx.AsyncClient, ann: httpx.AsyncClient, path: str
) -> None:
    session = await join(ann, path)
    await owner.delete(f"{path}/members/{name_of(ann)}")
    assert_problem(await act(ann, session, "heartbeat"), 404, "session_not_found")


async def test_a_deleted_workflow_takes_its_session_along(
    owner: httpx.AsyncClient, path: str
) -> None:
    session = await join(owner, path)
    await owner.delete(path)
    url = f"{SESSIONS}/{session['session_id']}"
    assert_problem(await owner.get(url), 404, "session_not_found")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, "/workflow_id"),
        ({"workflow_id": 1}, "/workflow_id"),
        ({"workflow_id": "w", "collaboration_mode": "anarchy"}, "/collaboration_mode"),
        ({"workflow_id": "w", "max_users": 0}, "/max_users"),
        ({"workflow_id": "w", "max_users": 2**70}, "/max_users"),
        ([], ""),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused(
    owner: httpx.AsyncClient, body: Any, wrong: str
) -> None:
    problem = assert_problem(await owner.post(SESSIONS, json=body), 422, "invalid_request")
    assert problem["errors"][0]["path"] == wrong


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"cursor_position": {"x": 1}}, "/cursor_position/y"),
        ({"cursor_position": [1, 2]}, "/cursor_position"),
        ({"selected_node": "a\0b"}, "/selected_node"),
        ({"selected_node": "n" * 513}, "/selected_node"),
    ],
)
async def test_a_heartbeat_that_makes_no_sense_is_refused(
    owner: httpx.AsyncClient, path: str, body: Any, wrong: str
) -> None:
    session = await join(owner, path)
    problem = assert_problem(await act(owner, session, "heartbeat", **body), 422, "invalid_request")
    assert problem["errors"][0]["path"] == wrong


@pytest.mark.parametrize("session_id", ["x", "a%00b", "s" * 500, "%F0%9F%98%80"])
async def test_what_cannot_be_a_session_is_none(owner: httpx.AsyncClient, session_id: str) -> None:
    assert_problem(await owner.get(f"{SESSIONS}/{session_id}"), 404, "session_not_found")


async def test_in_jwt_mode_a_user_id_that_is_not_the_tokens_is_refused(
    owner: httpx.AsyncClient, path: str
) -> None:
    assert_problem(await ask_to_join(owner, path, user_id="eve"), 403, "identity_mismatch")
    answer = await owner.post(
        f"{SESSIONS}?user_id={name_of(owner)}", json={"workflow_id": id_of(path)}
    )
    assert answer.status_code == 201
    session = answer.json()
    for action in ("leave", "heartbeat", "turn/request", "turn/pass", "turn/take-over"):
        refused = await act(owner, session, action, user_id="eve")
        assert_problem(refused, 403, "identity_mismatch")


async def test_the_seeds_examples_run_as_printed_in_dev_mode(dev_api: Api) -> None:
    nobody = await dev_api.nobody()
    workflow_id = fresh("workflow")
    created = await nobody.post(
        f"{SESSIONS}?user_id=user-123",
        json={"workflow_id": workflow_id, "collaboration_mode": "parallel"},
    )
    assert created.status_code == 201, created.text
    session = created.json()
    assert session["created_by"] == "user-123"
    assert session["participants"][0]["role"] == "owner"
    fetched = await nobody.post(SESSIONS, json={"workflow_id": workflow_id, "user_id": "user-456"})
    assert fetched.status_code == 200
    assert fetched.json()["session_id"] == session["session_id"]
    details = await nobody.get(f"{SESSIONS}/{session['session_id']}")
    assert details.status_code == 200
    assert {each["user_id"] for each in details.json()["participants"]} == {
        "user-123",
        "user-456",
    }
    left = await nobody.post(f"{SESSIONS}/{session['session_id']}/leave?user_id=user-456")
    assert left.json() == {"left": True}


async def test_an_id_that_no_workflow_can_have_is_404_and_creates_nothing(dev_api: Api) -> None:
    nobody = await dev_api.nobody()
    for workflow_id in ("", "a b", "x" * 129, "a\0b", ".."):
        answer = await nobody.post(SESSIONS, json={"workflow_id": workflow_id})
        assert_problem(answer, 404, "workflow_not_found")


@pytest.mark.parametrize("far", [1e12, -1e12])
async def test_a_cursor_at_the_edge_of_all_canvases_is_read_back_and_one_beyond_is_refused(
    api: Api, owner: httpx.AsyncClient, path: str, far: float
) -> None:
    """A number that the database writes out in full would be none of 64 bits to who reads it."""
    session = await join(owner, path)
    at = {"x": far, "y": 1e-300, "viewport": {"x": 0, "y": 0, "zoom": far}}
    assert (await act(owner, session, "heartbeat", cursor_position=at)).is_success
    [seen] = (await look(owner, session))["participants"]
    assert seen["cursor_position"] == at
    refused = await act(owner, session, "heartbeat", cursor_position={**at, "x": far * 1e288})
    assert_problem(refused, 422, "invalid_request")
    assert (await look(owner, session))["participants"][0]["cursor_position"] == at
