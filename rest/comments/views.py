"""A comment as every answer shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crdt_store.ids import UserId
from rest.comments.anchors import Places, look
from rest.comments.announcements import stored_point
from rest.comments.mentions import mentions
from server.core.colors import color_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crdt_store.ids import WorkflowId
    from rest.comments.finding import Threaded
    from server.core.documents import Documents


async def places_of(
    documents: Documents, workflow_id: WorkflowId, shown: Sequence[Threaded]
) -> Places | None:
    """What the document says of the comments' anchors; it is not asked if none is in it.

    Raises as `Documents.graph` does.
    """
    anchors = {each.anchor for each in shown if each.anchor is not None}
    return await look(documents, workflow_id, anchors) if anchors else None


def comment_json(threaded: Threaded, places: Places | None) -> dict[str, Any]:
    """As `rest.comments.schemas.CommentItem` describes it; nothing is written on the way."""
    comment, first, anchor = threaded.comment, threaded.first, threaded.anchor
    is_deleted = comment.deleted_at is not None
    place = None if anchor is None or places is None else places.of.get(anchor)
    return {
        "comment_id": comment.comment_id,
        "workflow_id": comment.workflow_id,
        "thread_id": comment.thread_id,
        "parent_comment_id": comment.parent_comment_id,
        "author": comment.author,
        "author_name": comment.author_name,
        "author_color": color_of(UserId(comment.author)),
        "content": None if is_deleted else comment.content,
        "mentions": [] if is_deleted else mentions(comment.content),
        "context_type": first.context_type,
        "context_id": first.context_id,
        "anchor_exists": None if anchor is None or places is None else anchor in places.of,
        "point": stored_point(first) if place is None else place._asdict(),
        "created_at": comment.created_at,
        "edited_at": comment.edited_at,
        "deleted": is_deleted,
        "resolved": first.resolved_at is not None,
        "resolved_at": first.resolved_at,
        "resolved_by": first.resolved_by,
        "resolved_by_name": first.resolved_by_name,
    }
