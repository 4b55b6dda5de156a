"""The sync door: `/sync/{workflow_id}`, the y-websocket protocol byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crdt_store.ids import WorkflowId
from server.live.connection import Connection
from server.live.handshake import Query, SocketDoor

if TYPE_CHECKING:
    from starlette.types import Scope

    from server.core.identity import Identity
    from server.live.room import Room
    from server.live.wire import Wire


class SyncSocket(SocketDoor):
    """ASGI endpoint of the sync door."""

    def _claimed_user(self, scope: Scope, query: Query) -> str | None:
        return query.get("user_id", [None])[-1]

    async def _find_room(self, scope: Scope, identity: Identity) -> Room:
        return await self._open_room(WorkflowId(scope["path_params"]["workflow_id"]), identity)

    def _connection(
        self, wire: Wire, identity: Identity, room: Room, scope: Scope, query: Query
    ) -> Connection:
        wants_events = query.get("events", ["0"])[-1] == "1"
        return Connection(wire, identity, room, wants_events=wants_events)
