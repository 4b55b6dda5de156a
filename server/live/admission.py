"""Whether there is a seat for one more user: `max_users`, for the sockets of both doors."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from server.core.roles import Permission

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from server.core.access import AccessSource
    from server.core.identity import Identity
    from server.live.room import Room

COUNT_WITHIN_S = 10.0


class SessionFull(Exception):
    """As many take part as may."""


class Admission:
    """One per process."""

    def __init__(self, access: AccessSource) -> None:
        self._access = access
        self._asking: WeakKeyDictionary[Room, asyncio.Lock] = WeakKeyDictionary()

    @asynccontextmanager
    async def seat(self, room: Room, identity: Identity) -> AsyncIterator[None]:
        """Join the room within the block; no two users get the last seat meanwhile.

        Owners, and those who take part already, always find one; who may not view needs none, as
        the room turns them away. Raises SessionFull, or
        TimeoutError if who takes part cannot be counted in time.
        """
        if room.access.max_users is None or self._needs_none(room, identity):
            yield
            return
        lock = self._asking.setdefault(room, asyncio.Lock())
        async with asyncio.timeout(COUNT_WITHIN_S):
            await lock.acquire()
        try:
            async with asyncio.timeout(COUNT_WITHIN_S):
                await self._require_seat(room, identity)
            yield
        finally:
            lock.release()

    async def _require_seat(self, room: Room, identity: Identity) -> None:
        taken = await self._access.count_participants(
            room.workflow_id, room.identities().keys(), but=identity.user_id
        )
        max_users = room.access.max_users
        if (
            max_users is None
            or taken < max_users
            or self._needs_none(room, identity)
            or await self._access.takes_part(room.workflow_id, identity.user_id)
        ):
            return
        raise SessionFull(f"session full ({taken} of {max_users})")

    def _needs_none(self, room: Room, identity: Identity) -> bool:
        if identity.user_id in room.identities():
            return True
        permissions = room.access.permissions_of(identity, room.workflow_id)
        return Permission.MANAGE in permissions or Permission.VIEW not in permissions
