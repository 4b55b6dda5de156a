"""Sessions and their participants as Python calls."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from crdt_store.ids import UserId
from rest.deps import workflow_id_of
from rest.embedding.calls import Actor, Calls, checked
from rest.errors import SessionNotFound
from rest.locks.sweeps import end_absent_locks
from rest.sessions import service
from rest.sessions.rules import set_rules
from rest.sessions.schemas import Heartbeat, JoinSession, Participant, Session
from rest.sessions.sweeps import end_absent_participations, pass_lost_turns
from rest.sessions.views import session_json
from server.core.colors import color_of
from server.core.roles import Permission

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from rest.sessions.models import CollaborationSession
    from server.core.identity import Identity

KEEP: Final[Any] = object()
"""The default of what stays as it is when it is left out, while None removes it."""


class SessionCalls(Calls):
    async def create_collaboration_session(
        self,
        workflow_id: str,
        user_id: Actor,
        collaboration_mode: str | None = None,
        max_users: int | None = None,
    ) -> Session:
        """Join the workflow's session, which is created if there is none.

        Mode and limit are the workflow's; who may not manage it leaves them as they are, and
        nobody does by leaving them out. Raises SessionFull.
        """
        body = checked(
            JoinSession,
            workflow_id=workflow_id,
            collaboration_mode=collaboration_mode,
            max_users=max_users,
        )
        named, actor = workflow_id_of(workflow_id), await self._identify(user_id)
        wanted = {"mode": body.collaboration_mode, "max_users": body.max_users}
        changes = {name: value for name, value in wanted.items() if value is not None}

        async def join() -> service.Held:
            async with self._services.database.writing() as db:
                held, _ = await service.open_session(self._services, db, named, actor)
                # In this order, see `rest.sessions.presence`.
                await service.take_part(held)
                if Permission.MANAGE in held.permissions:
                    await set_rules(held, changes)
                return held

        held = await self._creating(named, actor, join)
        async with self._services.database.reading() as db:
            return await self._shown(db, held.row, actor, held.permissions)

    async def get_active_session(self, workflow_id: str, user_id: Actor) -> Session | None:
        """The workflow's session, if somebody has opened one. Needs `view`."""
        named, actor = workflow_id_of(workflow_id), await self._identify(user_id)
        async with self._services.database.reading() as db:
            access = self._services.access
            standing = await access.require(db, named, actor, Permission.VIEW)
            row = await service.active_session(db, named)
            return None if row is None else await self._shown(db, row, actor, standing.permissions)

    async def update_session_activity(self, session_id: str, user_id: Actor) -> Session:
        """The actor does something in the session, which is therefore active."""
        actor = await self._identify(user_id)
        async with self._in_session(session_id, actor) as held:
            await service.take_part(held)
        return await self._look(session_id, actor)

    async def cleanup_inactive_participants(self) -> None:
        """End what is over by absence: participations, turns, locks taken while present.

        In all workflows; a running server does so twice a second.
        """
        for sweep in (end_absent_locks, end_absent_participations, pass_lost_turns):
            await sweep(self._services)

    async def add_participant_to_session(self, session_id: str, user_id: Actor) -> Participant:
        """The actor takes part. Raises SessionNotFound or SessionFull."""
        return await self.update_participant_heartbeat(session_id, user_id)

    async def remove_participant_from_session(self, session_id: str, user_id: Actor) -> bool:
        """The actor leaves; False while sockets of theirs are open: who is connected takes part."""
        async with self._in_session(session_id, await self._identify(user_id)) as held:
            return await service.leave(held)

    async def update_participant_heartbeat(
        self,
        session_id: str,
        user_id: Actor,
        cursor_position: Mapping[str, Any] | None = KEEP,
        selected_node: str | None = KEEP,
    ) -> Participant:
        """The actor is still here, and maybe elsewhere; None: nowhere, nothing."""
        given = {"cursor_position": cursor_position, "selected_node": selected_node}
        given = {name: value for name, value in given.items() if value is not KEEP}
        shown = checked(Heartbeat, **given).model_dump(exclude_none=True)
        actor = await self._identify(user_id)
        async with self._in_session(session_id, actor) as held:
            await service.heartbeat(held, {name: shown.get(name) for name in given})
        for each in (await self._look(session_id, actor)).participants:
            if each.user_id == actor.user_id:
                return each
        # Gone again at once, by another call or a very short timeout.
        raise SessionNotFound(session_id)

    async def get_session_participants(self, session_id: str, user_id: Actor) -> list[Participant]:
        """Everyone who takes part, by sockets or by heartbeats. Needs `view`."""
        return (await self._look(session_id, await self._identify(user_id))).participants

    @staticmethod
    def _generate_user_color(user_id: str) -> str:
        """`#rrggbb`, the same for this user everywhere."""
        return color_of(UserId(user_id))

    @asynccontextmanager
    async def _in_session(self, session_id: str, actor: Identity) -> AsyncIterator[service.Held]:
        """Raises SessionNotFound."""
        async with self._services.database.writing() as db:
            yield await service.hold(self._services, db, session_id, actor)

    async def _look(self, session_id: str, actor: Identity) -> Session:
        """Raises SessionNotFound."""
        async with self._services.database.reading() as db:
            row, permissions = await service.find(self._services, db, session_id, actor)
            return await self._shown(db, row, actor, permissions)

    async def _shown(
        self,
        db: AsyncSession,
        row: CollaborationSession,
        actor: Identity,
        permissions: frozenset[Permission],
    ) -> Session:
        seen = await session_json(self._services, db, row, actor, permissions=permissions)
        return Session(**seen)
