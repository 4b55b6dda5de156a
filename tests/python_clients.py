"""A Yjs client in this process: pycrdt's Doc behind the `websockets` library's socket.

For tests that need exact bytes or exact timing; what a user's client does is tested with the
npm packages (`tests.node_clients`).
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
from pycrdt import Doc, Map, TransactionEvent
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from server.live import messages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.servers import ServerProcess

WITHIN_S = 30.0


class PythonClient:
    """One socket and one Doc. `events` are the JSON events, `closed` the close code."""

    def __init__(self, socket: ClientConnection, doc: Doc[Any] | None) -> None:
        self.socket = socket
        self.doc: Doc[Any] = doc if doc is not None else Doc()
        self.nodes: Map[Any] = self.doc.get("nodes", type=Map)
        self.events: list[dict[str, Any]] = []
        self.awareness_frames: list[bytes] = []
        self.is_synced = False
        self.closed: tuple[int, str] | None = None
        self.sync_frames_sent = 0
        self._changed = asyncio.Event()
        self._made: list[bytes] = []
        self._is_remote = False
        self._subscription = self.doc.observe(self._note)

    def _note(self, event: TransactionEvent) -> None:
        if not self._is_remote:
            self._made.append(event.update)

    async def greet(self) -> None:
        await self.send(messages.step_1(self.doc.get_state()))

    async def send(self, frame: bytes) -> None:
        if frame[:2] in (b"\x00\x01", b"\x00\x02"):
            self.sync_frames_sent += 1
        await self.socket.send(frame)

    async def flush(self) -> None:
        """Send the edits made since the last call, each as one update."""
        made, self._made = self._made, []
        for update in made:
            await self.send(messages.update(update))

    async def until(self, holds: Callable[[], bool], *, within_s: float = WITHIN_S) -> None:
        """Wait for what the socket brings to make `holds` true. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def until_saved(self) -> None:
        """Wait until the server says that every frame sent so far is durable."""
        await self.flush()
        await self.until(lambda: self.saved >= self.sync_frames_sent)

    @property
    def saved(self) -> int:
        counts = [event["count"] for event in self.events if event["type"] == "saved"]
        return counts[-1] if counts else 0

    async def read(self) -> None:
        """Take in frames until the socket ends."""
        try:
            async for frame in self.socket:
                assert isinstance(frame, bytes)
                await self._take(frame)
                self._changed.set()
        except ConnectionClosed:
            pass
        self.closed = (self.socket.close_code or 1006, self.socket.close_reason or "")
        self._changed.set()

    async def _take(self, frame: bytes) -> None:
        if frame[0] == messages.SYNC:
            body = messages.read_body(frame, 2)
            if frame[1] == messages.STEP_1:
                await self.send(messages.step_2(self.doc.get_update(body)))
                self._made.clear()
                return
            self._is_remote = True
            self.doc.apply_update(body)
            self._is_remote = False
            self.is_synced = self.is_synced or frame[1] == messages.STEP_2
        elif frame[0] == messages.AWARENESS:
            self.awareness_frames.append(frame)
        elif frame[0] == messages.EVENT:
            self.events.append(orjson.loads(messages.read_body(frame, 1)))


@asynccontextmanager
async def python_client(
    server: ServerProcess,
    workflow_id: str,
    user: str = "ann",
    *,
    doc: Doc[Any] | None = None,
    waits_for_sync: bool = True,
    headers: dict[str, str] | None = None,
    **claims: Any,
) -> AsyncIterator[PythonClient]:
    """A connected client; what it reads is applied while the body runs."""
    query = urlencode({**server.params(user, **claims), "events": "1"})
    url = f"{server.sync_url}/{workflow_id}?{query}"
    async with connect(
        url, compression=None, max_size=None, additional_headers=headers, proxy=None
    ) as socket:
        client = PythonClient(socket, doc)
        reading = asyncio.create_task(client.read())
        try:
            if waits_for_sync:
                await client.greet()
                await client.until(lambda: client.is_synced)
            yield client
        finally:
            await socket.close()
            async with asyncio.timeout(WITHIN_S):
                await reading
