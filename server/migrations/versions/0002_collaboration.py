"""Sessions, locks, modes and turns, shares, comments, the audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_moment = sa.DateTime(timezone=True)

_TABLES = (
    "refusals",
    "share_redemptions",
    "session_participants",
    "workflow_shares",
    "turn_requests",
    "edit_locks",
    "comments",
    "comment_anchor_looks",
    "collaboration_sessions",
    "collaboration_rules",
    "audit_entries",
)


def upgrade() -> None:
    op.create_table(
        "refusals",
        sa.Column("workflow_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("clock_start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("clock_end", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("of_structs", sa.Boolean(), nullable=False),
        sa.Column("refused_at", _moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name="fk_refusals_workflow_id_workflows",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "workflow_id",
            "user_id",
            "client_id",
            "clock_start",
            "clock_end",
            "of_structs",
            name="pk_refusals",
        ),
    )
    op.create_table(
        "audit_entries",
        sa.Column("workflow_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", _moment, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("resource_type", sa.Text(), nullable=True),
        sa.Column("resource_id", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("details", _json, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name="fk_audit_entries_workflow_id_workflows",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workflow_id", "number", name="pk_audit_entries"),
    )
    op.create_table(
        "collaboration_rules",
        sa.Column("workflow_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), server_default="parallel", nullable=False),
        sa.Column("max_users", sa.BigInteger(), nullable=True),
        sa.Column("last_fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("turn_holder", sa.Text(), nullable=True),
        sa.Column("turn_holder_name", sa.Text(), nullable=True),
        sa.Column("turn_since", _moment, nullable=True),
        sa.CheckConstraint(
            "mode IN ('parallel', 'sequential', 'locked')", name="ck_collaboration_rules_mode"
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name="fk_collaboration_rules_workflow_id_workflows",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workflow_id", name="pk_collaboration_rules"),
    )
    op.create_index(
        "ix_collaboration_rules_turn_holder",
        "collaboration_rules",
        ["turn_holder"],
        unique=False,
        sqlite_where=sa.text("turn_holder IS NOT NULL"),
        postgresql_where=sa.text("turn_holder IS NOT NULL"),
    )
    op.create_table(
        "collaboration_sessions",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("workflow_id", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", _moment, nullable=False),
        sa.Column("last_activity", _moment, nullable=False),
        sa.Column("ended_at", _moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name="fk_collaboration_sessions_workflow_id_workflows",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_id", name="pk_collaboration_sessions"),
    )
    op.create_index(
        "uq_collaboration_sessions_active",
        "collaboration_sessions",
        ["workflow_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "comment_anchor_looks",
        sa.Column("workflow_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", _moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name="fk_comment_anchor_looks_workflow_id_workflows",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workflow_id", name="pk_comment_anchor_looks"),
    )
    op.create_table(
        "comments",
        sa.Column("comment_id", sa.Text(), nullable=False),
        sa.Column("workflow_id", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("parent_comment_id", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("context_type", sa.Text(), nullable=False),
        sa.Column("context_id", sa.Text(), nullable=True),
        sa.Column("point_x", sa.Double(), nullable=True),
        sa.Column("point_y", sa.Double(), nullable=True),
        sa.Column("created_at", _moment, nullable=False),
        sa.Column("edited_at", _moment, nullable=True),
        sa.Column("deleted_at", _moment, nullable=True),
        sa.Column("resolved_at", _moment, nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("resolved_by_name", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "context_type IN ('workflow', 'node', 'edge', 'canvas')",
            name="ck_comments_context_type",
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name="fk_comments_workflow_id_workflows",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("comment_id", name="pk_comments"),
    )
    op.create_index("ix_comments_thread_id", "comments", ["thread_id"], unique=False)
    op.create_index(
        "ix_comments_workflow_id_created_at",
        "comments",
        ["workflow_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "edit_locks",
        sa.Column("lock_id", sa.Text(), nullable=False),
        sa.Column("workflow_id", sa.Text(), nullable=False),
        sa.Column("resource_type", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("holder_name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("follows_presence", sa.Boolean(), nullable=False),
        sa.Column("acquired_at", _moment, nullable=False),
        sa.Column("expires_at", _moment, nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "resource_type IN ('workflow', 'node', 'edge')", name="ck_edit_locks_resource_type"
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name="fk_edit_locks_workflow_id_workflows",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("lock_id", name="pk_edit_locks"),
        sa.UniqueConstraint(
            "workflow_id",
            "resource_type",
            "resource_id",
            name="uq_edit_locks_workflow_id_resource_type_resource_id",
        ),
    )
    op.create_index("ix_edit_locks_expires_at", "edit_locks", ["expires_at"], unique=False)
    op.create_table(
        "turn_requests",
        sa.Column("workflow_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("requested_at", _moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name="fk_turn_requests_workflow_id_workflows",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workflow_id", "user_id", name="pk_turn_requests"),
    )
    op.create_table(
        "workflow_shares",
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("workflow_id", sa.Text(), nullable=False),
        sa.Column("can_view", sa.Boolean(), nullable=False),
        sa.Column("can_comment", sa.Boolean(), nullable=False),
        sa.Column("can_edit", sa.Boolean(), nullable=False),
        sa.Column("can_share", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_by_name", sa.Text(), nullable=False),
        sa.Column("created_at", _moment, nullable=False),
        sa.Column("expires_at", _moment, nullable=True),
        sa.Column("max_uses", sa.BigInteger(), nullable=True),
        sa.Column("uses", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("ended_at", _moment, nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("borrowed", _json, nullable=False),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name="fk_workflow_shares_workflow_id_workflows",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("row_id", name="pk_workflow_shares"),
    )
    op.create_index(
        "ix_workflow_shares_expires_at",
        "workflow_shares",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_workflow_shares_workflow_id", "workflow_shares", ["workflow_id"], unique=False
    )
    op.create_table(
        "session_participants",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("cursor_position", _json, nullable=True),
        sa.Column("selected_node", sa.Text(), nullable=True),
        sa.Column("joined_at", _moment, nullable=False),
        sa.Column("last_active", _moment, nullable=False),
        sa.Column("asked_at", _moment, nullable=True),
        sa.Column("left_at", _moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["collaboration_sessions.session_id"],
            name="fk_session_participants_session_id_collaboration_sessions",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_id", "user_id", name="pk_session_participants"),
    )
    op.create_index(
        "ix_session_participants_present",
        "session_participants",
        ["last_active"],
        unique=False,
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_table(
        "share_redemptions",
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("redeemed_at", _moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["row_id"],
            ["workflow_shares.row_id"],
            name="fk_share_redemptions_row_id_workflow_shares",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("row_id", "user_id", name="pk_share_redemptions"),
    )
    op.create_index("ix_share_redemptions_user_id", "share_redemptions", ["user_id"], unique=False)


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
