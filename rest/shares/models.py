"""The tables of share links and of who redeemed them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crdt_store.models import Base, JsonColumn


class WorkflowShare(Base):
    """A link that lets whoever has it take part. The link's secret is not stored: see `links`.

    `ended_at` is set when it was revoked (then `revoked_by` says by whom) or has expired, in a
    transaction that bumps the access epoch; until then what was redeemed of it counts [ACC-1].
    `borrowed` are the permissions that its creator had by other shares alone: it ends with those.
    """

    __tablename__ = "workflow_shares"
    __table_args__ = (
        Index("ix_workflow_shares_workflow_id", "workflow_id"),
        Index(
            "ix_workflow_shares_expires_at",
            "expires_at",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    row_id: Mapped[str] = mapped_column(primary_key=True)
    workflow_id: Mapped[str] = mapped_column(ForeignKey("workflows.id", ondelete="CASCADE"))
    can_view: Mapped[bool]
    can_comment: Mapped[bool]
    can_edit: Mapped[bool]
    can_share: Mapped[bool]
    created_by: Mapped[str]
    created_by_name: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    max_uses: Mapped[int | None]
    uses: Mapped[int] = mapped_column(default=0, server_default="0")
    ended_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]
    borrowed: Mapped[list[Any]] = mapped_column(JsonColumn, default=list)


class ShareRedemption(Base):
    """A user, or a guest, who came by a link; counted once however often it is redeemed."""

    __tablename__ = "share_redemptions"
    __table_args__ = (Index("ix_share_redemptions_user_id", "user_id"),)

    row_id: Mapped[str] = mapped_column(
        ForeignKey("workflow_shares.row_id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(primary_key=True)
    user_name: Mapped[str]
    redeemed_at: Mapped[datetime]
