"""Deletions that were refused are there again when the document is loaded anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crdt_store import refused_deletions
from crdt_store.ids import ClientId, UserId, WorkflowId
from crdt_store.open_journal import open_journal
from crdt_store.workflows import create_workflow, delete_workflow
from server.live.refused_deletions import RefusedDeletions

if TYPE_CHECKING:
    from crdt_store.database import Database

W = WorkflowId("w")
BOB = UserId("bob")
CLIENT = ClientId(2**52 + 1)


async def test_what_was_refused_is_loaded_with_the_document(database: Database) -> None:
    async with database.writing() as db:
        await create_workflow(db, W, created_by=BOB)
    refused = [(BOB, CLIENT, 3, 8), (BOB, CLIENT, 10, 11)]
    await refused_deletions.store(database, W, refused)
    await refused_deletions.store(database, W, refused[:1])
    async with open_journal(database) as journal:
        stored = await journal.load(W)
    assert sorted(stored.refused) == refused
    known = RefusedDeletions(stored.refused)
    assert list(known.returning(BOB, {CLIENT: [(0, 5)]})) == [(CLIENT, 3, 5)]
    assert not list(known.returning(UserId("ann"), {CLIENT: [(0, 5)]}))
    assert not known.take_news()


async def test_a_workflow_that_is_gone_keeps_none(database: Database) -> None:
    async with database.writing() as db:
        await create_workflow(db, W, created_by=BOB)
    async with database.writing() as db:
        await delete_workflow(db, W)
    await refused_deletions.store(database, W, [(BOB, CLIENT, 3, 8)])
    async with database.writing() as db:
        await create_workflow(db, W, created_by=BOB)
    async with database.reading() as db:
        assert await refused_deletions.load(db, W) == []
