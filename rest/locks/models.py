"""The table of edit locks. A lock that has ended is gone from it; the audit remembers it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crdt_store.models import Base


class EditLock(Base):
    """One user's exclusive right to change a resource.

    A lock is held for exactly as long as its row exists: it ends by a transaction that deletes the
    row and bumps the workflow's access epoch, its expiry too [ACC-1]. `fence` grows with every
    lock granted in the workflow. `follows_presence`: it also ends 2 minutes after its holder was
    last here.
    """

    __tablename__ = "edit_locks"
    __table_args__ = (
        CheckConstraint("resource_type IN ('workflow', 'node', 'edge')", name="resource_type"),
        UniqueConstraint("workflow_id", "resource_type", "resource_id"),
        Index("ix_edit_locks_expires_at", "expires_at"),
    )

    lock_id: Mapped[str] = mapped_column(primary_key=True)
    workflow_id: Mapped[str] = mapped_column(ForeignKey("workflows.id", ondelete="CASCADE"))
    resource_type: Mapped[str]
    resource_id: Mapped[str]
    holder: Mapped[str]
    holder_name: Mapped[str]
    reason: Mapped[str | None]
    session_id: Mapped[str | None]
    follows_presence: Mapped[bool]
    acquired_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    fence: Mapped[int]
