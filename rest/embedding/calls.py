"""What every call of the facade needs: who acts, a transaction, the row, the right to do it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from crdt_store.errors import WorkflowNotFound
from crdt_store.json_values import pointer
from crdt_store.workflows import lock_workflow
from rest.errors import InvalidInput
from rest.workflows.service import create_if_unknown
from server.core.identity import Identity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from crdt_store.ids import WorkflowId
    from rest.access.service import Standing
    from rest.deps import Services
    from server.core.roles import Permission

T = TypeVar("T")
Body = TypeVar("Body", bound=BaseModel)
Actor = str | Identity
"""Who does it, as the calling application has verified: a user's id, or all that is known."""


class Calls:
    """The services, and the steps that a route takes before it calls one of them."""

    def __init__(self, services: Services, *, base_url: str = "") -> None:
        self._services = services
        self._base_url = base_url.rstrip("/")

    async def _identify(self, actor: Actor) -> Identity:
        """Raises Unauthenticated for what is no user's id, or a guest's, who has a token."""
        if isinstance(actor, Identity):
            return actor
        return await self._services.authenticator.identify(None, user_id=actor)

    @asynccontextmanager
    async def _seen(
        self, workflow_id: WorkflowId, actor: Identity, permission: Permission
    ) -> AsyncIterator[AsyncSession]:
        """A session that reads. Raises WorkflowNotFound or Forbidden."""
        async with self._services.database.reading() as db:
            await self._services.access.require(db, workflow_id, actor, permission)
            yield db

    @asynccontextmanager
    async def _changing(
        self, workflow_id: WorkflowId, actor: Identity, permission: Permission
    ) -> AsyncIterator[tuple[AsyncSession, Standing]]:
        """A session that holds the workflow's row, and commits. [ACC-1]

        Raises WorkflowNotFound or Forbidden.
        """
        async with self._services.database.writing() as db:
            await lock_workflow(db, workflow_id)
            yield db, await self._services.access.require(db, workflow_id, actor, permission)

    async def _creating(
        self, workflow_id: WorkflowId, actor: Identity, act: Callable[[], Awaitable[T]]
    ) -> T:
        """Act on a workflow that, in dev mode, need not be there yet."""
        try:
            return await act()
        except WorkflowNotFound:
            if self._services.settings.auth_mode != "dev":
                raise
            await create_if_unknown(self._services.database, workflow_id, actor)
            return await act()


def checked(body: type[Body], **fields: Any) -> Body:
    """The body of a request with these fields. Raises InvalidInput."""
    try:
        return body(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInput(
            pointer(*first["loc"]), first["msg"].removeprefix("Value error, ")
        ) from None


def check_storable(**texts: str | None) -> None:
    """Raises InvalidInput: PostgreSQL refuses NUL in text."""
    for name, text in texts.items():
        if text is not None and "\0" in text:
            raise InvalidInput(pointer(name), "must not contain NUL")
