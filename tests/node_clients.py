"""The unmodified npm clients, driven from Python: one Node process hosts the clients of a test."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from subprocess import PIPE
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio.streams.text import TextReceiveStream

if TYPE_CHECKING:
    from anyio.abc import Process

CLIENTS_DIR = Path(__file__).parent / "clients"
WITHIN_S = 15.0
"""How long a wait may take unless a test says otherwise; two busy cores are slow."""

Json = Any
ViewPath = Sequence[str | int]
Claim = tuple[ViewPath, str, Json]
Operation = Sequence[Json]


class ClientError(Exception):
    """What the Node side answered instead of a result; a wait that ran out, mostly."""


def equals(path: ViewPath, value: Json) -> Claim:
    return (path, "==", value)


def differs(path: ViewPath, value: Json) -> Claim:
    return (path, "!=", value)


def at_least(path: ViewPath, number: int) -> Claim:
    return (path, ">=", number)


def exists(*path: str | int) -> Claim:
    return (path, "exists", True)


def absent(*path: str | int) -> Claim:
    return (path, "exists", False)


SYNCED = equals(["synced"], True)
CONNECTED = equals(["connected"], True)
DISCONNECTED = equals(["connected"], False)
SETTLED = equals(["settled"], True)
"""Every sync frame of this connection that `saved` counts has been called saved."""
AT_REST = equals(["at_rest"], True)
"""An editor is synced and has all its sync frames settled, or its connection has ended for good."""


def shared_map(**items: Json) -> Json:
    """A Y.Map, to be set somewhere; its values may be shared types too."""
    return {"$map": items}


def shared_text(text: str) -> Json:
    return {"$text": text}


def new_node(node_id: str, *, x: float = 0, y: float = 0, **data: Json) -> Operation:
    """The edit that creates a node as the schema wants it."""
    node = shared_map(
        id=node_id, type="agent", position={"x": x, "y": y}, data=shared_map(**data), order=0
    )
    return ["set", ["nodes", node_id], node]


class _Driver:
    """The Node process: numbered requests out, answers back in any order."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._numbers = count(1)
        self._answers: dict[int, dict[str, Json]] = {}
        self._arrived: dict[int, anyio.Event] = {}
        self._gone = False

    async def ask(self, command: str, *, deadline_s: float = 10.0, **arguments: Json) -> Json:
        number = next(self._numbers)
        self._arrived[number] = anyio.Event()
        line = json.dumps({"id": number, "do": command, **arguments}) + "\n"
        assert self._process.stdin is not None
        if self._gone:
            raise ClientError("the Node process has ended")
        await self._process.stdin.send(line.encode())
        try:
            with anyio.fail_after(deadline_s):
                await self._arrived[number].wait()
        finally:
            del self._arrived[number]
        answer = self._answers.pop(number, None)
        if answer is None:
            raise ClientError("the Node process has ended")
        if "error" in answer:
            raise ClientError(answer["error"])
        return answer["ok"]

    async def read_answers(self) -> None:
        assert self._process.stdout is not None
        rest = ""
        async for text in TextReceiveStream(self._process.stdout):
            *lines, rest = (rest + text).split("\n")
            for line in lines:
                answer = json.loads(line)
                if (arrived := self._arrived.get(answer["id"])) is not None:
                    self._answers[answer["id"]] = answer
                    arrived.set()
        self._gone = True
        for arrived in self._arrived.values():
            arrived.set()


class _Client:
    """What a stock client and a raw socket have in common."""

    def __init__(self, driver: _Driver, name: str) -> None:
        self._driver = driver
        self.name = name

    async def _ask(self, command: str, *, deadline_s: float = 10.0, **arguments: Json) -> Json:
        return await self._driver.ask(command, deadline_s=deadline_s, name=self.name, **arguments)

    async def look(self, *path: str | int) -> Json:
        """One value of the client's view, such as `("doc", "nodes", "n1")` or `("in",)`."""
        return await self._ask("look", path=path)

    async def until(self, *claims: Claim, within_s: float = WITHIN_S) -> None:
        """Wait until all claims hold at once; raises ClientError telling the state reached."""
        await self._ask(
            "until",
            claims=claims,
            timeout_ms=math.ceil(within_s * 1000),
            deadline_s=within_s + 10,
        )

    async def stays(self, claim: Claim, *, for_s: float) -> bool:
        """Watch for `for_s`: True if `claim`, which says that things went wrong, never held."""
        try:
            await self.until(claim, within_s=for_s)
        except ClientError:
            return True
        return False

    async def close(self) -> None:
        """End it for good, without a closing handshake."""
        await self._ask("close")


