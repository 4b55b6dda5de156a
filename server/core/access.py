"""Who may do what with a workflow: the frozen snapshot that a room enforces.

Roles and shares are rest's tables; the room knows only an AccessSnapshot, and asks for a new one
when the workflow's access epoch has moved [ACC-1].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crdt_store.ids import UserId, WorkflowId
    from server.core.auth import Identity


class Permission(StrEnum):
    VIEW = "view"
    COMMENT = "comment"
    EDIT = "edit"
    SHARE = "share"
    MANAGE = "manage"


class Role(StrEnum):
    """A role is a set of permissions; each holds all of the one before."""

    VIEWER = "viewer"
    COMMENTER = "commenter"
    EDITOR = "editor"
    OWNER = "owner"


PERMISSIONS_OF: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.VIEW}),
    Role.COMMENTER: frozenset({Permission.VIEW, Permission.COMMENT}),
    Role.EDITOR: frozenset(
        {Permission.VIEW, Permission.COMMENT, Permission.EDIT, Permission.SHARE}
    ),
    Role.OWNER: frozenset(Permission),
}

_BY_RANK = (Role.OWNER, Role.EDITOR, Role.COMMENTER, Role.VIEWER)


def highest_role(permissions: frozenset[Permission]) -> Role | None:
    """The highest role wholly contained in `permissions`; None without the right to view."""
    return next((role for role in _BY_RANK if PERMISSIONS_OF[role] <= permissions), None)


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
