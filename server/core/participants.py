"""Who is here with an open socket: what the live side knows of it, and whom it tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from crdt_store.ids import UserId, WorkflowId
    from server.core.identity import Identity
    from server.core.roles import Role


@dataclass(frozen=True, slots=True)
class LiveParticipant:
    """A user with at least one open socket on a workflow, as its newest presence shows it."""

    user_id: UserId
    user_name: str
    role: Role | None
    cursor_position: Mapping[str, Any] | None
    selected_node: str | None
    last_active: datetime
    """When something came from one of the user's sockets, or when the first was opened."""


class Participants(Protocol):
    """What rest asks of the live side; server.live implements it."""

    def live(self, workflow_id: WorkflowId) -> Sequence[LiveParticipant]:
        """One for each user with an open socket on this workflow, in no particular order."""
        ...

    def is_live(self, workflow_id: WorkflowId, user_id: UserId) -> bool:
        """Whether this user is one of them; cheaper than to ask for all."""
        ...

    def users(self) -> Mapping[WorkflowId, Collection[Identity]]:
        """Every workflow with open sockets, and whose they are, each user once."""
        ...


class Attendance(Protocol):
    """What the live side tells rest, which implements it. Nothing here waits, or raises."""

    def joined(self, workflow_id: WorkflowId, identity: Identity) -> None:
        """A user's first socket on this workflow was opened."""
        ...

    def left(self, workflow_id: WorkflowId, identity: Identity) -> None:
        """A user's last socket on this workflow was closed."""
        ...
