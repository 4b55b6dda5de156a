"""The seed's "Manual Testing Checklist": 1. Session Management and 2. Presence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from server.core.colors import PALETTE
from tests.node_clients import absent, equals, exists
from tests.rest.conftest import TWO_NODES, Api
from tests.rest.locking import id_of, member, until
from tests.rest.session_calls import SESSIONS, act, ask_to_join, join, look, name_of, who
from tests.seed.doors import json_socket, yjs

if TYPE_CHECKING:
    import httpx

    from tests.node_clients import NodeClients
    from tests.servers import StartServer

# 1. Session Management


async def test_create_collaboration_session(owner: httpx.AsyncClient, path: str) -> None:
    created = await ask_to_join(owner, path, collaboration_mode="parallel", max_users=5)
    assert created.status_code == 201
    session = created.json()
    assert created.headers["location"] == f"{SESSIONS}/{session['session_id']}"
    assert (session["collaboration_mode"], session["max_users"]) == ("parallel", 5)
    assert session["workflow_id"] == id_of(path)
    assert (await look(owner, session))["session_id"] == session["session_id"]


async def test_join_existing_session(api: Api, owner: httpx.AsyncClient, path: str) -> None:
    session = await join(owner, path)
    bob = await member(api, owner, path, "editor")
    joined = await ask_to_join(bob, path)
    assert joined.status_code == 200
    assert joined.json()["session_id"] == session["session_id"]
    assert await who(owner, session) == {name_of(owner), name_of(bob)}


async def test_leave_session(api: Api, owner: httpx.AsyncClient, path: str) -> None:
    session = await join(owner, path)
    bob = await member(api, owner, path, "editor")
    await join(bob, path)
    async with json_socket(api, owner, session) as watching:
        left = await act(bob, session, "leave")
        assert (left.status_code, left.json()) == (200, {"left": True})
        await watching.until_came("user_left", user_id=name_of(bob))
    assert name_of(bob) not in await who(owner, session)


async def test_auto_cleanup_inactive_participants(start_server: StartServer) -> None:
    server = await start_server(auth_mode="jwt", presence_timeout_s=1.5)
    async with server.http("owner") as owner, server.http("silent") as silent:
        created = await owner.post("/api/workflows", json=TWO_NODES)
        path = f"/api/workflows/{created.json()['id']}"
        await owner.put(f"{path}/members/silent", json={"role": "editor"})
        session = await join(owner, path)
        await join(silent, path)

        async def is_alone() -> bool:
            await act(owner, session, "heartbeat")
            return await who(owner, session) == {"owner"}

        await until(is_alone, within_s=10)

        async def is_recorded() -> bool:
            audit = await owner.get(f"/api/collaboration/audit/{id_of(path)}")
            return any(
                (entry["action"], entry["resource_id"], entry["details"])
                == ("session.left", "silent", {"reason": "timeout"})
                for entry in audit.json()["items"]
            )

        await until(is_recorded, within_s=10)


# 2. Presence


async def test_see_other_users_cursors_move(
    api: Api, owner: httpx.AsyncClient, path: str, clients: NodeClients
) -> None:
    session = await join(owner, path)
    bob, cyd = [await member(api, owner, path, "editor") for _ in range(2)]
    olga = await yjs(api, clients, owner, path)
    bobs = await yjs(api, clients, bob, path)
    async with json_socket(api, cyd, session) as cyds:
        for x in (1, 2):
            await olga.set_awareness(cursor={"x": x, "y": 7}, selected_node="ask")
            await bobs.until(equals(["users", name_of(owner), "cursor"], {"x": x, "y": 7}))
            # The client sets one after the other, and a tick may come between.
            moved = await cyds.until_came(
                "cursor_update",
                user_id=name_of(owner),
                cursor_position={"x": x, "y": 7},
                selected_node="ask",
            )
            await cyds.point(x, 9, "mail")
            for yjs_client in (olga, bobs):
                await yjs_client.until(
                    equals(["users", name_of(cyd), "cursor"], {"x": x, "y": 9}),
                    equals(["users", name_of(cyd), "selected_node"], "mail"),
                )
        # The label beside the cursor, and its colour.
        user = await bobs.look("users", name_of(owner), "user")
        assert (moved["user_name"], moved["user_color"]) == (user["name"], user["color"])


async def test_update_cursor_position(
    api: Api, owner: httpx.AsyncClient, path: str, clients: NodeClients
) -> None:
    """By each door; the viewport comes along, for who wants to follow someone's zoom."""
    session = await join(owner, path)
    bob, cyd = [await member(api, owner, path, "viewer") for _ in range(2)]
    at = {"x": 10.5, "y": -20, "viewport": {"x": 0, "y": 0, "zoom": 2}}
    await act(owner, session, "heartbeat", cursor_position=at, selected_node="ask")
    bobs = await yjs(api, clients, bob, path)
    await bobs.set_awareness(cursor={"x": 1, "y": 2}, selected_node="mail")
    async with json_socket(api, cyd, session) as cyds:
        await cyds.say("cursor_update", cursor_position=at, selected_node=None)
        await bobs.until(equals(["users", name_of(cyd), "viewport"], at["viewport"]))

        async def all_are_shown() -> bool:
            shown = {
                each["user_id"]: (each["cursor_position"], each["selected_node"])
                for each in (await look(owner, session))["participants"]
            }
            return (
                shown[name_of(owner)] == (at, "ask")
                and shown[name_of(bob)] == ({"x": 1, "y": 2}, "mail")
                and shown[name_of(cyd)][0] is not None
            )

        await until(all_are_shown, within_s=10)


