"""Who may do what with a workflow: the frozen snapshot that a room enforces.

Roles and shares are rest's tables; the room knows only an AccessSnapshot, and asks for a new one
when the workflow's access epoch has moved [ACC-1].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from server.core.roles import PERMISSIONS_OF, Permission, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crdt_store.ids import UserId, WorkflowId
    from server.core.identity import Identity


@dataclass(frozen=True, slots=True)
class AccessSnapshot:
    """The rules of one workflow at one access epoch. Immutable; replaced as a whole."""

    access_epoch: int
    members: Mapping[UserId, Role] = field(default_factory=dict)
    open_to_all: bool = False
    """Dev mode with COFLOW_DEV_OPEN=1: everyone is an editor."""

    def permissions_of(self, identity: Identity, workflow_id: WorkflowId) -> frozenset[Permission]:
        """The union of membership, the token's own grants, and openness to all."""
        held: frozenset[Permission] = frozenset()
        if (role := self.members.get(identity.user_id)) is not None:
            held |= PERMISSIONS_OF[role]
        if (granted := identity.role_for(workflow_id)) is not None:
            held |= PERMISSIONS_OF[granted]
        if self.open_to_all:
            held |= PERMISSIONS_OF[Role.EDITOR]
        return held


class AccessSource(Protocol):
    """Supplies snapshots; rest implements it over its tables."""

    async def snapshot(self, workflow_id: WorkflowId) -> AccessSnapshot:
        """Read under a database session of its own. Raises WorkflowNotFound."""
        ...
