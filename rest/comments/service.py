"""Comments: added, edited, deleted, resolved; each change holds the workflow's row.

Who may comment in a workflow is the caller's to check, with `require` beside it; whose a comment
is, is a rule of this module. The audit keeps that something was said, never what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import exists, select

from crdt_store.workflows import database_now
from rest.audit.service import record
from rest.comments import announcements
from rest.comments.finding import Threaded, anchor_in_document
from rest.comments.models import AnchorLook, Comment
from rest.errors import CommentNotFound, Forbidden, NotTheAuthor
from rest.sessions.models import CollaborationSession
from server.core.roles import Permission

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.ids import WorkflowId
    from rest.comments.anchors import Place, Places
    from rest.comments.schemas import ContextType
    from server.core.bus import Bus
    from server.core.identity import Identity


async def begin_thread(
    db: AsyncSession,
    bus: Bus,
    workflow_id: WorkflowId,
    author: Identity,
    content: str,
    *,
    context_type: ContextType,
    context_id: str | None,
    point: Place | None,
    places: Places | None,
    session_id: str | None,
) -> Threaded:
    """`places` are what the document said of a node or edge, None for any other anchor.

    Needs the workflow's row held.
    """
    comment_id = uuid4().hex
    comment = await _new(db, workflow_id, author, content, comment_id=comment_id)
    comment.thread_id = comment_id
    comment.context_type = context_type.value
    comment.context_id = context_id
    anchor = anchor_in_document(context_type, context_id)
    if anchor is not None and places is not None:
        point = places.of.get(anchor) or point
        await _note_look(db, workflow_id, places, comment.created_at)
    if point is not None:
        comment.point_x, comment.point_y = point
    return await _added(db, bus, author, Threaded(comment, comment), session_id)


async def reply(
    db: AsyncSession,
    bus: Bus,
    parent: Threaded,
    author: Identity,
    content: str,
    *,
    session_id: str | None,
) -> Threaded:
    """Where its thread is; a resolved thread stays resolved. Needs the workflow's row held."""
    first = parent.first
    comment = await _new(db, parent.workflow_id, author, content, comment_id=uuid4().hex)
    comment.thread_id = first.comment_id
    comment.parent_comment_id = parent.comment.comment_id
    comment.context_type, comment.context_id = first.context_type, first.context_id
    return await _added(db, bus, author, Threaded(comment, first), session_id)


async def edit(
    db: AsyncSession,
    bus: Bus,
    threaded: Threaded,
    author: Identity,
    permissions: frozenset[Permission],
    content: str,
) -> None:
    """Raises Forbidden, NotTheAuthor; CommentNotFound for a deleted one. Needs the row held.

    The same content changes nothing.
    """
    comment = threaded.comment
    require(threaded, permissions, Permission.COMMENT)
    if comment.deleted_at is not None:
        raise CommentNotFound(comment.comment_id)
    if comment.author != author.user_id:
        raise NotTheAuthor(comment.comment_id)
    if comment.content == content:
        return
    comment.content = content
    comment.edited_at = now = await database_now(db)
    await _record(db, threaded, author, "comment.edited")
    announcements.updated(db, bus, comment, author, now)


async def delete(
    db: AsyncSession,
    bus: Bus,
    threaded: Threaded,
    caller: Identity,
    permissions: frozenset[Permission],
) -> None:
    """One's own, or with `manage` any; what has replies keeps its place, without content.

    Raises Forbidden, NotTheAuthor; CommentNotFound for a deleted one. Needs the row held.
    """
    comment = threaded.comment
    if Permission.MANAGE not in permissions:
        require(threaded, permissions, Permission.COMMENT)
        if comment.author != caller.user_id:
            raise NotTheAuthor(comment.comment_id)
    if comment.deleted_at is not None:
        raise CommentNotFound(comment.comment_id)
    now = await database_now(db)
    await _record(db, threaded, caller, "comment.deleted", author=comment.author)
    comment.content, comment.deleted_at = "", now
    removed = await _remove_leaves(db, comment)
    announcements.deleted(db, bus, comment, caller, now, removed=removed)


