"""What a client can cost: readers that stall, floods, half messages, big documents, old tokens."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest
from pycrdt import Doc, Map
from websockets.exceptions import ConnectionClosed

from server.live import messages
from tests.python_clients import WITHIN_S, python_client

if TYPE_CHECKING:
    from tests.python_clients import PythonClient
    from tests.servers import ServerProcess, StartServer

MIB = 1024 * 1024


async def test_live_1_a_reader_that_stalls_costs_little_and_catches_up(
    start_server: StartServer,
) -> None:
    server = await start_server()
    async with (
        python_client(server, "slow", "ann") as writer,
        python_client(server, "slow", "bob") as other,
        python_client(server, "slow", "eve") as slow,
    ):
        writer.nodes["text"] = Map({"data": ""})
        await writer.until_saved()
        await slow.until(lambda: "text" in slow.nodes)
        slow.socket.transport.pause_reading()  # the socket's own buffers fill, then the server's
        before = server.rss_bytes()
        for number in range(300):
            writer.nodes["text"]["data"] = f"{number}" + "x" * 100_000
            await writer.until_saved()
        # 30 MB were written, and none of it waits for the slow one.
        assert server.rss_bytes() - before < 24 * MIB
        await other.until(lambda: str(other.nodes["text"]["data"]).startswith("299"))
        async with server.http("ann") as http:
            metrics = (await http.get("/metrics")).text
        assert _value(metrics, "coflow_lagging_total") >= 1
        slow.socket.transport.resume_reading()
        await slow.until(lambda: str(slow.nodes["text"]["data"]).startswith("299"))
        assert slow.closed is None


def _value(metrics: str, name: str) -> float:
    (line,) = [line for line in metrics.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


async def test_a_flood_is_slowed_down_and_nothing_of_it_is_lost(start_server: StartServer) -> None:
    server = await start_server(max_messages_per_second=200)
    async with (
        python_client(server, "flood", "ann") as flooder,
        python_client(server, "flood", "bob") as other,
    ):
        for number in range(800):
            flooder.nodes[f"n{number}"] = number
        started_s = time.monotonic()
        sending = asyncio.create_task(flooder.until_saved())
        # Meanwhile the others are served as ever.
        for number in range(20):
            other.nodes[f"o{number}"] = number
            await other.until_saved()
        async with asyncio.timeout(WITHIN_S):
            await sending
        # 800 messages, a burst of 400 free, 200 a second: two seconds at least.
        assert time.monotonic() - started_s > 1.5
        await other.until(lambda: len(other.nodes) == 820)
        assert flooder.closed is None


async def test_a_client_that_ends_in_the_middle_of_a_message_leaves_no_trace(
    server: ServerProcess,
) -> None:
    async with python_client(server, "half", "ann") as witness:
        for cut in (1, 5, 20, 1_000):
            half: Doc[Any] = Doc()
            half.get("nodes", type=Map)["half"] = Map({"data": "x" * 5_000})
            frame = messages.Frame(messages.update(half.get_update())).encoded
            masked = bytes((frame[0], frame[1] | 0x80)) + frame[2:4] + b"\0\0\0\0" + frame[4:]
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(
                b"GET /sync/half?user_id=eve HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                b"Sec-WebSocket-Version: 13\r\n\r\n"
            )
            await reader.readuntil(b"\r\n\r\n")
            writer.write(masked[:cut])
            await writer.drain()
            # As a phone does that loses its network: a reset, no close frame.
            raw: socket.socket = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            writer.transport.abort()
        witness.nodes["after"] = 1
        await witness.until_saved()
        async with python_client(server, "half", "bob") as late:
            assert set(late.nodes.keys()) == {"after"}


async def _big(client: PythonClient, nodes: int) -> None:
    with client.doc.transaction():
        for number in range(nodes):
            client.nodes[f"n{number}"] = Map(
                {
                    "id": f"n{number}",
                    "type": "customNode",
                    "position": {"x": number, "y": 0},
                    "data": Map({"label": f"Node {number}", "notes": "some words of text " * 5}),
                    "order": number,
                }
            )
    await client.until_saved()


async def test_a_document_of_5000_nodes_is_edited_joined_and_survives_a_restart(
    start_server: StartServer,
) -> None:
    server = await start_server()
    async with python_client(server, "big", "ann") as ann:
        await _big(ann, 5_000)
        async with python_client(server, "big", "bob") as bob:
            assert len(bob.nodes) == 5_000
            bob.nodes["n17"]["position"] = {"x": -1, "y": -1}
            await bob.until_saved()
            await ann.until(lambda: ann.nodes["n17"]["position"]["x"] == -1)
        async with server.http("ann") as http:
            listed = (await http.get("/api/workflows/big")).json()
        assert len(listed["nodes"]) == 5_000
    await server.restart()
    async with python_client(server, "big", "ann") as again:
        assert len(again.nodes) == 5_000
        assert again.nodes["n17"]["position"]["x"] == -1


async def test_messages_and_documents_over_the_limit_are_refused_with_the_reason(
    start_server: StartServer,
) -> None:
    server = await start_server(max_message_bytes=100_000, max_document_bytes=150_000)
    async with python_client(server, "limits", "ann") as witness:
        async with python_client(server, "limits", "bob") as sender:
            sender.nodes["a"] = "x" * 200_000
            await sender.flush()
            await sender.until(lambda: sender.closed is not None)
            assert sender.closed is not None
            assert sender.closed[0] == 4413
        for number in range(2):
            async with python_client(server, "limits", "bob") as sender:
                sender.nodes[f"b{number}"] = "x" * 90_000
                await sender.until_saved()
        async with python_client(server, "limits", "bob") as sender:
            sender.nodes["more"] = 1
            await sender.flush()
            await sender.until(lambda: sender.closed is not None)
            assert sender.closed == (4413, "document_full")
            assert [event["reason"] for event in sender.events if "reason" in event] == [
                "document_full"
            ]
        # Room is made by deleting, by those who are connected already too.
        await witness.until(lambda: "b1" in witness.nodes)
        del witness.nodes["b1"]
        await witness.until_saved()
        assert witness.closed is None


async def test_the_number_of_connections_is_limited_per_user_and_per_workflow(
    start_server: StartServer,
) -> None:
    server = await start_server(max_connections_per_user=2, max_connections_per_workflow=3)
    async with (
        python_client(server, "full", "owner"),
        python_client(server, "full", "bob"),
        python_client(server, "full", "bob"),
    ):
        async with python_client(server, "full", "bob", waits_for_sync=False) as third:
            await third.until(lambda: third.closed is not None)
            assert third.closed is not None
            assert third.closed[0] == 4529
            assert "2 connections" in third.closed[1]
        async with python_client(server, "full", "cid", waits_for_sync=False) as fourth:
            await fourth.until(lambda: fourth.closed is not None)
            assert fourth.closed is not None
            assert fourth.closed[0] == 4523
        # Owners never count as full.
        async with python_client(server, "full", "owner") as owner:
            assert owner.closed is None
    # The places are free again.
    async with python_client(server, "full", "bob") as bob:
        assert bob.closed is None


async def test_the_limit_per_user_holds_for_sockets_that_are_opened_at_once(
    start_server: StartServer,
) -> None:
    server = await start_server(max_connections_per_user=5)

    async def knock(clients: AsyncExitStack, user: str, workflow: str) -> PythonClient:
        client = await clients.enter_async_context(
            python_client(server, workflow, user, waits_for_sync=False)
        )
        with suppress(ConnectionClosed):
            await client.greet()
        await client.until(lambda: client.is_synced or client.closed is not None)
        return client

    for attempt in range(2):
        # The second time it shows that every place was given back, and only once.
        async with AsyncExitStack() as clients:
            opened = await asyncio.gather(
                *(knock(clients, "eve", f"fresh{attempt}") for _ in range(40)),
                *(knock(clients, "eve", "x" * 129) for _ in range(5)),
            )
            assert sum(client.closed is None for client in opened) == 5
            refused = {client.closed[0] for client in opened if client.closed is not None}
            assert 4529 in refused
            assert refused <= {4529, 4404}
        async with server.http("ann") as http:
            async with asyncio.timeout(WITHIN_S):
                # Each turn waits for an answer: no sleep is needed to let the server run.
                while _value((await http.get("/metrics")).text, "coflow_connections") != 0:
                    pass


async def test_live_1_a_flood_of_pings_that_nobody_reads_the_answers_of_costs_little(
    start_server: StartServer,
) -> None:
    server = await start_server(max_messages_per_second=200)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(_upgrade("pings"))
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    before = server.rss_bytes()
    pings = (b"\x89\xfd\0\0\0\0" + b"x" * 125) * 1_000
    # Until the server reads no more than it grants: the client's own socket is full then.

    async def flood() -> None:
        for _ in range(1_000):
            writer.write(pings)
            async with asyncio.timeout(2):
                await writer.drain()

    with pytest.raises(TimeoutError):
        await flood()
    assert server.rss_bytes() - before < 8 * MIB
    async with python_client(server, "pings", "bob") as other:
        other.nodes["meanwhile"] = 1
        await other.until_saved()
    writer.transport.abort()


@pytest.mark.parametrize("workflow", ["leaving", "x" * 129])
@pytest.mark.parametrize(
    "early",
    [
        b"",
        b"\x88\x82\0\0\0\0\x03\xe8",
        b"\x82\x01unmasked",
        b"\x02\x80\0\0\0\0" + b"\x00\x80\0\0\0\0" * 10_000,
        b"\x89\xfd\0\0\0\0" + b"x" * 125,
    ],
    ids=["nothing", "close", "protocol error", "fragments", "ping"],
)
async def test_a_client_that_leaves_during_the_handshake_is_no_error(
    server: ServerProcess, workflow: str, early: bytes
) -> None:
    for number in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(_upgrade(f"{workflow}{number}") + early)
        await writer.drain()
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()
    async with python_client(server, "leaving", "bob") as after:
        after.nodes["after"] = 1
        await after.until_saved()
    assert "Traceback" not in server.log()


def _upgrade(workflow: str) -> bytes:
    return (
        f"GET /sync/{workflow}?user_id=eve HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


async def test_sec_1_a_token_that_expires_closes_the_open_socket(start_server: StartServer) -> None:
    server = await start_server(auth_mode="jwt", jwt_leeway_s=0)
    async with server.http("ann") as http:
        created = await http.post("/api/workflows", json={"id": "brief"})
        assert created.status_code == 201
    async with python_client(server, "brief", "ann", expires_in_s=3) as client:
        await client.until(lambda: client.closed is not None)
        assert client.closed is not None
        assert client.closed[0] == 4401
        assert "expired" in client.closed[1]


@pytest.mark.parametrize(
    ("user", "claims", "code"),
    [
        ("ann", {"expires_in_s": -100}, 4401),
        ("stranger", {}, 4403),
        ("guest", {"workflows": {"private": "viewer"}}, None),
        ("guest", {"workflows": {"pri*": "editor"}}, None),
        ("guest", {"workflows": {"other": "owner"}}, 4403),
    ],
)
async def test_acc_2_the_sync_door_asks_for_a_right_to_view(
    start_server: StartServer, user: str, claims: dict[str, Any], code: int | None
) -> None:
    server = await start_server(auth_mode="jwt", jwt_leeway_s=0)
    async with server.http("ann") as http:
        await http.post("/api/workflows", json={"id": "private"})
    async with python_client(server, "private", user, waits_for_sync=False, **claims) as client:
        with suppress(ConnectionClosed):
            await client.greet()
        await client.until(lambda: client.is_synced or client.closed is not None)
        assert (client.closed or (None, ""))[0] == code
    async with python_client(server, "nowhere", "ann", waits_for_sync=False) as client:
        await client.until(lambda: client.closed is not None)
        assert client.closed is not None
        assert client.closed[0] == 4404


def changed_to(role: str, *permissions: str) -> dict[str, Any]:
    return {"type": "access_changed", "role": role, "permissions": list(permissions)}


async def test_acc_3_revocation_reaches_open_sockets_within_a_second(
    start_server: StartServer,
) -> None:
    server = await start_server(auth_mode="jwt")
    async with server.http("ann") as http:
        await http.post("/api/workflows", json={"id": "shared"})
        member = "/api/workflows/shared/members/bob"
        assert (await http.put(member, json={"role": "editor"})).is_success
        async with python_client(server, "shared", "bob") as bob:
            bob.nodes["mine"] = 1
            await bob.until_saved()
            assert (await http.put(member, json={"role": "viewer"})).is_success
            await bob.until(
                lambda: changed_to("viewer", "view") in bob.events,
                within_s=1,
            )
            assert (await http.put(member, json={"role": "editor"})).is_success
            await bob.until(
                lambda: changed_to("editor", "view", "comment", "edit", "share") in bob.events,
                within_s=1,
            )
            bob.nodes["again"] = 1
            await bob.until_saved()
            assert (await http.delete(member)).is_success
            await bob.until(lambda: bob.closed is not None, within_s=1)
            assert bob.closed is not None
            assert bob.closed[0] == 4403
        async with python_client(server, "shared", "ann") as ann:
            assert (await http.delete("/api/workflows/shared")).is_success
            await ann.until(lambda: ann.closed is not None, within_s=1)
            assert ann.closed is not None
            assert ann.closed[0] == 4404
