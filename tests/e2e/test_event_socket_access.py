"""Who may use the event door, for what, and how it ends: tokens, roles, limits, restarts."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.e2e.test_event_socket import GRAPH
from tests.event_clients import EventClient, event_client, event_url
from tests.node_clients import SYNCED, NodeClients, equals

if TYPE_CHECKING:
    from tests.servers import ServerProcess, StartServer

MIB = 1024 * 1024


@pytest.fixture
async def jwt(start_server: StartServer) -> ServerProcess:
    """A server in jwt mode with the workflow `w`, which is ann's."""
    server = await start_server(auth_mode="jwt")
    async with server.http("ann") as http:
        made = await http.post("/api/workflows", json={"id": "w", **GRAPH})
        assert made.status_code == 201, made.text
    return server


async def open_session(server: ServerProcess, user: str = "ann") -> str:
    async with server.http(user) as http:
        answer = await http.post("/api/collaboration/sessions", json={"workflow_id": "w"})
        assert answer.is_success, answer.text
        session_id: str = answer.json()["session_id"]
    return session_id


async def set_role(server: ServerProcess, user: str, role: str | None) -> None:
    async with server.http("ann") as http:
        path = f"/api/workflows/w/members/{user}"
        answer = await (http.delete(path) if role is None else http.put(path, json={"role": role}))
        assert answer.is_success, answer.text


async def close_code(
    server: ServerProcess, session_id: str, user: str = "ann", **query: Any
) -> int:
    async with event_client(server, session_id, user, **query) as client:
        assert not client.of("connected")
        return await client.until_closed()


async def test_sec_1_the_user_in_the_address_must_be_the_tokens(jwt: ServerProcess) -> None:
    session_id = await open_session(jwt)
    assert await close_code(jwt, session_id, "ann", token=jwt.token("bob")) == 4403
    assert await close_code(jwt, session_id, "ann", token="") == 4401
    assert await close_code(jwt, session_id, "ann", token="nonsense") == 4401
    assert await close_code(jwt, session_id, "ann", expires_in_s=-100) == 4401
    async with event_client(jwt, session_id, "ann") as ann:
        assert ann.of("connected")[0]["role"] == "owner"


async def test_a_token_in_a_header_serves_too(jwt: ServerProcess) -> None:
    session_id = await open_session(jwt)
    async with connect(
        event_url(jwt, session_id, "ann"),
        additional_headers={"Authorization": f"Bearer {jwt.token('ann')}"},
        proxy=None,
    ) as connection:
        assert '"connected"' in str(await connection.recv())


async def test_a_user_id_may_hold_any_character_that_a_sub_may(jwt: ServerProcess) -> None:
    user = "https://login.example.org/käthe|7"
    session_id = await open_session(jwt)
    async with event_client(jwt, session_id, user, workflows={"w": "editor"}) as kaethe:
        assert kaethe.of("connected")[0]["user_id"] == user


async def test_what_may_not_be_seen_is_answered_like_what_is_not_there(
    jwt: ServerProcess,
) -> None:
    session_id = await open_session(jwt)
    async with (
        event_client(jwt, session_id, "eve") as stranger,
        event_client(jwt, "no-such-session", "eve") as lost,
        event_client(jwt, "w", "ann") as owner_by_workflow_id,
    ):
        await stranger.until_closed()
        await lost.until_closed()
        assert stranger.closed == lost.closed == (4404, "there is no such session")
        # A workflow's id opens a socket only where everything is open to all.
        assert await owner_by_workflow_id.until_closed() == 4404
    assert await close_code(jwt, "x" * 200, "ann") == 4404
    assert await close_code(jwt, "nul\0", "ann") == 4404


async def test_sessions_are_found_on_either_database(
    database_url: str, start_server: StartServer
) -> None:
    server = await start_server(database_url=database_url, auth_mode="jwt")
    async with server.http("ann") as http:
        assert (await http.post("/api/workflows", json={"id": "w"})).is_success
    session_id = await open_session(server)
    async with event_client(server, session_id, "ann") as ann:
        assert ann.of("connected")[0]["workflow_id"] == "w"
    assert await close_code(server, "nul\0", "ann") == 4404


async def test_acc_2_a_viewers_text_change_is_refused_and_changes_nothing(
    jwt: ServerProcess, clients: NodeClients
) -> None:
    session_id = await open_session(jwt)
    await set_role(jwt, "vic", "viewer")
    async with (
        event_client(jwt, session_id, "vic") as vic,
        event_client(jwt, session_id, "ann") as ann,
    ):
        assert vic.of("connected")[0]["role"] == "viewer"
        await vic.change("label", "mine", node_id="m")
        error = await vic.until_came("error")
        assert error["code"] == "edit_forbidden"
        assert error["reason"] == "permission_denied"
        assert (error["node_id"], error["property"]) == ("m", "label")
        # To be seen, and to see, the right to view is enough.
        await vic.point(1, 1)
        assert (await ann.until_came("cursor_update"))["user_id"] == "vic"
        await ann.change("label", "ann's", node_id="m")
        update = await vic.until_came("content_update")
        assert update["change"]["value"] == "ann's"
        assert not ann.of("content_update")


