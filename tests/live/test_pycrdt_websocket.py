"""What rooms of pycrdt-websocket as installed do wrong, and that ours do not.

A failing `test_upstream_…` is good news: the library has mended that defect, and the override may
go. See docs/decisions/0002-deriving-from-pycrdt-websocket.md.
"""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from pycrdt import Map
from pycrdt.store import BaseYStore
from pycrdt.websocket import WebsocketServer

from crdt_store.loading import load_doc
from server.live import messages
from tests.live.channels import ANN, BOB, DEADLINE_S, MemoryChannel, edits, upstream_room
from tests.live.rooms import WORKFLOW, House, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


def is_step_1(frame: bytes) -> bool:
    return frame[:2] == b"\x00\x00"


async def stored_nodes(house: House) -> set[str]:
    stored = await house.journal.load(WORKFLOW)
    return set(load_doc(WORKFLOW, stored).get("nodes", type=Map).keys())


class SlowStore(BaseYStore):
    """A YStore whose every write waits until the test lets it go on."""

    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self.writing: list[anyio.Event] = []

    async def write(self, data: bytes) -> None:
        may_finish = anyio.Event()
        self.writing.append(may_finish)
        await may_finish.wait()
        self.rows.append(data)

    async def read(self) -> AsyncIterator[tuple[bytes, bytes, float]]:
        for row in self.rows:
            yield row, b"", 0.0


class FullStore(SlowStore):
    async def write(self, data: bytes) -> None:
        raise OSError("no space left on device")


# Opening a room at once


async def test_upstream_start_race_leaves_clients_without_step_1() -> None:
    channels = [MemoryChannel("new") for _ in range(3)]
    async with WebsocketServer() as server, anyio.create_task_group() as tasks:
        for channel in channels:
            tasks.start_soon(server.serve, channel)
        await anyio.wait_all_tasks_blocked()
        assert len([channel for channel in channels if channel.sent]) == 1
        server.rooms["new"]._update_send_stream.close()
        tasks.cancel_scope.cancel()


async def test_ours_greets_and_answers_everybody_who_opens_a_room_at_once(tmp_path: Path) -> None:
    """With stock clients: tests/e2e/test_start_race.py."""
    channels = [MemoryChannel(f"/{WORKFLOW}") for _ in range(50)]
    async with open_house(tmp_path) as house, anyio.create_task_group() as tasks:
        for channel in channels:
            channel.say(messages.step_1(b"\x00"))
            tasks.start_soon(house.rooms.serve, channel, ANN)
        for channel in channels:
            await channel.until(lambda sent: any(map(is_step_1, sent)))
            await channel.until(lambda sent: any(frame[:2] == b"\x00\x01" for frame in sent))
            channel.hang_up()


# Writing


async def test_upstream_stop_cancels_the_writes_that_are_under_way() -> None:
    store = SlowStore()
    async with upstream_room(store) as room:
        edits(200, room.ydoc)
        await anyio.wait_all_tasks_blocked()
        assert len(store.writing) == 200
        await room.stop()
        for may_finish in store.writing:
            may_finish.set()
        await anyio.wait_all_tasks_blocked()
    assert store.rows == []


