"""In memory: a pycrdt Channel whose other end is the test, and a room of the plain library."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
from pycrdt import Doc, Map, TransactionEvent, create_update_message, read_message
from pycrdt.websocket import YRoom

from crdt_store.ids import UserId
from server.core.identity import Identity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from pycrdt.store import BaseYStore

ANN = Identity(UserId("ann"), "Ann")
BOB = Identity(UserId("bob"), "Bob")

DEADLINE_S = 20


def edits(count: int, doc: Doc[Any] | None = None, *, size: int = 1) -> list[bytes]:
    """Updates of one client that each set one more node of `size` characters, in order."""
    made: list[bytes] = []

    def note(event: TransactionEvent) -> None:
        made.append(event.update)

    doc = Doc() if doc is None else doc
    nodes = doc.get("nodes", type=Map)
    subscription = doc.observe(note)
    for number in range(count):
        nodes[f"n{number}"] = Map({"data": "x" * size})
    doc.unobserve(subscription)
    return made


def updates_in(sent: list[bytes]) -> list[bytes]:
    return [read_message(frame[2:]) for frame in sent if frame[:2] == b"\x00\x02"]


class MemoryChannel:
    """Takes what is sent at once, unless told to `let_through` less, or when `broken`."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.sent: list[bytes] = []
        self.sending = 0
        """Calls of `send` that have not returned."""
        self.most_sending = 0
        self.broken = False
        self._said: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._allowance = 1_000_000_000
        self._flows = asyncio.Event()
        self._changed = asyncio.Event()

    # The server's end: pycrdt's Channel

    @property
    def path(self) -> str:
        return self._path

    def __aiter__(self) -> MemoryChannel:
        return self

    async def __anext__(self) -> bytes:
        payload = await self._said.get()
        if payload is None:
            raise StopAsyncIteration
        return payload

    async def recv(self) -> bytes:
        return await self.__anext__()

    async def send(self, message: bytes) -> None:
        self.sending += 1
        self.most_sending = max(self.most_sending, self.sending)
        try:
            while not self._allowance:
                await self._flows.wait()
            self._allowance -= 1
            if self.broken:
                raise ConnectionResetError("the peer is gone")
            self.sent.append(message)
            self._changed.set()
        finally:
            self.sending -= 1

    # The client's end

    @property
    def unread(self) -> int:
        """Frames that the server has not taken yet."""
        return self._said.qsize()

    def say(self, payload: bytes) -> None:
        self._said.put_nowait(payload)

    def say_updates(self, updates: Iterable[bytes]) -> None:
        for update in updates:
            self.say(create_update_message(update))

    def hang_up(self) -> None:
        """End the iteration, once everything that was said has been read."""
        self._said.put_nowait(None)

    def let_through(self, count: int) -> None:
        """Take `count` more messages and then none, until the next call."""
        self._allowance = count
        self._flows.set()
        self._flows = asyncio.Event()

    async def until(self, is_true: Callable[[list[bytes]], object]) -> None:
        """Wait until what was sent satisfies `is_true`."""
        with anyio.fail_after(DEADLINE_S):
            while not is_true(self.sent):
                self._changed.clear()
                await self._changed.wait()


class FirstWaits(MemoryChannel):
    """The first update waits for `let_it_go`; the transport would take the next ones at once."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.let_it_go = anyio.Event()
        self._has_updates = False

    async def send(self, message: bytes) -> None:
        if message[:2] == b"\x00\x02" and not self._has_updates:
            self._has_updates = True
            await self.let_it_go.wait()
        await super().send(message)


@asynccontextmanager
async def upstream_room(store: BaseYStore | None = None) -> AsyncIterator[YRoom]:
    """A running room of the plain library, that observes its document."""
    room = YRoom(ystore=store)
    try:
        async with anyio.create_task_group() as tasks:
            await tasks.start(room.start)
            await anyio.wait_all_tasks_blocked()
            yield room
            if room._task_group is not None:
                await room.stop()
    finally:
        # The library leaves it open, which is a ResourceWarning.
        room._update_send_stream.close()
