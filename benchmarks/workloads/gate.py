"""What locks cost: the apply path with none, with 200 of others', and where it must step in.

In this process, without network. Ten writers send one small update each per tick, and are shown
what became of it, as clients are. Structural violations end a connection: each has one of its own.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pycrdt import Doc, Map, Text, TransactionEvent
from structlog.testing import capture_logs

from benchmarks.edits import base_update
from benchmarks.in_process import NoWire, room_without_network
from benchmarks.results import RunResult
from benchmarks.wire import UPDATE, sync_message
from benchmarks.workload import RunContext, Workload
from crdt_store.ids import Seq, UserId
from server.core.access import AccessSnapshot, HeldLock, Resource, ResourceType
from server.core.close_codes import CloseCode
from server.core.identity import Identity
from server.core.roles import Role
from server.live.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from server.live.room import Room

_WRITERS = 10
_LOCKS = 200
_TICKS = 300
_STRUCTURAL = 150
_HOLDER = UserId("holder")
_SIZES = (200, 5_000)
_SIZE_INDEXED = 5_000

_FAR = 1e6
"""No node is that far out before somebody drags it there."""

Change = Callable[[Map[Any]], None]

_tasks: set[asyncio.Task[None]] = set()


class _Editor:
    """A client with a document of its own; `edit` returns a change of it as a message."""

    def __init__(self, base: bytes) -> None:
        self.doc: Doc[Any] = Doc()
        self.doc.apply_update(base)
        self.nodes: Map[Any] = self.doc.get("nodes", type=Map)
        self._made = b""
        self._subscription = self.doc.observe(self._note)

    def _note(self, event: TransactionEvent) -> None:
        self._made = event.update

    def edit(self, change: Change) -> bytes:
        with self.doc.transaction():
            change(self.nodes)
        return sync_message(UPDATE, self._made)

    def close(self) -> None:
        self.doc.unobserve(self._subscription)


class _Cost:
    """CPU of the room, from the frame until it is applied and its rows are ready to be stored."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._seq = 1
        self._cpu_s = 0.0
        self._updates = 0

    def tick(self, sent: Sequence[tuple[Connection, bytes]]) -> list[bytes]:
        """The frames of one tick, taken in and applied; returns what everybody is shown of it."""
        room = self._room
        start_s = time.process_time()
        for connection, message in sent:
            connection.frame_received(message)
        assert room.can_enforce()
        outcome = room.apply(deadline_s=time.monotonic() + 1)
        self._cpu_s += time.process_time() - start_s
        self._updates += len(sent)
        self._seq += len(outcome.rows)
        room.publish(Seq(self._seq))
        return [row.update for row in outcome.rows]

    @property
    def us_per_update(self) -> float:
        return 1e6 * self._cpu_s / self._updates


async def _run(context: RunContext) -> RunResult:
    figures: dict[str, float] = {}
    problems: list[str] = []
    for nodes in _SIZES:
        base = base_update(nodes=nodes, edges=nodes, seed=context.seed)
        # The writers' own nodes are free in the clean cases, and there are 200 locks beside them.
        foreign = _locks(range(_WRITERS, _WRITERS + _LOCKS))
        for name, locks, first, change in (
            ("clean_0_locks", {}, 0, _drag_or_type),
            ("clean_200_locks", foreign, 0, _drag_or_type),
            ("compensated", foreign, _WRITERS, _drag),
        ):
            figures[f"{name}_{nodes}_us"] = await _small_edits(base, locks, first, change, problems)
        for name, damage in (("deletion", _delete), ("replacement", _replace)):
            figures[f"{name}_{nodes}_us"] = await _structural(base, foreign, damage, problems)
    base = base_update(nodes=_SIZE_INDEXED, edges=_SIZE_INDEXED, seed=context.seed)
    figures |= await _first_lock(base)
    return RunResult(figures, problems)


def _locks(numbers: range) -> dict[Resource, HeldLock]:
    return {
        Resource(ResourceType.NODE, f"node-{number}"): HeldLock(_HOLDER, "Holder", fence)
        for fence, number in enumerate(numbers, 1)
    }


async def _room(base: bytes, locks: Mapping[Resource, HeldLock]) -> Room:
    """A room that is ready to enforce these locks."""
    members = {UserId(f"writer-{number}"): Role.EDITOR for number in range(_WRITERS)}
    access = AccessSnapshot(0, members, locks=locks)
    room = room_without_network("bench-gate", base, access, start_task=_start)
    while not room.can_enforce():  # noqa: ASYNC110
        await asyncio.sleep(0)
    return room