async def test_acc_3_a_changed_role_counts_at_once_and_its_loss_closes_the_socket(
    jwt: ServerProcess, clients: NodeClients
) -> None:
    session_id = await open_session(jwt)
    await set_role(jwt, "bob", "editor")
    yjs = await clients.open(jwt.sync_url, "w", params=jwt.params("ann"))
    await yjs.until(SYNCED)
    async with event_client(jwt, session_id, "bob") as bob:
        await yjs.until(equals(["users", "bob", "user", "role"], "editor"))
        await set_role(jwt, "bob", "viewer")
        await bob.until_came("access_changed", role="viewer")
        await yjs.until(equals(["users", "bob", "user", "role"], "viewer"))
        await bob.change("label", "no", node_id="m")
        assert (await bob.until_came("error"))["code"] == "edit_forbidden"
        await set_role(jwt, "bob", "editor")
        await bob.until_came("access_changed", role="editor")
        await bob.change("label", "yes", node_id="m")
        await bob.until_came("change_saved")
        await set_role(jwt, "bob", None)
        assert await bob.until_closed() == 4403
    assert await close_code(jwt, session_id, "bob") == 4404


async def test_acc_3_new_rights_are_told_exactly_though_the_role_stays(
    jwt: ServerProcess, clients: NodeClients
) -> None:
    session_id = await open_session(jwt)
    await set_role(jwt, "bob", "viewer")
    shares = "/api/collaboration/shares"
    async with event_client(jwt, session_id, "bob") as bob, jwt.http("ann") as ann:
        assert bob.of("connected")[0]["permissions"] == ["view"]
        grant = {"workflow_id": "w", "permissions": {"can_edit": True}}
        share_id = (await ann.post(shares, json=grant)).json()["share_id"]
        async with jwt.http("bob") as http:
            assert (await http.post(f"{shares}/{share_id}/redeem")).is_success
        gained = await bob.until_came("access_changed")
        assert (gained["role"], gained["permissions"]) == ("viewer", ["view", "edit"])
        await bob.change("label", "yes", node_id="m")
        await bob.until_came("change_saved")
        assert (await ann.delete(f"{shares}/{share_id}")).is_success
        lost = await bob.until_came("access_changed", permissions=["view"])
        assert lost["role"] == "viewer"


async def test_the_socket_ends_with_the_token_with_the_session_and_with_the_workflow(
    jwt: ServerProcess,
) -> None:
    session_id = await open_session(jwt)
    async with event_client(jwt, session_id, "ann", expires_in_s=1) as brief:
        assert await brief.until_closed() == 4401
    async with event_client(jwt, session_id, "ann") as ann, jwt.http("ann") as http:
        ended = await http.delete(f"/api/collaboration/sessions/{session_id}")
        assert ended.is_success, ended.text
        assert await ann.until_closed() == 4403
    session_id = await open_session(jwt)
    async with event_client(jwt, session_id, "ann") as ann, jwt.http("ann") as http:
        assert (await http.delete("/api/workflows/w")).is_success
        assert await ann.until_closed() == 4404


async def test_binary_messages_and_messages_too_large_close_the_socket(
    start_server: StartServer,
) -> None:
    server = await start_server(max_message_bytes=128 * 1024)
    async with event_client(server, "w", "ann") as ann:
        await ann.socket.send(b"{}")
        assert await ann.until_closed() == 4400
    async with event_client(server, "w", "ann") as ann:
        await ann.change("prompt", "x" * 99_000, node_id="n")
        error = await ann.until_came("error")
        assert error["code"] == "too_large"
        await ann.change("prompt", "x" * 199_000, node_id="n")
        assert await ann.until_closed() == 4413
    async with event_client(server, "w", "ann") as ann:
        # In parts: the same limit, and a message in parts that fits is one message.
        await ann.socket.send(['{"type":', ' "heart', 'beat"}'])
        await ann.until_came("heartbeat_ack")
        with suppress(ConnectionClosed):
            await ann.socket.send(["x" * 50_000] * 3)
        assert await ann.until_closed() == 4413


