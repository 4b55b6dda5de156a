"""Presence: whose states, which clocks, how few frames."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from crdt_store.ids import UserId
from server.core.colors import PALETTE, color_of
from server.core.roles import Role
from server.live import messages
from tests.live.rooms import House, Peer, open_house

if TYPE_CHECKING:
    from pathlib import Path


async def tick(house: House, *peers: Peer) -> None:
    await house.settle()
    for peer in peers:
        peer.read()


def state_of(peer: Peer, client_id: int) -> Any:
    return peer.awareness.get(client_id, (0, None))[1]


async def test_sec_1_the_user_that_others_see_is_the_servers(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        ann, bob = Peer(room, "ann").join(), Peer(room, "bob").join()
        bob.show(7, 1, {"user": {"id": "ann", "name": "Forged"}, "cursor": {"x": 1.5, "y": 2}})
        await tick(house, ann, bob)
        assert state_of(ann, 7) == {
            "user": {
                "id": "bob",
                "name": "Bob",
                "color": color_of(UserId("bob")),
                "role": "editor",
            },
            "cursor": {"x": 1.5, "y": 2},
        }
        # Its own state is not sent back to its owner.
        assert 7 not in bob.awareness


async def test_sec_1_states_of_ids_that_others_claim_are_ignored(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        ann, bob = Peer(room, "ann").join(), Peer(room, "bob").join()
        ann.show(5, 3, {"cursor": None})
        await tick(house, ann, bob)
        bob.show(5, 9, {"cursor": {"x": 0, "y": 0}})
        bob.show(5, 10, None)
        await tick(house, ann, bob)
        assert state_of(bob, 5)["user"]["id"] == "ann"
        assert bob.wire.closed is None
        ann.show(5, 4, {"cursor": {"x": 8, "y": 8}})
        await tick(house, ann, bob)
        assert state_of(bob, 5)["cursor"] == {"x": 8, "y": 8}


async def test_a_removal_invented_by_another_clients_timer_removes_nobody(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        ann, bob = Peer(room, "ann").join(), Peer(room, "bob").join()
        other_tab = Peer(room, "ann").join()
        ann.show(5, 3, {"cursor": None})
        await tick(house, ann, bob, other_tab)
        # y-protocols accepts a removal whose clock is equal.
        shown_clock = bob.awareness[5][0]
        bob.show(5, shown_clock, None)
        other_tab.show(5, shown_clock, None)
        other_tab.show(5, shown_clock + 1, None)
        await tick(house, ann, bob, other_tab)
        assert state_of(bob, 5) is not None
        assert len(room.presence) == 1


async def test_after_a_reconnect_a_cursor_is_visible_at_once(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        ann, bob = Peer(room, "ann").join(), Peer(room, "bob").join()
        ann.show(5, 3, {"cursor": {"x": 1, "y": 1}})
        await tick(house, bob)
        ann.connection.connection_closed()
        await tick(house, bob)
        assert state_of(bob, 5) is None
        again = Peer(room, "ann").join()
        # A stock client sends its state again with an unchanged clock.
        again.show(5, 3, {"cursor": {"x": 1, "y": 1}})
        await tick(house, bob)
        assert state_of(bob, 5)["cursor"] == {"x": 1, "y": 1}


async def test_a_dead_socket_that_closes_late_does_not_remove_its_successor(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        dead, bob = Peer(room, "ann").join(), Peer(room, "bob").join()
        dead.show(5, 3, {"cursor": None})
        await tick(house, bob)
        again = Peer(room, "ann").join()
        again.show(5, 3, {"cursor": None})
        dead.connection.connection_closed()
        await tick(house, bob)
        assert state_of(bob, 5) is not None
        again.connection.connection_closed()
        await tick(house, bob)
        assert state_of(bob, 5) is None


async def test_a_client_that_moved_while_its_old_socket_hangs_is_visible_at_once(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        hanging, bob = Peer(room, "ann").join(), Peer(room, "bob").join()
        hanging.show(5, 3, {"cursor": {"x": 1, "y": 1}})
        await tick(house, bob)
        again = Peer(room, "ann").join()
        again.show(5, 5, {"cursor": {"x": 2, "y": 2}})
        hanging.connection.connection_closed()
        await tick(house, bob)
        assert state_of(bob, 5)["cursor"] == {"x": 2, "y": 2}


async def test_after_a_restart_of_the_server_a_cursor_is_visible_at_once(tmp_path: Path) -> None:
    known: dict[int, tuple[int, Any]] = {}
    for restart in range(2):
        async with open_house(tmp_path, create=restart == 0) as house:
            house.clock.time_s += 2 * restart
            room = await house.room()
            ann, bob = Peer(room, "ann").join(), Peer(room, "bob").join()
            bob.awareness = known
            ann.show(5, 3, {"cursor": {"x": restart, "y": 1}})
            await tick(house, bob)
            assert state_of(bob, 5)["cursor"] == {"x": restart, "y": 1}
            known = {5: (bob.awareness[5][0], None)}


async def test_many_moves_within_a_tick_are_one_frame_for_each_receiver(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        peers = [Peer(room, "ann").join() for _ in range(10)]
        await tick(house, *peers)
        for peer in peers:
            peer.awareness_frames.clear()
        for number, peer in enumerate(peers):
            for clock in range(1, 4):
                peer.show(100 + number, clock, {"cursor": {"x": clock, "y": 0}})
        await tick(house, *peers)
        for number, peer in enumerate(peers):
            assert len(peer.awareness_frames) == 1
            others = set(range(100, 110)) - {100 + number}
            assert set(peer.awareness) == others
            assert all(peer.awareness[other][1]["cursor"]["x"] == 3 for other in others)


async def test_an_echo_is_recognised_by_its_bytes_and_costs_no_frame(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        ann, bob = Peer(room, "ann").join(), Peer(room, "bob").join()
        ann.show(5, 1, {"cursor": {"x": 0.1, "y": -3}, "name": "Ännchen 🎨"})
        await tick(house, ann, bob)
        (frame,) = bob.awareness_frames
        ann.awareness_frames.clear()
        echoes = room.metrics.awareness_echoes
        # What a stock client sends back: parsed and written again by JSON.stringify.
        bob.receive(frame)
        await tick(house, ann, bob)
        assert room.metrics.awareness_echoes == echoes + 1
        assert not ann.awareness_frames
        # One that was written differently is ignored too, it only takes longer.
        body = messages.read_body(frame, 1)
        state = orjson.loads(body[body.index(b"{") :])
        bob.show(5, bob.awareness[5][0], state | {"more": 1})
        await tick(house, ann, bob)
        assert not ann.awareness_frames
        assert "more" not in state_of(bob, 5)


def test_states_are_written_as_json_stringify_would(tmp_path: Path) -> None:
    # Written by JSON.stringify in Node 20.
    written = '{"cursor":{"x":-0.5,"y":1234567.125},"a":[1,null,true,"é\\n\\u0001\\"😀"],"b":{}}'
    assert orjson.dumps(orjson.loads(written)).decode() == written
    assert json.loads(written) == orjson.loads(written)


async def test_a_newcomer_is_shown_everybody(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        ann, bob = Peer(room, "ann").join(), Peer(room, "bob").join()
        ann.show(5, 1, {"cursor": None})
        bob.show(6, 1, {"cursor": None})
        await tick(house, ann, bob)
        late = Peer(room, "bob").join()
        late.read()
        assert set(late.awareness) == {5, 6}
        late.awareness.clear()
        late.receive(bytes((messages.QUERY_AWARENESS,)))
        late.read()
        assert set(late.awareness) == {5, 6}


async def test_a_lowered_role_shows_in_the_presence(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        ann, bob = Peer(room, "ann").join(), Peer(room, "bob").join()
        bob.show(6, 1, {"cursor": None})
        await tick(house, ann, bob)
        house.members.roles[UserId("bob")] = Role.VIEWER
        room.set_access(await house.members.snapshot(room.workflow_id))
        await tick(house, ann, bob)
        assert state_of(ann, 6)["user"]["role"] == "viewer"


async def test_a_state_that_is_not_renewed_is_removed(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        ann, bob = Peer(room, "ann").join(), Peer(room, "bob").join()
        bob.show(6, 1, {"cursor": None})
        await tick(house, ann, bob)
        house.clock.time_s += 61
        room.keep_alive(house.clock.now_s(), 20)
        await tick(house, ann, bob)
        assert state_of(ann, 6) is None
        bob.show(6, 2, {"cursor": None})
        await tick(house, ann, bob)
        assert state_of(ann, 6) is not None


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (messages.awareness(b"\x01\x05\x01\x03NaN"), 4400),
        (messages.awareness(b"\x01\x05\x01\x0212"), 4400),
        (messages.awareness(b"\x01\x05\x01\x7f{}"), 4400),
        (messages.awareness(b"\x01\x05\x01\x02{}extra"), 4400),
        (messages.awareness(b"\x01\x05" + messages.var_uint(2**53) + b"\x02{}"), 4400),
        (messages.awareness(b"\xd0\x86\x03" + b"\x05\x01\x02{}"), 4400),
        (messages.awareness(b"\x01\x05\x01\x80\x80\x01" + b"[" * 16_384), 4413),
        (messages.awareness(b"\x01\x05\x01\x80\x20" + b"[" * 4_096), 4400),
        # Read by the JSON reader, and too deep for the writer.
        (
            messages.awareness(b"\x01\x05\x01\xa6\x06" + b'{"a":' + b"[" * 400 + b"]" * 400 + b"}"),
            4400,
        ),
        # The same client id twice; one that lib0 cannot read.
        (messages.awareness(b"\x02" + b"\x05\x01\x02{}" + b"\x05\x02\x02{}"), 4400),
        (messages.awareness(b"\x01" + messages.var_uint(2**53) + b"\x01\x02{}"), 4400),
    ],
)
async def test_a_malformed_state_ends_its_sender_and_changes_nothing(
    tmp_path: Path, payload: bytes, code: int
) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        bad, bob = Peer(room, "ann").join(), Peer(room, "bob").join()
        await tick(house, bob)
        bad.receive(payload)
        await tick(house, bob)
        assert bad.wire.closed is not None
        assert bad.wire.closed[0] == code
        assert not bob.awareness
        assert bob.wire.closed is None


async def test_a_connection_cannot_make_up_many_client_ids(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        bad = Peer(room, "ann").join()
        for client_id in range(1, 100):
            bad.show(client_id, 1, {})
        assert bad.wire.closed is not None
        assert bad.wire.closed[0] == 4400
        await house.settle()
        assert len(room.presence) == 0


def _contrast(first: str, second: str) -> float:
    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("color", PALETTE)
def test_every_colour_is_readable_on_white_and_on_dark(color: str) -> None:
    assert _contrast(color, "#ffffff") >= 3
    assert _contrast(color, "#1a1b1e") >= 3
