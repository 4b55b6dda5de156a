"""Our frame parsing against the `websockets` library's client, and against raw bytes."""

from __future__ import annotations

import asyncio
import os
import random
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from server.live.messages import Frame
from server.live.websocket_protocol import WIRE_EXTENSION, WebSocketProtocol
from server.live.wire import Pause

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

MAX_BYTES = 300_000


class EchoSink:
    """Sends every frame back; `pause` stops reading for one turn of the loop after each."""

    def __init__(self, wire: WebSocketProtocol, *, pause: bool) -> None:
        self.wire = wire
        self.pause = pause
        self.received: list[bytes] = []
        self.control_frames = 0
        self.most_in_one_turn = 0
        self._in_this_turn = 0
        self.pauses_once = Pause(0)
        """Why reading is paused, by the sink itself, after the next frame."""
        self.closed = asyncio.Event()
        self.drained_once = asyncio.Event()

    def frame_received(self, payload: bytes) -> None:
        self.received.append(payload)
        if self.pauses_once:
            for why in self.pauses_once:
                self.wire.pause_reading(why)
            self.pauses_once = Pause(0)
        if self.pause:
            self.wire.pause_reading(Pause.SCANNING)
            asyncio.get_running_loop().call_soon(self.wire.resume_reading, Pause.SCANNING)
        self.wire.send_frame(Frame(payload))

    def text_received(self, payload: bytes) -> None:
        self.wire.close(4400, "text")

    def control_frame_received(self) -> None:
        self.control_frames += 1
        if self._in_this_turn == 0:
            asyncio.get_running_loop().call_soon(self._end_turn)
        self._in_this_turn += 1
        self.most_in_one_turn = max(self.most_in_one_turn, self._in_this_turn)

    def _end_turn(self) -> None:
        self._in_this_turn = 0

    def frame_too_large(self, size: int) -> None:
        self.wire.close(4413, f"{size}")

    def drained(self) -> None:
        self.drained_once.set()

    def connection_closed(self) -> None:
        assert not self.closed.is_set()
        self.closed.set()


class EchoServer:
    def __init__(self, *, pause: bool) -> None:
        self.sinks: list[EchoSink] = []
        self.pause = pause
        self.port = 0

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "websocket"
        await receive()
        await send({"type": "websocket.accept"})
        wire = scope["extensions"][WIRE_EXTENSION]
        sink = EchoSink(wire, pause=self.pause)
        self.sinks.append(sink)
        wire.attach(sink, send_buffer_bytes=64 * 1024)


