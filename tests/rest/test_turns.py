"""The turn of the mode sequential: asked for, queued for, passed on, taken over. [ACC-1]"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from tests.rest.conftest import assert_problem
from tests.rest.locking import member, until
from tests.rest.session_calls import (
    act,
    actions,
    audited,
    change,
    join,
    look,
    name_of,
    of_turn,
    turn_after,
)

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api


@pytest.fixture
async def ann(api: Api, owner: httpx.AsyncClient, path: str) -> httpx.AsyncClient:
    return await member(api, owner, path, "editor")


@pytest.fixture
async def bob(api: Api, owner: httpx.AsyncClient, path: str) -> httpx.AsyncClient:
    return await member(api, owner, path, "editor")


@pytest.fixture
async def session(owner: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """A session in the mode sequential, in which nobody has the turn."""
    return await join(owner, path, collaboration_mode="sequential")


async def turn(client: httpx.AsyncClient, session: dict[str, Any]) -> tuple[str | None, list[str]]:
    return of_turn((await look(client, session))["turn"])


async def test_nobody_has_the_turn_until_it_is_asked_for(
    owner: httpx.AsyncClient,
    ann: httpx.AsyncClient,
    bob: httpx.AsyncClient,
    path: str,
    session: dict[str, Any],
) -> None:
    assert await turn(owner, session) == (None, [])
    answer = await act(ann, session, "turn/request")
    assert answer.json()["holder_name"] == name_of(ann).capitalize()
    assert answer.json()["since"].endswith("Z")
    assert await turn_after(ann, session, "request") == (name_of(ann), [])
    assert await turn_after(bob, session, "request") == (name_of(ann), [name_of(bob)])
    assert await turn_after(bob, session, "request") == (name_of(ann), [name_of(bob)])
    # Even an owner waits, as long as he does not take over.
    queued = [name_of(bob), name_of(owner)]
    assert await turn_after(owner, session, "request") == (name_of(ann), queued)
    assert await actions(owner, path, "turn") == [
        "turn.granted",
        "turn.requested",
        "turn.requested",
    ]


async def test_the_turn_passes_to_the_first_who_asked_and_at_last_to_nobody(
    owner: httpx.AsyncClient,
    ann: httpx.AsyncClient,
    bob: httpx.AsyncClient,
    path: str,
    session: dict[str, Any],
) -> None:
    for client in (ann, bob, owner):
        await act(client, session, "turn/request")
    assert await turn_after(ann, session, "pass") == (name_of(bob), [name_of(owner)])
    problem = assert_problem(await act(ann, session, "turn/pass"), 409, "turn_not_yours")
    assert name_of(bob) in problem["detail"]
    assert await turn_after(bob, session, "pass") == (name_of(owner), [])
    assert await turn_after(owner, session, "pass") == (None, [])
    assert_problem(await act(owner, session, "turn/pass"), 409, "turn_not_yours")
    passed = [
        (entry["user_id"], entry["details"])
        for entry in await audited(owner, path, "turn")
        if entry["action"] == "turn.passed"
    ]
    assert passed == [
        (name_of(ann), {"from": name_of(ann), "to": name_of(bob)}),
        (name_of(bob), {"from": name_of(bob), "to": name_of(owner)}),
        (name_of(owner), {"from": name_of(owner), "to": None}),
    ]


async def test_the_turn_passes_to_who_is_named_and_takes_part_and_may_edit(
    api: Api,
    owner: httpx.AsyncClient,
    ann: httpx.AsyncClient,
    bob: httpx.AsyncClient,
    path: str,
    session: dict[str, Any],
) -> None:
    viewer = await member(api, owner, path, "viewer")
    await join(viewer, path)
    await act(ann, session, "turn/request")
    await act(owner, session, "turn/request")
    for wrong in (name_of(viewer), name_of(bob), "nobody-here"):
        answer = await act(ann, session, "turn/pass", to=wrong)
        assert assert_problem(answer, 422, "invalid_request")["errors"][0]["path"] == "/to"
    await join(bob, path)
    assert await turn_after(ann, session, "pass", to=name_of(bob)) == (
        name_of(bob),
        [name_of(owner)],
    )
    assert await turn_after(bob, session, "pass", to=name_of(owner)) == (name_of(owner), [])


async def test_who_may_not_edit_cannot_have_the_turn(
    api: Api, owner: httpx.AsyncClient, path: str, session: dict[str, Any]
) -> None:
    for role in ("viewer", "commenter"):
        client = await member(api, owner, path, role)
        for action in ("turn/request", "turn/take-over"):
            assert_problem(await act(client, session, action), 403, "forbidden")
        assert_problem(await act(client, session, "turn/pass"), 409, "turn_not_yours")
    assert await turn(owner, session) == (None, [])


async def test_the_turn_of_who_is_not_idle_is_taken_over_by_owners_alone(
    owner: httpx.AsyncClient,
    ann: httpx.AsyncClient,
    bob: httpx.AsyncClient,
    path: str,
    session: dict[str, Any],
) -> None:
    assert await turn_after(bob, session, "take-over") == (name_of(bob), [])
    problem = assert_problem(await act(ann, session, "turn/take-over"), 409, "turn_held")
    assert (problem["holder"], problem["holder_name"]) == (
        name_of(bob),
        name_of(bob).capitalize(),
    )
    assert 0 <= problem["idle_s"] < 60
    await act(owner, session, "turn/request")
    assert await turn_after(owner, session, "take-over") == (name_of(owner), [])
    assert await actions(owner, path, "turn") == [
        "turn.granted",
        "turn.requested",
        "turn.taken_over",
    ]


async def test_outside_of_the_mode_sequential_there_is_no_turn(
    owner: httpx.AsyncClient, ann: httpx.AsyncClient, path: str
) -> None:
    session = await join(owner, path)
    for action in ("turn/request", "turn/pass", "turn/take-over"):
        assert_problem(await act(owner, session, action), 409, "not_sequential")
    await change(owner, session, collaboration_mode="sequential")
    await act(ann, session, "turn/request")
    await act(owner, session, "turn/request")
    await change(owner, session, collaboration_mode="locked")
    assert_problem(await act(ann, session, "turn/pass"), 409, "not_sequential")
    await change(owner, session, collaboration_mode="sequential")
    assert await turn(owner, session) == (None, [])


async def test_of_ten_who_ask_at_once_one_has_the_turn_and_nine_wait_each_once(
    api: Api, owner: httpx.AsyncClient, path: str, session: dict[str, Any]
) -> None:
    clients = [await member(api, owner, path, "editor") for _ in range(10)]

    async def ask(client: httpx.AsyncClient) -> None:
        for _ in range(2):
            assert (await act(client, session, "turn/request")).status_code == 200

    async with anyio.create_task_group() as tasks:
        for client in clients:
            tasks.start_soon(ask, client)
    holder, waiting = await turn(owner, session)
    assert sorted([str(holder), *waiting]) == sorted(name_of(client) for client in clients)


async def test_who_leaves_passes_the_turn_on_and_does_not_wait_for_it_any_more(
    owner: httpx.AsyncClient,
    ann: httpx.AsyncClient,
    bob: httpx.AsyncClient,
    path: str,
    session: dict[str, Any],
) -> None:
    for client in (ann, owner, bob):
        await act(client, session, "turn/request")
    await act(owner, session, "leave")
    assert await turn(owner, session) == (name_of(ann), [name_of(bob)])
    await act(ann, session, "leave")
    assert await turn(owner, session) == (name_of(bob), [])
    await act(bob, session, "leave")
    assert await turn(owner, session) == (None, [])
    assert await actions(owner, path, "turn") == [
        "turn.granted",
        "turn.requested",
        "turn.requested",
        "turn.request_dropped",
        "turn.passed",
        "turn.passed",
    ]


async def test_acc_3_the_loss_of_the_right_to_edit_passes_the_turn_on(
    owner: httpx.AsyncClient,
    ann: httpx.AsyncClient,
    bob: httpx.AsyncClient,
    path: str,
    session: dict[str, Any],
) -> None:
    await act(ann, session, "turn/request")
    await act(bob, session, "turn/request")
    await owner.put(f"{path}/members/{name_of(ann)}", json={"role": "viewer"})

    async def has_passed() -> bool:
        return await turn(owner, session) == (name_of(bob), [])

    await until(has_passed, within_s=5)
    (entry,) = [e for e in await audited(owner, path, "turn") if e["action"] == "turn.passed"]
    assert entry["user_id"] == "system"
    assert entry["details"]["reason"] == "may_not_edit"


async def test_a_right_that_only_the_token_gives_is_enough_for_the_turn(
    api: Api, owner: httpx.AsyncClient, ann: httpx.AsyncClient, path: str, session: dict[str, Any]
) -> None:
    workflow_id = session["workflow_id"]
    hosted = await api.user("hosted-" + workflow_id, workflows={workflow_id: "editor"})
    await act(ann, session, "turn/request")
    await act(hosted, session, "turn/request")
    assert await turn_after(ann, session, "pass") == (name_of(hosted), [])
    await act(ann, session, "turn/request")
    # The sweep that takes another's turn away has judged his too.
    elsewhere = await api.workflow(owner)
    other = await join(owner, elsewhere, collaboration_mode="sequential")
    await owner.put(f"{elsewhere}/members/{name_of(ann)}", json={"role": "editor"})
    await act(ann, other, "turn/request")
    await owner.put(f"{elsewhere}/members/{name_of(ann)}", json={"role": "viewer"})

    async def was_swept() -> bool:
        return await turn(owner, other) == (None, [])

    await until(was_swept, within_s=5)
    assert await turn(owner, session) == (name_of(hosted), [name_of(ann)])


async def test_acc_1_edits_follow_the_turn_at_once(
    owner: httpx.AsyncClient, ann: httpx.AsyncClient, path: str, session: dict[str, Any]
) -> None:
    async def edit(client: httpx.AsyncClient, value: int) -> httpx.Response:
        return await client.patch(f"{path}/nodes/ask", json={"data": {"k": value}})

    assert_problem(await edit(ann, 1), 403, "edit_forbidden")
    await act(ann, session, "turn/request")
    assert (await edit(ann, 2)).status_code == 200
    assert_problem(await edit(owner, 3), 403, "edit_forbidden")
    await act(owner, session, "turn/take-over")
    assert (await edit(owner, 4)).status_code == 200
    assert_problem(await edit(ann, 5), 403, "edit_forbidden")
    await act(owner, session, "turn/pass")
    assert_problem(await edit(owner, 6), 403, "edit_forbidden")
