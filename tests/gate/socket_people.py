"""People who edit over real sockets, with stock Yjs clients or with pycrdt, in one manner.

On 4409 they do what docs/protocol.md says: throw the document away and begin with a new one. The
old one is kept, since somewhere a copy of it may have been stored.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, Protocol

from pycrdt import Doc, Map, Text
from websockets.exceptions import ConnectionClosed

from server.core.close_codes import CloseCode
from tests.gate.people import content
from tests.node_clients import AT_REST, ClientError, equals
from tests.python_clients import PythonClient, python_client

if TYPE_CHECKING:
    from tests.node_clients import NodeClients, Operation, StockClient
    from tests.servers import ServerProcess

Json = Any
WITHIN_S = 15.0


class SocketPerson(Protocol):
    """One user with one document at a time."""

    user: str
    is_online: bool

    async def edit(self, *operations: Operation) -> list[Json] | None:
        """What was at each path before; None if there was nothing to edit."""
        ...

    async def start(self) -> None:
        """Connect for the first time."""
        ...

    async def connect(self) -> None: ...

    async def disconnect(self) -> None: ...

    async def cut(self) -> None:
        """Lose the connection, and come back."""
        ...

    async def reset_if_told(self) -> bytes | None:
        """Begin anew if the socket was closed with 4409; returns the old document then."""
        ...

    async def until_settled(self) -> bool:
        """Wait until all that was sent is; False if the socket was closed for good instead."""
        ...

    async def until_shows(self, wanted: Json) -> None: ...

    async def close(self) -> None: ...


class YjsPerson:
    """npm's yjs and y-websocket, unmodified."""

    def __init__(
        self, user: str, clients: NodeClients, server: ServerProcess, workflow_id: str
    ) -> None:
        self.user = user
        self.is_online = True
        self._clients = clients
        self._server = server
        self._workflow_id = workflow_id
        self._client: StockClient

    async def start(self, seed: bytes | None = None) -> None:
        """Open a client, with what is stored of a document."""
        self._client = await self._open(seed)
        await self._client.until(AT_REST, within_s=WITHIN_S)

    async def _open(self, seed: bytes | None) -> StockClient:
        return await self._clients.open(
            self._server.sync_url,
            self._workflow_id,
            params=self._server.params(self.user),
            events=True,
            seed=seed,
        )

    async def edit(self, *operations: Operation) -> list[Json] | None:
        try:
            return await self._client.edit(*operations)
        except ClientError as error:
            if "nothing shared" not in str(error):
                raise
            return None

    async def connect(self) -> None:
        self.is_online = True
        await self._client.connect()

    async def disconnect(self) -> None:
        self.is_online = False
        await self._client.disconnect()

    async def cut(self) -> None:
        await self._client.cut()

    async def reset_if_told(self) -> bytes | None:
        final = await self._client.look("final")
        if final is None:
            return None
        assert final["code"] == CloseCode.RESET_NEEDED, final
        old = await self._client.update()
        await self._client.close()
        self.is_online = True
        await self.start()
        return old

    async def until_settled(self) -> bool:
        await self._client.until(AT_REST, within_s=WITHIN_S)
        # The close comes right after the news that all is settled.
        await self._client.ping()
        return await self._client.look("final") is None

    async def until_shows(self, wanted: Json) -> None:
        await self._client.until(
            *(equals(["doc", root], shown) for root, shown in wanted.items()),
            within_s=WITHIN_S,
        )

    async def close(self) -> None:
        await self._client.close()


class PycrdtPerson:
    """pycrdt's Doc and a bare socket."""

    def __init__(self, user: str, server: ServerProcess, workflow_id: str) -> None:
        self.user = user
        self.is_online = False
        self._server = server
        self._workflow_id = workflow_id
        self._doc: Doc[Any] = Doc()
        self._open = AsyncExitStack()
        self._client: PythonClient

    async def start(self) -> None:
        self._client = await self._open.enter_async_context(
            python_client(
                self._server, self._workflow_id, self.user, doc=self._doc, waits_for_sync=False
            )
        )
        self.is_online = True
        await self._client.greet()
        client = self._client
        await client.until(
            lambda: (client.is_synced and client.sync_frames_sent > 0) or client.closed is not None,
            within_s=WITHIN_S,
        )

    async def edit(self, *operations: Operation) -> list[Json] | None:
        before: list[Json] = []
        try:
            with self._doc.transaction():
                for name, path, *rest in operations:
                    at: Any = self._doc.get(path[0], type=Map)
                    for key in path[1:-1]:
                        at = at[key]
                    before.append(_json(at.get(path[-1])))
                    _apply(at, name, path[-1], *rest)
        except (KeyError, AttributeError, TypeError):
            return None
        if self.is_online and self._client.closed is None:
            with suppress(ConnectionClosed):
                await self._client.flush()
        return before

    async def connect(self) -> None:
        await self.start()

    async def disconnect(self) -> None:
        self.is_online = False
        await self._open.aclose()

    async def cut(self) -> None:
        await self.disconnect()
        await self.start()

    async def reset_if_told(self) -> bytes | None:
        if not self.is_online or self._client.closed is None:
            return None
        assert self._client.closed[0] == CloseCode.RESET_NEEDED, self._client.closed
        old = self._doc.get_update()
        await self.disconnect()
        self._doc = Doc()
        await self.start()
        return old

    async def until_settled(self) -> bool:
        client = self._client
        await client.until(
            lambda: client.closed is not None or client.saved >= client.sync_frames_sent,
            within_s=WITHIN_S,
        )
        with suppress(ConnectionClosed):
            await (await client.socket.ping())
            return client.closed is None
        await client.until(lambda: client.closed is not None, within_s=WITHIN_S)
        return False

    async def until_shows(self, wanted: Json) -> None:
        def shown() -> Json:
            return {root: content(self._doc)[root] for root in wanted}

        try:
            await self._client.until(lambda: shown() == wanted, within_s=WITHIN_S)
        except TimeoutError:
            raise AssertionError(f"{self.user} shows {shown()}, not {wanted}") from None

    async def close(self) -> None:
        await self._open.aclose()


def _json(value: Json) -> Json:
    if isinstance(value, Map):
        return {key: _json(inner) for key, inner in value.items()}
    return str(value) if isinstance(value, Text) else value


def _apply(at: Map[Any], name: str, key: str, *rest: Json) -> None:
    match name:
        case "set":
            at[key] = _shared(rest[0])
        case "delete" if key in at:
            del at[key]
        case "append":
            at[key].insert(len(str(at[key])), rest[0])
        case "erase":
            start = str(at[key]).find(rest[0])
            if start >= 0:
                del at[key][start : start + len(rest[0])]
        case _:
            assert name in ("delete", "look")


def _shared(value: Json) -> Json:
    """What `node_clients.shared_map` and `shared_text` stand for."""
    if isinstance(value, dict) and "$text" in value:
        return Text(value["$text"])
    if isinstance(value, dict) and "$map" in value:
        return Map({key: _shared(inner) for key, inner in value["$map"].items()})
    return value
