"""The features over REST while 200 clients edit: locks, joining a session, and all the routes.

The load is that of `fanout200`, except that every client reads events as our own does: each of
them is told of every lock. Users are those who are connected, newcomers to the session apart.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks.clients import open_client
from benchmarks.cpu_window import CpuWindow
from benchmarks.editing_load import EditingLoad, run_editing_load, user_of
from benchmarks.http_requests import RequestFailed, Requests
from benchmarks.results import RunResult, percentile_ms
from benchmarks.workload import RunContext, Workload

if TYPE_CHECKING:
    from benchmarks.server_process import ServerProcess

_LOAD = EditingLoad(documents=1, clients=200, writers=10, updates_per_s=20, reads_events=True)
_ALONE_S = 4.0
"""The window begins with the load alone: what it costs is subtracted."""
_WINDOWS = 3
"""A p99 needs more requests than fit into one window of the usual length."""
_HELD_FOR_S = 0.02
_NODES = range(10, 20)
"""The document has 20; the ten writers edit the others."""
_COMMENTS_BEFORE = 30
_API = "/api/collaboration"

Act = Callable[["_Beside", int], Awaitable[None]]


class _Beside:
    """Starts an action now and then until the window ends, at a mean rate and at random moments.

    Open loop: the next one does not wait for the one before.
    """

    def __init__(
        self,
        server: ServerProcess,
        act: Act,
        *,
        per_s: float,
        seed: int,
        prepare: Callable[[_Beside], Awaitable[None]] | None = None,
    ) -> None:
        self.requests = Requests(server)
        self.workflow = ""
        self.session_id = ""
        self.told: dict[str, int] = {}
        """Events by type, as one more client of the document was told."""
        self.took_s: dict[str, list[float]] = {}
        self.problems: list[str] = []
        self.actions = 0
        self.cpu_ms_per_action = 0.0
        self._server = server
        self._act = act
        self._prepare = prepare
        self._per_s = per_s
        self._random = random.Random(seed)

    async def __call__(self, workflow: str, end: float) -> None:
        self.workflow = workflow
        watcher = await open_client(
            self._server,
            workflow,
            "watcher",
            on_made=lambda connection: setattr(connection, "on_event", self._note_event),
            events="1",
        )
        joined = await self.requests.ask(
            user_of(0, 0), "POST", f"{_API}/sessions", {"workflow_id": workflow}
        )
        self.session_id = joined.json()["session_id"]
        if self._prepare is not None:
            await self._prepare(self)
        alone = CpuWindow(self._server)
        await asyncio.sleep(_ALONE_S)
        alone.end()
        busy = CpuWindow(self._server)
        await self._act_until(end)
        busy.end()
        more_s = busy.server_s - alone.server_s * busy.wall_s / alone.wall_s
        self.cpu_ms_per_action = 1000 * more_s / max(1, self.actions)
        self.requests.close()
        watcher.abort()

    async def _act_until(self, end: float) -> None:
        async with asyncio.TaskGroup() as tasks:
            while perf_counter() < end:
                tasks.create_task(self._try(self.actions))
                self.actions += 1
                await asyncio.sleep(self._random.expovariate(self._per_s))

    async def _try(self, number: int) -> None:
        try:
            await self._act(self, number)
        except RequestFailed as error:
            self.problems.append(str(error))

    def _note_event(self, event: bytes) -> None:
        kind = json.loads(event).get("type", "")
        self.told[kind] = self.told.get(kind, 0) + 1

    async def ask(self, name: str, user: str, method: str, path: str, body: Any = None) -> None:
        """A request that is measured under `name`."""
        answer = await self.requests.ask(user, method, _API + path, body)
        self.took_s.setdefault(name, []).append(answer.took_s)

    def p_ms(self, name: str, percent: float) -> float:
        return percentile_ms(sorted(self.took_s.get(name, ())), percent)

    def p_of_all_ms(self, percent: float) -> float:
        return percentile_ms(sorted(s for took in self.took_s.values() for s in took), percent)


async def _under_load(
    context: RunContext,
    name: str,
    act: Act,
    *,
    per_s: float,
    prepare: Callable[[_Beside], Awaitable[None]] | None = None,
) -> tuple[_Beside, RunResult]:
    """What was asked, and a result with what the load itself has to say."""
    measured_s = context.timing.measured_s * _WINDOWS + _ALONE_S
    timing = replace(context.timing, measured_s=measured_s)
    async with context.server() as server:
        asked = _Beside(server, act, per_s=per_s, seed=context.seed, prepare=prepare)
        edited = await run_editing_load(
            server, _LOAD, timing, name=name, seed=context.seed, beside=asked
        )
    figures = {
        "actions": float(asked.actions),
        "edits_p50_ms": edited.p_ms(50),
        "edits_p99_ms": edited.p_ms(99),
        "lateness_p99_ms": edited.lateness_p99_ms,
        **edited.window.figures(),
    }
    return asked, RunResult(figures, [*asked.problems[:5], *edited.problems])


def _connected(number: int) -> str:
    """Somebody who reads, each in turn."""
    readers = _LOAD.clients - _LOAD.writers
    return user_of(0, _LOAD.writers + number % readers)


# Locks


async def _lock_and_release(asked: _Beside, number: int) -> None:
    # An id of its own: two that want the same one at once would be a conflict, not a grant.
    user = _connected(number)
    named = {
        "workflow_id": asked.workflow,
        "resource_type": "node",
        "resource_id": f"new-node-{number}",
    }
    await asked.ask("acquire", user, "POST", "/locks/acquire", named)
    await asyncio.sleep(_HELD_FOR_S)
    await asked.ask("release", user, "POST", "/locks/release", named)


async def _run_lock(context: RunContext) -> RunResult:
    asked, result = await _under_load(context, "lock", _lock_and_release, per_s=20)
    for name in ("acquire", "release"):
        for percent in (50, 95, 99):
            result.figures[f"{name}_p{percent}_ms"] = asked.p_ms(name, percent)
    result.figures["cpu_ms_per_acquire_and_release"] = asked.cpu_ms_per_action
    told = asked.told.get("lock_acquired", 0)
    if told != asked.actions:
        result.problems.append(f"a client was told of {told} of {asked.actions} locks")
    return result


# Sessions


async def _join_and_leave(asked: _Beside, number: int) -> None:
    user = f"newcomer-{number}"
    await asked.ask("join", user, "POST", "/sessions", {"workflow_id": asked.workflow})
    await asked.ask("leave", user, "POST", f"/sessions/{asked.session_id}/leave", {})


async def _run_session(context: RunContext) -> RunResult:
    asked, result = await _under_load(context, "session", _join_and_leave, per_s=15)
    for percent in (50, 95, 99):
        result.figures[f"join_p{percent}_ms"] = asked.p_ms("join", percent)
    result.figures["leave_p95_ms"] = asked.p_ms("leave", 95)
    result.figures["cpu_ms_per_join_and_leave"] = asked.cpu_ms_per_action
    return result


# All routes


async def _prepare_routes(asked: _Beside) -> None:
    """A workflow in use: ten locks are held, and people have talked."""
    for number, node in enumerate(_NODES):
        await asked.requests.ask(
            _connected(number),
            "POST",
            f"{_API}/locks/acquire",
            {
                "workflow_id": asked.workflow,
                "resource_type": "node",
                "resource_id": f"node-{node}",
                "reason": "rewriting this step",
            },
        )
    for number in range(_COMMENTS_BEFORE):
        await asked.requests.ask(
            _connected(number), "POST", f"{_API}/comments", _comment(asked, number)
        )


def _comment(asked: _Beside, number: int) -> dict[str, Any]:
    return {
        "workflow_id": asked.workflow,
        "content": f"Comment {number}: should this step not wait for the one before?",
        "context_type": "node",
        "context_id": f"node-{number % 20}",
    }


async def _ask_a_route(asked: _Beside, number: int) -> None:
    user, of = _connected(number), asked.workflow
    turn = number % 7
    if turn == 0:
        await asked.ask("get_session", user, "GET", f"/sessions/{asked.session_id}")
    elif turn == 1:
        await asked.ask("get_locks", user, "GET", f"/locks/{of}")
    elif turn == 2:
        shown = {"cursor_position": {"x": float(number), "y": 0.0}}
        await asked.ask("heartbeat", user, "POST", f"/sessions/{asked.session_id}/heartbeat", shown)
    elif turn == 3:
        await asked.ask("get_comments", user, "GET", f"/comments/{of}")
    elif turn == 4:
        await asked.ask("comment", user, "POST", "/comments", _comment(asked, number))
    elif turn == 5:
        # Whoever created the workflow: no editor may read it.
        await asked.ask("get_audit", "owner", "GET", f"/audit/{of}")
    else:
        answer = await asked.requests.ask(user, "GET", f"/api/workflows/{of}")
        asked.took_s.setdefault("get_workflow", []).append(answer.took_s)


async def _run_rest(context: RunContext) -> RunResult:
    asked, result = await _under_load(
        context, "rest", _ask_a_route, per_s=35, prepare=_prepare_routes
    )
    for percent in (50, 95, 99):
        result.figures[f"p{percent}_ms"] = asked.p_of_all_ms(percent)
    p95s = {f"{name}_p95_ms": asked.p_ms(name, 95) for name in asked.took_s}
    result.figures |= p95s
    result.figures["slowest_route_p95_ms"] = max(p95s.values())
    result.figures["cpu_ms_per_request"] = asked.cpu_ms_per_action
    return result


_BESIDE = "while 200 clients edit as in fanout200"
WORKLOADS = (
    Workload("lock", f"20 locks/s acquired and released {_BESIDE}", _run_lock),
    Workload("session", f"15 newcomers/s join the session and leave {_BESIDE}", _run_session),
    Workload("rest", f"35 requests/s over seven routes {_BESIDE}", _run_rest),
)
