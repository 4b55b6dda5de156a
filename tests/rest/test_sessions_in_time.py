"""What time does to sessions: absences, idle turns, restarts. The servers' timeouts are short."""

from __future__ import annotations

import sqlite3
import time
from contextlib import AsyncExitStack, closing
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from tests.python_clients import python_client
from tests.rest.commenting import comment
from tests.rest.conftest import TWO_NODES, Api, assert_problem, fresh, id_of
from tests.rest.locking import acquire, held, member, until
from tests.rest.session_calls import (
    act,
    actions,
    ask_to_join,
    audited,
    join,
    look,
    name_of,
    turn_after,
    who,
)
from tests.servers import JWT_SECRET, ServerProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import httpx

    from tests.postgres_cluster import Cluster
    from tests.servers import StartServer

PRESENCE_TIMEOUT_S = 1.5
TURN_IDLE_S = 0.5
MARGIN_S = 5.0


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def quick_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """Users are gone after 1.5 s, and holders of a turn idle after half a second."""
    directory = tmp_path_factory.mktemp("quick-server")
    database_url = f"sqlite+aiosqlite:///{directory / 'coflow.db'}"
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres_cluster")
        database_url = cluster.url(cluster.create_database())
    server = ServerProcess(
        database_url=database_url,
        log_path=directory / "server.log",
        settings={
            "auth_mode": "jwt",
            "jwt_secret": JWT_SECRET,
            "migrate_on_start": 1,
            "presence_timeout_s": PRESENCE_TIMEOUT_S,
            "turn_idle_s": TURN_IDLE_S,
        },
    )
    try:
        server.start_blocking()
        yield server
        assert "Traceback" not in server.log(), server.log()[-4000:]
    finally:
        server.stop_at_once()


@pytest.fixture
async def api(quick_server: ServerProcess) -> AsyncIterator[Api]:
    async with AsyncExitStack() as open_clients:
        yield Api(quick_server, open_clients)