@asynccontextmanager
async def echo_server(*, pause: bool = False) -> AsyncIterator[EchoServer]:
    app = EchoServer(pause=pause)
    config = uvicorn.Config(
        app,
        port=0,
        ws=WebSocketProtocol,
        lifespan="off",
        log_config=None,
        ws_max_size=MAX_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=0.5,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    async with asyncio.timeout(20):
        while not server.started:  # noqa: ASYNC110 - uvicorn sets a flag, no event
            await asyncio.sleep(0.01)
    app.port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield app
    finally:
        server.should_exit = True
        async with asyncio.timeout(20):
            await task


@pytest.mark.parametrize("pause", [False, True])
async def test_messages_of_every_size_come_back_in_order(pause: bool) -> None:
    sizes = [0, 1, 125, 126, 127, 65_535, 65_536, MAX_BYTES, *range(2, 300, 7)]
    sent = [os.urandom(size) for size in sizes]
    async with (
        echo_server(pause=pause) as server,
        connect(server.url, compression=None, max_size=None) as client,
        asyncio.timeout(30),
    ):
        for message in sent:
            await client.send(message)
        assert [await client.recv() for _ in sent] == sent


async def test_fragments_and_pings_between_them_are_one_message() -> None:
    async with (
        echo_server() as server,
        connect(server.url, compression=None) as client,
        asyncio.timeout(30),
    ):

        async def parts() -> AsyncIterator[bytes]:
            for part in (b"one ", b"two ", b"three"):
                yield part
                await (await client.ping())

        await client.send(parts())
        assert await client.recv() == b"one two three"
        await client.send(b"plain")
        assert await client.recv() == b"plain"


async def test_a_message_over_the_limit_closes_before_it_is_read() -> None:
    async with (
        echo_server() as server,
        connect(server.url, compression=None, max_size=None) as client,
        asyncio.timeout(30),
    ):
        await client.send(b"x" * (MAX_BYTES + 1))
        with pytest.raises(ConnectionClosedError) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4413


async def test_text_is_told_apart() -> None:
    async with (
        echo_server() as server,
        connect(server.url, compression=None) as client,
        asyncio.timeout(30),
    ):
        await client.send("text")
        with pytest.raises(ConnectionClosedError) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4400
        await asyncio.wait_for(server.sinks[0].closed.wait(), 10)


async def test_a_reader_that_stalls_is_congested_and_drains_once() -> None:
    async with (
        echo_server() as server,
        connect(server.url, compression=None, max_size=None, max_queue=1) as client,
        asyncio.timeout(30),
    ):
        await client.send(b"first")
        assert await client.recv() == b"first"
        sink = server.sinks[0]
        big = Frame(b"y" * 200_000)
        count = 0
        while not sink.wire.is_congested:
            sink.wire.send_frame(big)
            count += 1
            await asyncio.sleep(0)
        for _ in range(count):
            assert len(await client.recv()) == 200_000
        await asyncio.wait_for(sink.drained_once.wait(), 10)
        assert not sink.wire.is_congested


async def _handshake(server: EchoServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def _masked(first: int, payload: bytes) -> bytes:
    mask = b"\x01\x02\x03\x04"
    size = len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65_536:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


@pytest.mark.parametrize("seed", range(10))
async def test_frames_cut_anywhere_are_put_together_again(seed: int) -> None:
    chance = random.Random(seed)
    messages = [chance.randbytes(chance.choice((0, 1, 50, 126, 400))) for _ in range(150)]
    stream = b"".join(_masked(0x82, message) for message in messages)
    async with echo_server(pause=seed % 2 == 1) as server, asyncio.timeout(30):
        reader, writer = await _handshake(server)
        position = 0
        while position < len(stream):
            step = chance.choice((1, 2, 3, 7, 100, 5_000))
            writer.write(stream[position : position + step])
            position += step
            await asyncio.sleep(0)
        for message in messages:
            assert await reader.readexactly(len(Frame(message).encoded)) == Frame(message).encoded
        writer.close()
        await asyncio.wait_for(server.sinks[0].closed.wait(), 10)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("unmasked", b"\x82\x01a", 1002),
        ("reserved bit", _masked(0xC2, b"a"), 1002),
        ("unknown opcode", _masked(0x83, b"a"), 1002),
        ("continuation of nothing", _masked(0x80, b"a"), 1002),
        ("data between fragments", _masked(0x02, b"a") + _masked(0x82, b"b"), 1002),
        ("fragmented ping", _masked(0x09, b"a"), 1002),
        ("long ping", _masked(0x89, b"a" * 126), 1002),
        (
            "text that is not UTF-8 but was sent as a close reason",
            _masked(0x88, b"\x03\xe8\xff"),
            1007,
        ),
        ("normal close", _masked(0x88, b"\x03\xe8"), 1000),
    ],
)
async def test_protocol_errors_end_with_the_code_of_rfc_6455(
    name: str, data: bytes, code: int
) -> None:
    async with echo_server() as server, asyncio.timeout(30):
        reader, writer = await _handshake(server)
        writer.write(data)
        answer = await reader.read()
        while answer[0] != 0x88:
            # A ping of the server's own may come first.
            answer = answer[2 + answer[1] :]
        assert int.from_bytes(answer[2:4], "big") == code, name
        writer.close()
        await asyncio.wait_for(server.sinks[0].closed.wait(), 10)


