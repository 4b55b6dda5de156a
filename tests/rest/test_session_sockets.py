"""Sockets take part in the session by themselves, hear what becomes of it, and find it full."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import anyio
import orjson
from websockets.exceptions import ConnectionClosed

from server.live import messages
from tests.python_clients import PythonClient, python_client
from tests.rest.conftest import fresh, id_of
from tests.rest.locking import member, until
from tests.rest.session_calls import (
    SESSIONS,
    act,
    actions,
    audited,
    change,
    join,
    look,
    name_of,
    who,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from tests.rest.conftest import Api

WITHIN_S = 1.0 + 2.0
"""[ACC-3], with a margin for a machine that is busy with other tests."""


@asynccontextmanager
async def socket_of(
    api: Api, client: httpx.AsyncClient, path: str, **more: Any
) -> AsyncIterator[PythonClient]:
    async with python_client(api.server, id_of(path), name_of(client), **more) as socket:
        yield socket


def awareness_of(socket: PythonClient, state: dict[str, Any]) -> bytes:
    """The frame with which a client shows this state for the first time."""
    json = orjson.dumps(state)
    entry = messages.var_uint(socket.doc.client_id) + messages.var_uint(1)
    return messages.awareness(b"\x01" + entry + messages.var_uint(len(json)) + json)


async def until_told(socket: PythonClient, kind: str, **members: Any) -> dict[str, Any]:
    """The first event of this type with these members; fails after a second."""

    def found() -> list[dict[str, Any]]:
        return [
            event
            for event in socket.events
            if event["type"] == kind and members.items() <= event.items()
        ]

    await socket.until(lambda: bool(found()), within_s=WITHIN_S)
    return found()[0]


async def until_closed(socket: PythonClient) -> tuple[int, str]:
    await socket.until(lambda: socket.closed is not None, within_s=WITHIN_S)
    assert socket.closed is not None
    return socket.closed


async def test_a_socket_opens_the_session_and_takes_part_in_it_by_itself(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    ann = await member(api, owner, path, "editor")
    async with socket_of(api, ann, path):

        async def is_created() -> bool:
            found = await actions(owner, path, "session")
            return found == ["session.created", "session.joined"]

        await until(is_created, within_s=5)
        created, joined = await audited(owner, path, "session")
        assert (joined["user_id"], joined["details"]) == (name_of(ann), {"by": "socket"})
        assert joined["resource_id"] == name_of(ann)
        assert joined["session_id"] == created["session_id"]
        assert created["user_id"] == name_of(ann)
        session = await join(owner, path)
        assert session["session_id"] == created["session_id"]
        assert session["created_by"] == name_of(ann)
        (mine,) = [p for p in session["participants"] if p["user_id"] == name_of(ann)]
        assert (mine["role"], mine["user_name"]) == ("editor", name_of(ann).capitalize())

    async def has_left() -> bool:
        return await who(owner, session) == {name_of(owner)}

    await until(has_left, within_s=5)


async def test_what_a_sockets_presence_shows_is_shown_to_rest(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    session = await join(owner, path)
    ann = await member(api, owner, path, "editor")
    async with socket_of(api, ann, path) as socket:
        await socket.send(
            awareness_of(socket, {"cursor": {"x": 3, "y": 4}, "selected_node": "ask"})
        )

        async def is_shown() -> bool:
            return any(
                (each["cursor_position"], each["selected_node"]) == ({"x": 3, "y": 4}, "ask")
                for each in (await look(owner, session))["participants"]
                if each["user_id"] == name_of(ann)
            )

        await until(is_shown, within_s=5)


async def test_sockets_are_told_who_comes_and_goes_by_rest_and_where_their_cursors_are(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    ann = await member(api, owner, path, "editor")
    async with socket_of(api, owner, path) as socket:
        session = await join(ann, path)
        event = await until_told(socket, "user_joined", user_id=name_of(ann))
        assert set(event) == {
            *("type", "user_id", "user_name", "user_color", "role", "timestamp"),
        }
        assert event["role"] == "editor"
        assert event["timestamp"].endswith("Z")
        await join(ann, path)
        await act(ann, session, "heartbeat", cursor_position={"x": 1, "y": 2})
        moved = await until_told(socket, "cursor_update", user_id=name_of(ann))
        assert moved["cursor_position"] == {"x": 1, "y": 2}
        assert moved["user_color"] == event["user_color"]
        await act(ann, session, "leave")
        await until_told(socket, "user_left", user_id=name_of(ann))
        joins = [e for e in socket.events if e["type"] == "user_joined"]
        assert len(joins) == 1


async def test_acc_3_a_change_of_the_mode_and_of_the_turn_is_told_to_open_sockets(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    ann = await member(api, owner, path, "editor")
    async with socket_of(api, ann, path) as socket:
        session = await join(owner, path)
        await change(owner, session, collaboration_mode="sequential", max_users=5)
        event = await until_told(socket, "mode_changed")
        assert event.pop("timestamp").endswith("Z")
        assert event == {
            "type": "mode_changed",
            "collaboration_mode": "sequential",
            "max_users": 5,
            "changed_by": name_of(owner),
        }
        await act(ann, session, "turn/request")
        event = await until_told(socket, "turn_changed", holder=name_of(ann))
        assert event["holder_name"] == name_of(ann).capitalize()
        assert event["requests"] == []
        await act(owner, session, "turn/request")
        await socket.until(lambda: socket.events[-1].get("requests") != [], within_s=WITHIN_S)
        (waiting,) = socket.events[-1]["requests"]
        assert waiting["user_id"] == name_of(owner)


async def test_acc_3_the_end_of_the_session_closes_open_sockets_with_4403(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    ann = await member(api, owner, path, "editor")
    session = await join(owner, path)
    async with socket_of(api, ann, path) as socket, socket_of(api, owner, path) as owners:
        ended = await owner.delete(f"{SESSIONS}/{session['session_id']}")
        assert ended.status_code == 204
        for each in (socket, owners):
            assert (await until_closed(each))[0] == 4403
            event = await until_told(each, "session_ended")
            assert event["session_id"] == session["session_id"]
            assert event["ended_by"] == name_of(owner)
    # Whoever comes next opens another.
    async with socket_of(api, ann, path):
        following = await join(ann, path)
        assert following["session_id"] != session["session_id"]


async def test_a_socket_finds_a_full_session_closed_with_4523(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    ann, bob, cyd = [await member(api, owner, path, "editor") for _ in range(3)]
    session = await join(owner, path, max_users=2)
    await join(ann, path)
    async with socket_of(api, bob, path, waits_for_sync=False) as socket:
        assert await until_closed(socket) == (4523, "session full (2 of 2)")
    # Neither who takes part already, with as many sockets as he likes, nor an owner.
    async with (
        socket_of(api, ann, path) as first,
        socket_of(api, ann, path) as second,
        socket_of(api, owner, path) as owners,
    ):
        assert all(each.closed is None for each in (first, second, owners))
        # Nor who was there before the limit came down.
        await change(owner, session, max_users=1)
        async with socket_of(api, ann, path):
            pass
        async with socket_of(api, cyd, path, waits_for_sync=False) as socket:
            assert (await until_closed(socket))[0] == 4523
    stranger = await api.user(fresh("stranger"))
    async with socket_of(api, stranger, path, waits_for_sync=False) as socket:
        # Who may not view does not learn how full it is.
        assert (await until_closed(socket))[0] == 4403


async def test_a_limit_holds_for_who_comes_right_after_it_was_set(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    ann, bob = [await member(api, owner, path, "editor") for _ in range(2)]
    async with socket_of(api, ann, path):
        session = await join(ann, path)
        for _ in range(5):
            await change(owner, session, max_users=1)
            async with socket_of(api, bob, path, waits_for_sync=False) as socket:
                assert await until_closed(socket) == (4523, "session full (1 of 1)")
            await change(owner, session, max_users=2)


async def test_the_last_seat_is_taken_by_one_of_ten_sockets_that_come_at_once(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    await join(owner, path, max_users=3)
    clients = [await member(api, owner, path, "editor") for _ in range(10)]
    outcomes: list[int | None] = []
    all_tried = anyio.Event()

    async def come(client: httpx.AsyncClient) -> None:
        async with socket_of(api, client, path, waits_for_sync=False) as socket:
            with suppress(ConnectionClosed):
                await socket.greet()
            await socket.until(lambda: socket.is_synced or socket.closed is not None)
            outcomes.append(None if socket.closed is None else socket.closed[0])
            if len(outcomes) == len(clients):
                all_tried.set()
            await all_tried.wait()

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            for client in clients:
                tasks.start_soon(come, client)
    assert outcomes.count(4523) == 8
    assert outcomes.count(None) == 2


async def test_who_leaves_with_a_socket_open_still_takes_part(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    session = await join(owner, path)
    ann = await member(api, owner, path, "editor")
    async with socket_of(api, ann, path):
        await join(ann, path)
        assert (await act(ann, session, "leave")).json() == {"left": False}
        assert await who(owner, session) == {name_of(owner), name_of(ann)}


async def test_who_comes_back_by_a_socket_and_joins_by_rest_is_recorded_once(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    ann = await member(api, owner, path, "editor")
    came = ("session.joined", {"by": "socket"})
    expected: list[tuple[str, dict[str, str]]] = [came]

    async def is_recorded() -> bool:
        entries = await audited(owner, path, "session")
        return [(each["action"], each["details"]) for each in entries[1:]] == expected

    async with socket_of(api, ann, path):
        await until(is_recorded, within_s=5)
    expected.append(("session.left", {"reason": "disconnected"}))
    await until(is_recorded, within_s=5)

    # As the editor does: its socket first, whose coming is written within a second.
    async with socket_of(api, ann, path):
        session = await join(ann, path)
        expected.append(came)
        assert await is_recorded()
        await act(ann, session, "leave")
        await join(ann, path)
        expected += [("session.left", {"reason": "left"}), came]
        assert await is_recorded()


async def test_a_turn_outlives_a_short_absence_of_its_holders_socket(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    session = await join(owner, path, collaboration_mode="sequential")
    ann = await member(api, owner, path, "editor")
    async with socket_of(api, ann, path):
        await act(ann, session, "turn/request")

    async def is_away() -> bool:
        return await who(owner, session) == {name_of(owner)}

    await until(is_away, within_s=5)
    assert (await look(owner, session))["turn"]["holder"] == name_of(ann)
    await act(owner, session, "turn/request")
    async with socket_of(api, ann, path):
        turn = (await look(owner, session))["turn"]
        assert turn["holder"] == name_of(ann)
        assert [each["user_id"] for each in turn["requests"]] == [name_of(owner)]
