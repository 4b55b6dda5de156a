"""Who may do what with a workflow: the frozen snapshot that a room enforces.

Roles and shares are rest's tables; the room knows only an AccessSnapshot, and asks for a new one
when the workflow's access epoch has moved [ACC-1].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from server.core.roles import PERMISSIONS_OF, Permission, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.ids import UserId, WorkflowId
    from server.core.identity import Identity


class ResourceType(StrEnum):
    """What can be locked. A workflow lock covers everything, a node's not its edges."""

    WORKFLOW = "workflow"
    NODE = "node"
    EDGE = "edge"


class Resource(NamedTuple):
    """A workflow's resource has the workflow's own id."""

    type: ResourceType
    id: str


class Mode(StrEnum):
    """How a workflow is edited together; see design §6."""

    PARALLEL = "parallel"
    """Everyone edits, locks exclude."""
    SEQUENTIAL = "sequential"
    """One user holds the turn and edits."""
    LOCKED = "locked"
    """No lock, no edit; who creates something holds its lock."""


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A lock as the rules see it: it holds for as long as it is in the snapshot."""

    holder: UserId
    holder_name: str
    fence: int


@dataclass(frozen=True, slots=True)
class AccessSnapshot:
    """The rules of one workflow at one access epoch. Immutable; replaced as a whole."""

    access_epoch: int
    members: Mapping[UserId, Role] = field(default_factory=dict)
    open_to_all: bool = False
    """Dev mode with COFLOW_DEV_OPEN=1: everyone but a guest is an editor."""
    shared: Mapping[UserId, frozenset[Permission]] = field(default_factory=dict)
    """What users, guests too, have by the live shares that they redeemed."""
    mode: Mode = Mode.PARALLEL
    max_users: int | None = None
    turn_holder: UserId | None = None
    """Who may edit in the mode `sequential`; None: nobody, until somebody takes the turn."""
    locks: Mapping[Resource, HeldLock] = field(default_factory=dict)

    def permits_as(self, other: AccessSnapshot) -> bool:
        """Whether everybody has the same permissions; locks, mode and turn may differ."""
        return (
            self.members == other.members
            and self.shared == other.shared
            and self.open_to_all == other.open_to_all
        )

    def permissions_of(self, identity: Identity, workflow_id: WorkflowId) -> frozenset[Permission]:
        """The union of membership, redeemed shares, the token's own grants, and openness to all."""
        held: frozenset[Permission] = frozenset()
        if (role := self.members.get(identity.user_id)) is not None:
            held |= PERMISSIONS_OF[role]
        if (granted := identity.role_for(workflow_id)) is not None:
            held |= PERMISSIONS_OF[granted]
        held |= self.shared.get(identity.user_id, frozenset())
        if self.open_to_all and not identity.is_guest:
            held |= PERMISSIONS_OF[Role.EDITOR]
        return held


class AccessSource(Protocol):
    """Supplies snapshots; rest implements it over its tables."""

    async def snapshot(self, workflow_id: WorkflowId) -> AccessSnapshot:
        """Read under a database session of its own. Raises WorkflowNotFound."""
        ...

    async def count_participants(
        self, workflow_id: WorkflowId, live: Collection[UserId], *, but: UserId
    ) -> int:
        """How many users other than `but` take part in the workflow's session.

        `live` are those with open sockets here; who takes part without one is in the database.
        """
        ...

    async def takes_part(self, workflow_id: WorkflowId, user_id: UserId) -> bool:
        """Whether this user takes part in the workflow's session without an open socket."""
        ...

    async def grant_created(
        self,
        db: AsyncSession,
        workflow_id: WorkflowId,
        creator: Identity,
        created: Sequence[Resource],
    ) -> None:
        """In the mode `locked`: give the creator the locks of what the same commit creates.

        `db` is a writing session that holds the workflow's row; bumps the access epoch [ACC-1].
        """
        ...