async def test_what_is_no_utf_8_is_an_error_or_the_end_and_no_exception(
    server: ServerProcess, workflow_id: str
) -> None:
    async with event_client(server, workflow_id, "ann") as ann:
        await ann.socket.send(b"\xff\xfe{}", text=True)
        assert (await ann.until_came("error"))["code"] == "malformed_json"
        await ann.socket.send([b"\xff", b"\xfe"], text=True)
        await ann.until(lambda: len(ann.of("error")) == 2)
        await ann.barrier()


async def test_limits_of_connections_are_those_of_the_sync_door(
    start_server: StartServer,
) -> None:
    server = await start_server(max_connections_per_user=2, max_connections_per_workflow=3)
    async with AsyncExitStack() as stack:
        for user in ("ann", "ann"):
            await stack.enter_async_context(event_client(server, "w", user))
        assert await close_code(server, "w", "ann") == 4529
        await stack.enter_async_context(event_client(server, "w", "bob"))
        assert await close_code(server, "w", "cyd") == 4523
    async with event_client(server, "w", "cyd") as cyd:
        assert cyd.of("connected")


async def test_a_full_session_has_no_seat_left(start_server: StartServer) -> None:
    server = await start_server()
    async with server.http("ann") as http:
        made = await http.post(
            "/api/collaboration/sessions",
            json={"workflow_id": "w", "max_users": 2, "user_id": "ann"},
        )
        assert made.status_code == 201, made.text
    session_id = made.json()["session_id"]
    async with event_client(server, session_id, "bob") as bob:
        assert bob.of("connected")
        assert await close_code(server, session_id, "cyd") == 4523


async def test_a_flood_is_slowed_down_and_every_message_of_it_is_answered(
    start_server: StartServer,
) -> None:
    server = await start_server(max_messages_per_second=200)
    async with event_client(server, "w", "ann") as flooder, event_client(server, "w", "bob") as bob:
        started_s = asyncio.get_running_loop().time()
        for _ in range(800):
            await flooder.socket.send("nonsense")
        await bob.barrier()
        await flooder.until(lambda: len(flooder.of("error")) == 800)
        # 400 are a free burst; the others come at 200 a second.
        assert asyncio.get_running_loop().time() - started_s > 1.5
        assert flooder.closed is None


async def test_live_1_a_reader_that_stalls_costs_little_and_is_told_to_read_anew(
    start_server: StartServer,
) -> None:
    server = await start_server()
    async with server.http("ann") as http:
        assert (await http.post("/api/workflows", json={"id": "w", **GRAPH})).is_success
    async with event_client(server, "w", "ann") as writer:
        async with connect(
            event_url(server, "w", "eve"), compression=None, max_size=None, proxy=None
        ) as connection:
            slow = EventClient(connection)
            connection.transport.pause_reading()
            before = server.rss_bytes()
            for number in range(400):
                await writer.change("prompt", f"{number}" + "x" * 60_000, node_id="n")
                await writer.point(number, 0)
                await writer.until(lambda: len(writer.of("change_saved")) > number)  # noqa: B023
            assert server.rss_bytes() - before < 24 * MIB
            connection.transport.resume_reading()
            reading = asyncio.create_task(slow.read())
            await slow.until_came("content_reset")
            await slow.until_came("cursor_update", cursor_position={"x": 399, "y": 0})
            await writer.change("prompt", "the end", node_id="n")
            await slow.until(
                lambda: slow.changes()[-1:] and slow.changes()[-1]["value"] == "the end"
            )
        await reading


async def test_a_restart_closes_with_1012_after_what_was_asked_for_is_saved(
    start_server: StartServer,
) -> None:
    server = await start_server()
    async with server.http("ann") as http:
        assert (await http.post("/api/workflows", json={"id": "w", **GRAPH})).is_success
    async with event_client(server, "w", "ann") as ann:
        await ann.change("label", "last", node_id="m")
        await ann.barrier()
        assert await server.terminate() == 0
        assert await ann.until_closed() == 1012
        assert ann.of("change_saved")
    await server.start()
    async with server.http("ann") as http:
        listed = (await http.get("/api/workflows/w")).json()
    assert listed["nodes"][1]["data"]["label"] == "last"


async def test_an_idle_connection_holds_no_task_and_little_memory(
    start_server: StartServer,
) -> None:
    server = await start_server(max_connections_per_user=1000, max_connections_per_workflow=1000)
    async with AsyncExitStack() as stack:
        for _ in range(20):
            await stack.enter_async_context(event_client(server, "w", "ann"))
        before = server.rss_bytes()
        more = 300
        for _ in range(more):
            connection = await stack.enter_async_context(
                connect(event_url(server, "w", "ann"), compression=None, proxy=None)
            )
            await connection.recv()
        assert (server.rss_bytes() - before) / more < 48 * 1024
