"""A connection over a pycrdt Channel: when it counts as slow, when it stands still, how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import UserId
from server.core.identity import Identity
from server.live import channel_wire
from server.live.channel_wire import ChannelWire
from server.live.messages import Frame
from server.live.room import RoomGone
from server.live.wire import Pause
from tests.live.channels import ANN, DEADLINE_S, MemoryChannel
from tests.live.rooms import WORKFLOW, open_house

if TYPE_CHECKING:
    from pathlib import Path


class Heard:
    """A Sink that keeps what it is told."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.times_drained = 0
        self.times_closed = 0

    def frame_received(self, payload: bytes) -> None:
        self.frames.append(payload)

    def text_received(self, payload: bytes) -> None:
        raise AssertionError("a Channel carries bytes")

    def frame_too_large(self, size: int) -> None:
        raise AssertionError("a Channel bounds its own frames")

    def control_frame_received(self) -> None:
        raise AssertionError("a Channel has no control frames")

    def drained(self) -> None:
        self.times_drained += 1

    def connection_closed(self) -> None:
        self.times_closed += 1


async def test_live_1_a_congested_channel_stays_so_until_it_says_that_it_has_drained() -> None:
    channel, heard = MemoryChannel("w"), Heard()
    wire = ChannelWire(channel, send_buffer_bytes=1_000)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wire.run, heard)
        channel.let_through(0)
        for _ in range(11):
            wire.send_frame(Frame(b"x" * 100))
        assert wire.is_congested
        channel.let_through(4)
        await channel.until(lambda sent: len(sent) == 4)
        # An answer that may not wait: with it the queue is below its bound and above the half.
        wire.send_frame(Frame(b"y"))
        assert (wire.is_congested, heard.times_drained) == (True, 0)
        channel.let_through(100)
        await channel.until(lambda sent: len(sent) == 12)
        assert (wire.is_congested, heard.times_drained) == (False, 1)
        channel.hang_up()
    assert heard.times_closed == 1


async def test_a_paused_channel_is_not_read_and_goes_on_where_it_stopped() -> None:
    channel, heard = MemoryChannel("w"), Heard()
    wire = ChannelWire(channel, send_buffer_bytes=1_000)
    wire.pause_reading(Pause.SCANNING)
    wire.pause_reading(Pause.ROOM_FULL)
    for number in range(10):
        channel.say(bytes((number,)))
    channel.hang_up()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wire.run, heard)
        await anyio.wait_all_tasks_blocked()
        wire.resume_reading(Pause.SCANNING)
        # Resumed and paused in one turn of the loop: nothing may slip through.
        wire.resume_reading(Pause.ROOM_FULL)
        wire.pause_reading(Pause.SCANNING)
        await anyio.wait_all_tasks_blocked()
        assert not heard.frames
        assert channel.unread == 10
        wire.resume_reading(Pause.SCANNING)
    assert heard.frames == [bytes((number,)) for number in range(10)]


async def test_a_closed_channel_gets_what_is_queued_and_then_ends() -> None:
    channel, heard = MemoryChannel("w"), Heard()
    wire = ChannelWire(channel, send_buffer_bytes=1_000)
    for number in range(3):
        wire.send_frame(Frame(bytes((number,))))
    wire.close(1012, "the room was closed")
    wire.send_frame(Frame(b"too late"))
    with anyio.fail_after(DEADLINE_S):
        await wire.run(heard)
    assert channel.sent == [b"\x00", b"\x01", b"\x02"]
    assert heard.times_closed == 1


@pytest.mark.parametrize("is_running", [True, False])
async def test_live_1_a_closed_channel_that_takes_nothing_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, is_running: bool
) -> None:
    monkeypatch.setattr(channel_wire, "CLOSE_TIMEOUT_S", 0.0)
    channel, heard = MemoryChannel("w"), Heard()
    channel.let_through(0)
    wire = ChannelWire(channel, send_buffer_bytes=1_000)
    wire.send_frame(Frame(b"never taken"))
    if not is_running:
        wire.close(1013, "too slow")
    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wire.run, heard)
            await anyio.wait_all_tasks_blocked()
            wire.close(1013, "too slow")
    assert not channel.sent
    assert heard.times_closed == 1


async def test_serving_needs_a_workflow_that_exists_and_a_registry_that_goes_on(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        with pytest.raises(WorkflowNotFound):
            await house.rooms.serve(MemoryChannel("/nowhere"), ANN)
        room = await house.room()
        await house.rooms.drain(DEADLINE_S)
        with pytest.raises(RoomGone):
            await house.rooms.serve(MemoryChannel(WORKFLOW), ANN)
        with pytest.raises(RoomGone):
            await room.serve(MemoryChannel(WORKFLOW), ANN)


async def test_acc_2_a_stranger_is_served_nothing(tmp_path: Path) -> None:
    stranger = Identity(UserId("eve"), "Eve")
    channel = MemoryChannel(WORKFLOW)
    async with open_house(tmp_path) as house:
        with anyio.fail_after(DEADLINE_S):
            await house.rooms.serve(channel, stranger)
        assert not channel.sent
        assert not (await house.room()).connections
