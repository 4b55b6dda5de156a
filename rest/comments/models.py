"""The tables of comments."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from crdt_store.models import Base


class Comment(Base):
    """One comment; a thread is a first comment and its replies, all with its id as `thread_id`.

    The anchor (`context_type`, `context_id`, the point in flow coordinates) is the first one's,
    and so is whether the thread is resolved. A deleted comment that has replies keeps its place
    without content; one without is no row any more.
    """

    __tablename__ = "comments"
    __table_args__ = (
        CheckConstraint(
            "context_type IN ('workflow', 'node', 'edge', 'canvas')", name="context_type"
        ),
        Index("ix_comments_workflow_id_created_at", "workflow_id", "created_at"),
        Index("ix_comments_thread_id", "thread_id"),
    )

    comment_id: Mapped[str] = mapped_column(primary_key=True)
    workflow_id: Mapped[str] = mapped_column(ForeignKey("workflows.id", ondelete="CASCADE"))
    thread_id: Mapped[str]
    parent_comment_id: Mapped[str | None]
    author: Mapped[str]
    author_name: Mapped[str]
    content: Mapped[str]
    context_type: Mapped[str]
    context_id: Mapped[str | None]
    point_x: Mapped[float | None]
    point_y: Mapped[float | None]
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    resolved_by_name: Mapped[str | None]


class AnchorLook(Base):
    """When the document was last looked at for where its comments' nodes and edges are.

    Only for workflows with such comments; at a later seq than this the stored points may be old.
    """

    __tablename__ = "comment_anchor_looks"

    workflow_id: Mapped[str] = mapped_column(
        ForeignKey("workflows.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int]
    looked_at: Mapped[datetime]
