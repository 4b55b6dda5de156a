"""When the database fails: nobody is told that something was stored which was not. [DUR-1]"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.rest.conftest import TWO_NODES, assert_problem

if TYPE_CHECKING:
    from tests.postgres_cluster import Cluster
    from tests.servers import StartServer

# A row that only the commit refuses: its foreign key is checked no sooner.
_FAILING_COMMITS = """
CREATE TABLE absent (id TEXT PRIMARY KEY);
CREATE TABLE orphans (id TEXT REFERENCES absent (id) DEFERRABLE INITIALLY DEFERRED);
CREATE TRIGGER fail_workflow AFTER INSERT ON workflows WHEN NEW.created_by = 'unlucky'
BEGIN INSERT INTO orphans VALUES ('x'); END;
CREATE TRIGGER fail_entry AFTER INSERT ON journal_entries WHEN NEW.author = 'unlucky'
BEGIN INSERT INTO orphans VALUES ('x'); END;
CREATE TRIGGER fail_member AFTER INSERT ON workflow_members WHEN NEW.user_id = 'unlucky'
BEGIN INSERT INTO orphans VALUES ('x'); END;
"""


async def test_dur_1_a_failed_commit_is_503_and_nothing_is_stored(
    start_server: StartServer, sqlite_url: str
) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite+aiosqlite:///"))) as connection:
        connection.executescript(_FAILING_COMMITS)
    server = await start_server(database_url=sqlite_url, may_log_errors=True)
    async with server.http("unlucky") as unlucky, server.http("ann") as ann:
        created = await unlucky.post("/api/workflows", json={"id": "w", **TWO_NODES})
        assert_problem(created, 503, "commit_failed")
        assert int(created.headers["retry-after"]) > 0
        assert_problem(await ann.get("/api/workflows/w"), 404, "workflow_not_found")
        assert (await ann.post("/api/workflows", json={"id": "w", **TWO_NODES})).status_code == 201
        before = (await ann.get("/api/workflows/w")).json()
        for answer in (
            await unlucky.patch("/api/workflows/w/nodes/ask", json={"data": {"k": 1}}),
            await ann.put("/api/workflows/w/members/unlucky", json={"role": "viewer"}),
        ):
            assert_problem(answer, 503, "commit_failed")
        assert (await ann.get("/api/workflows/w")).json() == before
        gone = await ann.get("/api/workflows/w/members/unlucky")
        assert_problem(gone, 404, "member_not_found")
        # The next commit is none the worse.
        changed = await ann.patch("/api/workflows/w/nodes/ask", json={"data": {"k": 1}})
        assert changed.status_code == 200


async def test_a_database_that_is_gone_is_503_and_its_name_stays_inside(
    start_server: StartServer, postgres_cluster: Cluster
) -> None:
    soon_gone = postgres_cluster.create_database()
    server = await start_server(
        database_url=postgres_cluster.url(soon_gone), migrate_on_start=1, may_log_errors=True
    )
    async with server.http("ann") as ann:
        assert (await ann.post("/api/workflows", json={"id": "w"})).status_code == 201
        postgres_cluster.drop_database(soon_gone)
        for answer in (
            await ann.get("/api/workflows"),
            await ann.get("/api/workflows/w"),
            await ann.post("/api/workflows"),
            await ann.get("/api/workflows/w/members"),
        ):
            assert_problem(answer, 503, "database_unavailable")
            assert int(answer.headers["retry-after"]) > 0
            assert soon_gone not in answer.text
