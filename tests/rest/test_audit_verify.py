"""`coflow audit verify`: whatever was changed in the database behind the server's back is found."""

from __future__ import annotations

import random
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import asyncpg
import pytest

from crdt_store.database import Database
from crdt_store.database_url import is_sqlite, parse_database_url, sqlite_path
from crdt_store.ids import UserId, WorkflowId
from crdt_store.read_only import ReadOnlyDatabase
from crdt_store.workflows import create_workflow, lock_workflow
from rest.audit.service import Action, record, record_all
from rest.audit.verify import End, verify
from server.core.access import Resource, ResourceType
from server.core.identity import Identity
from server.core.roles import Role
from tests.test_cli import coflow

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    import httpx

    from tests.servers import StartServer

ZEROS = "0" * 64
ANN = Identity(UserId("ann"), name="Ann Ägidius 👋")


async def command(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs while servers run, hence in a thread."""
    return await anyio.to_thread.run_sync(
        lambda: coflow("audit", "verify", *arguments, DATABASE_URL=url)
    )


async def change(url: str, statement: str) -> None:
    """What somebody with access to the database does."""
    parsed = parse_database_url(url)
    if is_sqlite(parsed):
        with sqlite3.connect(sqlite_path(parsed), timeout=10) as connection:
            connection.execute(statement)
        connection.close()
        return
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def recorded(url: str, *workflow_ids: str, entries: int = 5) -> None:
    async with Database.open(url) as database:
        for workflow_id in map(WorkflowId, workflow_ids):
            async with database.writing() as db:
                await create_workflow(db, workflow_id, created_by=ANN.user_id)
                for number in range(entries):
                    details = {"number": number, "z": {"b": [1, None, True], "a": "ä"}}
                    await record(db, workflow_id, ANN, "test.done", details=details)


async def test_every_feature_leaves_a_chain_that_verifies_beside_the_running_server(
    database_url: str, start_server: StartServer
) -> None:
    server = await start_server(database_url=database_url, auth_mode="jwt", migrate_on_start=0)
    async with server.http("ann") as ann, server.http("bob") as bob:
        await ann.post("/api/workflows", json={"id": "w1", "name": "One"})
        await bob.post("/api/workflows", json={"id": "w2"})
        await use_everything(ann, bob)
        done = await command(database_url, "--verbose")
        assert (done.returncode, done.stderr) == (0, "")
        newest = (await ann.get("/api/collaboration/audit/w1")).json()["items"][0]
        *ends, summary = done.stdout.splitlines()
        assert ends[0] == f"w1:{newest['audit_id']}:{newest['hash']}"
        assert ends[1].startswith("w2:1:")
        total = newest["audit_id"] + 1
        expected = f"{total} entries in 2 audits: all is as it was recorded."
        assert summary == expected


async def use_everything(ann: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    """Details of all kinds: numbers, moments, permissions, names."""
    api = "/api/collaboration"
    calls: list[tuple[httpx.AsyncClient, str, str, Any]] = [
        (ann, "PUT", "/api/workflows/w1/members/bob", {"role": "editor", "name": "Bób"}),
        (ann, "POST", f"{api}/sessions", {"workflow_id": "w1", "max_users": 7}),
        (bob, "POST", f"{api}/sessions", {"workflow_id": "w1"}),
        (bob, "POST", f"{api}/comments", {"workflow_id": "w1", "content": "@ann 👋"}),
        (
            bob,
            "POST",
            f"{api}/locks/acquire",
            {
                "workflow_id": "w1",
                "resource_type": "node",
                "resource_id": "ä",
                "reason": '"ß"',
                "duration_minutes": 1.25,
            },
        ),
        (
            ann,
            "POST",
            f"{api}/shares",
            {
                "workflow_id": "w1",
                "permissions": {"can_view": True, "can_comment": True},
                "expires_in_days": 0.1,
                "max_uses": 3,
            },
        ),
        (ann, "PUT", "/api/workflows/w1/members/bob", {"role": "viewer"}),
        (ann, "DELETE", "/api/workflows/w1/members/bob", None),
    ]
    for client, method, url, body in calls:
        answer = await client.request(method, url, json=body)
        assert answer.status_code < 300, (url, answer.text)


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE audit_entries SET actor = 'bob' WHERE number = 3", "entry 3 was changed"),
        ("UPDATE audit_entries SET actor_name = 'x' WHERE number = 1", "entry 1 was changed"),
        ("UPDATE audit_entries SET action = 'x' WHERE number = 5", "entry 5 was changed"),
        ("UPDATE audit_entries SET session_id = '' WHERE number = 2", "entry 2 was changed"),
        ("UPDATE audit_entries SET resource_id = 'x' WHERE number = 2", "entry 2 was changed"),
        ("UPDATE audit_entries SET details = '{}' WHERE number = 4", "entry 4 was changed"),
        (
            "UPDATE audit_entries SET at = '2020-01-01 00:00:00.000000' WHERE number = 4",
            "entry 4 was changed",
        ),
        (
            (
                "UPDATE audit_entries SET hash = (SELECT hash FROM audit_entries WHERE number = 2"
                " AND workflow_id = 'b') WHERE number = 3"
            ),
            "entry 3 was changed",
        ),
        ("DELETE FROM audit_entries WHERE number = 3", "entry 3 is missing"),
        ("DELETE FROM audit_entries WHERE number = 1", "entry 1 is missing"),
        ("UPDATE audit_entries SET number = number + 10 WHERE number > 2", "entry 3 is missing"),
        ("UPDATE audit_entries SET number = 0 WHERE number = 1", "entry 0 does not belong there"),
        (
            (
                "INSERT INTO audit_entries SELECT workflow_id, 6, at, actor, actor_name, action,"
                " resource_type, resource_id, session_id, details, hash FROM audit_entries"
                " WHERE number = 5 AND workflow_id = 'b'"
            ),
            "entry 6 was changed",
        ),
    ],
)
async def test_what_was_changed_is_named_with_its_workflow_and_number(
    database_url: str, statement: str, complaint: str
) -> None:
    await recorded(database_url, "a", "b", "c")
    where = "" if statement.startswith("INSERT") else " AND workflow_id = 'b'"
    await change(database_url, statement + where)
    async with ReadOnlyDatabase.open(database_url) as database:
        faults = {chain.workflow_id: chain.fault async for chain in verify(database)}
    assert (faults["a"], faults["c"]) == (None, None)
    assert faults["b"] is not None
    assert faults["b"].startswith(complaint)


async def test_every_broken_chain_is_a_line_and_the_exit_code_is_1(database_url: str) -> None:
    await recorded(database_url, "a", "b", "c")
    await change(
        database_url,
        "UPDATE audit_entries SET actor = 'bob' WHERE workflow_id = 'a' AND number = 3",
    )
    await change(database_url, "DELETE FROM audit_entries WHERE workflow_id = 'c' AND number = 2")
    done = await command(database_url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "coflow: workflow a: entry 3 was changed, or one before it and its hash with it",
        "coflow: workflow c: entry 2 is missing",
        "coflow: 2 of 3 audits are not what was recorded",
    ]
    intact = await command("sqlite:///nowhere.db", "--database-url", database_url, "--workflow=b")
    assert intact.stdout == ("5 entries in 1 audits: all is as it was recorded.\n")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("details", "'{'"),
        ("details", "'{\"a\": NaN}'"),
        ("at", "'noon'"),
        ("at", "7"),
        ("actor", "x'00'"),
    ],
)
async def test_an_entry_that_cannot_even_be_read_is_a_changed_one(
    sqlite_url: str, column: str, value: str
) -> None:
    await recorded(sqlite_url, "a")
    statement = f"UPDATE audit_entries SET {column} = {value} WHERE number = 4"
    await change(sqlite_url, statement)
    async with ReadOnlyDatabase.open(sqlite_url) as database:
        (chain,) = [chain async for chain in verify(database)]
    assert chain.entries == 3
    assert chain.fault is not None
    assert chain.fault.startswith("entry 4 was changed")


async def test_a_cut_off_end_is_found_by_who_kept_it(database_url: str) -> None:
    await recorded(database_url, "a", "b")
    noted = (await command(database_url, "--verbose")).stdout.splitlines()[:-1]
    expectations = [f"--expect={end}" for end in noted]
    assert (await command(database_url, *expectations)).returncode == 0

    await change(database_url, "DELETE FROM audit_entries WHERE workflow_id = 'a' AND number > 3")
    assert (await command(database_url)).returncode == 0  # the chain alone cannot know
    done = await command(database_url, *expectations)
    assert done.returncode == 1
    assert "workflow a: entry 4 is missing: the chain once reached entry 5" in done.stderr

    await change(database_url, "DELETE FROM audit_entries WHERE workflow_id = 'b'")
    done = await command(database_url, *expectations)
    assert "workflow b: there are no entries" in done.stderr
    assert "2 of 2 audits" in done.stderr
    done = await command(database_url, "--workflow=never")
    assert (done.returncode, "never: there are no entries" in done.stderr) == (1, True)


async def test_a_chain_that_was_written_anew_has_other_hashes(database: Database) -> None:
    for number in (1, 2):
        async with database.writing() as db:
            await create_workflow(db, WorkflowId(f"w{number}"), created_by=ANN.user_id)
            await record(db, WorkflowId(f"w{number}"), ANN, "test.done")
    ends = [chain.end async for chain in verify(database)]
    assert ends[0] is not None
    forged = End("w1", 1, "f" * 64)
    faults = [chain.fault async for chain in verify(database, expected=[forged])]
    assert faults == ["entry 1 has another hash than expected: the chain was written anew", None]


async def test_what_is_recorded_at_once_is_chained_as_one_after_the_other(
    database: Database,
) -> None:
    workflow_id = WorkflowId("w")
    async with database.writing() as db:
        await create_workflow(db, workflow_id, created_by=ANN.user_id)
        await record(db, workflow_id, ANN, "test.first")
        assert await record_all(db, workflow_id, []) == []
        done = [Action(ANN, "test.done", ("node", f"n{each}")) for each in range(300)]
        entries = await record_all(db, workflow_id, done)
        await record(db, workflow_id, ANN, "test.last")
    assert [each.number for each in entries] == list(range(2, 302))
    (chain,) = [chain async for chain in verify(database)]
    assert (chain.entries, chain.fault) == (302, None)
    assert {each.resource_id for each in entries} == {f"n{each}" for each in range(300)}


async def test_any_details_survive_the_round_trip(database: Database) -> None:
    """Seeded; the hash is computed before the entry is stored, and again from what is read."""
    seed = random.Random(3)
    workflow_id = WorkflowId("w")
    async with database.writing() as db:
        await create_workflow(db, workflow_id, created_by=ANN.user_id)
    for number in range(300):
        async with database.writing() as db:
            await lock_workflow(db, workflow_id)
            await record(
                db,
                workflow_id,
                ANN,
                "test.done",
                resource=Resource(ResourceType.NODE, f"n{number}"),
                session_id=f"s{number}" if number % 2 else None,
                details={f"key{seed.random()}": value(seed, 3) for _ in range(4)},
            )
    (chain,) = [chain async for chain in verify(database)]
    assert (chain.fault, chain.entries) == (None, 300)


def value(seed: random.Random, depth: int) -> Any:
    if depth and seed.random() < 0.4:
        if seed.random() < 0.5:
            return [value(seed, depth - 1) for _ in range(3)]
        return {f"{seed.random()}": value(seed, depth - 1) for _ in range(3)}
    return seed.choice(
        [
            None,
            True,
            0,
            -0.0,
            1e-7,
            5e-324,
            0.1 + 0.2,
            1e15,
            1e16,
            1e22,
            1e300,
            1.5e-300,
            -(2**53),
            2**64,
            float("inf"),
            seed.random() * 10 ** seed.randint(-20, 20),
            seed.randint(-(2**70), 2**70),
            'ä\u2028👋\0\x1f"\\',
            Role.OWNER,
            datetime(2026, 1, 2, 3, 4, 5, seed.randint(0, 999_999), tzinfo=UTC),
            datetime(2026, 1, 2, tzinfo=UTC),
            "",
        ]
    )


async def test_a_chain_longer_than_one_read_verifies(database: Database) -> None:
    workflow_id = WorkflowId("w")
    async with database.writing() as db:
        await create_workflow(db, workflow_id, created_by=ANN.user_id)
        for _ in range(1_001):
            await record(db, workflow_id, ANN, "test.done")
    (chain,) = [chain async for chain in verify(database)]
    assert (chain.fault, chain.entries) == (None, 1_001)


@pytest.mark.parametrize(
    "end", ["w", "w:1", "w:0:" + "0" * 64, "w:x:" + "0" * 64, ":1:00", "w:1:0"]
)
async def test_an_expectation_that_is_none_is_a_usage_error(end: str, tmp_path: Path) -> None:
    done = await command(f"sqlite:///{tmp_path / 'a.db'}", "--expect", end)
    assert done.returncode == 2
    assert f"'{end}' is not WORKFLOW:NUMBER:HASH" in done.stderr


async def test_verify_makes_no_database_and_wants_a_migrated_one(tmp_path: Path) -> None:
    absent = tmp_path / "absent.db"
    done = await command(f"sqlite:///{absent}")
    assert (done.returncode, absent.exists()) == (1, False)
    assert done.stderr == f"coflow: there is no database {absent}\n"
    sqlite3.connect(tmp_path / "empty.db").close()
    done = await command(f"sqlite:///{tmp_path / 'empty.db'}")
    assert done.returncode == 1
    assert "run `coflow migrate`" in done.stderr
