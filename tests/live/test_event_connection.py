"""The event door's connections in a room with a clock that stands still: what only time, or a
transport that does not drain, brings about."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycrdt import Map, Text

from crdt_store.ids import UserId
from server.core.close_codes import CloseCode
from server.core.identity import Identity
from server.live.event_connection import MAX_WAITING_EDITS, EventConnection
from server.live.wire import Pause
from tests.live.rooms import House, MemoryWire, Peer, open_house
from tests.live.test_event_messages import json_values

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from server.live.room import Room


class Speaker:
    """A JSON client at the other end of a MemoryWire."""

    def __init__(self, room: Room, user: str) -> None:
        self.wire = MemoryWire()
        self.identity = Identity(UserId(user), user.title())
        self.connection = EventConnection(self.wire, self.identity, room, session_id="s1")
        room.join(self.connection)

    def say(self, kind: str, **members: Any) -> None:
        self.connection.text_received(orjson.dumps({"type": kind, **members}))

    def change(self, node_id: str, property: str, value: Any) -> None:
        self.say("text_change", change={"node_id": node_id, "property": property, "value": value})

    def heard(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What came so far, frames written together included."""
        text = b"".join(self.wire.sent).decode()
        found, decoder, at = [], json.JSONDecoder(), 0
        while at < len(text):
            message, at = decoder.raw_decode(text, at)
            found.append(message)
        return [message for message in found if kind is None or message["type"] == kind]

    def drain(self) -> None:
        self.wire.is_congested = False
        self.connection.drained()


async def with_a_node(house: House) -> Peer:
    """Bob, whose document has the node `n` with a plain label and a text."""
    bob = Peer(await house.room(), "bob").join()
    data = Map({"label": "old", "prompt": Text("hi")})
    bob.doc.get("nodes", type=Map)["n"] = Map(
        {"id": "n", "position": {"x": 0, "y": 0}, "data": data, "order": 0}
    )
    bob.send_made()
    await house.settle()
    bob.read()
    return bob


def label(peer: Peer) -> Any:
    return peer.doc.get("nodes", type=Map)["n"]["data"]["label"]


