"""What JSON clients are told of edits: `content_update`, through the room and its document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrdt import Map, Text

from crdt_store.ids import UserId
from crdt_store.journal import JournalRow
from tests.live.rooms import open_house
from tests.live.test_event_connection import Speaker, with_a_node

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_value_that_many_set_in_one_tick_is_told_once_and_to_whoever_lost(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        await with_a_node(house)
        room = await house.room()
        ann, bob, vic = Speaker(room, "ann"), Speaker(room, "bob"), Speaker(room, "vic")
        ann.change("n", "label", "ann's")
        bob.change("n", "label", "old")
        await house.settle()
        for reader in (ann, vic):
            (update,) = reader.heard("content_update")
            assert update["user_id"] == "bob"
            assert update["change"] == {
                "op": "set",
                "node_id": "n",
                "property": "data.label",
                "value": "old",
            }
        assert not bob.heard("content_update")


async def test_a_change_that_changes_nothing_is_saved_and_told_to_nobody(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await with_a_node(house)
        room = await house.room()
        ann, vic = Speaker(room, "ann"), Speaker(room, "vic")
        ann.change("n", "label", "old")
        await house.settle()
        assert ann.heard("change_saved")
        assert not vic.heard("content_update")
        # Nor is the next one, by somebody else, taken for ann's.
        Speaker(room, "bob").change("n", "label", "bob's")
        await house.settle()
        assert ann.heard("content_update")[0]["user_id"] == "bob"


async def test_what_several_change_in_the_settings_of_a_node_is_told_once_with_all_of_them(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        peer = await with_a_node(house)
        data = peer.doc.get("nodes", type=Map)["n"]["data"]
        data["inputs"] = Map({"system": Text("hi"), "model": "gpt", "topK": 4})
        peer.send_made()
        await house.settle()
        room = await house.room()
        ann, vic = Speaker(room, "ann"), Speaker(room, "vic")
        data["inputs"]["topK"] = 5
        peer.send_made()
        ann.change("n", "data.inputs", {"system": "hi!", "model": "gpt", "topK": 5})
        await house.settle()
        (update,) = vic.heard("content_update")
        assert update["user_id"] == "ann"
        value = {"system": "hi!", "model": "gpt", "topK": 5}
        change = {"op": "set", "node_id": "n", "property": "data.inputs", "value": value}
        assert update["change"] == change
        assert not ann.heard("content_update")


async def test_live_2_very_many_changes_at_once_are_told_as_one_reset(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        bob = await with_a_node(house)
        ann = Speaker(await house.room(), "ann")
        nodes = bob.doc.get("nodes", type=Map)
        with bob.doc.transaction():
            for number in range(300):
                nodes[f"m{number}"] = Map({"id": f"m{number}", "data": Map({"a": 1})})
        bob.send_made()
        await house.settle()
        assert not ann.heard("content_update")
        assert len(ann.heard("content_reset")) == 1


async def test_the_document_is_observed_only_while_somebody_without_yjs_is_here(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        room = await house.room()
        bob = await with_a_node(house)
        assert room.document.after_row is None
        ann = Speaker(room, "ann")
        assert room.document.after_row is not None
        ann.connection.connection_closed()
        assert room.document.after_row is None
        bob.doc.get("nodes", type=Map)["n"]["data"]["label"] = "later"
        bob.send_made()
        await house.settle()
        # Who comes then is not told what was before.
        late = Speaker(room, "ann")
        await house.settle()
        assert not late.heard("content_update")


async def test_a_reloaded_document_is_followed_like_the_one_before(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        bob = await with_a_node(house)
        room = await house.room()
        ann = Speaker(room, "ann")
        room.reload(await house.journal.load(room.workflow_id))
        bob.doc.get("nodes", type=Map)["n"]["data"]["label"] = "after"
        bob.send_made()
        await house.settle()
        assert [each["change"]["value"] for each in ann.heard("content_update")] == ["after"]


async def test_what_another_process_committed_is_told_with_its_author(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        bob = await with_a_node(house)
        room = await house.room()
        ann = Speaker(room, "ann")
        # Not through this room: its rows are found in the next write turn.
        bob.doc.get("nodes", type=Map)["n"]["data"]["label"] = "elsewhere"
        async with house.journal.turn([room.workflow_id]) as turn:
            turn.append(room.workflow_id, [JournalRow(UserId("zoe"), "sync", bob.made.pop())])
        ann.change("n", "prompt", "hi there")
        await house.settle()
        (update,) = ann.heard("content_update")
        assert update["user_id"] == "zoe"
        assert update["change"]["value"] == "elsewhere"
        assert len(ann.heard("change_saved")) == 1