@pytest.mark.parametrize("seed", range(20))
async def test_random_bytes_never_hang_the_server(seed: int) -> None:
    chance = random.Random(seed)
    async with echo_server() as server, asyncio.timeout(30):
        _, writer = await _handshake(server)
        writer.write(chance.randbytes(chance.randrange(1, 4_000)))
        writer.write_eof()
        await asyncio.wait_for(server.sinks[0].closed.wait(), 10)
        async with connect(server.url, compression=None) as client:
            await client.send(b"alive")
            assert await client.recv() == b"alive"
        writer.close()


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - the sink is told by calls, not by an event
            await asyncio.sleep(0)


async def _some_turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def _read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The next frame that is no ping of the server's own."""
    while True:
        first, size = await reader.readexactly(2)
        if size == 126:
            (size,) = struct.unpack("!H", await reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await reader.readexactly(8))
        payload = await reader.readexactly(size)
        if first != 0x89:
            return first, payload


async def test_live_1_pings_of_a_peer_that_does_not_read_cost_one_pong() -> None:
    async with echo_server() as server, asyncio.timeout(30):
        reader, writer = await _handshake(server)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        sink = server.sinks[0]
        frames = 0
        while not sink.wire.is_congested:
            sink.wire.send_frame(Frame(b"y" * 60_000))
            frames += 1
            await asyncio.sleep(0)
        before = sink.wire.transport.get_write_buffer_size()
        for number in range(3_000):
            writer.write(_masked(0x89, str(number).encode() * 20))
        await _until(lambda: sink.control_frames == 3_000)
        assert sink.wire.is_congested
        # The server's own ping, every half second, is what little may have come.
        assert sink.wire.transport.get_write_buffer_size() < before + 200
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        for _ in range(frames):
            assert (await _read_frame(reader))[0] == 0x82
        # RFC 6455 §5.5.3: the most recent one is answered.
        assert await _read_frame(reader) == (0x8A, b"2999" * 20)
        writer.write(_masked(0x89, b"again"))
        assert await _read_frame(reader) == (0x8A, b"again")
        writer.close()


@pytest.mark.parametrize("data", [_masked(0x89, b""), _masked(0x8A, b"x"), _masked(0x00, b"")])
async def test_live_2_control_frames_and_fragments_share_the_budget_of_a_turn(data: bytes) -> None:
    async with echo_server() as server, asyncio.timeout(30):
        _, writer = await _handshake(server)
        writer.write(_masked(0x02, b"") + data * 2_000)
        sink = server.sinks[0]
        await _until(lambda: sink.control_frames == 2_001)
        assert sink.most_in_one_turn <= 64
        writer.close()


@pytest.mark.parametrize("part", [b"", b"x" * 1_000])
async def test_live_1_a_message_of_too_many_or_too_large_parts_is_refused(part: bytes) -> None:
    async with echo_server() as server, asyncio.timeout(30):
        reader, writer = await _handshake(server)
        writer.write(_masked(0x02, part) + _masked(0x00, part) * 5_000)
        first, payload = await _read_frame(reader)
        assert (first, int.from_bytes(payload[:2], "big")) == (0x88, 4413)
        assert server.sinks[0].control_frames <= 4_096
        assert server.sinks[0].received == []
        # What else was on its way does not disturb the closing handshake.
        writer.write(_masked(0x88, payload[:2]))
        assert await asyncio.wait_for(reader.read(), 3) == b""
        writer.close()


async def test_as_many_parts_as_are_allowed_are_one_message() -> None:
    async with echo_server() as server, asyncio.timeout(30):
        reader, writer = await _handshake(server)
        for _ in range(2):
            writer.write(_masked(0x02, b"a") + _masked(0x00, b"b") * 4_094 + _masked(0x80, b"c"))
            assert await _read_frame(reader) == (0x82, b"a" + b"b" * 4_094 + b"c")
        writer.close()


async def test_the_rest_of_a_message_over_the_limit_is_skipped_up_to_the_peers_close() -> None:
    async with echo_server() as server, asyncio.timeout(30):
        reader, writer = await _handshake(server)
        # Inside it is what would be a protocol error, were it read as frames.
        writer.write(_masked(0x82, b"\x01" * (MAX_BYTES + 1)) + _masked(0x82, b"later"))
        first, payload = await _read_frame(reader)
        assert (first, int.from_bytes(payload[:2], "big")) == (0x88, 4413)
        writer.write(_masked(0x88, payload[:2]))
        assert await asyncio.wait_for(reader.read(), 3) == b""
        assert server.sinks[0].received == []
        writer.close()


