"""Comments as Python calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crdt_store.errors import WorkflowNotFound
from crdt_store.workflows import lock_workflow
from rest.comments import finding, service
from rest.comments.anchors import IN_DOCUMENT, Place, look
from rest.comments.schemas import AddComment, CommentItem, ContextType
from rest.comments.views import comment_json, places_of
from rest.deps import workflow_id_of
from rest.embedding.calls import Actor, Calls, check_storable, checked
from rest.errors import CommentNotFound, InvalidInput
from server.core.roles import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crdt_store.ids import WorkflowId
    from server.core.identity import Identity

_ALL: Final = 1_000_000


class CommentCalls(Calls):
    async def add_comment(
        self,
        workflow_id: str,
        user_id: Actor,
        content: str,
        parent_comment_id: str | None = None,
        context_type: str = ContextType.WORKFLOW.value,
        context_id: str | None = None,
        *,
        point: Mapping[str, float] | None = None,
        session_id: str | None = None,
    ) -> CommentItem:
        """Begin a thread, or reply to a comment of one. Needs `comment`.

        Raises CommentNotFound for a parent that is not in the workflow.
        """
        body = checked(
            AddComment,
            workflow_id=workflow_id,
            content=content,
            parent_comment_id=parent_comment_id,
            context_type=context_type,
            context_id=context_id,
            point=point,
            session_id=session_id,
        )
        _check_anchor(body)
        named, actor = workflow_id_of(workflow_id), await self._identify(user_id)
        return await self._creating(named, actor, lambda: self._add(named, actor, body))

    async def _add(self, workflow_id: WorkflowId, actor: Identity, body: AddComment) -> CommentItem:
        anchor = finding.anchor_in_document(body.context_type, body.context_id)
        parent_id = body.parent_comment_id
        async with self._seen(workflow_id, actor, Permission.COMMENT) as db:
            if parent_id is not None:
                anchor = (await finding.find_in(db, workflow_id, parent_id)).anchor
        # Before the row is held: a document takes time to read.
        documents = self._services.documents
        places = None if anchor is None else await look(documents, workflow_id, [anchor])
        async with self._changing(workflow_id, actor, Permission.COMMENT) as (db, _):
            if parent_id is not None:
                added = await service.reply(
                    db,
                    self._services.bus,
                    await finding.find_in(db, workflow_id, parent_id),
                    actor,
                    body.content,
                    session_id=body.session_id,
                )
            else:
                added = await service.begin_thread(
                    db,
                    self._services.bus,
                    workflow_id,
                    actor,
                    body.content,
                    context_type=body.context_type,
                    context_id=body.context_id,
                    point=None if body.point is None else Place(body.point.x, body.point.y),
                    places=places,
                    session_id=body.session_id,
                )
        return CommentItem(**comment_json(added, places))

    async def get_workflow_comments(
        self,
        workflow_id: str,
        user_id: Actor,
        context_type: str | None = None,
        context_id: str | None = None,
        resolved: bool | None = None,
    ) -> list[CommentItem]:
        """All comments of the workflow, the oldest first; what is None does not filter.

        Needs `view`.
        """
        named, actor = workflow_id_of(workflow_id), await self._identify(user_id)
        try:
            kind = None if context_type is None else ContextType(context_type)
        except ValueError as error:
            raise InvalidInput("/context_type", str(error)) from None
        check_storable(context_id=context_id)
        wanted = finding.Filter(context_type=kind, context_id=context_id, resolved=resolved)
        async with self._seen(named, actor, Permission.VIEW) as db:
            found = await finding.list_comments(db, named, wanted, after=None, limit=_ALL)
        places = await places_of(self._services.documents, named, found)
        return [CommentItem(**comment_json(each, places)) for each in found]

    async def resolve_comment(self, comment_id: str, user_id: Actor) -> CommentItem:
        """Resolve the thread of any of its comments; returns its first. Needs `comment`.

        Raises CommentNotFound or Forbidden.
        """
        actor = await self._identify(user_id)
        access, bus = self._services.access, self._services.bus
        if "\0" in comment_id:
            raise CommentNotFound(comment_id)
        async with self._services.database.reading() as db:
            found, held = await finding.find(db, access, comment_id, actor)
        service.require(found, held, Permission.COMMENT)
        workflow_id = found.workflow_id
        places = await places_of(self._services.documents, workflow_id, [found])
        try:
            async with self._services.database.writing() as db:
                await lock_workflow(db, workflow_id)
                found, held = await finding.find(db, access, comment_id, actor)
                await service.set_resolved(db, bus, found, actor, held, resolved=True)
        except WorkflowNotFound:
            raise CommentNotFound(comment_id) from None
        return CommentItem(**comment_json(finding.Threaded(found.first, found.first), places))


def _check_anchor(body: AddComment) -> None:
    """Raises InvalidInput. A reply is where its thread is."""
    if body.parent_comment_id is not None:
        return
    if body.context_type in IN_DOCUMENT and body.context_id is None:
        raise InvalidInput("/context_id", f"must be the {body.context_type.value}'s id")
    if body.context_type is ContextType.CANVAS and body.point is None:
        raise InvalidInput("/point", "must say where on the canvas")
