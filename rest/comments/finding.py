"""Finding comments, each with the first one of its thread, and who may know that they exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import WorkflowId
from rest.comments.anchors import IN_DOCUMENT, Anchor
from rest.comments.models import Comment
from rest.errors import CommentNotFound, Forbidden
from server.core.roles import Permission

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncSession

    from rest.access.service import Access
    from rest.comments.schemas import ContextType
    from server.core.identity import Identity


@dataclass(frozen=True, slots=True)
class Threaded:
    """A comment, and the first one of its thread, which may be the same."""

    comment: Comment
    first: Comment

    @property
    def workflow_id(self) -> WorkflowId:
        return WorkflowId(self.comment.workflow_id)

    @property
    def anchor(self) -> Anchor | None:
        """The node or edge that the thread is about; None for any other thread."""
        return anchor_in_document(self.first.context_type, self.first.context_id)


def anchor_in_document(context_type: str, context_id: str | None) -> Anchor | None:
    if context_type not in IN_DOCUMENT or context_id is None:
        return None
    return Anchor(str(context_type), context_id)


@dataclass(frozen=True, slots=True)
class Filter:
    """What is None does not filter."""

    context_type: ContextType | None = None
    context_id: str | None = None
    resolved: bool | None = None
    thread_id: str | None = None
    author: str | None = None


async def list_comments(
    db: AsyncSession,
    workflow_id: WorkflowId,
    wanted: Filter,
    *,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[Threaded]:
    """At most `limit` comments, the oldest first, those after a moment and id."""
    of_thread = aliased(Comment)
    query = _threaded(of_thread).where(Comment.workflow_id == workflow_id)
    if wanted.context_type is not None:
        query = query.where(of_thread.context_type == wanted.context_type.value)
    if wanted.context_id is not None:
        query = query.where(of_thread.context_id == wanted.context_id)
    if wanted.resolved is not None:
        is_resolved = of_thread.resolved_at.is_not(None)
        query = query.where(is_resolved if wanted.resolved else ~is_resolved)
    if wanted.thread_id is not None:
        query = query.where(Comment.thread_id == wanted.thread_id)
    if wanted.author is not None:
        query = query.where(Comment.author == wanted.author)
    if after is not None:
        at, comment_id = after
        query = query.where(
            or_(
                Comment.created_at > at,
                and_(Comment.created_at == at, Comment.comment_id > comment_id),
            )
        )
    found = await db.execute(query.order_by(Comment.created_at, Comment.comment_id).limit(limit))
    return [Threaded(comment, first) for comment, first in found]


async def find(
    db: AsyncSession, access: Access, comment_id: str, caller: Identity
) -> tuple[Threaded, frozenset[Permission]]:
    """The comment, and what the caller may do with its workflow.

    Raises CommentNotFound, also for one in a workflow that the caller may not view.
    """
    query = _threaded(aliased(Comment)).where(Comment.comment_id == comment_id)
    found = (await db.execute(query)).one_or_none()
    if found is None:
        raise CommentNotFound(comment_id)
    threaded = Threaded(*found)
    try:
        standing = await access.require(db, threaded.workflow_id, caller, Permission.VIEW)
    except (WorkflowNotFound, Forbidden):
        raise CommentNotFound(comment_id) from None
    return threaded, standing.permissions


async def find_in(db: AsyncSession, workflow_id: WorkflowId, comment_id: str) -> Threaded:
    """Raises CommentNotFound, also for a comment in another workflow."""
    query = _threaded(aliased(Comment)).where(
        Comment.comment_id == comment_id, Comment.workflow_id == workflow_id
    )
    found = (await db.execute(query)).one_or_none()
    if found is None:
        raise CommentNotFound(comment_id)
    return Threaded(*found)


def _threaded(of_thread: type[Comment]) -> Select[Comment, Comment]:
    """Comments with their threads' first ones, which go by the given alias."""
    return select(Comment, of_thread).join(of_thread, of_thread.comment_id == Comment.thread_id)
