"""What pycrdt's Encoder and Decoder as installed do wrong, and that our own do not.

A failing `test_upstream_…` is good news: the library has mended that defect, and the override may
go. See docs/decisions/0002-deriving-from-pycrdt-websocket.md.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from pycrdt import Awareness, Decoder, Doc, Encoder, read_message

from server.live import messages
from tests.live.channels import ANN, DEADLINE_S, MemoryChannel
from tests.live.rooms import WORKFLOW, Peer, open_house

if TYPE_CHECKING:
    from pathlib import Path


def test_upstream_writes_the_length_of_a_string_in_characters() -> None:
    encoder = Encoder()
    encoder.write_var_string("Zoë")
    encoded = encoder.to_bytes()
    assert encoded == b"\x03" + "Zoë".encode()
    with pytest.raises(UnicodeDecodeError):
        Decoder(encoded).read_var_string()


async def test_ours_writes_the_length_of_a_string_in_bytes(tmp_path: Path) -> None:
    assert messages.permission_denied("Zoë") == b"\x02\x00\x04" + "Zoë".encode()
    async with open_house(tmp_path) as house:
        room = await house.room()
        ann, bob = Peer(room, "ann").join(), Peer(room, "bob").join()
        ann.show(ann.doc.client_id, 1, {"typing": "Zoë 🙂"})
        await house.settle()
        frames = [frame for frame in bob.wire.sent if frame[0] == messages.AWARENESS]
        # The library's reading, unlike its writing, is in bytes.
        seen = Awareness(Doc())
        seen.apply_awareness_update(read_message(frames[-1][1:]), None)
        assert seen.states[ann.doc.client_id]["typing"] == "Zoë 🙂"


def seconds_to_read(size_bytes: int) -> float:
    def once() -> float:
        decoder = Decoder(b"\xff" * size_bytes + b"\x01")
        started = time.thread_time()
        decoder.read_var_uint()
        return time.thread_time() - started

    return min(once() for _ in range(5))


def test_upstream_reads_a_long_number_in_quadratic_time() -> None:
    # Four times the bytes: 4 times the work if it were linear, 16 times if it is quadratic.
    assert seconds_to_read(65_536) / seconds_to_read(16_384) > 8


class CountedBytes(bytes):
    """Counts how often one of its bytes is looked at."""

    looks = 0

    def __getitem__(self, key: Any) -> Any:
        self.looks += 1
        return super().__getitem__(key)


def test_live_2_ours_reads_eight_bytes_of_a_number_at_most() -> None:
    endless = CountedBytes(b"\xff" * 1_000_000)
    with pytest.raises(messages.MalformedMessage):
        messages.read_var_uint(endless, 0)
    assert endless.looks == 8


@pytest.mark.parametrize("kind", [b"\x00\x00", b"\x00\x01", b"\x00\x02", b"\x01"])
async def test_live_2_ours_ends_a_connection_that_sends_an_endless_number(
    tmp_path: Path, kind: bytes
) -> None:
    """Inside updates and state vectors too: tests/crdt_store/test_update_scan_refusals.py."""
    channel = MemoryChannel(WORKFLOW)
    channel.say(kind + b"\xff" * 1_000_000)
    async with open_house(tmp_path) as house:
        with anyio.fail_after(DEADLINE_S):
            await house.rooms.serve(channel, ANN)
        assert house.rooms.metrics.refusals["malformed"] == 1
