"""The scan against random documents, and corrupted updates against the scan and pycrdt.

COFLOW_FUZZ_SECONDS (default 5) is the time given to corruption, COFLOW_FUZZ_SEED its seed.
"""

import json
import os
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text, UndoManager, get_state, merge_updates

from crdt_store.errors import UpdateRefused
from crdt_store.ids import ClientId
from crdt_store.surrogate_pairs import SurrogatePairs
from crdt_store.update_scan import (
    Scan,
    ScanLimits,
    read_state_vector,
    scan,
    scan_in_slices,
)
from crdt_store.workflow import ROOTS
from tests.crdt_store.apply_worker import ApplyWorker
from tests.crdt_store.update_mutations import corrupt, wild
from tests.hostile import beside, section, update, var_bytes

LIMITS = ScanLimits()
MAX_SCAN_S = 0.05


class Author:
    """One client with its document; `made` are the updates that its own edits gave."""

    def __init__(self, client_id: int) -> None:
        self.doc: Doc[Any] = Doc(client_id=client_id)
        self.roots = [self.doc.get(root, type=Map) for root in ROOTS]
        self.nodes = self.roots[0]
        self.undo = UndoManager(scopes=[self.nodes], capture_timeout_millis=0)
        self.made: list[bytes] = []
        self._is_local = True
        self._subscription = self.doc.observe(self._note)

    def _note(self, change: Any) -> None:
        if self._is_local:
            self.made.append(change.update)

    def receive(self, data: bytes) -> None:
        self._is_local = False
        self.doc.apply_update(data)
        self._is_local = True

    @property
    def state(self) -> dict[ClientId, int]:
        return dict(read_state_vector(self.doc.get_state()))

    def printed(self) -> list[Any]:
        return [json.loads(str(root)) for root in self.roots]

    def text(self, key: str) -> Text | None:
        """The text of a node, unless it has embeds: these count in its indices."""
        node = self.nodes.get(key)
        text = node.get("text") if isinstance(node, Map) else None
        if isinstance(text, Text) and all(isinstance(part, str) for part, _ in text.diff()):
            return text
        return None

    def edit(self, step: "Step") -> None:
        kind, key, position, words, value = step
        text = self.text(key)
        match kind:
            case "node":
                self.nodes[key] = Map({"id": key, "value": value, "text": Text(words)})
            case "set":
                self.nodes[key] = value
            case "delete":
                if key in self.nodes:
                    del self.nodes[key]
            case "insert" if text is not None:
                text.insert(_byte_index(text, position), words)
            case "embed" if text is not None:
                text.insert_embed(_byte_index(text, position), {"image": value})
            case "cut" if text is not None:
                start, end = sorted((_byte_index(text, position), _byte_index(text, position * 7)))
                if start < end:
                    del text[start:end]
            case "format" if text is not None and str(text):
                text.format(0, _byte_index(text, position), {"bold": value})
            case "undo" if self.undo.can_undo():
                self.undo.undo()
            case "redo" if self.undo.can_redo():
                self.undo.redo()
            case _:
                pass_over(step)


def pass_over(step: "Step") -> None:
    """Nothing there to which this step could be done."""
    event(f"passed over: {step[0]}")


def _byte_index(text: Text, position: int) -> int:
    """The index, in bytes as pycrdt wants it, before one of the text's characters."""
    characters = str(text)
    return len(characters[: position % (len(characters) + 1)].encode())


Step = tuple[str, str, int, str, Any]

_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
_steps: st.SearchStrategy[Step] = st.tuples(
    st.sampled_from(
        (
            "node",
            "node",
            "insert",
            "insert",
            "cut",
            "set",
            "delete",
            "embed",
            "format",
            "undo",
            "redo",
        )
    ),
    st.sampled_from(("a", "b")),
    st.integers(0, 30),
    st.text(st.sampled_from("ab ä漢😀👩\u200d"), min_size=1, max_size=6),
    _values,
)
_scripts = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 2), _steps),
        # The first gets what the second has.
        st.tuples(st.integers(0, 2), st.integers(0, 2)),
    ),
    min_size=6,
    max_size=40,
)
_property = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _play(script: list[tuple[int, Any]]) -> list[Author]:
    authors = [Author(client_id) for client_id in (1, 2**32 - 1, 2**53 - 1)]
    for number, action in script:
        author = authors[number]
        if isinstance(action, int):
            other = authors[action]
            author.receive(other.doc.get_update(author.doc.get_state()))
        else:
            author.edit(action)
    return authors


