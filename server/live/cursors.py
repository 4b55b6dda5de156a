"""Whose cursor is where, told to those who do not speak the awareness protocol.

A user has one cursor here: that of the client which changed its state last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crdt_store.ids import UserId
    from server.core.clock import Clock
    from server.live.presence import Presence


@dataclass(frozen=True, slots=True)
class Cursor:
    """What the JSON protocol shows of a user's newest awareness state."""

    user_id: UserId
    user_name: str
    user_color: str
    position: Mapping[str, Any] | None
    selected_node: str | None

    @property
    def is_nowhere(self) -> bool:
        return self.position is None and self.selected_node is None

    def event(self, clock: Clock) -> dict[str, Any]:
        """The message `cursor_update`."""
        return {
            "type": "cursor_update",
            "user_id": self.user_id,
            "user_name": self.user_name,
            "user_color": self.user_color,
            "cursor_position": self.position,
            "selected_node": self.selected_node,
            "timestamp": datetime.fromtimestamp(clock.wall_s(), UTC),
        }


class Cursors:
    """What was shown of each user's cursor; only what differs is shown again."""

    def __init__(self, presence: Presence[Any], is_here: Callable[[UserId], bool]) -> None:
        self._presence = presence
        self._is_here = is_here
        self._shown: dict[UserId, Cursor] = {}

    def start(self) -> None:
        """The first listener comes, who is greeted with everyone's cursor."""
        self._shown = {
            user_id: read_cursor(state) for user_id, state in self._presence.newest_states().items()
        }

    def take_changes(self) -> list[Cursor]:
        """Whose cursor has changed in this tick. Before the presence's own `take_changes`."""
        touched = self._presence.touched
        states = self._presence.newest_states(touched)
        changed = []
        for user_id in touched:
            before = self._shown.get(user_id)
            if (state := states.get(user_id)) is not None:
                now = read_cursor(state)
                self._shown[user_id] = now
                if now != before if before is not None else not now.is_nowhere:
                    changed.append(now)
            elif before is not None:
                del self._shown[user_id]
                # Of who has left altogether everyone is told by `user_left`.
                if self._is_here(user_id) and not before.is_nowhere:
                    changed.append(Cursor(user_id, before.user_name, before.user_color, None, None))
        return changed

    def everyone(self) -> list[Cursor]:
        """All cursors, for a reader who has missed some."""
        return list(self._shown.values())


def read_cursor(state: Mapping[str, Any]) -> Cursor:
    """`user` is the server's own; the rest may be anything that JSON can say."""
    user = state["user"]
    selected = state.get("selected_node")
    return Cursor(
        user_id=user["id"],
        user_name=user["name"],
        user_color=user["color"],
        position=read_position(state),
        selected_node=selected if isinstance(selected, str) else None,
    )


def read_position(state: Mapping[str, Any]) -> dict[str, Any] | None:
    """A state's `cursor`, with the `viewport` inside it."""
    cursor, viewport = state.get("cursor"), state.get("viewport")
    if not isinstance(cursor, dict):
        return None
    return {**cursor, "viewport": viewport} if isinstance(viewport, dict) else cursor
