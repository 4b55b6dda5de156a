"""How locks end without their holder's doing, and who is told of what happens to locks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.python_clients import python_client
from tests.rest.conftest import assert_problem, fresh, id_of
from tests.rest.locking import acquire, actions, ask, held, member, release, until

if TYPE_CHECKING:
    import httpx

    from tests.python_clients import PythonClient
    from tests.rest.conftest import Api
    from tests.servers import ServerProcess, StartServer

SECOND = 1 / 60
WITHIN_S = 1.0
"""From its expiry until a lock has ended."""
MARGIN_S = 3.0
"""For a machine that is busy with other tests."""
PRESENCE_TIMEOUT_S = 1.5


def of_locks(client: PythonClient) -> list[dict[str, Any]]:
    return [each for each in client.events if each["type"].startswith("lock")]


def shared_by(event: dict[str, Any], lock: dict[str, Any]) -> set[str]:
    """The members in which an event repeats the lock."""
    return {name for name, value in lock.items() if event.get(name) == value}


async def test_acc_1_a_due_lock_ends_within_a_second_and_all_are_told(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    watcher = fresh("watcher")
    await owner.put(f"{path}/members/{watcher}", json={"role": "viewer"})
    async with python_client(api.server, id_of(path), watcher) as client:
        lock = await acquire(owner, path, "node", "ask", duration_minutes=SECOND)
        await client.until(lambda: len(of_locks(client)) == 2, within_s=10)
        told_at = datetime.now(UTC)
    acquired, released = of_locks(client)
    assert acquired == {**lock, "type": "lock_acquired", "timestamp": acquired["timestamp"]}
    assert released == {
        "type": "lock_released",
        "workflow_id": id_of(path),
        "lock_id": lock["lock_id"],
        "resource_type": "node",
        "resource_id": "ask",
        "locked_by": lock["locked_by"],
        "released_by": None,
        "reason": "expired",
        "timestamp": released["timestamp"],
    }
    late = told_at - datetime.fromisoformat(lock["expires_at"])
    assert 0 <= late.total_seconds() < WITHIN_S + MARGIN_S
    assert released["timestamp"] >= lock["expires_at"]
    assert await actions(owner, path) == ["lock.acquired", "lock.expired"]


async def test_a_due_lock_is_in_nobodys_way_from_its_very_expiry(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    """Whoever asks ends it, before the sweeper does; in any case one lock follows the other."""
    other = await member(api, owner, path, "editor")
    first = await acquire(owner, path, "node", "ask", duration_minutes=SECOND)

    async def is_free() -> bool:
        return (await ask(other, path, "node", "ask")).status_code == 200

    await until(is_free, within_s=SECOND * 60 + WITHIN_S + MARGIN_S)
    [second] = await held(owner, path)
    assert second["locked_by"] != first["locked_by"]
    assert second["fence"] > first["fence"]
    assert await actions(owner, path) == ["lock.acquired", "lock.expired", "lock.acquired"]


async def test_events_tell_of_extensions_releases_and_force(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    watcher = fresh("watcher")
    await owner.put(f"{path}/members/{watcher}", json={"role": "editor"})
    editor = await api.user(watcher)
    async with python_client(api.server, id_of(path), watcher) as client:
        first = await acquire(editor, path, "node", "ask")
        longer = await acquire(editor, path, "node", "ask", duration_minutes=60)
        await release(owner, path, "node", "ask", force=True)
        second = await acquire(owner, path, "edge", "e1", reason="Why not")
        await release(owner, path, "edge", "e1")
        await client.until(lambda: len(of_locks(client)) == 5, within_s=10)
    told = of_locks(client)
    assert [each["type"] for each in told] == [
        *("lock_acquired", "lock_acquired", "lock_released"),
        *("lock_acquired", "lock_released"),
    ]
    for event, lock in zip((told[0], told[1], told[3]), (first, longer, second), strict=True):
        assert shared_by(event, lock) == set(lock)
    owner_id = second["locked_by"]
    assert (told[2]["reason"], told[2]["released_by"]) == ("forced", owner_id)
    assert told[2]["locked_by"] == watcher
    assert (told[4]["reason"], told[4]["released_by"]) == ("released", owner_id)


async def test_a_refused_lock_is_told_to_nobody(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    watcher = fresh("watcher")
    await owner.put(f"{path}/members/{watcher}", json={"role": "editor"})
    editor = await api.user(watcher)
    await acquire(owner, path, "node", "ask")
    async with python_client(api.server, id_of(path), watcher) as client:
        assert_problem(await ask(editor, path, "node", "ask"), 409, "lock_held")
        mail = await acquire(editor, path, "node", "mail")
        await client.until(lambda: bool(of_locks(client)), within_s=10)
    assert [each["lock_id"] for each in of_locks(client)] == [mail["lock_id"]]


# Presence, on a server where it is lost soon


@pytest.fixture
async def hasty_server(database_url: str, start_server: StartServer) -> ServerProcess:
    # In this order, so that the database outlives the server.
    return await start_server(
        database_url=database_url, auth_mode="jwt", presence_timeout_s=PRESENCE_TIMEOUT_S
    )


async def test_a_lock_ends_when_its_holder_is_gone_and_no_sooner(
    hasty_server: ServerProcess,
) -> None:
    async with (
        hasty_server.http("owner") as owner,
        hasty_server.http("leaver") as leaver,
        hasty_server.http("stayer") as stayer,
        hasty_server.http("script") as script,
    ):
        path = f"/api/workflows/{(await owner.post('/api/workflows')).json()['id']}"
        for user_id in ("leaver", "stayer", "script"):
            await owner.put(f"{path}/members/{user_id}", json={"role": "editor"})
        async with python_client(hasty_server, id_of(path), "stayer") as client:
            kept = await acquire(stayer, path, "node", "kept")
            by_script = await acquire(script, path, "node", "by-script")
            async with python_client(hasty_server, id_of(path), "leaver"):
                left = await acquire(leaver, path, "node", "left")
                assert await held(owner, path) == [kept, by_script, left]
            await client.until(
                lambda: any(each["type"] == "lock_released" for each in client.events),
                within_s=PRESENCE_TIMEOUT_S + WITHIN_S + MARGIN_S,
            )
            # By now the others have been idle for as long: one is connected, one never was.
            assert await held(owner, path) == [kept, by_script]
        [released] = [each for each in client.events if each["type"] == "lock_released"]
        assert released["lock_id"] == left["lock_id"]
        assert (released["reason"], released["released_by"]) == ("left", None)
        gone_after = datetime.fromisoformat(released["timestamp"]) - datetime.fromisoformat(
            next(e for e in client.events if e.get("lock_id") == left["lock_id"])["timestamp"]
        )
        assert gone_after.total_seconds() >= PRESENCE_TIMEOUT_S


async def test_a_lock_of_a_session_follows_the_presence_of_who_never_opened_a_socket(
    hasty_server: ServerProcess,
) -> None:
    async with hasty_server.http("owner") as owner:
        path, other = [
            f"/api/workflows/{(await owner.post('/api/workflows')).json()['id']}" for _ in range(2)
        ]
        joined = await owner.post("/api/collaboration/sessions", json={"workflow_id": id_of(path)})
        session_id = joined.json()["session_id"]
        elsewhere = await ask(owner, other, "node", "ask", session_id=session_id)
        assert_problem(elsewhere, 404, "session_not_found")
        await acquire(owner, path, "node", "ask", session_id=session_id)
        free = await acquire(owner, path, "node", "mail")

        async def is_alone() -> bool:
            return await held(owner, path) == [free]

        await until(is_alone, within_s=PRESENCE_TIMEOUT_S + WITHIN_S + MARGIN_S)
        assert await actions(owner, path) == ["lock.acquired", "lock.acquired", "lock.released"]


async def test_what_is_due_while_the_server_is_down_ends_when_it_is_back(
    hasty_server: ServerProcess,
) -> None:
    async with hasty_server.http("owner") as owner:
        path = f"/api/workflows/{(await owner.post('/api/workflows')).json()['id']}"
        await acquire(owner, path, "node", "ask", duration_minutes=SECOND)
        long = await acquire(owner, path, "node", "mail")
    await hasty_server.kill()
    await hasty_server.start()
    async with hasty_server.http("owner") as owner:

        async def is_swept() -> bool:
            return "lock.expired" in await actions(owner, path)

        await until(is_swept, within_s=10)
        assert await held(owner, path) == [long]


async def test_acc_1_who_may_not_edit_any_more_holds_no_lock(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    name = fresh("editor")
    editor = await api.user(name)
    for change in ({"role": "viewer"}, None):
        added = await owner.put(f"{path}/members/{name}", json={"role": "editor"})
        assert added.status_code in (200, 201)
        asked = {"workflow_id": id_of(path), "resource_type": "node", "resource_id": "ask"}
        held = await editor.post("/api/collaboration/locks/acquire", json=asked)
        assert held.status_code == 200, held.text
        if change is None:
            await owner.delete(f"{path}/members/{name}")
        else:
            await owner.put(f"{path}/members/{name}", json=change)
        assert (await owner.get(f"/api/collaboration/locks/{id_of(path)}")).json()["items"] == []
        mine = await owner.patch(f"{path}/nodes/ask", json={"data": {"prompt": f"{change}"}})
        assert mine.status_code == 200, mine.text
