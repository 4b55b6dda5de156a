"""The event door: `/api/collaboration/ws/{session_id}/{user_id}`, JSON for clients without Yjs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog

from crdt_store.ids import WorkflowId
from server.core.close_codes import CloseCode
from server.core.errors import SessionOver
from server.core.roles import Permission
from server.live.event_connection import EventConnection
from server.live.handshake import CreateUnknown, Query, Refused, SocketDoor

if TYPE_CHECKING:
    from starlette.types import Scope

    from server.core.auth import Authenticator
    from server.core.identity import Identity
    from server.live.room import Room
    from server.live.rooms import Rooms
    from server.live.wire import Wire

log = structlog.get_logger(__name__)

MAX_SESSION_ID_CHARS = 128

FindSession = Callable[[str], Awaitable[WorkflowId | None]]
"""An editing session's workflow, or None if it is unknown. Raises SessionOver."""


class EventSocket(SocketDoor):
    """ASGI endpoint of the event door. `find_session` is rest's: sessions are its tables."""

    def __init__(
        self,
        rooms: Rooms,
        authenticator: Authenticator,
        *,
        create_unknown: CreateUnknown | None,
        find_session: FindSession,
    ) -> None:
        super().__init__(rooms, authenticator, create_unknown=create_unknown)
        self._find_session = find_session

    def _claimed_user(self, scope: Scope, query: Query) -> str | None:
        user_id: str = scope["path_params"]["user_id"]
        return user_id

    async def _find_room(self, scope: Scope, identity: Identity) -> Room:
        """What may not be seen is answered like what is not there.

        Where any door creates an unknown workflow, an id that is no session's is a workflow's.
        """
        session_id: str = scope["path_params"]["session_id"]
        unknown = Refused(CloseCode.NOT_FOUND, "there is no such session")
        if len(session_id) > MAX_SESSION_ID_CHARS or "\0" in session_id:
            raise unknown
        try:
            workflow_id = await self._find_session(session_id)
        except SessionOver:
            raise unknown from None
        except Exception as error:
            log.exception("a session could not be looked up")
            raise Refused(CloseCode.OVERLOAD, "the session cannot be opened now") from error
        if workflow_id is None:
            if self._create_unknown is None:
                raise unknown
            workflow_id = WorkflowId(session_id)
        room = await self._open_room(workflow_id, identity)
        if Permission.VIEW not in room.access.permissions_of(identity, workflow_id):
            raise unknown
        return room

    def _connection(
        self, wire: Wire, identity: Identity, room: Room, scope: Scope, query: Query
    ) -> EventConnection:
        return EventConnection(wire, identity, room, session_id=scope["path_params"]["session_id"])
