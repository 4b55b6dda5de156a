"""From a token to an Identity [SEC-1].

INTERFACE AGREED, TO BE COMPLETED (jwt verification, JWKS, dev identities).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from crdt_store.ids import UserId, WorkflowId
    from server.core.access import Role


class Unauthenticated(Exception):
    """No identity: the token is missing, malformed, expired or not ours. The message says which."""


class IdentityMismatch(Exception):
    """A `user_id` that differs from the verified token's `sub`."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking, as verified. `grants` maps a workflow id, or a prefix that ends in `*`."""

    user_id: UserId
    name: str
    email: str | None = None
    grants: Mapping[str, Role] = field(default_factory=dict)
    expires_at: datetime | None = None

    def role_for(self, workflow_id: WorkflowId) -> Role | None:
        """The highest role that the token itself grants on this workflow."""
        raise NotImplementedError


class Authenticator(Protocol):
    """One per auth mode; `create_authenticator(settings)` picks it."""

    async def identify(self, token: str | None, *, user_id: str | None = None) -> Identity:
        """Verify `token`; in dev mode `user_id` alone is the identity.

        Raises Unauthenticated, or IdentityMismatch if `user_id` differs from the token's `sub`.
        """
        ...