async def test_dur_2_ours_commits_what_is_queued_before_it_stops(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        channel = MemoryChannel(WORKFLOW)
        channel.say_updates(edits(200))
        channel.hang_up()
        async with house.database.writing():
            # No commit can run: everything is read, and waits.
            with anyio.fail_after(DEADLINE_S):
                await house.rooms.serve(channel, ANN)
            assert not await stored_nodes(house)
        await house.rooms.drain(DEADLINE_S)
        assert len(await stored_nodes(house)) == 200


async def test_upstream_stores_updates_in_the_order_in_which_writes_end() -> None:
    store = SlowStore()
    async with upstream_room(store) as room:
        first, second = edits(2, room.ydoc)
        await anyio.wait_all_tasks_blocked()
        for may_finish in reversed(store.writing):
            may_finish.set()
            await anyio.wait_all_tasks_blocked()
    assert store.rows == [second, first]


async def test_dur_3_ours_stores_updates_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    """Journals under trouble: tests/crdt_store/test_journal.py and test_journal_trouble.py."""
    made = edits(30)
    async with open_house(tmp_path) as house:
        for update in made:
            # One after another, so that each is a row of its own.
            channel = MemoryChannel(WORKFLOW)
            channel.say_updates([update])
            channel.hang_up()
            await house.rooms.serve(channel, ANN)
            await house.settle()
        rows = (await house.journal.load(WORKFLOW)).tail
        assert [row.seq for row in rows] == list(range(1, 31))
        assert [row.update for row in rows] == made


async def test_upstream_one_failing_write_ends_the_room_for_everybody() -> None:
    channel = MemoryChannel("w")

    async def edit() -> None:
        async with upstream_room(FullStore()) as room, anyio.create_task_group() as tasks:
            tasks.start_soon(room.serve, channel)
            await anyio.wait_all_tasks_blocked()
            edits(1, room.ydoc)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()

    with pytest.raises(ExceptionGroup) as caught:
        await edit()
    assert caught.group_contains(OSError, match="no space left")


# A failed commit of ours closes the sockets with 1013 and the next one to come finds the workflow
# as stored: test_dur_1_a_failed_commit_ends_the_sockets_and_shows_nothing in test_room.py.


async def test_upstream_drops_updates_in_silence_when_many_are_queued() -> None:
    async with upstream_room() as room:
        for _ in range(65_536):
            room._update_send_stream.send_nowait(b"")
        edits(10, room.ydoc)
        assert room._update_send_stream.statistics().current_buffer_used == 65_536
        # Stopped before the queue is empty, the room would raise AttributeError.
        await anyio.wait_all_tasks_blocked()


async def test_live_1_ours_stops_reading_when_much_is_queued_and_drops_nothing(
    tmp_path: Path,
) -> None:
    channel = MemoryChannel(WORKFLOW)
    channel.say_updates(edits(80, size=20_000))
    async with open_house(tmp_path, max_pending_bytes_per_workflow=1_048_576) as house:
        await house.room()
        async with anyio.create_task_group() as tasks:
            async with house.database.writing():
                tasks.start_soon(house.rooms.serve, channel, ANN)
                await anyio.wait_all_tasks_blocked()
                assert 20 < channel.unread < 40
            channel.hang_up()
        await house.settle()
        assert len(await stored_nodes(house)) == 80


# Receiving


async def test_upstream_swallows_what_a_message_raises(caplog: pytest.LogCaptureFixture) -> None:
    channel = MemoryChannel("w")
    async with upstream_room() as room, anyio.create_task_group() as tasks:
        tasks.start_soon(room.serve, channel)
        channel.say(b"\x00\x02\x05not an update")
        await anyio.wait_all_tasks_blocked()
        assert not channel.unread
        assert channel in room.clients
        assert not caplog.records
        channel.hang_up()


async def test_ours_ends_the_connection_that_sends_nonsense_and_counts_it(tmp_path: Path) -> None:
    """With close codes, and whole vectors of hostile input: tests/e2e/test_hostile.py."""
    channel = MemoryChannel(WORKFLOW)
    channel.say(b"\x00\x02\x05not an update")
    async with open_house(tmp_path) as house:
        with anyio.fail_after(DEADLINE_S):
            await house.rooms.serve(channel, ANN)
        assert sum(house.rooms.metrics.refusals.values()) == 1
        assert not (await house.room()).connections


async def test_upstream_on_message_is_not_told_who_sent_it() -> None:
    told: list[Any] = []
    ann, bob = MemoryChannel("w"), MemoryChannel("w")
    async with upstream_room() as room, anyio.create_task_group() as tasks:

        def skip(*everything: Any) -> bool:
            told.append(everything)
            return True

        room.on_message = skip
        for channel in (ann, bob):
            tasks.start_soon(room.serve, channel)
            channel.say(b"the same")
            channel.hang_up()
    assert told == [(b"the same",), (b"the same",)]


async def test_ours_knows_the_author_of_every_change(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for identity in (ANN, BOB):
            channel = MemoryChannel(WORKFLOW)
            channel.say_updates(edits(1))
            channel.hang_up()
            await house.rooms.serve(channel, identity)
            await house.settle()
        rows = (await house.journal.load(WORKFLOW)).tail
        assert [row.author for row in rows] == ["ann", "bob"]


# Letting go


async def test_upstream_never_frees_the_document_of_a_room_that_was_not_stopped() -> None:
    async with WebsocketServer() as server:
        room = await server.get_room("w")
        await anyio.wait_all_tasks_blocked()
    stream, document = room._update_send_stream, weakref.ref(room.ydoc)
    server.rooms.clear()
    del room
    gc.collect()
    assert document() is not None
    stream.close()


@pytest.mark.parametrize("end", ["delete", "drain", "stop"])
async def test_ours_frees_the_room_and_its_document_however_it_ends(
    tmp_path: Path, end: str
) -> None:
    async with open_house(tmp_path) as house:
        channel = MemoryChannel(WORKFLOW)
        channel.say_updates(edits(10))
        channel.hang_up()
        await house.rooms.serve(channel, ANN)
        await house.settle()
        room = await house.room()
        left: list[Callable[[], object]] = [
            weakref.ref(room),
            weakref.ref(room.document),
            weakref.ref(room.ydoc),
        ]
        del room
        if end == "delete":
            await house.rooms.delete_room(name=WORKFLOW)
        elif end == "drain":
            await house.rooms.drain(DEADLINE_S)
        else:
            await house.rooms.stop()
        gc.collect()
        assert [of() for of in left] == [None, None, None]
