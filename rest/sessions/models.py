"""The tables of editing sessions, and of what a workflow's sessions are held by: mode and turn."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crdt_store.models import Base, JsonColumn


class CollaborationRules(Base):
    """How a workflow is edited together; a workflow without a row has the defaults.

    Every change of `mode`, `max_users` or the turn bumps the access epoch [ACC-1]. `last_fence` is
    the fence of the lock granted last. `turn_holder` is who may edit in the mode `sequential`.
    """

    __tablename__ = "collaboration_rules"
    __table_args__ = (
        CheckConstraint("mode IN ('parallel', 'sequential', 'locked')", name="mode"),
        Index(
            "ix_collaboration_rules_turn_holder",
            "turn_holder",
            sqlite_where=text("turn_holder IS NOT NULL"),
            postgresql_where=text("turn_holder IS NOT NULL"),
        ),
    )

    workflow_id: Mapped[str] = mapped_column(
        ForeignKey("workflows.id", ondelete="CASCADE"), primary_key=True
    )
    mode: Mapped[str] = mapped_column(default="parallel", server_default="parallel")
    max_users: Mapped[int | None]
    last_fence: Mapped[int] = mapped_column(default=0, server_default="0")
    turn_holder: Mapped[str | None]
    turn_holder_name: Mapped[str | None]
    turn_since: Mapped[datetime | None]


class TurnRequest(Base):
    """Who waits for the turn of a workflow; who asked first comes first."""

    __tablename__ = "turn_requests"

    workflow_id: Mapped[str] = mapped_column(
        ForeignKey("workflows.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(primary_key=True)
    user_name: Mapped[str]
    requested_at: Mapped[datetime]


class CollaborationSession(Base):
    """An editing session. A workflow has at most one that has not ended."""

    __tablename__ = "collaboration_sessions"
    __table_args__ = (
        Index(
            "uq_collaboration_sessions_active",
            "workflow_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    session_id: Mapped[str] = mapped_column(primary_key=True)
    workflow_id: Mapped[str] = mapped_column(ForeignKey("workflows.id", ondelete="CASCADE"))
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    last_activity: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SessionParticipant(Base):
    """A user in a session, by whatever door; those with open sockets are touched every 30 s.

    `left_at` is set when the user left, or when the last socket closed; null while taking part.
    `asked_at` is when the user last came by REST: a heartbeat, a request. What a socket does by
    itself only touches `last_active`, and so does not make its user look busy.
    """

    __tablename__ = "session_participants"
    __table_args__ = (
        Index(
            "ix_session_participants_present",
            "last_active",
            sqlite_where=text("left_at IS NULL"),
            postgresql_where=text("left_at IS NULL"),
        ),
    )

    session_id: Mapped[str] = mapped_column(
        ForeignKey("collaboration_sessions.session_id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(primary_key=True)
    user_name: Mapped[str]
    cursor_position: Mapped[dict[str, Any] | None] = mapped_column(JsonColumn)
    selected_node: Mapped[str | None]
    joined_at: Mapped[datetime]
    last_active: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
