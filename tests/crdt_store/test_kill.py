"""kill -9 at any moment loses nothing that was reported as committed."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from crdt_store.database import Database
from crdt_store.ids import Seq, UserId, WorkflowId
from crdt_store.open_journal import open_journal
from crdt_store.workflows import create_workflow
from tests.crdt_store.journal_writer import content

REPOSITORY = Path(__file__).parents[2]
WORKFLOWS = [WorkflowId("a"), WorkflowId("b")]


def write_until_killed(url: str, after_lines: int) -> dict[str, int]:
    """Let a writer run, SIGKILL it after a number of reports, return the last seq of each."""
    reported: dict[str, int] = {}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.crdt_store.journal_writer", url, *WORKFLOWS],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for number, line in enumerate(process.stdout, start=1):
            if number == after_lines:
                process.kill()
            # What it still managed to say between the order and its death counts as well.
            if line.endswith("\n"):
                key, seq = line.split()
                reported[key] = int(seq)
    assert process.returncode == -9
    return reported


@pytest.mark.parametrize("seed", range(4))
async def test_dur_1_a_killed_writer_keeps_every_row_that_it_reported(
    database_url: str, seed: int
) -> None:
    async with Database.open(database_url) as database, database.writing() as db:
        for key in WORKFLOWS:
            await create_workflow(db, key, created_by=UserId("w"))
    reported = {}
    chance = random.Random(seed)
    for _ in range(2):
        reported = write_until_killed(database_url, chance.randrange(1, 400))
    async with Database.open(database_url) as database, open_journal(database) as journal:
        for key in WORKFLOWS:
            rows = await journal.rows_after(key, Seq(0))
            assert len(rows) >= reported.get(key, 0)
            # Dense, each row what was written under its seq, and the head agrees. [DUR-3]
            assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
            assert all(row.update == content(key, row.seq) for row in rows)
            assert (await journal.load(key)).head.seq == len(rows)
