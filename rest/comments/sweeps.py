"""Keeping the stored points of node and edge comments fresh, for when the node is gone.

Where an anchor is, is read from the document whenever comments are shown; what is stored is only
what remains of it. So it may be late, by LOOK_EVERY_S and a moment: a node that was moved and
deleted within that time leaves its comments where it was before.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import bindparam, select, update

from crdt_store.errors import StoreError, WorkflowNotFound
from crdt_store.ids import WorkflowId
from crdt_store.models import WorkflowRow
from crdt_store.workflows import database_now, lock_workflow
from rest.comments.anchors import IN_DOCUMENT, Anchor, Place, Places, look
from rest.comments.models import AnchorLook, Comment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from rest.deps import Services

LOOK_EVERY_S: Final = 10.0
_WORKFLOWS_AT_ONCE = 2
_POINTS_AT_ONCE = 500

log = structlog.get_logger(__name__)


async def refresh_points(services: Services) -> None:
    """Look at a few of the documents that moved on since they were last looked at."""
    async with services.database.reading() as db:
        since = await database_now(db) - timedelta(seconds=LOOK_EVERY_S)
        found = await db.scalars(
            select(AnchorLook.workflow_id)
            .join(WorkflowRow, WorkflowRow.id == AnchorLook.workflow_id)
            .where(AnchorLook.seq < WorkflowRow.seq, AnchorLook.looked_at <= since)
            .order_by(AnchorLook.looked_at)
            .limit(_WORKFLOWS_AT_ONCE)
        )
        due = [WorkflowId(each) for each in found]
    for workflow_id in due:
        with suppress(WorkflowNotFound):  # deleted meanwhile, its comments with it
            await _refresh(services, workflow_id)


async def _refresh(services: Services, workflow_id: WorkflowId) -> None:
    async with services.database.reading() as db:
        stored = await _stored(db, workflow_id)
    if not stored:
        async with services.database.writing() as db:
            await lock_workflow(db, workflow_id)
            if not await _stored(db, workflow_id) and (
                known := await db.get(AnchorLook, workflow_id)
            ):
                await db.delete(known)
        return
    places: Places | None = None
    try:
        places = await look(
            services.documents, workflow_id, {anchor for anchor, _ in stored.values()}
        )
    except WorkflowNotFound:
        raise
    except StoreError as error:
        # In its turn again, so that a document that cannot be read keeps no other waiting.
        log.warning("comments' anchors not found", workflow_id=workflow_id, error=str(error))
    moved = [] if places is None else _moved(stored, places)
    while True:
        batch, moved = moved[:_POINTS_AT_ONCE], moved[_POINTS_AT_ONCE:]
        async with services.database.writing() as db:
            await lock_workflow(db, workflow_id)
            known = await db.get(AnchorLook, workflow_id)
            if known is None or (places is not None and known.seq >= places.seq):
                return  # somebody else has looked, at a later seq
            await _store(db, batch)
            if not moved:
                known.looked_at = await database_now(db)
                known.seq = known.seq if places is None else places.seq
                return


async def _stored(
    db: AsyncSession, workflow_id: WorkflowId
) -> dict[str, tuple[Anchor, Place | None]]:
    """The threads about nodes and edges, by their first comments' ids, with their points."""
    found = await db.execute(
        select(
            Comment.comment_id,
            Comment.context_type,
            Comment.context_id,
            Comment.point_x,
            Comment.point_y,
        ).where(
            Comment.workflow_id == workflow_id,
            Comment.parent_comment_id.is_(None),
            Comment.context_type.in_([each.value for each in IN_DOCUMENT]),
        )
    )
    return {
        comment_id: (Anchor(kind, name), None if x is None or y is None else Place(x, y))
        for comment_id, kind, name, x, y in found
        if name is not None
    }


def _moved(
    stored: dict[str, tuple[Anchor, Place | None]], places: Places
) -> list[tuple[str, Place]]:
    """The comments whose anchors are elsewhere than stored; what is gone keeps its point."""
    return [
        (comment_id, place)
        for comment_id, (anchor, before) in stored.items()
        if (place := places.of.get(anchor)) is not None and place != before
    ]


async def _store(db: AsyncSession, moved: list[tuple[str, Place]]) -> None:
    if not moved:
        return
    await db.execute(
        update(Comment.__table__)  # type: ignore[arg-type]
        .where(Comment.comment_id == bindparam("of"))
        .values(point_x=bindparam("x"), point_y=bindparam("y")),
        [{"of": comment_id, "x": place.x, "y": place.y} for comment_id, place in moved],
    )
