"""The workflows' rows: created and deleted with all that belongs to them, listed, searched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog
from sqlalchemy import and_, func, or_, select, update

from crdt_store.database import after_commit
from crdt_store.errors import WorkflowExists, WorkflowNotFound
from crdt_store.ids import WorkflowId
from crdt_store.journal import JournalRow
from crdt_store.models import WorkflowRow
from crdt_store.workflows import append_in, create_workflow, delete_workflow
from rest.access.models import WorkflowMember
from rest.access.service import Standing
from rest.audit.service import record
from rest.members.service import add_owner
from rest.shares.granted import granted_by_workflow, viewable_workflow_ids
from rest.workflows.mirror import MirroredMeta, mirrored
from rest.workflows.schemas import is_workflow_id
from server.core.bus import WorkflowDeleted
from server.core.roles import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.database import Database
    from rest.access.service import Access
    from rest.workflows.drafts import Draft
    from server.core.bus import Bus
    from server.core.identity import Identity


log = structlog.get_logger(__name__)


def new_workflow_id() -> WorkflowId:
    return WorkflowId(uuid4().hex)


async def create(
    db: AsyncSession, workflow_id: WorkflowId, creator: Identity, draft: Draft
) -> None:
    """The row, the owner's membership, the first journal row and audit entry, in one transaction.

    Raises WorkflowExists; nothing of the workflow is stored then.
    """
    await create_workflow(db, workflow_id, created_by=creator.user_id)
    await _set_mirror(db, workflow_id, draft.meta)
    add_owner(db, workflow_id, creator)
    if draft.update is not None:
        await append_in(db, workflow_id, [JournalRow(creator.user_id, "rest", draft.update)])
    await _record_creation(db, workflow_id, creator)


async def create_if_unknown(
    database: Database, workflow_id: WorkflowId, identity: Identity
) -> None:
    """An empty workflow, owned by who asked for it first; does nothing if there is one.

    For the doors of a server in dev mode with COFLOW_DEV_OPEN=1. Does nothing for guests, who own
    nothing. Raises WorkflowNotFound for an id that no workflow can have, and CommitFailed.
    """
    if not is_workflow_id(workflow_id):
        raise WorkflowNotFound(workflow_id)
    if identity.is_guest:
        return
    async with database.writing() as db:
        try:
            await create_workflow(db, workflow_id, created_by=identity.user_id)
        except WorkflowExists:
            return
        add_owner(db, workflow_id, identity)
        await _record_creation(db, workflow_id, identity)


async def _record_creation(db: AsyncSession, workflow_id: WorkflowId, creator: Identity) -> None:
    """The first entry of every audit: one that begins otherwise has lost its beginning."""
    await record(db, workflow_id, creator, "workflow.created", resource=("workflow", workflow_id))


async def delete(db: AsyncSession, bus: Bus, workflow_id: WorkflowId, by: Identity) -> None:
    """Delete all that belongs to it; the sockets learn of it after the commit.

    Its audit goes with it, so the log keeps who did it. Raises WorkflowNotFound.
    """
    await delete_workflow(db, workflow_id)
    after_commit(db, lambda: bus.publish(WorkflowDeleted(workflow_id)))
    after_commit(
        db, lambda: log.info("workflow deleted", workflow_id=workflow_id, user_id=by.user_id)
    )


async def mirror_meta(database: Database, workflow_id: WorkflowId, meta: Mapping[str, Any]) -> None:
    """Repeat the document's `meta` in the workflow's row, for lists and search.

    To be called after a commit that changed `meta`, in the order of the commits. A workflow that
    was deleted meanwhile is left alone. Raises CommitFailed.
    """
    async with database.writing() as db:
        await _set_mirror(db, workflow_id, mirrored(meta))


async def _set_mirror(db: AsyncSession, workflow_id: WorkflowId, meta: MirroredMeta) -> None:
    await db.execute(
        update(WorkflowRow)
        .where(WorkflowRow.id == workflow_id)
        .values(
            name=meta.name,
            description=meta.description,
            tags=meta.tags,
            search_text=meta.search_text,
        )
        .execution_options(synchronize_session=False)
    )


async def list_visible(
    db: AsyncSession,
    access: Access,
    identity: Identity,
    *,
    search: str,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[Standing]:
    """At most `limit` workflows that the user may view, the last changed first, after `after`.

    Every word of `search` must occur in the name, the description or a tag, in any case.
    """
    query = (
        select(WorkflowRow, WorkflowMember.role)
        .outerjoin(
            WorkflowMember,
            and_(
                WorkflowMember.workflow_id == WorkflowRow.id,
                WorkflowMember.user_id == identity.user_id,
            ),
        )
        .order_by(WorkflowRow.updated_at.desc(), WorkflowRow.id)
        .limit(limit)
    )
    if identity.is_guest or not access.is_open_to_all:
        query = query.where(
            or_(
                WorkflowMember.user_id.is_not(None),
                WorkflowRow.id.in_(viewable_workflow_ids(identity.user_id)),
                _granted(identity),
            )
        )
    for word in search.casefold().split():
        query = query.where(WorkflowRow.search_text.contains(word, autoescape=True))
    if after is not None:
        at, workflow_id = after
        query = query.where(
            or_(
                WorkflowRow.updated_at < at,
                and_(WorkflowRow.updated_at == at, WorkflowRow.id > workflow_id),
            )
        )
    found: Sequence[tuple[WorkflowRow, str | None]] = (await db.execute(query)).tuples().all()
    shared = await granted_by_workflow(db, identity.user_id, [row.id for row, _ in found])
    return [
        Standing(
            row,
            access.permissions(
                identity,
                WorkflowId(row.id),
                None if role is None else Role(role),
                shared.get(row.id, frozenset()),
            ),
        )
        for row, role in found
    ]


def _granted(identity: Identity) -> ColumnElement[bool]:
    """The workflows that the token itself lets its bearer view: every role contains that."""
    # PostgreSQL refuses NUL in text; no id has one.
    patterns = [pattern for pattern in identity.grants if "\0" not in pattern]
    prefixes = [pattern[:-1] for pattern in patterns if pattern.endswith("*")]
    conditions: list[ColumnElement[bool]] = [
        # Not LIKE: it ignores case on SQLite, and `_` is common in ids.
        func.substr(WorkflowRow.id, 1, len(prefix)) == prefix
        for prefix in prefixes
    ]
    return or_(WorkflowRow.id.in_(patterns), *conditions)
