"""Seeded, over sockets: stock Yjs clients, pycrdt and REST edit while locks and modes change.

At the end of every seed all documents are equal to what REST reads and to what the journal's rows
give [CRDT-1], and row by row nothing has happened that should not have [ACC-1, CRDT-2].
"""

from __future__ import annotations

from collections import Counter
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from server.core.access import Mode
from tests.gate.journal_checks import Closed, History, InMode, check, read_journal
from tests.gate.people import Deeds, tokens
from tests.gate.seeds import chunks
from tests.gate.socket_people import PycrdtPerson, YjsPerson
from tests.node_clients import shared_map, shared_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.gate.socket_people import SocketPerson
    from tests.node_clients import NodeClients
    from tests.servers import ServerProcess, StartServer

Json = Any
NODES = ("n0", "n1", "n2", "n9")
"""The last one is not there at the beginning."""
LOCKABLE = (("node", "n0"), ("node", "n1"), ("node", "n9"), ("edge", "e0"))
AT_ONCE = 4


class Scenario:
    """One seed's story, on a workflow of its own."""

    def __init__(
        self, seed: int, server: ServerProcess, clients: NodeClients, http: httpx.AsyncClient
    ) -> None:
        self.rng = Random(seed)
        self.workflow_id = f"gate-{seed}"
        self.users = {name: f"{name}-{seed}" for name in ("ann", "bob", "cy", "dan", "own")}
        self.history = History(deeds={user: Deeds() for user in self.users.values()})
        self.resets: Counter[str] = Counter()
        self._server = server
        self._clients = clients
        self._http = http
        self._numbers: Iterator[int] = count(1)
        self._open: dict[tuple[str, str], Closed] = {}
        """What is locked by request: the locks that are not ended yet."""
        self._locked: dict[tuple[str, str], str] = {}
        """All locks, those too that were given for what was created."""
        self._mode: Mode = Mode.PARALLEL
        self._turn: Closed | None = None
        self._old: list[tuple[str, bytes]] = []
        self._typed: dict[str, dict[str, str]] = {}
        """By user: tokens that must get into the document, and into which text."""
        self._landed: dict[str, str] = {}
        self._set: dict[str, dict[tuple[str, str], tuple[str, Json]]] = {}
        """By user: what he set in what he holds: (node, key) to (which node it was, value)."""

    async def run(self) -> None:
        await self._create()
        self.people: list[SocketPerson] = [
            YjsPerson(self.users["ann"], self._clients, self._server, self.workflow_id),
            YjsPerson(self.users["bob"], self._clients, self._server, self.workflow_id),
            PycrdtPerson(self.users["cy"], self._server, self.workflow_id),
        ]
        for person in self.people:
            await person.start()
            self._typed[person.user] = {}
            self._set[person.user] = {}
        try:
            for _ in range(self.rng.randint(15, 30)):
                await self._step()
            await self._end()
        finally:
            for person in self.people:
                await person.close()

    async def _create(self) -> None:
        nodes = [
            {
                "id": node,
                "position": {"x": 0, "y": 0},
                "data": {"label": "own", "born": node, "text_born": node, "prompt": f"<own{at}>"},
            }
            for at, node in enumerate(NODES[:-1])
        ]
        edges = [{"id": "e0", "source": "n0", "target": "n1", "data": {}}]
        body = {"id": self.workflow_id, "nodes": nodes, "edges": edges}
        await self._ask("own", "POST", "/api/workflows", json=body)
        session = {"workflow_id": self.workflow_id}
        answer = await self._ask("own", "POST", "/api/collaboration/sessions", json=session)
        self._session = f"/api/collaboration/sessions/{answer.json()['session_id']}"

    async def _step(self) -> None:
        for person in self.people:
            await self._follow(person)
            for _ in range(self.rng.choice((0, 1, 1, 2))):
                await self._edit(person)
        if self.rng.random() < 0.2:
            await self._edit_by_rest()
        await self._change_rules()
        await self._connect_or_not()
        if self._old and self.rng.random() < 0.25:
            await self._bring_back(*self.rng.choice(self._old))
        if self.rng.random() < 0.3:
            await self._note_what_landed(self.rng.choice(self.people))

    # What people do

    async def _edit(self, person: SocketPerson) -> None:
        number = next(self._numbers)
        name = f"{person.user.split('-')[0]}{number}"
        node = self.rng.choice(NODES)
        deeds = self.history.deeds[person.user]
        drawn = self.rng.random()
        data = ["nodes", node, "data"]
        if drawn < 0.3:
            await self._set_value(person, node, "position", {"x": number, "y": 1})
        elif drawn < 0.45:
            await self._set_value(person, node, "label", name)
        elif drawn < 0.7:
            token = f"<{name}>"
            before = await person.edit(
                ["append", [*data, "prompt"], token], ["look", [*data, "text_born"]]
            )
            if before is not None and self._may(person.user, "node", node):
                self._typed[person.user][token] = str(before[1])
        elif drawn < 0.78:
            known = [token for each in self._typed.values() for token in each]
            token = self.rng.choice([*known, "<own0>", "<own1>"])
            deeds.erased.add(token)
            await person.edit(["erase", [*data, "prompt"], token])
        elif drawn < 0.84:
            before = await person.edit(["delete", ["nodes", node]])
            self._note_ended(person.user, before)
        elif drawn < 0.9:
            await self._create_node(person, node, name)
        elif drawn < 0.94:
            deeds.put.add(node)
            before = await person.edit(
                ["set", [*data, "text_born"], name],
                ["set", [*data, "prompt"], shared_text(f"<{name}>")],
            )
            if before is not None:
                deeds.ended.add(before[0])
        elif drawn < 0.97:
            await person.edit(["set", ["meta", "name"], name])
        else:
            await person.edit(["set", ["edges", "e0", "target"], node])

    async def _set_value(self, person: SocketPerson, node: str, key: str, value: Json) -> None:
        where = ["nodes", node, *(["data"] if key == "label" else []), key]
        before = await person.edit(["set", where, value], ["look", ["nodes", node, "data", "born"]])
        if before is None:
            return
        lock = self._open.get(("node", node))
        is_holder = lock is not None and lock.holder == person.user
        if is_holder and person.is_online and self._mode is not Mode.SEQUENTIAL:
            self._set[person.user][node, key] = (before[1], value)
        else:
            self._set[person.user].pop((node, key), None)

    async def _create_node(self, person: SocketPerson, node: str, name: str) -> None:
        deeds = self.history.deeds[person.user]
        deeds.put.add(node)
        data = shared_map(label=name, born=name, text_born=name, prompt=shared_text(f"<{name}>"))
        new = shared_map(id=node, position={"x": 0, "y": 0}, data=data, order=0)
        self._note_ended(person.user, await person.edit(["set", ["nodes", node], new]))

    def _note_ended(self, user: str, before: list[Json] | None) -> None:
        if before is not None and before[0] is not None:
            self.history.deeds[user].ended.add(before[0]["data"].get("born"))

    async def _edit_by_rest(self) -> None:
        node = self.rng.choice(NODES)
        body = {"position": {"x": next(self._numbers), "y": 2}}
        path = f"/api/workflows/{self.workflow_id}/nodes/{node}"
        answer = await self._http.patch(
            path, json=body, params={"user_id": self.users["dan"]}, headers=_MERGE
        )
        assert answer.status_code in (200, 403, 404), answer.text
        if answer.status_code == 200:
            assert self._may(self.users["dan"], "node", node), "REST obeys the same rules"

    # Rules

    def _may(self, user: str, kind: str, name: str) -> bool:
        """Whether nothing keeps a user from editing; False if in doubt."""
        holders = {self._locked.get(("workflow", self.workflow_id)), self._locked.get((kind, name))}
        if self._turn is not None and self._turn.holder != user:
            return False
        if self._mode is Mode.LOCKED and user not in holders:
            return False
        return holders <= {user, None}

    async def _change_rules(self) -> None:
        drawn = self.rng.random()
        user = self.users[self.rng.choice(("ann", "bob"))]
        if drawn < 0.25:
            await self._acquire(user, *self.rng.choice(LOCKABLE))
        elif drawn < 0.4 and self._open:
            await self._release(self.rng.choice(list(self._open)))
        elif drawn < 0.44:
            await self._acquire(user, "workflow", self.workflow_id)
        elif drawn < 0.52:
            await self._set_mode(self.rng.choice(list(Mode)), user)
        else:
            return
        await self._read_locks()
        for person in self.people:
            self._forget_if_closed(person.user)

    def _forget_if_closed(self, user: str) -> None:
        """What may have been on its way when something was closed may have been refused."""
        if not all(self._may(user, "node", node) for node in NODES):
            self._typed[user].clear()
        for node, key in list(self._set[user]):
            if not self._may(user, "node", node) or ("node", node) not in self._open:
                del self._set[user][node, key]

    async def _read_locks(self) -> None:
        answer = await self._ask(
            "own", "GET", f"/api/collaboration/locks/{self.workflow_id}", params={"limit": 100}
        )
        self._locked = {
            (lock["resource_type"], lock["resource_id"]): lock["locked_by"]
            for lock in answer.json()["items"]
        }

    def _named(self, kind: str, name: str) -> dict[str, str]:
        return {"workflow_id": self.workflow_id, "resource_type": kind, "resource_id": name}

    async def _acquire(self, user: str, kind: str, name: str) -> None:
        before = await self._seq()
        answer = await self._http.post(
            "/api/collaboration/locks/acquire",
            json=self._named(kind, name),
            params={"user_id": user},
        )
        assert answer.status_code in (200, 409), answer.text
        if answer.status_code == 200 and (kind, name) not in self._open:
            closed = Closed(kind, name, user, before, await self._seq())
            self._open[kind, name] = closed
            self.history.closed.append(closed)

    async def _release(self, key: tuple[str, str]) -> None:
        closed = self._open.pop(key)
        await self._check_holders_values(closed)
        closed.until = await self._seq()
        answer = await self._http.post(
            "/api/collaboration/locks/release",
            json=self._named(*key),
            params={"user_id": closed.holder or ""},
        )
        assert answer.status_code == 200, answer.text
        closed.maybe_until = await self._seq()

    async def _check_holders_values(self, closed: Closed) -> None:
        """What a holder set and has been told is saved is there, just before he lets go."""
        [person] = [each for each in self.people if each.user == closed.holder]
        if not person.is_online or not await person.until_settled():
            return
        shown = {node["id"]: node for node in (await self._read())["nodes"]}
        for (node, key), (born, value) in self._set[person.user].items():
            now = shown.get(node)
            if node == closed.id and now is not None and now["data"].get("born") == born:
                found = now["position"] if key == "position" else now["data"].get("label")
                assert found == value, f"lost: {person.user}'s {key} of {node}: {value}, is {found}"
        for node, key in list(self._set[person.user]):
            if node == closed.id:
                del self._set[person.user][node, key]

    async def _set_mode(self, mode: Mode, user: str) -> None:
        before = await self._seq()
        if self._turn is not None:
            self._turn.until = self._turn.maybe_until = before
            self._turn = None
        if self.history.modes:
            self.history.modes[-1].until = before
        changed = await self._ask("own", "PATCH", self._session, json={"collaboration_mode": mode})
        self._mode = mode
        holder = changed.json()["turn"]["holder"]
        if mode is Mode.SEQUENTIAL and self.rng.random() < 0.8:
            answer = await self._http.post(
                f"{self._session}/turn/request", json={}, params={"user_id": user}
            )
            assert answer.status_code == 200, answer.text
            holder = answer.json()["holder"]
        after = await self._seq()
        self.history.modes.append(InMode(mode, after))
        if mode is Mode.SEQUENTIAL:
            # Until the turn was given nobody had it: what was on its way then was refused.
            for user in self._set:
                self._typed[user].clear()
                self._set[user].clear()
            self._turn = Closed("workflow", self.workflow_id, holder, before, after)
            self.history.closed.append(self._turn)

    # Connections

    async def _connect_or_not(self) -> None:
        for person in self.people:
            drawn = self.rng.random()
            if not person.is_online and drawn < 0.4:
                await person.connect()
            elif person.is_online and drawn < 0.12:
                await self._let_settle(person)
                # What it sets now comes in a step 2, in which a value may be an older one.
                self._set[person.user].clear()
                await (person.disconnect() if drawn < 0.07 else person.cut())

    async def _let_settle(self, person: SocketPerson) -> None:
        """Who may have to begin anew is told so before the socket goes."""
        if not all(self._may(person.user, "node", node) for node in NODES):
            await person.until_settled()
            await self._follow(person)

    async def _follow(self, person: SocketPerson) -> None:
        old = await person.reset_if_told()
        if old is not None:
            self.resets[person.user] += 1
            self._old.append((person.user, old))
            self._typed[person.user].clear()
            self._set[person.user].clear()

    async def _bring_back(self, user: str, old: bytes) -> None:
        """A copy of a document that was given up connects, in another tab."""
        self._set[user].clear()
        tab = YjsPerson(user, self._clients, self._server, self.workflow_id)
        await tab.start(seed=old)
        await tab.close()

    async def _note_what_landed(self, person: SocketPerson) -> None:
        if person.is_online and await person.until_settled():
            self._landed |= self._typed[person.user]
            self._typed[person.user].clear()

    # The end

    async def _end(self) -> None:
        await self._set_mode(Mode.PARALLEL, "")
        while self._open:
            await self._release(next(iter(self._open)))
        await self._read_locks()
        for (kind, name), holder in self._locked.items():
            await self._http.post(
                "/api/collaboration/locks/release",
                json=self._named(kind, name),
                params={"user_id": holder},
            )
        await self._read_locks()
        assert self._locked == {}
        for person in self.people:
            if not person.is_online:
                await person.connect()
            while not await person.until_settled():
                await self._follow(person)
        await self._create_node(self.people[0], "last", "ann0")
        assert await self.people[0].until_settled()
        for at, person in enumerate(self.people):
            # Whatever it has been through, it takes part again.
            await self._wait_for(person, "last")
            await person.edit(["append", ["nodes", "last", "data", "prompt"], f"<zed{at}>"])
            assert await person.until_settled()
        rows = read_journal(self._server, self.workflow_id)
        wanted = check(rows, self.history)
        shown = {node["id"]: node for node in (await self._read())["nodes"]}
        assert {key: node["data"] for key, node in shown.items()} == {
            key: node["data"] for key, node in wanted["nodes"].items()
        }
        assert sorted(tokens(wanted["nodes"]["last"])) == ["<ann0>", "<zed0>", "<zed1>", "<zed2>"]
        for person in self.people:
            await person.until_shows(wanted)
        self._check_landed(wanted)

    async def _wait_for(self, person: SocketPerson, node: str) -> None:
        with anyio.fail_after(20):
            while await person.edit(["look", ["nodes", node, "data", "prompt"]]) in ([None], None):  # noqa: ASYNC110
                await anyio.sleep(0.01)

    def _check_landed(self, wanted: Json) -> None:
        erased: set[str] = set().union(*(deeds.erased for deeds in self.history.deeds.values()))
        texts = {node["data"].get("text_born"): tokens(node) for node in wanted["nodes"].values()}
        for token, text_born in self._landed.items():
            if text_born in texts and token not in erased:
                assert token in texts[text_born], f"lost: {token}"

    # REST

    async def _ask(self, name: str, method: str, path: str, **more: Any) -> httpx.Response:
        params = {**more.pop("params", {}), "user_id": self.users[name]}
        answer = await self._http.request(method, path, params=params, **more)
        assert answer.status_code in (200, 201), answer.text
        return answer

    async def _read(self) -> Json:
        return (await self._ask("own", "GET", f"/api/workflows/{self.workflow_id}")).json()

    async def _seq(self) -> int:
        seq: int = (await self._read())["seq"]
        return seq


_MERGE = {"Content-Type": "application/merge-patch+json"}


@pytest.mark.parametrize("seeds", chunks(50), ids=str)
async def test_acc_1_crdt_2_the_gate_holds_for_stock_clients(
    start_server: StartServer, clients: NodeClients, seeds: range
) -> None:
    server = await start_server(fold_after_rows=1_000_000)
    limiter = anyio.CapacityLimiter(AT_ONCE)
    resets: Counter[str] = Counter()
    async with server.http("own") as http:

        async def play(seed: int) -> None:
            async with limiter:
                scenario = Scenario(seed, server, clients, http)
                try:
                    await scenario.run()
                except BaseException as error:
                    error.add_note(f"seed {seed}")
                    raise
                resets.update(scenario.resets)

        async with anyio.create_task_group() as tasks:
            for seed in seeds:
                tasks.start_soon(play, seed)
    assert sum(resets.values()) > len(seeds) // 4, "somebody must have been refused"
