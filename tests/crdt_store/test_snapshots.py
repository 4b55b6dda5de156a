"""Folding loses nothing, whatever is appended meanwhile."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from pycrdt import Decoder, Doc, Map, Text
from sqlalchemy import func, select

from crdt_store.errors import DocumentCorrupt, WorkflowNotFound
from crdt_store.ids import Seq, UserId, WorkflowId
from crdt_store.journal import JournalRow
from crdt_store.loading import load_doc
from crdt_store.models import JournalEntry
from crdt_store.snapshots import fold
from crdt_store.workflows import create_workflow

if TYPE_CHECKING:
    from crdt_store.database import Database
    from crdt_store.journal import Journal

WF = WorkflowId("wf")


@pytest.fixture(autouse=True)
async def workflow(database: Database) -> None:
    async with database.writing() as db:
        await create_workflow(db, WF, created_by=UserId("alice"))


class Editor:
    """A document that is edited at random; every edit's update is appended to the journal."""

    def __init__(self, journal: Journal, seed: int) -> None:
        self._journal = journal
        self._random = random.Random(seed)
        self.doc: Doc[Any] = Doc()
        self.nodes = self.doc.get("nodes", type=Map)

    async def edit(self) -> None:
        before = self.doc.get_state()
        self._change()
        row = JournalRow(UserId("alice"), "sync", self.doc.get_update(before))
        async with self._journal.turn([WF]) as turn:
            turn.append(WF, [row])

    def _change(self) -> None:
        key = f"n{self._random.randrange(5)}"
        match self._random.randrange(4):
            case 0:
                self.nodes[key] = Map({"id": key, "data": Map({"prompt": Text("")})})
            case 1 if key in self.nodes:
                del self.nodes[key]
            case 2 if key in self.nodes:
                self.nodes[key]["data"]["prompt"].insert(0, "né")
            case _:
                self.nodes[f"p{key}"] = self._random.random()


def contents(doc: Doc[Any]) -> Any:
    return doc.get("nodes", type=Map).to_py()


def clocks(doc: Doc[Any]) -> dict[int, int]:
    """The state vector; its encoding has no fixed order."""
    decoder = Decoder(doc.get_state())
    return {
        decoder.read_var_uint(): decoder.read_var_uint() for _ in range(decoder.read_var_uint())
    }


async def count_rows(database: Database) -> tuple[int, int]:
    """How many rows the journal keeps, and the oldest one's seq."""
    async with database.reading() as db:
        number, oldest = (await db.execute(select(func.count(), func.min(JournalEntry.seq)))).one()
    return number, oldest


async def reloaded(journal: Journal) -> Doc[Any]:
    return load_doc(WF, await journal.load(WF))


async def test_a_folded_document_loads_equal_and_from_the_snapshot_alone(
    database: Database, journal: Journal
) -> None:
    editor = Editor(journal, seed=1)
    for _ in range(30):
        await editor.edit()
    folded = await fold(database, journal, WF, keep_rows=0)
    assert (folded.seq, folded.deleted_rows) == (30, 30)
    stored = await journal.load(WF)
    assert (stored.snapshot_seq, list(stored.tail), stored.head.seq) == (30, [], 30)
    assert stored.snapshot is not None
    assert len(stored.snapshot) == folded.snapshot_bytes
    loaded = await reloaded(journal)
    assert contents(loaded) == contents(editor.doc)
    assert clocks(loaded) == clocks(editor.doc)


async def test_dur_3_seq_goes_on_after_every_row_was_folded_away(
    database: Database, journal: Journal
) -> None:
    editor = Editor(journal, seed=2)
    await editor.edit()
    await fold(database, journal, WF, keep_rows=0)
    await editor.edit()
    assert [row.seq for row in await journal.rows_after(WF, Seq(1))] == [2]
    assert contents(await reloaded(journal)) == contents(editor.doc)


async def test_the_most_recent_rows_are_kept_for_history(
    database: Database, journal: Journal
) -> None:
    editor = Editor(journal, seed=3)
    for _ in range(20):
        await editor.edit()
    folded = await fold(database, journal, WF, keep_rows=5)
    assert folded.deleted_rows == 15
    assert await count_rows(database) == (5, 16)
    assert list((await journal.load(WF)).tail) == []
    assert contents(await reloaded(journal)) == contents(editor.doc)


