"""A lock is granted while edits are in flight: until its release they change nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
from pycrdt import Doc

from crdt_store.database import Database
from crdt_store.ids import Seq, WorkflowId
from crdt_store.open_journal import open_journal
from tests.gate.people import content
from tests.python_clients import python_client

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from crdt_store.journal import StoredRow
    from tests.servers import ServerProcess, StartServer

Json = Any
GRANTS = int(os.environ.get("COFLOW_TEST_GATE_GRANTS", "200"))
"""On each kind of database."""
LOCKERS = 4
EDIT_EVERY_S = 0.004
EDITORS = ("bob", "cy")


@dataclass(frozen=True, slots=True)
class Held:
    """What REST read of a node twice while its lock was held, and where the journal stood then."""

    node: str
    after: int
    until: int
    shown: Json


@dataclass
class Race:
    """Editors who change all nodes all the time, and lockers with a node each."""

    server: ServerProcess
    path: str
    grants: int = 0
    holders_writes: int = 0
    held: list[Held] = field(default_factory=list)
    is_over: bool = False

    @property
    def workflow_id(self) -> str:
        return self.path.rsplit("/", 1)[1]

    async def edit(self, user: str) -> None:
        """Positions and texts, as fast as a person with three hands; refusals come and go."""
        async with python_client(self.server, self.workflow_id, user) as client:
            step = 0
            while not self.is_over:
                node = client.nodes[f"n{step % LOCKERS}"]
                if step % 8 < LOCKERS:
                    node["position"] = {"x": step, "y": len(user)}
                else:
                    node["data"]["prompt"].insert(0, f"{user}{step} ")
                step += 1
                await client.flush()
                await anyio.sleep(EDIT_EVERY_S)
            await client.until_saved()
            assert client.closed is None, "nothing of this takes a reset"
            assert any(event["type"] == "edit_reverted" for event in client.events)
            assert content(client.doc) == await self._committed()

    async def lock(self, number: int, until_grants: int) -> None:
        node = f"n{number}"
        user = f"holder{number}"
        named = {
            "workflow_id": self.workflow_id,
            "resource_type": "node",
            "resource_id": node,
        }
        async with self.server.http(user) as http:
            while self.grants < until_grants:
                answer = await http.post("/api/collaboration/locks/acquire", json=named)
                assert answer.status_code == 200, answer.text
                self.grants += 1
                if self.grants % 5 == 0:
                    await self._write_as_holder(http, node, {"x": -self.grants, "y": -1})
                after, shown = await self._read(http, node)
                until, again = await self._read(http, node)
                assert again == shown, f"{node} changed between rows {after} and {until}"
                self.held.append(Held(node, after, until, shown))
                answer = await http.post("/api/collaboration/locks/release", json=named)
                assert answer.status_code == 200, answer.text

    async def _write_as_holder(self, http: httpx.AsyncClient, node: str, position: Json) -> None:
        answer = await http.patch(f"{self.path}/nodes/{node}", json={"position": position})
        assert answer.status_code == 200, answer.text
        _, shown = await self._read(http, node)
        assert shown["position"] == position
        self.holders_writes += 1

    async def _read(self, http: httpx.AsyncClient, node: str) -> tuple[int, Json]:
        """The seq, and a node as it is durable there."""
        graph = (await http.get(self.path)).json()
        [shown] = [each for each in graph["nodes"] if each["id"] == node]
        return graph["seq"], shown

    async def _committed(self) -> Json:
        doc: Doc[Any] = Doc()
        async with self.server.http("ann") as http:
            doc.apply_update((await http.get(f"{self.path}/state")).content)
        return content(doc)


async def test_acc_1_no_edit_in_flight_gets_in_between_grant_and_release(
    database_url: str, start_server: StartServer
) -> None:
    server = await start_server(database_url=database_url, fold_after_rows=1_000_000)
    nodes = [
        {"id": f"n{number}", "position": {"x": 0, "y": 0}, "data": {"prompt": ""}}
        for number in range(LOCKERS)
    ]
    async with server.http("ann") as http:
        created = await http.post("/api/workflows", json={"id": "race", "nodes": nodes})
        assert created.status_code == 201, created.text
    race = Race(server, "/api/workflows/race")
    async with anyio.create_task_group() as editing:
        for user in EDITORS:
            editing.start_soon(race.edit, user)
        async with anyio.create_task_group() as locking:
            for number in range(LOCKERS):
                locking.start_soon(race.lock, number, GRANTS)
        race.is_over = True
    assert race.grants >= GRANTS
    assert race.holders_writes >= GRANTS // 10
    await server.terminate()
    async with Database.open(database_url) as database, open_journal(database) as journal:
        rows = await journal.rows_after(WorkflowId("race"), Seq(0))
    check(rows, race)


def check(rows: Sequence[StoredRow], race: Race) -> None:
    """The rows between the two readings of a held node leave it as it was, one by one."""
    doc: Doc[Any] = Doc()
    shown: list[Json] = [{}]
    for row in rows:
        doc.apply_update(row.update)
        nodes = content(doc)["nodes"].items()
        shown.append({key: (node["position"], node["data"]) for key, node in nodes})
    edits_meanwhile = 0
    for held in race.held:
        wanted = (held.shown["position"], held.shown["data"])
        for seq in range(held.after, held.until + 1):
            assert shown[seq][held.node] == wanted, f"row {seq} changed {held}"
        edits_meanwhile += sum(
            rows[seq - 1].author in EDITORS for seq in range(held.after + 1, held.until + 1)
        )
    assert edits_meanwhile > len(race.held) // 10, "the editors must have been at it"
