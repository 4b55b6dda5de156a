"""An unlimited share has a bound too: how many users it serves at a time. [LIVE-1]"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select

from crdt_store.ids import UserId, WorkflowId
from crdt_store.workflows import create_workflow, database_now
from rest.errors import ShareUsedUp
from rest.shares import service
from rest.shares.links import new_row_id
from rest.shares.models import ShareRedemption, WorkflowShare
from server.core.bus import InProcessBus
from server.core.guests import LEEWAY, MAX_LIFE, new_guest_id
from server.core.identity import Identity

if TYPE_CHECKING:
    from crdt_store.database import Database

WORKFLOW = WorkflowId("crowded")
STALE = MAX_LIFE + LEEWAY + timedelta(seconds=1)


async def crowded_share(database: Database, *, guests_came: timedelta, users: int) -> str:
    """A share that as many have redeemed as may: users long ago, and guests this long ago."""
    row_id = new_row_id()
    async with database.writing() as db:
        now = await database_now(db)
        await create_workflow(db, WORKFLOW, created_by=UserId("ann"))
        db.add(unlimited(row_id, now))
        await db.flush()
        guests = [(new_guest_id(), now - guests_came) for _ in range(service.MAX_USES - users)]
        known = [(UserId(f"GUEST:{number}"), now - 2 * STALE) for number in range(users)]
        await db.execute(
            insert(ShareRedemption),
            [
                {"row_id": row_id, "user_id": user_id, "user_name": "x", "redeemed_at": at}
                for user_id, at in (*guests, *known)
            ],
        )
    return row_id


def unlimited(row_id: str, now: datetime) -> WorkflowShare:
    return WorkflowShare(
        row_id=row_id,
        workflow_id=WORKFLOW,
        can_view=True,
        can_comment=False,
        can_edit=False,
        can_share=False,
        created_by="ann",
        created_by_name="Ann",
        created_at=now,
        uses=service.MAX_USES,
    )


async def come(database: Database, row_id: str) -> int:
    """Redeem as a new guest; return how many the share serves then."""
    async with database.writing() as db:
        share = await service.hold(db, row_id)
        await service.redeem(db, InProcessBus(), share, Identity(new_guest_id(), name="New"))
        await db.flush()
        return await db.scalar(select(func.count()).select_from(ShareRedemption)) or 0


async def test_live_1_guests_whose_tokens_are_past_use_make_place(database: Database) -> None:
    row_id = await crowded_share(database, guests_came=STALE, users=3)
    assert await come(database, row_id) == 3 + 1
    assert await come(database, row_id) == 3 + 2


async def test_live_1_a_share_is_used_up_while_all_its_guests_may_come_back(
    database: Database,
) -> None:
    row_id = await crowded_share(database, guests_came=MAX_LIFE - LEEWAY, users=3)
    with pytest.raises(ShareUsedUp):
        await come(database, row_id)
