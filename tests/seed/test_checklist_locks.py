"""The seed's "Manual Testing Checklist": 3. Locking."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.node_clients import SETTLED, at_least, equals
from tests.rest.conftest import Api, assert_problem
from tests.rest.locking import acquire, held, member, release
from tests.rest.session_calls import join, name_of
from tests.seed.doors import ACC_3_S, ONE_SECOND_IN_MINUTES, json_socket, node_of, patch_node, yjs

if TYPE_CHECKING:
    import httpx

    from tests.node_clients import NodeClients

TYPE = ["nodes", "ask", "type"]


async def test_acquire_lock_on_node(owner: httpx.AsyncClient, path: str) -> None:
    lock = await acquire(owner, path, "node", "ask", reason="Rewording")
    assert (lock["resource_type"], lock["resource_id"]) == ("node", "ask")
    assert (lock["locked_by"], lock["reason"]) == (name_of(owner), "Rewording")
    minutes = (datetime.fromisoformat(lock["expires_at"]) - datetime.now(UTC)).total_seconds() / 60
    assert 29 < minutes <= 30


async def test_see_lock_indicator(
    api: Api, owner: httpx.AsyncClient, path: str, clients: NodeClients
) -> None:
    """What an indicator shows is told to every socket, and listed for who polls."""
    session = await join(owner, path)
    bob = await member(api, owner, path, "viewer")
    bobs = await yjs(api, clients, bob, path)
    async with json_socket(api, bob, session) as watching:
        for kind, name in (("node", "ask"), ("edge", "e1"), ("workflow", None)):
            lock = await acquire(owner, path, kind, name, reason=f"the {kind}")
            told = await watching.until_came("lock_acquired", lock_id=lock["lock_id"])
            assert lock.items() <= told.items()
            assert told["locked_by_name"] == name_of(owner).capitalize()
        listed = await held(bob, path)
        assert [each["resource_type"] for each in listed] == ["node", "edge", "workflow"]
        await bobs.until(equals(["event_types", "lock_acquired"], 3))


async def test_try_to_edit_locked_resource(
    api: Api, owner: httpx.AsyncClient, path: str, clients: NodeClients
) -> None:
    """[ACC-2] By every door, and whoever holds the lock still edits."""
    session = await join(owner, path)
    bob = await member(api, owner, path, "editor")
    olga = await yjs(api, clients, owner, path)
    bobs = await yjs(api, clients, bob, path)
    await acquire(owner, path, "node", "ask")
    locked = {
        "reason": "locked",
        "resources": [{"type": "node", "id": "ask"}],
        "holder": name_of(owner),
    }

    await bobs.edit(["set", TYPE, "broken"], ["set", ["nodes", "mail", "type"], "letter"])
    await bobs.until(at_least(["event_types", "edit_reverted"], 1), SETTLED)
    events = await bobs.look("events")
    (reverted,) = [each for each in events if each["type"] == "edit_reverted"]
    assert reverted == {"type": "edit_reverted", **locked}
    # It is taken back on the editor's own screen; beside it his edit stands.
    await bobs.until(equals(["doc", *TYPE], "llm"))
    await olga.until(equals(["doc", "nodes", "mail", "type"], "letter"))

    async with json_socket(api, bob, session) as socket:
        await socket.change("type", "broken", node_id="ask")
        error = await socket.until_came("error")
        assert {"code": "edit_forbidden", **locked}.items() <= error.items()

    problem = assert_problem(await patch_node(bob, path, type="broken"), 403, "edit_forbidden")
    assert locked.items() <= problem.items()

    await olga.edit(["set", TYPE, "agent"])
    await bobs.until(equals(["doc", *TYPE], "agent"))
    await clients.converge(olga, bobs)
    assert (await node_of(owner, path))["type"] == "agent"


async def test_release_lock(
    api: Api, owner: httpx.AsyncClient, path: str, clients: NodeClients
) -> None:
    session = await join(owner, path)
    bob = await member(api, owner, path, "editor")
    bobs = await yjs(api, clients, bob, path)
    lock = await acquire(owner, path, "node", "ask")
    assert_problem(await patch_node(bob, path, type="his"), 403, "edit_forbidden")
    async with json_socket(api, bob, session) as watching:
        released = await release(owner, path, "node", "ask")
        assert (released.status_code, released.json()) == (200, {"released": True})
        told = await watching.until_came("lock_released", lock_id=lock["lock_id"])
        assert (told["resource_type"], told["resource_id"]) == ("node", "ask")
        assert (told["reason"], told["released_by"]) == ("released", name_of(owner))
    assert await held(owner, path) == []
    await bobs.edit(["set", TYPE, "his"])
    await bobs.until(SETTLED)
    assert (await node_of(owner, path))["type"] == "his"


async def test_wait_for_lock_expiration(api: Api, owner: httpx.AsyncClient, path: str) -> None:
    session = await join(owner, path)
    bob = await member(api, owner, path, "editor")
    async with json_socket(api, bob, session) as watching:
        lock = await acquire(owner, path, "node", "ask", duration_minutes=ONE_SECOND_IN_MINUTES)
        assert_problem(await patch_node(bob, path, type="his"), 403, "edit_forbidden")
        await watching.until(lambda: watching.of("lock_released"), within_s=1 + ACC_3_S)
        (told,) = watching.of("lock_released")
        assert (told["lock_id"], told["reason"]) == (lock["lock_id"], "expired")
        assert told["released_by"] is None
    assert await held(owner, path) == []
    assert (await patch_node(bob, path, type="his")).status_code == 200