def _ends(found: Scan) -> dict[ClientId, int]:
    return {client: ranges[-1][1] for client, ranges in found.structs.items()}


@given(_scripts)
@_property
def test_updates_of_random_documents_are_told_truly(script: list[tuple[int, Any]]) -> None:
    for author in _play(script):
        whole = author.doc.get_update()
        found = scan(whole, LIMITS)
        assert _ends(found) == author.state == read_state_vector(get_state(whole))
        assert all(ranges[0][0] == 0 and len(ranges) == 1 for ranges in found.structs.values())
        assert found.needs == {}
        assert found.missing({}) == {}
        assert found.grafted_depth == 0
        *pauses, again = scan_in_slices(whole, LIMITS, structs_per_slice=1)
        assert again is not None
        assert pauses == [None] * len(pauses)
        again.pairs = found.pairs
        assert again == found
        # What is deleted in the end, and what each update deleted, is the same.
        deleted = {
            (client, clock)
            for made in author.made
            for client, ranges in scan(made, LIMITS).deletes.items()
            for start, end in ranges
            for clock in range(start, end)
        }
        finally_deleted = {
            (client, clock)
            for client, ranges in found.deletes.items()
            for start, end in ranges
            for clock in range(start, end)
        }
        assert deleted <= finally_deleted


@given(_scripts, st.randoms(use_true_random=False))
@_property
def test_an_update_stays_pending_exactly_if_something_is_missing(
    script: list[tuple[int, Any]], rng: random.Random
) -> None:
    authors = _play(script)
    made = [data for author in authors for data in author.made]
    rng.shuffle(made)
    if len(made) > 2:
        made.append(merge_updates(*rng.sample(made, 2)))
    reader = Author(99)
    pairs = SurrogatePairs()
    waiting = made
    while waiting:
        held_back = []
        for data in waiting:
            found = scan(data, LIMITS)
            before = reader.state
            if found.missing(before):
                held_back.append(data)
                other = Author(98)
                other.receive(reader.doc.get_update())
                other.receive(data)
                reached = other.state
                is_complete = all(reached.get(c, 0) >= end for c, end in _ends(found).items())
                structs_only = Scan(structs=found.structs, needs=found.needs)
                assert is_complete == (not structs_only.missing(before))
            else:
                assert not found.cuts_a_pair(pairs, before)
                pairs.add(found.pairs, before)
                reader.receive(data)
                expected = {c: max(end, before.get(c, 0)) for c, end in _ends(found).items()}
                assert reader.state == before | expected
        if len(held_back) == len(waiting):
            # What came from elsewhere, a sync for instance, is in no author's own updates.
            break
        waiting = held_back
    assert not waiting, "every struct and deletion was made by one of these updates"
    for author in authors:
        reader.receive(author.doc.get_update())
        author.receive(reader.doc.get_update(author.doc.get_state()))
    for author in authors:
        author.receive(reader.doc.get_update())
        assert author.printed() == reader.printed()


@given(_scripts, st.integers(0, 2), st.integers(0, 2))
@_property
def test_a_diff_against_a_state_vector_needs_no_more_than_that_state(
    script: list[tuple[int, Any]], sender: int, receiver: int
) -> None:
    authors = _play(script)
    state = authors[receiver].state
    diff = scan(authors[sender].doc.get_update(authors[receiver].doc.get_state()), LIMITS)
    assert {c: n for c, n in diff.missing(state).items() if c in diff.structs} == {}
    assert all(ranges[0][0] == state.get(c, 0) for c, ranges in diff.structs.items())


