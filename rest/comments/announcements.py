"""What everyone at a workflow is told of its comments, once it is committed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from crdt_store.database import after_commit
from crdt_store.ids import WorkflowId
from server.core.bus import Announced

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from rest.comments.finding import Threaded
    from rest.comments.models import Comment
    from server.core.bus import Bus
    from server.core.identity import Identity


def added(db: AsyncSession, bus: Bus, threaded: Threaded, author: Identity) -> None:
    comment, first = threaded.comment, threaded.first
    _tell(
        db,
        bus,
        "new_comment",
        comment,
        author,
        comment.created_at,
        parent_comment_id=comment.parent_comment_id,
        content=comment.content,
        context_type=first.context_type,
        context_id=first.context_id,
        point=stored_point(first),
    )


def updated(db: AsyncSession, bus: Bus, comment: Comment, author: Identity, now: datetime) -> None:
    _tell(db, bus, "comment_updated", comment, author, now, content=comment.content)


def deleted(
    db: AsyncSession,
    bus: Bus,
    comment: Comment,
    caller: Identity,
    now: datetime,
    *,
    removed: Sequence[str],
) -> None:
    """`removed` are the comments that are in no list any more: this one, unless it has replies,
    and deleted ones above it that were kept for its sake."""
    _tell(db, bus, "comment_deleted", comment, caller, now, removed_comment_ids=list(removed))


def resolved(
    db: AsyncSession,
    bus: Bus,
    first: Comment,
    caller: Identity,
    now: datetime,
    *,
    resolved: bool,
) -> None:
    """Of a thread, by its first comment."""
    kind = "comment_resolved" if resolved else "comment_reopened"
    _tell(db, bus, kind, first, caller, now)


def stored_point(first: Comment) -> dict[str, float] | None:
    """Where the thread was when it was last looked for."""
    if first.point_x is None or first.point_y is None:
        return None
    return {"x": first.point_x, "y": first.point_y}


def _tell(
    db: AsyncSession,
    bus: Bus,
    kind: str,
    comment: Comment,
    who: Identity,
    now: datetime,
    **members: Any,
) -> None:
    message = {
        "type": kind,
        "comment_id": comment.comment_id,
        "workflow_id": comment.workflow_id,
        "thread_id": comment.thread_id,
        "user_id": who.user_id,
        "user_name": who.name,
        **members,
        "timestamp": now,
    }
    after_commit(db, partial(bus.publish, Announced(WorkflowId(comment.workflow_id), message)))
