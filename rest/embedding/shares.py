"""Share links as Python calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import WorkflowId
from crdt_store.models import WorkflowRow
from rest.deps import workflow_id_of
from rest.embedding.calls import Actor, Calls, checked
from rest.errors import Forbidden, ShareNotFound
from rest.shares import links, service
from rest.shares.granted import GRANTABLE, flags, gains_nothing_by, permissions_of
from rest.shares.schemas import CreateShare, Share, SharePermissions, SharePreview
from server.core.roles import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from rest.shares.models import WorkflowShare
    from server.core.identity import Identity


class ShareCalls(Calls):
    async def create_workflow_share(
        self,
        workflow_id: str,
        user_id: Actor,
        permissions: Mapping[str, bool] | None = None,
        expires_in_days: float | None = None,
        max_uses: int | None = None,
    ) -> Share:
        """A share link; to view alone when no permissions are named. Needs `share`.

        Raises ShareExceedsPermissions for more than the actor's own, and SharesUnavailable where
        no secret signs links.
        """
        body = checked(
            CreateShare,
            workflow_id=workflow_id,
            permissions={} if permissions is None else dict(permissions),
            expires_in_days=expires_in_days,
            max_uses=max_uses,
        )
        named, actor = workflow_id_of(workflow_id), await self._identify(user_id)
        links.require(self._services.settings)
        asked_for = body.permissions.model_dump()
        days = body.expires_in_days

        async def create() -> Share:
            async with self._changing(named, actor, Permission.SHARE) as (db, standing):
                share = await service.create(
                    db,
                    self._services.bus,
                    self._services.access,
                    standing,
                    actor,
                    permissions=frozenset(p for p in GRANTABLE if asked_for[f"can_{p.value}"]),
                    lifetime=None if days is None else timedelta(days=days),
                    max_uses=body.max_uses,
                )
                return self._share(share, with_link=True)

        return await self._creating(named, actor, create)

    async def get_workflow_share(
        self, share_id: str, user_id: Actor | None = None
    ) -> Share | SharePreview:
        """All of a share for who may share its workflow, though not the link of one that grants
        more than the actor holds. For everyone else who has the whole id: where it leads and what
        it grants, while it can be redeemed.

        Raises ShareNotFound, Forbidden, ShareEnded or ShareUsedUp.
        """
        named = links.parse(self._services.settings, share_id)
        links.require(self._services.settings)
        actor = None if user_id is None else await self._identify(user_id)
        async with self._services.database.reading() as db:
            share = await service.find(db, named.row_id)
            held = None if actor is None else await self._held_by_sharer(db, share, actor)
            if held is not None:
                return self._share(share, with_link=named.by_link or gains_nothing_by(share, held))
            if not named.by_link:
                await self._refuse(db, share, actor)
            await service.check_open_to(db, share, actor)
            leads_to = await db.get_one(WorkflowRow, share.workflow_id)
            return SharePreview(
                share_id=share_id,
                workflow_id=share.workflow_id,
                workflow_name=leads_to.name,
                permissions=SharePermissions(**flags(permissions_of(share))),
                expires_at=share.expires_at,
            )

    async def revoke_workflow_share(self, share_id: str, user_id: Actor) -> None:
        """End a share, and what was redeemed of it; one that has ended stays as it is.

        Needs `share`; the id's part before `~` is enough. Raises ShareNotFound or Forbidden.
        """
        named = replace(links.parse(self._services.settings, share_id), by_link=False)
        actor = await self._identify(user_id)
        async with self._services.database.writing() as db:
            share = await service.hold(db, named.row_id)
            if await self._held_by_sharer(db, share, actor) is None:
                await self._refuse(db, share, actor)
            await service.revoke(db, self._services.bus, share, actor)

    async def _held_by_sharer(
        self, db: AsyncSession, share: WorkflowShare, actor: Identity
    ) -> frozenset[Permission] | None:
        """What the actor holds; None for one who may not share the workflow."""
        try:
            standing = await self._services.access.require(
                db, WorkflowId(share.workflow_id), actor, Permission.SHARE
            )
        except (Forbidden, WorkflowNotFound):
            return None
        return standing.permissions

    async def _refuse(self, db: AsyncSession, share: WorkflowShare, actor: Identity | None) -> None:
        """Raises Forbidden for who may view the workflow; for others there is no such share."""
        workflow_id = WorkflowId(share.workflow_id)
        try:
            if actor is None:
                raise ShareNotFound
            await self._services.access.require(db, workflow_id, actor, Permission.VIEW)
        except (Forbidden, WorkflowNotFound):
            raise ShareNotFound from None
        raise Forbidden(workflow_id, Permission.SHARE)

    def _share(self, share: WorkflowShare, *, with_link: bool) -> Share:
        share_id = share.row_id
        if with_link:
            share_id = links.share_id(self._services.settings, share.row_id)
        return Share(
            share_id=share_id,
            url=f"{self._base_url}/share/{share_id}" if with_link else None,
            workflow_id=share.workflow_id,
            permissions=SharePermissions(**flags(permissions_of(share))),
            created_by=share.created_by,
            created_by_name=share.created_by_name,
            created_at=share.created_at,
            expires_at=share.expires_at,
            max_uses=share.max_uses,
            uses=share.uses,
            revoked=share.revoked_by is not None,
        )