def _bases() -> tuple[list[bytes], list[bytes]]:
    """Documents to corrupt, and single updates of theirs."""
    path = Path(__file__).parents[1] / "data" / "yjs_updates.json"
    documents = [b"\x00\x00"]
    updates = []
    for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
        made = [bytes.fromhex(data) for data in case["updates"]]
        author = Author(3)
        for data in made:
            author.receive(data)
        documents.append(author.doc.get_update())
        updates += made
    left, right = Author(7), Author(8)
    left.nodes["a"] = Map({"id": "a", "text": Text("ab😀cd"), "position": {"x": 1, "y": 2}})
    right.receive(left.doc.get_update())
    right.nodes["a"]["text"].insert(6, "HEY")
    left.nodes["a"]["text"].insert(2, "left")
    del right.nodes["a"]["position"]
    right.receive(left.doc.get_update())
    return [*documents, right.doc.get_update()], [*updates, *left.made, *right.made]


def test_live_2_corrupted_updates_are_refused_or_harmless() -> None:
    seconds = float(os.environ.get("COFLOW_FUZZ_SECONDS", "5"))
    seed = int(os.environ.get("COFLOW_FUZZ_SEED", "1"))
    rng = random.Random(seed)
    documents, updates = _bases()
    counts: Counter[str] = Counter()
    deadline = time.monotonic() + seconds
    with ApplyWorker() as worker:
        while time.monotonic() < deadline:
            document = rng.choice(documents)
            whole = scan(document, LIMITS)
            state = _ends(whole)
            pairs = SurrogatePairs()
            pairs.add(whole.pairs, {})
            passed: list[bytes] = []
            for _ in range(200):
                if rng.random() < 0.5:
                    data = wild(rng, {int(client): clock for client, clock in state.items()})
                else:
                    data = corrupt(rng, rng.choice((*documents, *updates)))
                began = time.process_time()
                try:
                    found = scan(data, LIMITS)
                except UpdateRefused as refusal:
                    counts[refusal.code] += 1
                    continue
                finally:
                    assert time.process_time() - began < MAX_SCAN_S, data.hex()
                if found.missing(state) or found.cuts_a_pair(pairs, state):
                    counts["not for this document"] += 1
                    continue
                passed.append(data)
                pairs.add(found.pairs, state)
                for client, end in _ends(found).items():
                    state[client] = max(end, state.get(client, 0))
                if len(passed) == 2:
                    break
            applied = worker.apply(document, *passed)
            counts[applied["outcome"]] += 1
            story = f"seed {seed}: {document.hex()} {[data.hex() for data in passed]}: {applied}"
            match applied["outcome"]:
                case "applied":
                    reached = read_state_vector(bytes.fromhex(applied["state"]))
                    assert {c: n for c, n in reached.items() if n} == state, story
                    assert json.loads(applied["json"]), story
                case "error":
                    # Only the document could tell that a parent is no shared type.
                    assert "block parent" in applied["detail"], story
                case "panic":
                    assert _has_a_format_beside_something(passed), story
                    assert "Option::unwrap()" in applied["detail"], story
                case outcome:
                    pytest.fail(f"{outcome}: {story}")
    assert counts["applied"] > counts["error"]
    assert {"malformed", "bad_clock", "unknown_root", "forbidden_type"} <= counts.keys()


def _has_a_format_beside_something(updates: list[bytes]) -> bool:
    return any(head in data for data in updates for head in (b"\x86", b"\x46", b"\xc6"))


def test_a_format_beside_a_map_entry_passes_and_makes_pycrdt_panic() -> None:
    """Only the document could tell it: whoever applies updates must survive a PanicException."""
    author = Author(7)
    author.nodes["a"] = 1
    poison = update(section(8, 0, beside(6, var_bytes("bold") + var_bytes("true"), left=(7, 0))))
    assert scan(poison, LIMITS).missing(author.state) == {}
    with ApplyWorker() as worker:
        assert worker.apply(author.doc.get_update(), poison)["outcome"] == "panic"
        assert worker.apply(author.doc.get_update())["outcome"] == "applied"


def test_the_worker_tells_a_crash_from_an_answer() -> None:
    crash = update(section(5, 0, b"\x28\x01\x05nodes\x01k\x01" + b"\x75\x01" * 30_000 + b"\x7f"))
    with ApplyWorker() as worker:
        assert worker.apply(b"\x00\x00", crash)["outcome"] == "crash"
        assert worker.apply(b"\x00\x00", b"\x00\x00")["outcome"] == "applied"
