"""What both doors for sockets do before the first message: who, how many, which room, which seat.

Bare ASGI endpoints: after the handshake the transport hands frames to the connection directly,
and no task is left.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import structlog

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import WorkflowId
from server.core.auth import Authenticator, IdentityMismatch, KeysUnavailable, Unauthenticated
from server.core.close_codes import CloseCode
from server.core.identity import Identity
from server.core.roles import Permission
from server.live.admission import SessionFull
from server.live.websocket_protocol import WIRE_EXTENSION, WebSocketProtocol

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from crdt_store.ids import UserId
    from server.live.room import Room
    from server.live.rooms import Rooms
    from server.live.socket_end import SocketEnd
    from server.live.wire import Wire

log = structlog.get_logger(__name__)

MAX_WORKFLOW_ID_CHARS = 128
_MOST_TRIES_TO_CREATE = 3

CreateUnknown = Callable[[WorkflowId, Identity], Awaitable[None]]
"""In dev mode any door creates an unknown workflow, owned by who knocked."""
Query = dict[str, list[str]]


class Refused(Exception):
    """The handshake ends here; the text is for the client."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class SocketDoor(ABC):
    """An ASGI endpoint for WebSockets; a subclass says what is spoken behind it."""

    def __init__(
        self,
        rooms: Rooms,
        authenticator: Authenticator,
        *,
        create_unknown: CreateUnknown | None,
    ) -> None:
        self._rooms = rooms
        self._authenticator = authenticator
        self._create_unknown = create_unknown

    @abstractmethod
    def _claimed_user(self, scope: Scope, query: Query) -> str | None:
        """Who the request says is asking."""

    @abstractmethod
    async def _find_room(self, scope: Scope, identity: Identity) -> Room:
        """Raises Refused."""

    @abstractmethod
    def _connection(
        self, wire: Wire, identity: Identity, room: Room, scope: Scope, query: Query
    ) -> SocketEnd: ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as seat:
            await self._connect(scope, receive, send, seat)

    async def _connect(
        self, scope: Scope, receive: Receive, send: Send, seat: AsyncExitStack
    ) -> None:
        await receive()
        query = parse_qs(scope["query_string"].decode("latin-1"))
        with ExitStack() as held:
            try:
                if self._rooms.is_draining:
                    raise Refused(CloseCode.RESTART, "the server restarts")
                identity = await self._identify(scope, query)
                self._take_place(identity.user_id, held)
                room = await self._find_room(scope, identity)
                await self._learn_of(room, identity)
                await self._take_seat(room, identity, seat)
            except Refused as refused:
                await self._refuse(refused, send)
                return
            await send({"type": "websocket.accept"})
            protocol = scope.get("extensions", {}).get(WIRE_EXTENSION)
            if not isinstance(protocol, WebSocketProtocol):
                raise RuntimeError(
                    "a socket needs uvicorn with ws=WebSocketProtocol: use `coflow serve`"
                )
            connection = self._connection(protocol, identity, room, scope, query)
            if room.join(connection):
                self._rooms.metrics.connections += 1
                held.callback(self._forget_connection)
                connection.on_closed = held.pop_all().close
            protocol.attach(connection, send_buffer_bytes=self._rooms.settings.send_buffer_bytes)

    async def _refuse(self, refused: Refused, send: Send) -> None:
        """Accept, then close: a browser learns a close code only after the handshake."""
        code, reason = int(refused.code), str(refused)
        self._rooms.metrics.closed(code)
        log.info("socket refused", code=code, reason=reason)
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": code, "reason": reason[:120]})

    async def _identify(self, scope: Scope, query: Query) -> Identity:
        token = query.get("token", [None])[-1]
        if token is None:
            for name, value in scope["headers"]:
                if name == b"authorization" and value[:7].lower() == b"bearer ":
                    token = value[7:].decode("latin-1").strip()
        try:
            return await self._authenticator.identify(
                token, user_id=self._claimed_user(scope, query)
            )
        except Unauthenticated as error:
            raise Refused(CloseCode.UNAUTHENTICATED, str(error)) from error
        except IdentityMismatch as error:
            raise Refused(CloseCode.FORBIDDEN, str(error)) from error
        except KeysUnavailable as error:
            # Not the client's fault: it may come back.
            raise Refused(CloseCode.OVERLOAD, "tokens cannot be verified now") from error

    def _take_place(self, user_id: UserId, held: ExitStack) -> None:
        """Count a connection of this user's until `held` is closed.

        Before the first wait: however many knock at once, none gets past the limit.
        """
        counts = self._rooms.connections_of
        most = self._rooms.settings.max_connections_per_user
        if counts.get(user_id, 0) >= most:
            raise Refused(CloseCode.TOO_FAST, f"one user may hold {most} connections")
        counts[user_id] = counts.get(user_id, 0) + 1

        def give_back() -> None:
            counts[user_id] -= 1
            if not counts[user_id]:
                del counts[user_id]

        held.callback(give_back)

    async def _learn_of(self, room: Room, identity: Identity) -> None:
        """Nobody is turned away by rules of a moment ago, before a grant of theirs."""
        if Permission.VIEW in room.access.permissions_of(identity, room.workflow_id):
            return
        try:
            await self._rooms.refresh_access(room)
        except Exception as error:
            raise Refused(CloseCode.OVERLOAD, "the workflow cannot be opened now") from error

    async def _take_seat(self, room: Room, identity: Identity, seat: AsyncExitStack) -> None:
        """Nobody else gets the last one before this connection has joined, or failed to."""
        try:
            await seat.enter_async_context(self._rooms.admission.seat(room, identity))
        except SessionFull as full:
            raise Refused(CloseCode.SESSION_FULL, str(full)) from full
        except Exception as error:
            log.exception("who takes part could not be counted", workflow=room.workflow_id)
            raise Refused(CloseCode.OVERLOAD, "the workflow cannot be opened now") from error

    async def _open_room(self, workflow_id: WorkflowId, identity: Identity) -> Room:
        """Create the workflow first, where any door may. Raises Refused."""
        if len(workflow_id) > MAX_WORKFLOW_ID_CHARS:
            raise Refused(CloseCode.NOT_FOUND, "no workflow id is that long")
        try:
            if self._create_unknown is not None:
                for _ in range(_MOST_TRIES_TO_CREATE):
                    try:
                        return await self._rooms.get_room(workflow_id)
                    except WorkflowNotFound:
                        # Does nothing if there is one: the load may have been another's, and have
                        # begun before our own commit.
                        await self._create_unknown(workflow_id, identity)
            return await self._rooms.get_room(workflow_id)
        except WorkflowNotFound as error:
            raise Refused(CloseCode.NOT_FOUND, str(error)) from error
        except Exception as error:
            log.exception("a room could not be opened", workflow=workflow_id)
            raise Refused(CloseCode.OVERLOAD, "the workflow cannot be opened now") from error

    def _forget_connection(self) -> None:
        self._rooms.metrics.connections -= 1