def _start(coroutine: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(coroutine)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


def _connect(room: Room, writer: int, *, closes_with: CloseCode | None = None) -> Connection:
    identity = Identity(UserId(f"writer-{writer}"), f"Writer {writer}")
    connection = Connection(NoWire(closes_with=closes_with), identity, room)
    room.join(connection)
    return connection


async def _small_edits(
    base: bytes,
    locks: Mapping[Resource, HeldLock],
    first: int,
    change: Callable[[str, int], Change],
    problems: list[str],
) -> float:
    """Each writer changes a node of its own, the first writer's being `first`."""
    room = await _room(base, locks)
    cost = _Cost(room)
    editors = [_Editor(base) for _ in range(_WRITERS)]
    connections = [_connect(room, writer) for writer in range(_WRITERS)]
    for tick in range(_TICKS):
        sent = [
            (connection, editor.edit(change(f"node-{first + writer}", tick)))
            for writer, (connection, editor) in enumerate(zip(connections, editors, strict=True))
        ]
        for update in cost.tick(sent):
            for editor in editors:
                editor.doc.apply_update(update)
    is_locked = f"node-{first}" in {resource.id for resource in locks}
    is_moved = room.document.workflow.nodes[f"node-{first}"]["position"]["x"] >= _FAR
    if is_moved == is_locked:
        problems.append(f"node-{first}: locked is {is_locked}, moved is {is_moved}")
    contents = [
        json.loads(str(nodes)) for nodes in (room.document.workflow.nodes, editors[0].nodes)
    ]
    if contents[0] != contents[1]:
        problems.append("a writer's document is not the room's")
    for editor in editors:
        editor.close()
    room.document.close()
    return cost.us_per_update


def _drag(node: str, tick: int) -> Change:
    def change(nodes: Map[Any]) -> None:
        nodes[node]["position"] = {"x": _FAR + tick, "y": 0.0}

    return change


def _drag_or_type(node: str, tick: int) -> Change:
    def change(nodes: Map[Any]) -> None:
        text: Text = nodes[node]["data"]["prompt"]
        text += "a"

    return change if tick % 2 else _drag(node, tick)


async def _structural(
    base: bytes,
    locks: Mapping[Resource, HeldLock],
    damage: Callable[[str], Change],
    problems: list[str],
) -> float:
    """One writer damages one locked node after another, and is sent away each time."""
    room = await _room(base, locks)
    cost = _Cost(room)
    editor = _Editor(base)
    targets = [resource.id for resource in locks][:_STRUCTURAL]
    for target in targets:
        connection = _connect(room, 0, closes_with=CloseCode.RESET_NEEDED)
        message = editor.edit(damage(target))
        with capture_logs():  # each connection that is closed is one line
            cost.tick([(connection, message)])
        if room.document.hazards.is_survey_due:
            await room.survey(learn_pairs=False)  # as the registry of rooms does after a commit
        if not connection.is_closed:
            problems.append(f"{damage.__name__} of {target} was let through")
    nodes = room.document.workflow.nodes
    if any(target not in nodes or nodes[target]["id"] != target for target in targets):
        problems.append("locked nodes were damaged")
    editor.close()
    room.document.close()
    return cost.us_per_update


def _delete(node: str) -> Change:
    def change(nodes: Map[Any]) -> None:
        del nodes[node]

    return change


def _replace(node: str) -> Change:
    def change(nodes: Map[Any]) -> None:
        nodes[node] = Map({"id": "replaced", "position": {"x": 0.0, "y": 0.0}})

    return change


async def _first_lock(base: bytes) -> dict[str, float]:
    """The index of a document, made at its first lock: its CPU, and its longest step."""
    access = AccessSnapshot(0, locks=_locks(range(1)))
    room = room_without_network("bench-gate", base, access, start_task=_start)
    at_s = [time.process_time()]
    is_ready = room.can_enforce()
    at_s.append(time.process_time())
    while not is_ready:
        # Turns go round: between two of this task's there is one of the task that indexes.
        await asyncio.sleep(0)
        at_s.append(time.process_time())
        is_ready = room.can_enforce()
    room.document.close()
    steps_s = [end - start for start, end in pairwise(at_s)]
    return {
        "first_lock_5000_cpu_ms": 1000 * sum(steps_s),
        "first_lock_5000_longest_hold_ms": 1000 * max(steps_s),
        "first_lock_5000_encoding_ms": 1000 * steps_s[0],
        "first_lock_5000_steps": float(len(steps_s)),
    }


WORKLOADS = (
    Workload(
        "gate",
        "updates of 10 writers beside locks of others: clean, compensated, structural, in process",
        _run,
    ),
)
