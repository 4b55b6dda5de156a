"""The load generator counts what it claims to count."""

from __future__ import annotations

from typing import Any

import pytest
from pycrdt import Doc, merge_updates
from websockets.frames import Opcode
from websockets.server import ServerProtocol

from benchmarks.deliveries import Ledger, Reader
from benchmarks.edits import base_update, replica_of, write_script
from benchmarks.presence import CursorClient, PresenceLedger
from benchmarks.update_ranges import clock_ranges
from benchmarks.websocket_frames import FrameParser, client_frame
from benchmarks.wire import UPDATE, awareness_entry, awareness_message, sync_message
from crdt_store.update_scan import ScanLimits, scan

BASE = base_update(nodes=4, edges=3, seed=1)


def test_clock_ranges_are_those_that_the_scan_finds() -> None:
    script = write_script(BASE, writer=0, count=50, seed=1)
    for update in (BASE, *script.updates, merge_updates(*script.updates[3:20])):
        found: dict[int, list[tuple[int, int]]] = {}
        for client_id, start, end in clock_ranges(update):
            found.setdefault(client_id, []).append((start, end))
        assert found == scan(update, ScanLimits()).structs


def test_edits_of_several_writers_make_one_document() -> None:
    scripts = [write_script(BASE, writer=writer, count=9, seed=1) for writer in range(3)]
    updates = [update for script in scripts for update in script.updates]
    replica = replica_of([BASE, *updates])
    assert [replica.clocks[script.client_id] for script in scripts] == [
        script.ends[-1] for script in scripts
    ]
    others_first = [update for script in reversed(scripts) for update in script.updates]
    assert replica == replica_of([BASE, *others_first])


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_client_frame_is_what_a_real_server_reads(size: int) -> None:
    payload = bytes(index % 251 for index in range(size))
    server = ServerProtocol()
    server.state = server.state.OPEN
    server.parser = server.parse()
    next(server.parser)
    server.receive_data(client_frame(payload))
    (frame,) = server.events_received()
    assert (frame.opcode, frame.data) == (Opcode.BINARY, payload)  # type: ignore[union-attr]


def test_frames_are_found_wherever_the_stream_is_cut() -> None:
    stream = b"\x82\x03abc" + b"\x82\x7e\x01\x00" + b"x" * 256 + b"\x89\x00"
    expected = [(2, b"abc"), (2, b"x" * 256), (9, b"")]
    for cut in range(len(stream) + 1):
        parser = FrameParser()
        assert parser.feed(stream[:cut]) + parser.feed(stream[cut:]) == expected


def test_a_merged_frame_delivers_the_updates_inside_and_a_gap_delivers_nothing() -> None:
    scripts = [write_script(BASE, writer=writer, count=10, seed=1) for writer in range(2)]
    ledger = Ledger(scripts)
    for script in scripts:
        script.sent_at.extend([0.0] * 10)
    reader, writer = Reader(ledger), Reader(ledger, own=0)
    first = merge_updates(*(update for script in scripts for update in script.updates[:5]))
    reader.receive(sync_message(UPDATE, first), 1.0)
    writer.receive(sync_message(UPDATE, first), 1.0)
    assert ledger.delivered == 10 + 5
    reader.receive(sync_message(UPDATE, first), 1.0)
    assert ledger.delivered == 10 + 5
    reader.receive(sync_message(UPDATE, scripts[0].updates[7]), 1.0)
    assert (ledger.delivered, ledger.gaps, reader.missing()) == (15, 1, 10)


def test_a_server_that_merges_by_transaction_is_counted_right() -> None:
    script = write_script(BASE, writer=1, count=20, seed=1)
    script.sent_at.extend([0.0] * 20)
    doc: Doc[Any] = Doc()
    doc.apply_update(BASE)
    merged: list[bytes] = []
    subscription = doc.observe(lambda event: merged.append(event.update))
    with doc.transaction():
        for update in script.updates:
            doc.apply_update(update)
    doc.unobserve(subscription)
    reader = Reader(Ledger([script]))
    reader.receive(sync_message(UPDATE, merged[0]), 1.0)
    assert reader.known == [20]


def test_a_cursor_client_echoes_only_what_is_news_to_it() -> None:
    sent: list[bytes] = []

    class _Connection:
        def send(self, frames: bytes) -> None:
            sent.append(frames)

    ledger = PresenceLedger([7, 8])
    ledger.sent_at[1].append(0.0)
    client = CursorClient(ledger, 0, 7, echoes=True)
    client.attach(_Connection())  # type: ignore[arg-type]
    entry = awareness_entry(8, 1, b'{"cursor":{"x":0,"y":5}}')
    message = awareness_message(entry, 1)
    client.receive(message, 1.0)
    client.receive(message, 2.0)
    assert sent == [client_frame(message)]
    assert ledger.seen == 1
