"""Who is in a room: told to those who ask, and to everybody when a user comes or goes."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from server.core.participants import LiveParticipant
from server.core.roles import highest_role
from server.live.cursors import read_position

if TYPE_CHECKING:
    from collections.abc import Callable

    from crdt_store.ids import UserId, WorkflowId
    from server.core.identity import Identity
    from server.core.roles import Permission
    from server.live.audience import Audience
    from server.live.context import RoomContext
    from server.live.presence import Presence
    from server.live.socket_end import SocketEnd


class Company:
    """The users of one room's connections, each once however many sockets are open."""

    def __init__(
        self,
        workflow_id: WorkflowId,
        audience: Audience,
        presence: Presence[Any],
        context: RoomContext,
    ) -> None:
        self._workflow_id = workflow_id
        self._audience = audience
        self._presence = presence
        self._attendance = context.attendance
        self._clock = context.clock

    def identities(self) -> dict[UserId, Identity]:
        """Who has an open socket here."""
        return {each.user_id: each.identity for each in self._audience.connections.values()}

    def participants(
        self, permissions_of: Callable[[Identity], frozenset[Permission]]
    ) -> list[LiveParticipant]:
        """Who is here, with what their newest presence shows."""
        states = self._presence.newest_states()
        # A wall clock less a monotonic one: what turns the latter's times into dates.
        offset_s = self._clock.wall_s() - self._clock.now_s()
        last_heard_s = self._presence.last_changes_s()
        for connection in self._audience.connections.values():
            known_s = last_heard_s.get(connection.user_id, -math.inf)
            last_heard_s[connection.user_id] = max(known_s, connection.last_heard_s)
        found = []
        for user_id, identity in self.identities().items():
            state = states.get(user_id, {})
            selected = state.get("selected_node")
            found.append(
                LiveParticipant(
                    user_id=user_id,
                    user_name=identity.name,
                    role=highest_role(permissions_of(identity)),
                    cursor_position=read_position(state),
                    selected_node=selected if isinstance(selected, str) else None,
                    last_active=datetime.fromtimestamp(offset_s + last_heard_s[user_id], UTC),
                )
            )
        return found

    def tell_joined(self, connection: SocketEnd) -> None:
        """A user's first socket was opened."""
        if self._attendance is not None:
            self._attendance.joined(self._workflow_id, connection.identity)
        user = connection.shown_user
        self._announce(connection, "user_joined", user_color=user["color"], role=user["role"])

    def tell_left(self, connection: SocketEnd, *, is_emptying: bool) -> None:
        """A user's last socket was closed; nobody stays to be told if the room `is_emptying`."""
        if self._attendance is not None:
            self._attendance.left(self._workflow_id, connection.identity)
        if not is_emptying:
            self._announce(connection, "user_left")

    def _announce(self, connection: SocketEnd, kind: str, **more: Any) -> None:
        event = {
            "type": kind,
            "user_id": connection.user_id,
            "user_name": connection.identity.name,
            **more,
            "timestamp": datetime.fromtimestamp(self._clock.wall_s(), UTC),
        }
        self._audience.announce(event, but=connection.user_id)
