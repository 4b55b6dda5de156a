"""Rooms over a real store, and connections whose bytes a test carries by hand."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import orjson
from pycrdt import Doc, TransactionEvent

from crdt_store.database import Database
from crdt_store.ids import UserId, WorkflowId
from crdt_store.open_journal import open_journal
from crdt_store.workflows import bump_access_epoch, create_workflow
from server.core.access import AccessSnapshot, HeldLock, Mode, Resource
from server.core.identity import Identity
from server.core.metrics import Metrics
from server.core.roles import Role
from server.core.settings import Settings
from server.live import messages
from server.live.connection import Connection
from server.live.rooms import Rooms
from server.live.wire import Pause
from server.migrations import runner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.journal import Journal
    from server.live.messages import Frame
    from server.live.room import Room

WORKFLOW = WorkflowId("w1")


class HandClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.time_s = 1_000.0

    def now_s(self) -> float:
        return self.time_s

    def wall_s(self) -> float:
        return 1_800_000_000.0 + self.time_s


@dataclass
class Members:
    """The rules of every workflow, as a test sets them."""

    roles: dict[UserId, Role] = field(default_factory=dict)
    epoch: int = 0
    mode: Mode = Mode.PARALLEL
    locks: dict[Resource, HeldLock] = field(default_factory=dict)
    fails_for: WorkflowId | None = None

    async def snapshot(self, workflow_id: WorkflowId) -> AccessSnapshot:
        if workflow_id == self.fails_for:
            raise OSError("the rules cannot be read")
        return AccessSnapshot(self.epoch, dict(self.roles), mode=self.mode, locks=dict(self.locks))

    async def count_participants(
        self, workflow_id: WorkflowId, live: Collection[UserId], *, but: UserId
    ) -> int:
        return len({*live} - {but})

    async def takes_part(self, workflow_id: WorkflowId, user_id: UserId) -> bool:
        return False

    async def grant_created(
        self,
        db: AsyncSession,
        workflow_id: WorkflowId,
        creator: Identity,
        created: Sequence[Resource],
    ) -> None:
        for resource in created:
            self.locks.setdefault(resource, HeldLock(creator.user_id, creator.name, 1))
        self.epoch = await bump_access_epoch(db, workflow_id)


class MemoryWire:
    """A transport that keeps what it is given; a test reads it and decides when it drains."""

    def __init__(self) -> None:
        self.is_congested = False
        self.sent: list[bytes] = []
        self.closed: tuple[int, str] | None = None
        self.pauses = Pause(0)

    def send_frame(self, frame: Frame) -> None:
        if self.closed is None:
            self.sent.append(frame.payload)

    def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def pause_reading(self, why: Pause) -> None:
        self.pauses |= why

    def resume_reading(self, why: Pause) -> None:
        self.pauses &= ~why


class Peer:
    """A Yjs client of its own Doc at the other end of a MemoryWire."""

    def __init__(self, room: Room, user: str, *, doc: Doc[Any] | None = None) -> None:
        self.room = room
        self.doc: Doc[Any] = doc if doc is not None else Doc()
        self.wire = MemoryWire()
        self.identity = Identity(UserId(user), user.title())
        self.connection = Connection(self.wire, self.identity, room, wants_events=True)
        self.events: list[dict[str, Any]] = []
        self.awareness: dict[int, tuple[int, Any]] = {}
        self.awareness_frames: list[bytes] = []
        self.denials = 0
        self.made: list[bytes] = []
        self.frames_sent = 0
        self._from_server = False
        self._subscription = self.doc.observe(self._made)

    def _made(self, event: TransactionEvent) -> None:
        if not self._from_server:
            self.made.append(event.update)

    def join(self, *, step_1: bool = True) -> Peer:
        self.room.join(self.connection)
        if step_1:
            self.receive(messages.step_1(self.doc.get_state()))
        return self

    def receive(self, payload: bytes) -> None:
        """Hand the server a frame of ours."""
        if payload[:1] == b"\x00" and payload[1:2] in (b"\x01", b"\x02"):
            self.frames_sent += 1
        self.connection.frame_received(payload)

    def send_made(self) -> None:
        """Send every update made since the last call, one frame each, as y-websocket does."""
        made, self.made = self.made, []
        for update in made:
            self.receive(messages.update(update))

    def show(self, client_id: int, clock: int, state: Mapping[str, Any] | None) -> bytes:
        """Send an awareness message with one state; return it."""
        json = orjson.dumps(state)
        item = messages.var_uint(client_id) + messages.var_uint(clock)
        payload = messages.awareness(b"\x01" + item + messages.var_uint(len(json)) + json)
        self.receive(payload)
        return payload

    def read(self) -> None:
        """Take in what the server sent, and answer a step 1 as a stock client does."""
        sent, self.wire.sent = self.wire.sent, []
        for payload in sent:
            kind = payload[0]
            if kind == messages.SYNC:
                body = messages.read_body(payload, 2)
                if payload[1] == messages.STEP_1:
                    self.receive(messages.step_2(self.doc.get_update(body)))
                else:
                    self._from_server = True
                    self.doc.apply_update(body)
                    self._from_server = False
            elif kind == messages.AWARENESS:
                self.awareness_frames.append(payload)
                self._read_awareness(messages.read_body(payload, 1))
            elif kind == messages.EVENT:
                self.events.append(orjson.loads(messages.read_body(payload, 1)))
            elif kind == messages.AUTH:
                self.denials += 1

    def _read_awareness(self, body: bytes) -> None:
        count, position = messages.read_var_uint(body, 0)
        for _ in range(count):
            client_id, position = messages.read_var_uint(body, position)
            clock, position = messages.read_var_uint(body, position)
            length, position = messages.read_var_uint(body, position)
            state = orjson.loads(body[position : position + length])
            position += length
            known = self.awareness.get(client_id, (-1, None))
            # y-protocols' rule.
            if clock > known[0] or (clock == known[0] and state is None):
                self.awareness[client_id] = (clock, state)

    @property
    def saved(self) -> int:
        counts = [event["count"] for event in self.events if event["type"] == "saved"]
        return counts[-1] if counts else 0

    @property
    def reverted(self) -> list[str]:
        return [event["reason"] for event in self.events if event["type"] == "edit_reverted"]


@dataclass
class House:
    """A registry over a fresh SQLite store with one workflow, `w1`."""

    rooms: Rooms
    members: Members
    clock: HandClock
    database: Database
    journal: Journal

    async def room(self) -> Room:
        return await self.rooms.get_room(WORKFLOW)

    async def settle(self) -> None:
        """Wait until everything that was sent is committed and shown."""
        with anyio.fail_after(20):
            while any(
                isinstance(connection.wire, MemoryWire) and Pause.SCANNING in connection.wire.pauses
                for room in self.rooms.rooms.values()
                for connection in room.connections.values()
            ):
                await anyio.lowlevel.checkpoint()
            await self.rooms.settled()


@asynccontextmanager
async def open_house(
    folder: Path, *, create: bool = True, **overrides: Any
) -> AsyncIterator[House]:
    """Rooms with a tick of 0, driven by a HandClock; `overrides` are settings."""
    url = f"sqlite+aiosqlite:///{folder / 'coflow.db'}"
    await runner.upgrade(url)
    defaults: dict[str, Any] = {"auth_mode": "dev", "tick_ms": 0, "database_url": url}
    settings = Settings(**(defaults | overrides))
    clock = HandClock()
    members = Members({UserId("ann"): Role.OWNER, UserId("bob"): Role.EDITOR})
    members.roles[UserId("vic")] = Role.VIEWER

    async def ignore_meta(workflow_id: WorkflowId, meta: dict[str, Any]) -> None:
        return None

    async with Database.open(url) as database, open_journal(database) as journal:
        if create:
            async with database.writing() as db:
                await create_workflow(db, WORKFLOW, name="W", created_by=UserId("ann"))
        async with Rooms(
            settings,
            database=database,
            journal=journal,
            access=members,
            metrics=Metrics(),
            mirror_meta=ignore_meta,
            clock=clock,
        ) as rooms:
            yield House(rooms, members, clock, database, journal)
            await rooms.drain(5)
