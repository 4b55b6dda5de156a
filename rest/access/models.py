"""The table of memberships: which user has which role in which workflow."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from crdt_store.models import Base, utc_now


class WorkflowMember(Base):
    """One user's role. Every change bumps the workflow's access epoch in its transaction. [ACC-1]

    `name` is what the user was called when last seen or entered, for lists; `added_by` is a user.
    """

    __tablename__ = "workflow_members"
    __table_args__ = (
        CheckConstraint("role IN ('viewer', 'commenter', 'editor', 'owner')", name="role"),
    )

    workflow_id: Mapped[str] = mapped_column(
        ForeignKey("workflows.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(primary_key=True, index=True)
    role: Mapped[str]
    name: Mapped[str | None]
    added_by: Mapped[str]
    added_at: Mapped[datetime] = mapped_column(default=utc_now)