async def set_resolved(
    db: AsyncSession,
    bus: Bus,
    threaded: Threaded,
    caller: Identity,
    permissions: frozenset[Permission],
    *,
    resolved: bool,
) -> None:
    """On the whole thread; what is so already stays as it is. Raises Forbidden.

    Needs the workflow's row held.
    """
    require(threaded, permissions, Permission.COMMENT)
    first = threaded.first
    if (first.resolved_at is not None) == resolved:
        return
    now = await database_now(db)
    first.resolved_at = now if resolved else None
    first.resolved_by = caller.user_id if resolved else None
    first.resolved_by_name = caller.name if resolved else None
    action = "comment.resolved" if resolved else "comment.reopened"
    await _record(db, Threaded(first, first), caller, action)
    announcements.resolved(db, bus, first, caller, now, resolved=resolved)


def require(threaded: Threaded, held: frozenset[Permission], permission: Permission) -> None:
    """Raises Forbidden."""
    if permission not in held:
        raise Forbidden(threaded.workflow_id, permission)


async def _new(
    db: AsyncSession, workflow_id: WorkflowId, author: Identity, content: str, *, comment_id: str
) -> Comment:
    return Comment(
        comment_id=comment_id,
        workflow_id=workflow_id,
        author=author.user_id,
        author_name=author.name,
        content=content,
        created_at=await database_now(db),
    )


async def _added(
    db: AsyncSession, bus: Bus, author: Identity, threaded: Threaded, session_id: str | None
) -> Threaded:
    db.add(threaded.comment)
    await _record(
        db,
        threaded,
        author,
        "comment.added",
        session_id=await _known_session(db, threaded.workflow_id, session_id),
        context_type=threaded.first.context_type,
        context_id=threaded.first.context_id,
    )
    announcements.added(db, bus, threaded, author)
    return threaded


async def _record(
    db: AsyncSession,
    threaded: Threaded,
    actor: Identity,
    action: str,
    *,
    session_id: str | None = None,
    **details: str | None,
) -> None:
    comment = threaded.comment
    await record(
        db,
        threaded.workflow_id,
        actor,
        action,
        resource=("comment", comment.comment_id),
        session_id=session_id,
        details={"thread_id": comment.thread_id, **details},
    )


async def _known_session(
    db: AsyncSession, workflow_id: WorkflowId, session_id: str | None
) -> str | None:
    """None for what is no session of the workflow: an audit does not repeat mere claims."""
    if session_id is None:
        return None
    return await db.scalar(
        select(CollaborationSession.session_id).where(
            CollaborationSession.session_id == session_id,
            CollaborationSession.workflow_id == workflow_id,
        )
    )


async def _note_look(
    db: AsyncSession, workflow_id: WorkflowId, places: Places, now: datetime
) -> None:
    """What moves after `places` is for the sweep to see."""
    known = await db.get(AnchorLook, workflow_id)
    if known is None:
        db.add(AnchorLook(workflow_id=workflow_id, seq=places.seq, looked_at=now))
    elif known.seq > places.seq:
        known.seq = places.seq


async def _remove_leaves(db: AsyncSession, deleted: Comment) -> list[str]:
    """Take a deleted comment without replies out, then its parent if that is one now, and so on."""
    removed = []
    comment: Comment | None = deleted
    while comment is not None and comment.deleted_at is not None:
        has_replies = await db.scalar(
            select(
                exists().where(
                    Comment.thread_id == comment.thread_id,
                    Comment.parent_comment_id == comment.comment_id,
                )
            )
        )
        if has_replies:
            break
        await db.delete(comment)
        await db.flush()
        removed.append(comment.comment_id)
        parent_id = comment.parent_comment_id
        comment = None if parent_id is None else await db.get(Comment, parent_id)
    return removed
