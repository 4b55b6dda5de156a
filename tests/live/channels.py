"""A pycrdt Channel in memory: the server serves it, and the test is the client at the other end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anyio
from pycrdt import create_update_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DEADLINE_S = 20


class MemoryChannel:
    """Takes what is sent at once, or not at all while it is `stall`ed, or fails when `broken`."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.sent: list[bytes] = []
        self.sending = 0
        """Calls of `send` that have not returned."""
        self.most_sending = 0
        self.broken = False
        self._said: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._flows = asyncio.Event()
        self._flows.set()
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
            await self._flows.wait()
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

    def stall(self) -> None:
        self._flows.clear()

    def flow(self) -> None:
        self._flows.set()

    async def until(self, is_true: Callable[[list[bytes]], object]) -> None:
        """Wait until what was sent satisfies `is_true`."""
        with anyio.fail_after(DEADLINE_S):
            while not is_true(self.sent):
                self._changed.clear()
                await self._changed.wait()
