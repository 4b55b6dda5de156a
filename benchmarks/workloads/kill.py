"""kill -9 under a writer: is all that anyone was shown, or told saved, there afterwards?"""

from __future__ import annotations

import asyncio
import json
import random
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.clients import fill_document, open_client
from benchmarks.deliveries import Ledger, Reader
from benchmarks.edits import base_update, write_script
from benchmarks.pacing import Pace, keep_pace
from benchmarks.results import RunResult
from benchmarks.update_ranges import clock_ranges
from benchmarks.workload import RunContext, Workload

if TYPE_CHECKING:
    from benchmarks.edits import Script

_WORKFLOW = "bench-kill"
_BEFORE_S = 3.0
_SPREAD_S = 0.25


async def _run(context: RunContext, *, updates_per_s: float) -> RunResult:
    base = base_update(nodes=20, edges=19, seed=context.seed)
    count = int(updates_per_s * (_BEFORE_S + _SPREAD_S)) + 2
    script = write_script(base, writer=0, count=count, seed=context.seed)
    seer = Reader(Ledger([script]))
    saved = _SavedCount()
    async with context.server() as server:
        await server.create_workflows([_WORKFLOW])
        await fill_document(server, _WORKFLOW, base)
        watching = await open_client(server, _WORKFLOW, "seer", on_update=seer.receive)
        writer = await open_client(server, _WORKFLOW, "writer", events="1")
        writer.on_event = saved.note

        def send(number: int, at: float) -> None:
            sent = script.sent
            script.sent_at.extend([at] * number)
            writer.send(b"".join(script.frames[sent : sent + number]))

        # Not a round moment, or the kill would always hit the same point of a tick.
        moment_s = _BEFORE_S + random.Random(context.seed).random() * _SPREAD_S
        pacing = asyncio.create_task(
            keep_pace([send], Pace.of_rate(updates_per_s), duration_s=moment_s + 1, seed=1)
        )
        await asyncio.sleep(moment_s)
        server.kill()
        pacing.cancel()
        watching.abort()  # all clients are gone: nobody brings anything back
        writer.abort()
        await server.start()
        joiner = await open_client(server, _WORKFLOW, "after")
        kept = _updates_in(joiner.step_2.result(), script)
        joiner.abort()
    # The connection's first sync frame was its empty step 2.
    told_saved = max(0, saved.count - 1)
    return RunResult(
        {
            "sent_updates": script.sent,
            "seen_updates": seer.known[0],
            "seen_updates_lost": max(0, seer.known[0] - kept),
            "saved_updates": told_saved,
            "saved_updates_lost": max(0, told_saved - kept),
        },
        [] if seer.known[0] else ["the second client saw nothing"],
    )


class _SavedCount:
    """The highest count of a `saved` event."""

    def __init__(self) -> None:
        self.count = 0

    def note(self, event: bytes) -> None:
        parsed = json.loads(event)
        if parsed.get("type") == "saved":
            self.count = max(self.count, int(parsed["count"]))


def _updates_in(step_2: bytes, script: Script) -> int:
    """How many of the script's updates a document holds."""
    end = max((end for who, _, end in clock_ranges(step_2) if who == script.client_id), default=0)
    return sum(update_end <= end for update_end in script.ends)


WORKLOADS = tuple(
    Workload(
        f"kill{rate}",
        f"SIGKILL after about 3 s at {rate} updates/s, all clients gone, then a restart",
        partial(_run, updates_per_s=float(rate)),
    )
    for rate in (200, 1000)
)
