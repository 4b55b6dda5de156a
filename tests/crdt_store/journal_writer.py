"""A process to be killed: appends as fast as it can and prints what was committed.

`python -m tests.crdt_store.journal_writer URL WORKFLOW_ID...`; each line is `workflow_id seq`.
"""

from __future__ import annotations

import sys

import anyio

from crdt_store.database import Database
from crdt_store.ids import UserId, WorkflowId
from crdt_store.journal import JournalRow
from crdt_store.open_journal import open_journal
from crdt_store.snapshots import fold


async def main(url: str, workflow_ids: list[WorkflowId]) -> None:
    async with Database.open(url) as database, open_journal(database) as journal:
        batch = 0
        while True:
            batch += 1
            async with journal.turn(workflow_ids) as turn:
                committed = [
                    (key, turn.append(key, [JournalRow(UserId("w"), "sync", content(key, seq))]))
                    for key in workflow_ids
                    for seq in (turn.heads[key].seq + 1,)
                ]
            for key, seq in committed:
                print(key, seq, flush=True)  # noqa: T201 - it is what the test reads
            if batch % 20 == 0:
                await fold(database, journal, workflow_ids[0], keep_rows=1_000_000)


def content(workflow_id: WorkflowId, seq: int) -> bytes:
    """An update that pycrdt accepts (it is empty), followed by what tells it from all others.

    Folding loads it, and the reader finds out whether each row holds what was written under its
    seq: pycrdt reads no further than the update's end.
    """
    return b"\x00\x00" + f"{workflow_id}:{seq}".encode()


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], [WorkflowId(key) for key in sys.argv[2:]])
