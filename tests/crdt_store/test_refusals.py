"""What was refused is there again when the document is loaded anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crdt_store import refusals
from crdt_store.ids import ClientId, UserId, WorkflowId
from crdt_store.journal import RefusedRange
from crdt_store.open_journal import open_journal
from crdt_store.workflows import create_workflow, delete_workflow
from server.live.refusals import Refusals

if TYPE_CHECKING:
    from crdt_store.database import Database

W = WorkflowId("w")
BOB = UserId("bob")
CLIENT = ClientId(2**52 + 1)


async def test_what_was_refused_is_loaded_with_the_document(database: Database) -> None:
    async with database.writing() as db:
        await create_workflow(db, W, created_by=BOB)
    refused = [
        RefusedRange(BOB, CLIENT, 3, 8),
        RefusedRange(BOB, CLIENT, 10, 11),
        RefusedRange(BOB, CLIENT, 20, 30, of_structs=True),
    ]
    await refusals.store(database, W, refused)
    await refusals.store(database, W, refused[:1])
    async with open_journal(database) as journal:
        stored = await journal.load(W)
    assert sorted(stored.refused) == refused
    known = Refusals(stored.refused)
    assert list(known.returning(BOB, {CLIENT: [(0, 5)]})) == [(CLIENT, 3, 5)]
    assert not list(known.returning(UserId("ann"), {CLIENT: [(0, 5)]}))
    assert not list(known.returning(BOB, {CLIENT: [(20, 30)]}))
    assert known.are_held({CLIENT: 21}, {})
    assert known.are_held({CLIENT: 40}, {CLIENT: [(0, 29)]})
    assert not known.are_held({CLIENT: 40}, {CLIENT: [(0, 30)]})
    assert not known.are_held({CLIENT: 20}, {})
    assert not known.take_news()


async def test_a_workflow_that_is_gone_keeps_none(database: Database) -> None:
    async with database.writing() as db:
        await create_workflow(db, W, created_by=BOB)
    async with database.writing() as db:
        await delete_workflow(db, W)
    await refusals.store(database, W, [RefusedRange(BOB, CLIENT, 3, 8)])
    async with database.writing() as db:
        await create_workflow(db, W, created_by=BOB)
    async with database.reading() as db:
        assert await refusals.load(db, W) == []
