"""The y-websocket protocol, byte for byte, in both directions, against a real server."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from websockets.asyncio.client import ClientConnection, connect

from crdt_store.ids import UserId
from server.core.colors import color_of
from server.live.messages import read_var_uint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.servers import ServerProcess, StartServer

# Written by yjs 13.6.33: `doc.clientID = 77; doc.getMap('meta').set('name', 'W')`
UPDATE = bytes.fromhex("01014d002801046d657461046e616d650177015700")
STEP_1_OF_NOTHING = bytes.fromhex("00000100")


@asynccontextmanager
async def raw(
    server: ServerProcess, workflow: str, user: str, **params: str
) -> AsyncIterator[ClientConnection]:
    query = urlencode({**server.params(user), **params})
    url = f"{server.sync_url}/{workflow}?{query}"
    async with connect(url, compression=None, proxy=None, open_timeout=20) as socket:
        yield socket


async def test_an_editor_is_asked_answered_and_echoed_to_others_in_exact_bytes(
    server: ServerProcess,
) -> None:
    async with (
        raw(server, "bytes-1", "ann") as ann,
        raw(server, "bytes-1", "bob", events="1") as bob,
    ):
        # Step 1: what does a client have that an empty document has not?
        assert await ann.recv() == STEP_1_OF_NOTHING
        assert await bob.recv() == STEP_1_OF_NOTHING
        # Step 1 of a client: an empty document answers with an empty update.
        await ann.send(STEP_1_OF_NOTHING)
        assert await ann.recv() == bytes.fromhex("0001020000")
        # An update reaches the others as it was sent; the sender is told that it is saved.
        await bob.send(b"\x00\x02" + bytes((len(UPDATE),)) + UPDATE)
        assert await ann.recv() == b"\x00\x02" + bytes((len(UPDATE),)) + UPDATE
        saved = b'{"type":"saved","count":1}'
        assert await bob.recv() == b"\x64" + bytes((len(saved),)) + saved
        # A newcomer: its state vector is answered by what it lacks, or by nothing.
        async with raw(server, "bytes-1", "cid") as cid:
            assert await cid.recv() == bytes.fromhex("000003014d01")
            await cid.send(STEP_1_OF_NOTHING)
            assert await cid.recv() == b"\x00\x01" + bytes((len(UPDATE),)) + UPDATE
            await cid.send(bytes.fromhex("000003014d01"))
            assert await cid.recv() == bytes.fromhex("0001020000")


async def test_awareness_is_shown_asked_for_and_removed_in_exact_bytes(
    server: ServerProcess,
) -> None:
    async with raw(server, "bytes-2", "bob") as bob:
        assert await bob.recv() == STEP_1_OF_NOTHING
        async with raw(server, "bytes-2", "ann") as ann:
            assert await ann.recv() == STEP_1_OF_NOTHING
            await ann.send(b"\x01\x11\x01\x05\x01\x0d" + b'{"cursor":{}}')
            shown = await bob.recv()
            assert isinstance(shown, bytes)
            clock, state = _only_state(shown, client_id=5)
            color = color_of(UserId("ann"))
            # As JSON.stringify would write it, so that echoes are known by their bytes.
            user = {"id": "ann", "name": "ann", "color": color, "role": "editor"}
            assert state.decode() == json.dumps({"cursor": {}, "user": user}, separators=(",", ":"))
            # Type 3: who is there?
            await bob.send(b"\x03")
            assert await bob.recv() == shown
        gone = await bob.recv()
        assert isinstance(gone, bytes)
        assert _only_state(gone, client_id=5) == (clock + 1, b"null")


def _only_state(message: bytes, *, client_id: int) -> tuple[int, bytes]:
    """The clock and the JSON of an awareness message with one state."""
    numbers = []
    position = 0
    for _ in range(6):
        value, position = read_var_uint(message, position)
        numbers.append(value)
    kind, _size, count, client, clock, length = numbers
    assert (kind, count, client) == (1, 1, client_id)
    assert length == len(message) - position
    return clock, message[position:]


async def test_a_viewer_is_sent_no_step_1_and_told_in_exact_bytes_that_it_may_not_edit(
    start_server: StartServer,
) -> None:
    server = await start_server(auth_mode="jwt")
    async with server.http("ann") as http:
        await http.post("/api/workflows", json={"id": "bytes-3"})
        await http.put("/api/workflows/bytes-3/members/vic", json={"role": "viewer"})
    async with raw(server, "bytes-3", "vic", events="1") as vic:
        await vic.send(STEP_1_OF_NOTHING)
        # The very first thing it gets is the answer to its own step 1.
        assert await vic.recv() == bytes.fromhex("0001020000")
        await vic.send(b"\x00\x02" + bytes((len(UPDATE),)) + UPDATE)
        assert await vic.recv() == b"\x02\x00\x11permission denied"
        reverted = b'{"type":"edit_reverted","resources":[],"reason":"permission_denied"}'
        assert await vic.recv() == b"\x64" + bytes((len(reverted),)) + reverted
        await vic.wait_closed()
        assert vic.close_code == 4403


@pytest.mark.parametrize("text", ["{}", ""])
async def test_text_frames_are_refused(server: ServerProcess, text: str) -> None:
    async with raw(server, "bytes-4", "ann") as ann:
        await ann.send(text)
        await ann.wait_closed()
        assert ann.close_code == 4400