async def test_reading_goes_on_when_the_last_of_several_reasons_is_gone() -> None:
    async with echo_server() as server, asyncio.timeout(30):
        reader, writer = await _handshake(server)
        sink = server.sinks[0]
        sink.pauses_once = Pause.TOO_FAST | Pause.ROOM_FULL
        # In one segment, so that the later ones wait in what was read already.
        writer.write(_masked(0x82, b"a") + _masked(0x82, b"b") + _masked(0x82, b"c")[:-1])
        assert await _read_frame(reader) == (0x82, b"a")
        # The rate limit's timer fires while the room is still full.
        asyncio.get_running_loop().call_later(0, sink.wire.resume_reading, Pause.TOO_FAST)
        await _some_turns()
        sink.wire.resume_reading(Pause.SCANNING)
        sink.wire.resume_reading(Pause.TOO_FAST)
        await _some_turns()
        assert sink.received == [b"a"]
        sink.wire.resume_reading(Pause.ROOM_FULL)
        sink.wire.resume_reading(Pause.ROOM_FULL)
        assert await _read_frame(reader) == (0x82, b"b")
        writer.write(_masked(0x82, b"c")[-1:] + _masked(0x82, b"d"))
        assert await _read_frame(reader) == (0x82, b"c")
        assert await _read_frame(reader) == (0x82, b"d")
        assert sink.received == [b"a", b"b", b"c", b"d"]
        writer.close()


async def test_a_pause_in_the_turn_of_a_resume_holds() -> None:
    async with echo_server() as server, asyncio.timeout(30):
        reader, writer = await _handshake(server)
        sink = server.sinks[0]
        sink.pauses_once = Pause.SCANNING
        writer.write(_masked(0x82, b"a") + _masked(0x82, b"b") + _masked(0x82, b"c"))
        assert await _read_frame(reader) == (0x82, b"a")
        for _ in range(3):
            sink.wire.resume_reading(Pause.SCANNING)
            sink.wire.pause_reading(Pause.ROOM_FULL)
            sink.wire.resume_reading(Pause.ROOM_FULL)
            sink.wire.pause_reading(Pause.SCANNING)
        await _some_turns()
        assert sink.received == [b"a"]
        sink.pauses_once = Pause.TOO_FAST
        sink.wire.resume_reading(Pause.SCANNING)
        assert await _read_frame(reader) == (0x82, b"b")
        await _some_turns()
        assert sink.received == [b"a", b"b"]
        sink.wire.resume_reading(Pause.TOO_FAST)
        assert await _read_frame(reader) == (0x82, b"c")
        writer.close()


@pytest.mark.parametrize("close_waits_too", [True, False])
async def test_a_close_while_reading_is_paused_ends_at_the_peers_close(
    close_waits_too: bool,
) -> None:
    async with echo_server() as server, asyncio.timeout(30):
        reader, writer = await _handshake(server)
        sink = server.sinks[0]
        sink.pauses_once = Pause.SCANNING | Pause.ROOM_FULL
        peers_close = _masked(0x88, b"\x03\xe8")
        later = _masked(0x82, b"b") * 100
        writer.write(_masked(0x82, b"a") + later + (peers_close if close_waits_too else b""))
        assert await _read_frame(reader) == (0x82, b"a")
        sink.wire.close(4400, "enough")
        sink.wire.pause_reading(Pause.TOO_FAST)
        first, payload = await _read_frame(reader)
        assert (first, payload) == (0x88, b"\x11\x30enough")
        if not close_waits_too:
            writer.write(peers_close)
        # Sooner than the 5 s after which a peer that does not answer is cut off.
        assert await asyncio.wait_for(reader.read(), 3) == b""
        await asyncio.wait_for(sink.closed.wait(), 3)
        sink.wire.resume_reading(Pause.SCANNING | Pause.ROOM_FULL)
        await _some_turns()
        assert sink.received == [b"a"]
        writer.close()
