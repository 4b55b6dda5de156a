"""HTTP requests on raw transports: what the server took, without a client library's own time."""

from __future__ import annotations

import asyncio
import json
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from benchmarks.server_process import token_for

if TYPE_CHECKING:
    from benchmarks.server_process import ServerProcess

_ANSWER_TIMEOUT_S = 30.0
_IDLE_FOR_S = 3.0
"""The server ends connections that rest for 5 s."""


class RequestFailed(Exception):
    """An answer with an error status, or none. The message says of which request."""


class Answer(NamedTuple):
    """`took_s` is from the write of the request until its answer's last byte was read."""

    status: int
    content: bytes
    took_s: float

    def json(self) -> Any:
        return json.loads(self.content)


class Requests:
    """Sends requests as any user; each has a kept-alive connection to itself while it runs."""

    def __init__(self, server: ServerProcess) -> None:
        self._server = server
        self._resting: list[_Connection] = []
        self._tokens: dict[str, str] = {}

    async def ask(self, user: str, method: str, path: str, body: Any = None) -> Answer:
        """Raises RequestFailed unless the answer is a 2xx."""
        request = self._encode(user, method, path, body)
        connection = await self._connection()
        async with asyncio.timeout(_ANSWER_TIMEOUT_S):
            answer = await connection.send(request)
        self._resting.append(connection)
        if not 200 <= answer.status < 300:
            text = answer.content[:200].decode(errors="replace")
            raise RequestFailed(f"{method} {path}: {answer.status} {text}")
        return answer

    def close(self) -> None:
        for connection in self._resting:
            connection.close()
        self._resting.clear()

    async def _connection(self) -> _Connection:
        while self._resting:
            resting = self._resting.pop()
            if not resting.is_closed and perf_counter() - resting.used_at < _IDLE_FOR_S:
                return resting
            resting.close()
        loop = asyncio.get_running_loop()
        server = self._server
        _, connection = await loop.create_connection(_Connection, server.host, server.port)
        return connection

    def _encode(self, user: str, method: str, path: str, body: Any) -> bytes:
        if user not in self._tokens:
            self._tokens[user] = token_for(user)
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\n"
            f"Host: {self._server.host}:{self._server.port}\r\n"
            f"Authorization: Bearer {self._tokens[user]}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content


class _Connection(asyncio.Protocol):
    """One request after the other; answers have a Content-Length, as ours all do."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._answered: asyncio.Future[Answer] | None = None
        self.is_closed = False
        self.used_at = perf_counter()

    async def send(self, request: bytes) -> Answer:
        assert self._transport is not None
        self._answered = asyncio.get_running_loop().create_future()
        self.used_at = perf_counter()
        self._transport.write(request)
        return await self._answered

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports don't derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(RequestFailed(f"no answer: connection lost: {exc}"))

    def data_received(self, data: bytes) -> None:
        at = perf_counter()
        self._received += data
        head_end = self._received.find(b"\r\n\r\n")
        if head_end < 0 or self._answered is None:
            return
        head = bytes(self._received[:head_end]).lower()
        length = int(head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0] or 0)
        content = self._received[head_end + 4 :]
        if len(content) < length:
            return
        self._received = content[length:]
        status = int(head.split(b" ", 2)[1])
        answered, self._answered = self._answered, None
        if not answered.done():
            answered.set_result(Answer(status, bytes(content[:length]), at - self.used_at))
