"""How the audit has it that somebody came or went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rest.audit.service import Action

if TYPE_CHECKING:
    from crdt_store.ids import UserId
    from server.core.identity import Identity

LeaveReason = Literal["left", "timeout", "disconnected"]
"""By a request; without a heartbeat for too long; the last socket was closed."""


def joined(user: Identity, session_id: str, *, by: Literal["request", "socket"]) -> Action:
    return Action(
        user,
        "session.joined",
        resource=("participant", user.user_id),
        session_id=session_id,
        details={"by": by},
    )


def left(user_id: UserId, by: Identity, session_id: str, reason: LeaveReason) -> Action:
    return Action(
        by,
        "session.left",
        resource=("participant", user_id),
        session_id=session_id,
        details={"reason": reason},
    )
