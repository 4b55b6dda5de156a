"""A JSON client in this process: the event door as a program without Yjs sees it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.servers import ServerProcess

WITHIN_S = 30.0


class EventClient:
    """One socket. `messages` is all that came, in order; `closed` the close code and reason."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.messages: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        self._changed = asyncio.Event()

    async def say(self, kind: str, **members: Any) -> None:
        await self.socket.send(orjson.dumps({"type": kind, **members}).decode())

    async def change(self, property: str, value: Any, **named: str) -> None:
        """Ask for a change of `node_id=…` or `edge_id=…`."""
        await self.say("text_change", change={**named, "property": property, "value": value})

    async def point(self, x: float, y: float, selected_node: str | None = None) -> None:
        await self.say(
            "cursor_update", cursor_position={"x": x, "y": y}, selected_node=selected_node
        )

    def of(self, kind: str, **members: Any) -> list[dict[str, Any]]:
        """What came of this type, with these members."""
        return [
            message
            for message in self.messages
            if message["type"] == kind
            and all(message.get(name) == value for name, value in members.items())
        ]

    def changes(self, op: str | None = None) -> list[dict[str, Any]]:
        """The changes of the `content_update`s that came."""
        found = [message["change"] for message in self.of("content_update")]
        return [change for change in found if op is None or change["op"] == op]

    async def until(self, holds: Callable[[], object], *, within_s: float = WITHIN_S) -> None:
        """Wait until what came makes `holds` true. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def until_came(self, kind: str, **members: Any) -> dict[str, Any]:
        """The first such message, as soon as it is there."""
        await self.until(lambda: self.of(kind, **members))
        return self.of(kind, **members)[0]

    async def barrier(self) -> None:
        """Return once the server has taken in, and answered, all sent before; or has closed."""
        acks = len(self.of("heartbeat_ack"))
        await self.say("heartbeat")
        await self.until(lambda: len(self.of("heartbeat_ack")) > acks or self.closed)

    async def until_closed(self) -> int:
        await self.until(lambda: self.closed is not None)
        assert self.closed is not None
        return self.closed[0]

    async def read(self) -> None:
        """Take in messages until the socket ends."""
        try:
            async for frame in self.socket:
                assert isinstance(frame, str)
                self.messages.append(orjson.loads(frame))
                self._changed.set()
        except ConnectionClosed:
            pass
        self.closed = (self.socket.close_code or 1006, self.socket.close_reason or "")
        self._changed.set()


def event_url(server: ServerProcess, session_id: str, user: str, **query: str) -> str:
    """The address that the seed prints, on this server."""
    path = f"/api/collaboration/ws/{quote(session_id, safe='')}/{quote(user, safe='')}"
    at = server.base_url.replace("http", "ws", 1) + path
    return f"{at}?{urlencode(query)}" if query else at


@asynccontextmanager
async def event_client(
    server: ServerProcess,
    session_id: str,
    user: str = "ann",
    *,
    token: str | None = None,
    greeted: bool = True,
    **claims: Any,
) -> AsyncIterator[EventClient]:
    """A connected client that reads while the body runs; in dev mode it needs no token."""
    query = {"token": token} if token is not None else server.params(user, **claims)
    url = event_url(server, session_id, user, **query)
    async with connect(url, compression=None, max_size=None, proxy=None) as socket:
        client = EventClient(socket)
        reading = asyncio.create_task(client.read())
        try:
            if greeted:
                await client.until(lambda: client.of("connected") or client.closed)
            yield client
        finally:
            await socket.close()
            async with asyncio.timeout(WITHIN_S):
                await reading