async def test_who_sends_no_heartbeat_has_left_and_his_turn_and_locks_are_gone(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    ann, bob = [await member(api, owner, path, "editor") for _ in range(2)]
    async with python_client(api.server, id_of(path), name_of(owner)) as socket:
        session = await join(owner, path, collaboration_mode="sequential")
        await join(ann, path)
        await acquire(ann, path, "node", "ask", session_id=session["session_id"])
        await act(ann, session, "turn/request")
        await act(bob, session, "turn/request")

        async def is_gone() -> bool:
            await act(bob, session, "heartbeat")
            return name_of(ann) not in await who(owner, session)

        await until(is_gone, within_s=PRESENCE_TIMEOUT_S + MARGIN_S)

        async def has_left() -> bool:
            await act(bob, session, "heartbeat")
            return "session.left" in await actions(owner, path, "session")

        await until(has_left, within_s=MARGIN_S)
        await socket.until(
            lambda: any(
                (event["type"], event.get("user_id")) == ("user_left", name_of(ann))
                for event in socket.events
            )
        )
        (left,) = [e for e in await audited(owner, path, "session") if e["action"].endswith("left")]
        assert left["user_id"] == "system"
        assert (left["resource_id"], left["details"]) == (name_of(ann), {"reason": "timeout"})
        turn = (await look(owner, session))["turn"]
        assert (turn["holder"], turn["requests"]) == (name_of(bob), [])

        async def has_no_lock() -> bool:
            await act(bob, session, "heartbeat")
            return await held(owner, path) == []

        await until(has_no_lock, within_s=MARGIN_S)
        # Neither whom heartbeats keep, nor whom a socket keeps.
        assert await who(owner, session) == {name_of(owner), name_of(bob)}


async def test_a_seat_is_free_again_once_its_user_is_gone(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    ann, bob = [await member(api, owner, path, "editor") for _ in range(2)]
    await join(owner, path, max_users=2)
    await join(ann, path)
    assert_problem(await ask_to_join(bob, path), 409, "session_full")

    async def is_in() -> bool:
        return (await ask_to_join(bob, path)).status_code == 200

    await until(is_in, within_s=PRESENCE_TIMEOUT_S + MARGIN_S)


async def test_an_idle_holder_is_taken_over_from_though_a_socket_of_his_is_open(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    ann, bob = [await member(api, owner, path, "editor") for _ in range(2)]
    async with python_client(api.server, id_of(path), name_of(ann)):
        session = await join(owner, path, collaboration_mode="sequential")
        await act(ann, session, "turn/request")
        problem = assert_problem(await act(bob, session, "turn/take-over"), 409, "turn_held")
        assert problem["holder"] == name_of(ann)

        async def is_idle() -> bool:
            return (await act(bob, session, "turn/take-over")).status_code == 200

        await until(is_idle, within_s=TURN_IDLE_S + MARGIN_S)
        assert await turn_after(bob, session, "request") == (name_of(bob), [])
        assert (await audited(owner, path, "turn"))[-1]["action"] == "turn.taken_over"


@pytest.mark.parametrize("sign", ["edit", "heartbeat"])
async def test_a_holder_who_edits_or_sends_heartbeats_is_not_idle(
    api: Api, owner: httpx.AsyncClient, path: str, sign: str
) -> None:
    ann, bob = [await member(api, owner, path, "editor") for _ in range(2)]
    session = await join(owner, path, collaboration_mode="sequential")
    await act(ann, session, "turn/request")
    held_since = (await look(owner, session))["turn"]["since"]
    signs = 0

    async def is_long_held() -> bool:
        nonlocal signs
        signs += 1
        if sign == "edit":
            answer = await ann.patch(f"{path}/nodes/ask", json={"data": {"n": signs}})
        else:
            answer = await act(ann, session, "heartbeat")
        assert answer.status_code == 200, answer.text
        assert_problem(await act(bob, session, "turn/take-over"), 409, "turn_held")
        seen = await look(owner, session)
        assert seen["turn"]["since"] == held_since
        held_s = datetime.fromisoformat(seen["last_activity"]) - datetime.fromisoformat(held_since)
        return held_s.total_seconds() > 3 * TURN_IDLE_S

    # Her socket, which is no such sign, keeps her in the session.
    async with python_client(api.server, id_of(path), name_of(ann)):
        await until(is_long_held, within_s=30)


async def test_whoever_edits_or_comments_by_rest_is_here_without_a_heartbeat(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    """The turn, the locks and the participation of three times the timeout, then of none."""
    session = await join(owner, path, collaboration_mode="sequential")
    ann, bob, cyd = [await member(api, owner, path, "editor") for _ in range(3)]
    for client in (ann, bob):
        await join(client, path)
    await act(ann, session, "turn/request")
    of_ann = await acquire(ann, path, "node", "ask", session_id=session["session_id"])
    # He takes part in no session, and does nothing but what keeps his lock.
    of_cyd = await acquire(cyd, path, "node", "mail", session_id=session["session_id"])
    begun = time.monotonic()
    edits = 0

    async def is_long_here() -> bool:
        nonlocal edits
        edits += 1
        edited = await ann.patch(f"{path}/nodes/ask", json={"data": {"n": edits}})
        assert edited.status_code == 200, edited.text
        await comment(bob, path, "Still here")
        await comment(cyd, path, "So am I")
        assert await held(owner, path) == [of_ann, of_cyd]
        return time.monotonic() - begun > 3 * PRESENCE_TIMEOUT_S

    await until(is_long_here, within_s=60)
    seen = await look(owner, session)
    assert seen["turn"]["holder"] == name_of(ann)
    assert {name_of(ann), name_of(bob)} <= {each["user_id"] for each in seen["participants"]}
    left = [e for e in await audited(owner, path, "session") if e["action"] == "session.left"]
    assert {each["resource_id"] for each in left} == {name_of(owner)}

    async def are_gone() -> bool:
        turn = (await look(owner, session))["turn"]
        return turn["holder"] is None and await held(owner, path) == []

    await until(are_gone, within_s=PRESENCE_TIMEOUT_S + MARGIN_S)


async def test_sessions_survive_a_restart(database_url: str, start_server: StartServer) -> None:
    server = await start_server(database_url=database_url, auth_mode="jwt")
    async with server.http("ann") as ann, server.http("bob") as bob:
        assert (await ann.post("/api/workflows", json={"id": "w", **TWO_NODES})).status_code == 201
        await ann.put("/api/workflows/w/members/bob", json={"role": "editor"})
        session = await join(ann, "/w", collaboration_mode="sequential", max_users=9)
        await join(bob, "/w")
        await act(bob, session, "heartbeat", cursor_position={"x": 1, "y": 2})
        await act(bob, session, "turn/request")
        await act(ann, session, "turn/request")
        before = await look(ann, session)
        await server.restart()
        assert await look(ann, session) == before
        assert len(before["participants"]) == 2
        assert before["turn"]["holder"] == "bob"
        again = await ask_to_join(bob, "/w")
        assert (again.status_code, again.json()["session_id"]) == (200, session["session_id"])
        await server.kill()
        await server.start()
        assert (await look(ann, session))["session_id"] == session["session_id"]


async def test_who_was_connected_when_the_server_stops_has_left_when_it_starts_again(
    database_url: str, start_server: StartServer
) -> None:
    server = await start_server(database_url=database_url, auth_mode="jwt")
    async with server.http("ann") as ann:
        await ann.post("/api/workflows", json={"id": "w", **TWO_NODES})
        await ann.put("/api/workflows/w/members/bob", json={"role": "viewer"})
        async with python_client(server, "w", "bob") as socket:
            session = await join(ann, "/w")
            assert await who(ann, session) == {"ann", "bob"}
            assert await server.terminate() == 0
            await socket.until(lambda: socket.closed is not None)
            assert socket.closed is not None
            assert socket.closed[0] == 1012
        await server.start()
        assert await who(ann, session) == {"ann"}
        assert (await join(ann, "/w"))["session_id"] == session["session_id"]


async def test_the_attendance_goes_on_after_the_database_was_away(
    start_server: StartServer, sqlite_url: str
) -> None:
    path = sqlite_url.removeprefix("sqlite+aiosqlite:///")
    server = await start_server(database_url=sqlite_url, auth_mode="jwt")
    workflow_id = fresh("w")
    async with server.http("ann") as ann:
        await ann.post("/api/workflows", json={"id": workflow_id})
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(
                "CREATE TRIGGER away BEFORE INSERT ON session_participants "
                "BEGIN SELECT RAISE(ABORT, 'away'); END;"
            )
        async with python_client(server, workflow_id, "ann"):

            async def has_failed() -> bool:
                return "the attendance waits for the database" in server.log()

            await until(has_failed, within_s=5)
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("DROP TRIGGER away")

            async def is_written() -> bool:
                found = await actions(ann, f"/{workflow_id}", "session")
                return found == ["session.created", "session.joined"]

            await until(is_written, within_s=5)
