"""The seed's "WebSocket Message Types": each shape, both ways, with the members that it names.

The sockets speak exactly what the seed prints; "..." there are members that may be added.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.rest.commenting import comment
from tests.rest.locking import acquire, member, release
from tests.rest.session_calls import act, join, name_of
from tests.seed.doors import json_socket, node_of

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api


NODE = "ask"


def is_time(text: Any) -> bool:
    return text.endswith("Z") and datetime.fromisoformat(text).tzinfo is not None


# Client → Server


async def test_heartbeat(api: Api, owner: httpx.AsyncClient, path: str) -> None:
    session = await join(owner, path)
    async with json_socket(api, owner, session) as socket:
        await socket.socket.send('{ "type": "heartbeat" }')
        ack = await socket.until_came("heartbeat_ack")
        assert is_time(ack["timestamp"])
        assert socket.of("error") == []


async def test_cursor_update_from_the_client_and_to_the_others(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    session = await join(owner, path)
    bob = await member(api, owner, path, "viewer")
    async with json_socket(api, owner, session) as watching, json_socket(api, bob, session) as bobs:
        await bobs.socket.send(
            '{ "type": "cursor_update", "cursor_position": { "x": 100, "y": 200 },'
            ' "selected_node": "node-123" }'
        )
        told = await watching.until_came("cursor_update", user_id=name_of(bob))
        assert told["cursor_position"] == {"x": 100, "y": 200}
        assert told["selected_node"] == "node-123"
        assert told["user_name"] == name_of(bob).capitalize()
        assert told["user_color"].startswith("#")
        assert is_time(told["timestamp"])
        await bobs.barrier()
        assert bobs.of("cursor_update") == [], "nobody is told of itself"


async def test_text_change_and_content_update(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    session = await join(owner, path)
    bob = await member(api, owner, path, "editor")
    async with json_socket(api, owner, session) as watching, json_socket(api, bob, session) as bobs:
        await bobs.socket.send(
            '{ "type": "text_change",'
            ' "change": { "node_id": "ask", "property": "name", "value": "New Name" } }'
        )
        saved = await bobs.until_came("change_saved")
        assert (saved["node_id"], saved["property"]) == (NODE, "name")
        told = await watching.until_came("content_update")
        assert told == {
            "type": "content_update",
            "user_id": name_of(bob),
            "change": {
                "op": "set",
                "node_id": NODE,
                "property": "data.name",
                "value": "New Name",
            },
        }
    assert (await node_of(owner, path))["data"]["name"] == "New Name"


# Server → Client


async def test_user_joined_and_user_left(api: Api, owner: httpx.AsyncClient, path: str) -> None:
    session = await join(owner, path)
    bob, cyd = [await member(api, owner, path, "editor") for _ in range(2)]
    async with json_socket(api, owner, session) as watching:
        async with json_socket(api, bob, session):
            await watching.until_came("user_joined", user_id=name_of(bob))
        await watching.until_came("user_left", user_id=name_of(bob))
        # And by REST alone.
        await join(cyd, path)
        await watching.until_came("user_joined", user_id=name_of(cyd))
        await act(cyd, session, "leave")
        await watching.until_came("user_left", user_id=name_of(cyd))
        for kind in ("user_joined", "user_left"):
            assert all(is_time(message["timestamp"]) for message in watching.of(kind))


async def test_lock_acquired_and_lock_released(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    session = await join(owner, path)
    named = {"resource_type": "node", "resource_id": NODE}
    async with json_socket(api, owner, session) as watching:
        lock = await acquire(owner, path, "node", NODE, reason="Mine")
        told = await watching.until_came("lock_acquired", **named)
        assert lock.items() <= told.items()
        assert is_time(told["timestamp"])
        await release(owner, path, "node", NODE)
        told = await watching.until_came("lock_released", **named)
        assert (told["lock_id"], told["locked_by"]) == (lock["lock_id"], name_of(owner))
        assert is_time(told["timestamp"])


async def test_new_comment(api: Api, owner: httpx.AsyncClient, path: str) -> None:
    session = await join(owner, path)
    async with json_socket(api, owner, session) as watching:
        added = await comment(owner, path, "Why?", context_type="node", context_id=NODE)
        told = await watching.until_came("new_comment", comment_id=added["comment_id"])
        repeated = ("workflow_id", "thread_id", "content", "context_type", "context_id", "point")
        assert {name: told[name] for name in repeated} == {name: added[name] for name in repeated}
        assert (told["user_id"], is_time(told["timestamp"])) == (name_of(owner), True)