async def test_the_presence_of_a_json_client_is_renewed_while_its_socket_is_open(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        bob = Peer(room, "bob").join()
        ann = Speaker(room, "ann")
        ann.say("cursor_update", cursor_position={"x": 1, "y": 2}, selected_node="n")
        await house.settle()
        bob.read()
        ((first_clock, _),) = bob.awareness.values()
        for _ in range(40):
            house.clock.time_s += 2.0
            room.keep_alive(house.clock.now_s(), 20.0)
            await house.settle()
        bob.read()
        ((clock, state),) = bob.awareness.values()
        # 80 s, in which a Yjs client would have been forgotten twice.
        assert state["cursor"] == {"x": 1, "y": 2}
        assert clock - first_clock == 80 // 14
        ann.connection.connection_closed()
        await house.settle()
        bob.read()
        assert [state for _, state in bob.awareness.values()] == [None]


async def test_a_renewal_is_no_movement_and_nobody_is_told_of_it(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        ann, bob = Speaker(room, "ann"), Speaker(room, "bob")
        ann.say("cursor_update", cursor_position={"x": 1, "y": 2})
        await house.settle()
        house.clock.time_s += 14.0
        room.keep_alive(house.clock.now_s(), 20.0)
        await house.settle()
        assert len(bob.heard("cursor_update")) == 1


async def test_last_active_is_when_something_last_came_from_one_of_the_sockets(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        ann, desk = Speaker(room, "ann"), Speaker(room, "bob")
        phone = Speaker(room, "bob")
        opened_at = {str(each.user_id): each.last_active for each in room.participants()}
        house.clock.time_s += 50.0
        phone.say("heartbeat")
        house.clock.time_s += 5.0
        now = {str(each.user_id): each.last_active for each in room.participants()}
        assert now["ann"] == opened_at["ann"]
        assert (now["bob"] - opened_at["bob"]).total_seconds() == 50.0
        assert not ann.wire.closed
        assert not desk.wire.closed


async def test_a_renewal_of_presence_is_no_sign_of_activity_and_a_movement_is(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        bob = Peer(room, "bob").join()
        bob.show(7, 1, {"cursor": {"x": 1, "y": 2}})
        (shown,) = room.participants()
        house.clock.time_s += 15.0
        bob.show(7, 2, {"cursor": {"x": 1, "y": 2}})
        (renewed,) = room.participants()
        assert renewed.last_active == shown.last_active
        house.clock.time_s += 15.0
        bob.show(7, 3, {"cursor": {"x": 3, "y": 2}})
        (moved,) = room.participants()
        assert (moved.last_active - shown.last_active).total_seconds() == 30.0


async def test_dur_1_a_change_is_shown_and_called_saved_only_once_it_is_committed(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        bob = await with_a_node(house)
        room = await house.room()
        ann, vic = Speaker(room, "ann"), Speaker(room, "vic")
        ann.change("n", "label", "new")
        room.apply(deadline_s=1e18)
        assert room.document.workflow.node_json("n")["data"]["label"] == "new"
        assert not ann.heard("change_saved")
        assert not vic.heard("content_update")
        room.close_all(CloseCode.OVERLOAD, "the commit failed")
        assert not ann.heard("change_saved")
        assert not vic.heard("content_update")
        bob.read()
        assert label(bob) == "old"


async def test_a_failed_commit_is_told_before_the_socket_is_closed(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await with_a_node(house)
        room = await house.room()
        ann = Speaker(room, "ann")
        ann.change("n", "label", "new")
        room.fail_edits(OSError("the disk is full"))
        room.close_all(CloseCode.OVERLOAD, "the change could not be saved")
        assert [each["property"] for each in ann.heard("error")] == ["label"]
        assert ann.wire.closed is not None
        assert ann.wire.closed[0] == 1013


async def test_live_1_a_slow_reader_is_told_cursors_as_they_stand_and_to_read_anew(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        await with_a_node(house)
        room = await house.room()
        slow, ann = Speaker(room, "vic"), Speaker(room, "ann")
        await house.settle()
        slow.wire.sent.clear()
        slow.wire.is_congested = True
        for number in range(500):
            ann.change("n", "label", number)
            ann.say("cursor_update", cursor_position={"x": number, "y": 0})
            await house.settle()
        assert not slow.wire.sent
        room.announce({"type": "new_comment", "comment_id": "c1"})
        slow.drain()
        assert [each["type"] for each in slow.heard()] == [
            "new_comment",
            "cursor_update",
            "content_reset",
        ]
        assert slow.heard("cursor_update")[0]["cursor_position"] == {"x": 499, "y": 0}
        ann.change("n", "label", "last")
        await house.settle()
        assert slow.heard("content_update")[0]["change"]["value"] == "last"


async def test_live_1_a_reader_who_never_drains_is_closed_when_256_events_wait(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        slow = Speaker(room, "vic")
        slow.wire.is_congested = True
        for number in range(257):
            assert slow.wire.closed is None
            room.announce({"type": "new_comment", "comment_id": str(number)})
        assert slow.wire.closed is not None
        assert slow.wire.closed[0] == 1013


async def test_live_1_with_many_edits_waiting_the_connection_is_not_read(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await with_a_node(house)
        ann = Speaker(await house.room(), "ann")
        for number in range(MAX_WAITING_EDITS):
            assert Pause.EDITS_WAIT not in ann.wire.pauses
            ann.change("n", f"p{number}", number)
        assert Pause.EDITS_WAIT in ann.wire.pauses
        await house.settle()
        await anyio.lowlevel.checkpoint()
        assert Pause.EDITS_WAIT not in ann.wire.pauses
        saved = [each["property"] for each in ann.heard("change_saved")]
        assert saved == [f"p{number}" for number in range(MAX_WAITING_EDITS)]


_kinds = st.sampled_from(["heartbeat", "cursor_update", "text_change", "nonsense"])
_changes = st.fixed_dictionaries(
    {},
    optional={
        "node_id": st.sampled_from(["n", "m"]) | json_values,
        "edge_id": json_values,
        "property": st.sampled_from(
            ["label", "prompt", "position", "type", "data", "data.inputs", ""]
        )
        | json_values,
        "value": json_values,
    },
)
_cursors = st.fixed_dictionaries(
    {"x": json_values, "y": st.integers(-9, 9), "viewport": json_values}
)
_messages = st.fixed_dictionaries(
    {"type": _kinds},
    optional={
        "cursor_position": json_values | _cursors,
        "selected_node": json_values,
        "change": _changes | json_values,
    },
)


def test_live_2_whatever_a_json_client_sends_the_room_goes_on(
    tmp_path_factory: pytest.TempPathFactory, capfd: pytest.CaptureFixture[str]
) -> None:
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(_messages.map(orjson.dumps) | st.binary(max_size=60), max_size=40))
    def check(payloads: list[bytes]) -> None:
        anyio.run(_send_all, tmp_path_factory.mktemp("house"), payloads)

    check()
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err


async def _send_all(folder: Path, payloads: list[bytes]) -> None:
    async with open_house(folder) as house:
        bob = await with_a_node(house)
        room = await house.room()
        ann, vic = Speaker(room, "ann"), Speaker(room, "vic")
        for payload in payloads:
            ann.connection.text_received(payload)
        await house.settle()
        assert ann.wire.closed is None
        for error in ann.heard("error"):
            assert error["code"] not in ("internal_error", "commit_failed"), error
        # Everyone has the same document, and it can be listed.
        bob.read()
        assert bob.doc.get("nodes", type=Map).to_py() == room.document.workflow.nodes.to_py()
        room.document.workflow.to_json()
        ann.change("n", "label", "at the end")
        await house.settle()
        assert vic.heard("content_update")[-1]["change"]["value"] == "at the end"
        assert house.rooms.metrics.task_errors == 0


async def test_when_everyone_is_sent_away_nobody_is_told_who_left(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        ann, bob = Speaker(room, "ann"), Speaker(room, "bob")
        room.disconnect_all(CloseCode.FORBIDDEN, "the session was ended")
        assert not ann.heard("user_left")
        assert not bob.heard("user_left")
        assert not room.connections