class StockClient(_Client):
    """A Y.Doc with npm's WebsocketProvider.

    Its view: synced, connected, final (the close that the provider took as final), closes,
    connections, saved, settled, at_rest, in and out (frames of the current connection by kind),
    bytes_in, written, saved_writes, events, event_types, users (others' awareness by user id),
    awareness and clocks (by client id), departures (client ids whose awareness went), pending,
    fingerprint, doc.
    """

    def __init__(self, driver: _Driver, name: str, client_id: int) -> None:
        super().__init__(driver, name)
        self.client_id = client_id

    async def edit(self, *operations: Operation) -> list[Json]:
        """Apply `[set | delete | insert | remove | append | erase | look, path, …]` at once.

        Returns what was at each path before.
        """
        found: list[Json] = await self._ask("edit", operations=operations)
        return found

    async def set_awareness(self, **fields: Json) -> None:
        for field, value in fields.items():
            await self._ask("set_awareness", field=field, value=value)

    async def drop_awareness(self) -> None:
        await self._ask("drop_awareness")

    async def forget(self, *client_ids: int) -> None:
        """Remove other clients' awareness as this one's own 30 s timer would, and announce it."""
        await self._ask("forget", client_ids=client_ids)

    async def connect(self) -> None:
        await self._ask("connect")

    async def disconnect(self) -> None:
        await self._ask("disconnect")

    async def cut(self) -> None:
        """Break the TCP connection; the provider will reconnect by itself."""
        await self._ask("cut")

    async def ping(self) -> None:
        """Return once the server has received all sent before, and the client what came before;
        or the connection has ended."""
        await self._ask("ping")

    async def state_vector(self) -> bytes:
        return base64.b64decode(await self._ask("state_vector"))

    async def update(self, *, since: bytes = b"") -> bytes:
        """The document as a Yjs v1 update, or what is newer than a state vector."""
        return base64.b64decode(await self._ask("update", since=base64.b64encode(since).decode()))

    async def start_stream(self, path: ViewPath, *, rate_per_s: float) -> None:
        """Set `path/<i>` = i steadily, one transaction each, until stopped."""
        await self._ask("start_stream", path=path, rate_per_s=rate_per_s)

    async def stop_stream(self) -> None:
        await self._ask("stop_stream")


class RawSocket(_Client):
    """A bare WebSocket. Its view: status, refused (the HTTP status), close, error, frames."""

    async def send(self, frame: bytes) -> None:
        await self._ask("send", data=base64.b64encode(frame).decode())

    async def frames(self) -> list[bytes]:
        return [base64.b64decode(frame) for frame in await self.look("frames")]


@dataclass(slots=True)
class NodeClients:
    """Opens clients in one Node process; they end with it."""

    _driver: _Driver
    _numbers: count[int]

    async def open(
        self,
        url: str,
        room: str,
        *,
        name: str | None = None,
        params: Mapping[str, str] | None = None,
        client_id: int | None = None,
        seed: bytes | None = None,
        events: bool = False,
        connect: bool = True,
        awareness: bool = True,
    ) -> StockClient:
        """`new WebsocketProvider(url, room, doc, {params})`; `seed` fills the doc beforehand."""
        name = name or f"client-{next(self._numbers)}"
        client_id = await self._driver.ask(
            "open",
            name=name,
            url=url,
            room=room,
            params=dict(params or {}),
            clientId=client_id,
            seed=None if seed is None else base64.b64encode(seed).decode(),
            events=events,
            connect=connect,
            awareness=awareness,
        )
        assert client_id is not None
        return StockClient(self._driver, name, client_id)

    async def open_raw(
        self, url: str, *, name: str | None = None, headers: Mapping[str, str] | None = None
    ) -> RawSocket:
        name = name or f"raw-{next(self._numbers)}"
        await self._driver.ask("open_raw", name=name, url=url, headers=dict(headers or {}))
        return RawSocket(self._driver, name)

    async def converge(self, *clients: StockClient, within_s: float = WITHIN_S) -> None:
        """Wait until all have the same content and the same state vector."""
        await self._driver.ask(
            "converge",
            names=[client.name for client in clients],
            timeout_ms=math.ceil(within_s * 1000),
            deadline_s=within_s + 10,
        )


@asynccontextmanager
async def node_clients() -> AsyncIterator[NodeClients]:
    """Run the driver for the length of the block. Its stderr is the test's."""
    command = ["node", "driver.mjs"]
    async with (
        await anyio.open_process(command, cwd=CLIENTS_DIR, stdin=PIPE, stderr=None) as process,
        anyio.create_task_group() as tasks,
    ):
        driver = _Driver(process)
        tasks.start_soon(driver.read_answers)
        try:
            yield NodeClients(driver, count(1))
        finally:
            # The end of its input is the driver's sign to go; the reader ends with its output.
            assert process.stdin is not None
            with anyio.move_on_after(5, shield=True) as patience:
                await process.stdin.aclose()
                await process.wait()
            if patience.cancelled_caught:
                process.kill()


@pytest.fixture
async def clients() -> AsyncIterator[NodeClients]:
    """Stock clients for one test."""
    async with node_clients() as running:
        yield running