async def test_a_window_larger_than_the_journal_keeps_all_of_it(
    database: Database, journal: Journal
) -> None:
    editor = Editor(journal, seed=4)
    for _ in range(3):
        await editor.edit()
    assert (await fold(database, journal, WF, keep_rows=1_000)).deleted_rows == 0
    assert await count_rows(database) == (3, 1)


async def test_folding_again_without_new_rows_trims_and_keeps_the_snapshot(
    database: Database, journal: Journal
) -> None:
    editor = Editor(journal, seed=5)
    for _ in range(4):
        await editor.edit()
    first = await fold(database, journal, WF, keep_rows=4)
    again = await fold(database, journal, WF, keep_rows=1)
    assert (again.seq, again.snapshot_bytes) == (first.seq, first.snapshot_bytes)
    assert again.deleted_rows == 3


async def test_an_empty_workflow_folds_to_nothing(database: Database, journal: Journal) -> None:
    folded = await fold(database, journal, WF, keep_rows=0)
    assert (folded.seq, folded.snapshot_bytes, folded.deleted_rows) == (0, 0, 0)
    assert (await journal.load(WF)).snapshot is None


async def test_folding_an_unknown_workflow_says_so(database: Database, journal: Journal) -> None:
    with pytest.raises(WorkflowNotFound):
        await fold(database, journal, WorkflowId("unknown"), keep_rows=0)


async def test_more_rows_than_one_turn_deletes_all_go(database: Database, journal: Journal) -> None:
    text: Doc[Any] = Doc()
    nodes = text.get("nodes", type=Map)
    updates = []
    for number in range(2_500):
        before = text.get_state()
        nodes["a"] = number
        updates.append(JournalRow(UserId("alice"), "sync", text.get_update(before)))
    async with journal.turn([WF]) as turn:
        turn.append(WF, updates)
    folded = await fold(database, journal, WF, keep_rows=10)
    assert folded.deleted_rows == 2_490
    assert await count_rows(database) == (10, 2_491)
    assert contents(await reloaded(journal)) == {"a": 2_499}


@pytest.mark.parametrize("seed", range(5))
async def test_a_fold_among_concurrent_appends_loses_nothing(
    database: Database, journal: Journal, seed: int
) -> None:
    """Two writers and two folders at once; then reload(journal) equals what was written."""
    chance = random.Random(seed)
    editors = [Editor(journal, seed=seed * 10 + number) for number in range(2)]
    writing = len(editors)

    async def write(editor: Editor) -> None:
        nonlocal writing
        for _ in range(25):
            await editor.edit()
        writing -= 1

    async def fold_on() -> None:
        while writing:
            await fold(database, journal, WF, keep_rows=chance.choice([0, 1, 7]))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for editor in editors:
                tasks.start_soon(write, editor)
            for _ in range(2):
                tasks.start_soon(fold_on)

    stored = await journal.load(WF)
    assert stored.head.seq == 50
    assert stored.snapshot_seq > 0
    expected: Doc[Any] = Doc()
    for editor in editors:
        expected.apply_update(editor.doc.get_update())
    loaded = load_doc(WF, stored)
    assert clocks(loaded) == clocks(expected)
    assert contents(loaded) == contents(expected)


@pytest.mark.parametrize("garbage", [b"\x01", b"\xff" * 40, b"not an update"])
async def test_a_corrupt_row_is_reported_with_its_seq_and_nothing_is_folded(
    database: Database, journal: Journal, garbage: bytes
) -> None:
    await Editor(journal, seed=6).edit()
    async with journal.turn([WF]) as turn:
        turn.append(WF, [JournalRow(UserId("mallory"), "sync", garbage)])
    with pytest.raises(DocumentCorrupt, match="'wf' cannot be loaded: the row at seq 2"):
        await reloaded(journal)
    with pytest.raises(DocumentCorrupt, match="seq 2"):
        await fold(database, journal, WF, keep_rows=0)
    assert await count_rows(database) == (2, 1)
    assert (await journal.load(WF)).snapshot is None


async def test_a_missing_row_is_reported_and_not_skipped(
    database: Database, journal: Journal
) -> None:
    editor = Editor(journal, seed=7)
    for _ in range(3):
        await editor.edit()
    async with database.writing() as db:
        row = await db.get_one(JournalEntry, (WF, 2))
        await db.delete(row)
    with pytest.raises(DocumentCorrupt, match="3 rows should follow seq 0, 2 do"):
        await journal.load(WF)
