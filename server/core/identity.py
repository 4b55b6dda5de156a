"""Who is asking, once it has been verified."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from server.core.roles import PERMISSIONS_OF, Permission, Role, highest_role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crdt_store.ids import UserId, WorkflowId

SYSTEM_USER = "system"
"""The actor, in the audit, of what no user did; nobody else may have this id."""
GUEST_PREFIX = "guest:"
"""User ids of guests begin with it; no other verified token may have such a `sub`."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking, as verified. `grants` maps a workflow id, or a prefix that ends in `*`.

    At `expires_at` (UTC) the token is no longer accepted, the clocks' leeway included.
    """

    user_id: UserId
    name: str
    email: str | None = None
    grants: Mapping[str, Role] = field(default_factory=dict)
    expires_at: datetime | None = None

    @property
    def is_guest(self) -> bool:
        """Came by a share link and has nothing but what it grants; see `server.core.guests`."""
        return self.user_id.startswith(GUEST_PREFIX)

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def role_for(self, workflow_id: WorkflowId) -> Role | None:
        """The highest role that the token itself grants on this workflow."""
        held: frozenset[Permission] = frozenset()
        for pattern, role in self.grants.items():
            if pattern == workflow_id or (
                pattern.endswith("*") and workflow_id.startswith(pattern[:-1])
            ):
                held |= PERMISSIONS_OF[role]
        return highest_role(held)
