"""How pycrdt-websocket as installed sends to slow, waiting and broken readers, and how ours does.

A failing `test_upstream_…` is good news: the library has mended that defect, and the override may
go. See docs/decisions/0002-deriving-from-pycrdt-websocket.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest
from pycrdt import Doc, read_message

from server.live import messages
from tests.live.channels import (
    ANN,
    BOB,
    FirstWaits,
    MemoryChannel,
    edits,
    updates_in,
    upstream_room,
)
from tests.live.rooms import WORKFLOW, Peer, open_house

if TYPE_CHECKING:
    from pathlib import Path


async def test_upstream_starts_a_task_for_every_update_that_a_stalled_reader_does_not_take() -> (
    None
):
    channel = MemoryChannel("w")
    async with upstream_room() as room, anyio.create_task_group() as tasks:
        tasks.start_soon(room.serve, channel)
        await channel.until(len)
        channel.let_through(0)
        edits(500, room.ydoc)
        await anyio.wait_all_tasks_blocked()
        assert channel.sending == 500
        tasks.cancel_scope.cancel()


async def test_live_1_ours_costs_a_stalled_reader_one_send_and_then_one_diff(
    tmp_path: Path,
) -> None:
    channel = MemoryChannel(WORKFLOW)
    async with open_house(tmp_path, send_buffer_bytes=4_096) as house:
        room = await house.room()
        writer = Peer(room, "ann").join()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(house.rooms.serve, channel, BOB)
            await channel.until(len)
            channel.let_through(0)
            for _ in range(100):
                # Each is a commit, and so a frame, of its own.
                edits(1, writer.doc, size=500)
                writer.send_made()
                await house.settle()
            assert channel.sending == 1
            assert house.rooms.metrics.lagging == 1
            channel.let_through(1_000)
            await channel.until(lambda sent: sent[-1][:2] == b"\x00\x01")
            assert len(updates_in(channel.sent)) < 10
            channel.hang_up()
        reader: Doc[Any] = Doc()
        for frame in channel.sent[1:]:
            reader.apply_update(read_message(frame[2:]))
        assert reader.get_state() == writer.doc.get_state()
        assert channel.most_sending == 1


async def test_upstream_reorders_updates_where_a_send_waits() -> None:
    channel = FirstWaits("w")
    async with upstream_room() as room, anyio.create_task_group() as tasks:
        tasks.start_soon(room.serve, channel)
        await channel.until(len)
        first, second = edits(2, room.ydoc)
        await channel.until(lambda sent: updates_in(sent))
        channel.let_it_go.set()
        await channel.until(lambda sent: len(updates_in(sent)) == 2)
        assert updates_in(channel.sent) == [second, first]
        channel.hang_up()


async def test_ours_sends_updates_in_order_where_a_send_waits(tmp_path: Path) -> None:
    channel = FirstWaits(WORKFLOW)
    async with open_house(tmp_path) as house, anyio.create_task_group() as tasks:
        room = await house.room()
        tasks.start_soon(house.rooms.serve, channel, BOB)
        await channel.until(len)
        writer = Peer(room, "ann").join()
        made = edits(2)
        for update in made:
            writer.receive(messages.update(update))
            await house.settle()
        assert not updates_in(channel.sent)
        channel.let_it_go.set()
        await channel.until(lambda sent: len(updates_in(sent)) == 2)
        assert updates_in(channel.sent) == made
        channel.hang_up()


async def test_upstream_one_failing_send_ends_the_room_for_everybody() -> None:
    broken, healthy = MemoryChannel("w"), MemoryChannel("w")

    async def edit() -> None:
        async with upstream_room() as room, anyio.create_task_group() as tasks:
            tasks.start_soon(room.serve, broken)
            tasks.start_soon(room.serve, healthy)
            await anyio.wait_all_tasks_blocked()
            broken.broken = True
            edits(1, room.ydoc)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()

    with pytest.raises(ExceptionGroup) as caught:
        await edit()
    assert caught.group_contains(ConnectionResetError)


async def test_ours_ends_only_the_connection_whose_send_fails(tmp_path: Path) -> None:
    broken, healthy = MemoryChannel(WORKFLOW), MemoryChannel(WORKFLOW)
    async with open_house(tmp_path) as house:
        room = await house.room()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(house.rooms.serve, broken, ANN)
            tasks.start_soon(house.rooms.serve, healthy, ANN)
            await broken.until(len)
            await healthy.until(len)
            broken.broken = True
            writer = Peer(room, "ann").join()
            for number in range(2):
                edits(1, writer.doc, size=number + 1)
                writer.send_made()
                await house.settle()
            await healthy.until(lambda sent: len(updates_in(sent)) == 2)
            assert room.clients == {healthy}
            assert len(room.connections) == 2
            assert house.rooms.metrics.task_errors == 1
            healthy.hang_up()