async def test_see_user_join_and_leave_events(
    api: Api, owner: httpx.AsyncClient, path: str, clients: NodeClients
) -> None:
    session = await join(owner, path)
    bob, cyd = [await member(api, owner, path, "editor") for _ in range(2)]
    olga = await yjs(api, clients, owner, path)
    async with json_socket(api, owner, session) as watching:
        bobs = await yjs(api, clients, bob, path)
        joined = await watching.until_came("user_joined", user_id=name_of(bob))
        assert joined["user_color"] in PALETTE
        assert joined["role"] == "editor"
        assert datetime.fromisoformat(joined["timestamp"]).utcoffset() == timedelta(0)
        async with json_socket(api, cyd, session):
            await watching.until_came("user_joined", user_id=name_of(cyd))
            await olga.until(exists("users", name_of(bob)), exists("users", name_of(cyd)))
        await watching.until_came("user_left", user_id=name_of(cyd))
        await bobs.disconnect()
        left = await watching.until_came("user_left", user_id=name_of(bob))
        assert datetime.fromisoformat(left["timestamp"]) >= datetime.fromisoformat(
            joined["timestamp"]
        )
        # An editor that asked for events hears the same, and the cursors go.
        await olga.until(
            equals(["event_types", "user_joined"], 2),
            equals(["event_types", "user_left"], 2),
            absent("users", name_of(bob)),
            absent("users", name_of(cyd)),
        )


async def test_auto_hide_inactive_cursors(
    api: Api, owner: httpx.AsyncClient, path: str, clients: NodeClients
) -> None:
    """What an interface needs for it: when each cursor last moved, and no news if it did not."""
    session = await join(owner, path)
    bob = await member(api, owner, path, "editor")
    before = datetime.now(UTC) - timedelta(seconds=1)
    bobs = await yjs(api, clients, bob, path)
    async with json_socket(api, owner, session) as watching:
        await bobs.set_awareness(cursor={"x": 1, "y": 1})
        moved = await watching.until_came("cursor_update", user_id=name_of(bob))
        assert before <= datetime.fromisoformat(moved["timestamp"]) <= datetime.now(UTC)
        # A renewal, as stock clients send every 15 s, moves nothing.
        await bobs.set_awareness(cursor={"x": 1, "y": 1}, unrelated=True)
        await bobs.set_awareness(cursor={"x": 2, "y": 2})
        await watching.until_came("cursor_update", cursor_position={"x": 2, "y": 2})
        assert len(watching.of("cursor_update", user_id=name_of(bob))) == 2
        [shown] = [
            each
            for each in (await look(owner, session))["participants"]
            if each["user_id"] == name_of(bob)
        ]
        assert datetime.fromisoformat(shown["last_active"]) >= before
        await bobs.disconnect()
        await watching.until_came("user_left", user_id=name_of(bob))


async def test_badges_show_roles_and_colours_are_the_same_at_every_door(
    api: Api, owner: httpx.AsyncClient, path: str, clients: NodeClients
) -> None:
    """The palette's contrast on white and on dark is tests/live/test_presence.py's to show."""
    session = await join(owner, path)
    people = {"owner": owner}
    for role in ("editor", "commenter", "viewer"):
        people[role] = await member(api, owner, path, role)
        await join(people[role], path)
    participants = {each["user_id"]: each for each in (await look(owner, session))["participants"]}
    assert {participants[name_of(user)]["role"] for user in people.values()} == set(people)
    for role, user in people.items():
        assert participants[name_of(user)]["role"] == role
        assert participants[name_of(user)]["user_color"] in PALETTE
    viewer = people["viewer"]
    seen_by = await yjs(api, clients, owner, path)
    async with json_socket(api, viewer, session) as viewers:
        (greeted,) = viewers.of("connected")
        assert greeted["role"] == "viewer"
        await seen_by.until(equals(["users", name_of(viewer), "user", "role"], "viewer"))
        color = await seen_by.look("users", name_of(viewer), "user", "color")
        assert color == participants[name_of(viewer)]["user_color"]
