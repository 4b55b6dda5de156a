"""In the mode `locked` whoever creates something holds its lock, by the commit that creates it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select

from crdt_store.ids import UserId, WorkflowId
from crdt_store.workflows import create_workflow, lock_workflow
from rest.access.service import Access
from rest.audit.models import AuditEntry
from rest.locks import service
from rest.locks.announcements import MAX_ANNOUNCED
from rest.locks.models import EditLock
from rest.sessions.models import CollaborationRules
from server.core.access import Mode, Resource, ResourceType
from server.core.bus import AccessChanged, Announced, Event, InProcessBus
from server.core.identity import Identity
from server.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crdt_store.database import Database

WF = WorkflowId("wf")
ANN = Identity(UserId("ann"), name="Ann")
BOB = Identity(UserId("bob"), name="Bob")
SETTINGS = Settings(auth_mode="dev")


def nodes(*names: str) -> list[Resource]:
    return [Resource(ResourceType.NODE, name) for name in names]


class Granting:
    """A workflow in some mode, and what the bus was told of it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.bus = InProcessBus()
        self.told: list[Event] = []
        self.bus.subscribe(self.told.append)
        self.access = Access(database, settings=SETTINGS, bus=self.bus)

    async def begin(self, mode: Mode) -> None:
        async with self.database.writing() as db:
            await create_workflow(db, WF, created_by=ANN.user_id)
            await db.execute(
                insert(CollaborationRules).values(workflow_id=WF, mode=mode.value, last_fence=4)
            )

    async def grant(self, creator: Identity, created: Sequence[Resource]) -> None:
        async with self.database.writing() as db:
            await lock_workflow(db, WF)
            await self.access.grant_created(db, WF, creator, created)
            assert self.told == [], "nobody is told before the commit"

    async def holders(self) -> dict[str, str]:
        snapshot = await self.access.snapshot(WF)
        return {resource.id: lock.holder for resource, lock in snapshot.locks.items()}

    async def epoch(self) -> int:
        return (await self.access.snapshot(WF)).access_epoch

    def announced(self) -> list[str]:
        return [event.message["type"] for event in self.told if isinstance(event, Announced)]


@pytest.fixture
def granting(database: Database) -> Granting:
    return Granting(database)


async def test_acc_1_created_resources_are_locked_in_the_mode_locked(granting: Granting) -> None:
    await granting.begin(Mode.LOCKED)
    await granting.grant(ANN, [*nodes("a", "b", "a"), Resource(ResourceType.EDGE, "e")])
    assert await granting.holders() == {"a": "ann", "b": "ann", "e": "ann"}
    assert granting.told[0] == AccessChanged(WF, await granting.epoch())
    assert granting.announced() == ["lock_acquired"] * 3
    async with granting.database.reading() as db:
        locks = (await db.scalars(select(EditLock).order_by(EditLock.fence))).all()
        audited = (await db.scalars(select(AuditEntry))).all()
    assert [lock.fence for lock in locks] == [5, 6, 7]
    assert all(lock.follows_presence and lock.reason is None for lock in locks)
    assert [(entry.action, entry.actor) for entry in audited] == [("lock.granted", "ann")]


async def test_what_is_locked_already_keeps_its_holder(granting: Granting) -> None:
    await granting.begin(Mode.LOCKED)
    await granting.grant(BOB, nodes("a"))
    granting.told.clear()
    await granting.grant(ANN, nodes("a", "b"))
    assert await granting.holders() == {"a": "bob", "b": "ann"}
    granting.told.clear()
    before = await granting.epoch()
    await granting.grant(ANN, nodes("a", "b"))
    assert (granting.told, await granting.epoch()) == ([], before)


@pytest.mark.parametrize("mode", [Mode.PARALLEL, Mode.SEQUENTIAL])
async def test_in_other_modes_creating_locks_nothing(granting: Granting, mode: Mode) -> None:
    await granting.begin(mode)
    await granting.grant(ANN, nodes("a"))
    assert (await granting.holders(), granting.told) == ({}, [])
    assert await granting.epoch() == 0


async def test_live_1_a_large_grant_and_its_end_are_each_told_as_one_event(
    granting: Granting,
) -> None:
    await granting.begin(Mode.LOCKED)
    created = nodes(*(f"n{number}" for number in range(MAX_ANNOUNCED + 1)))
    await granting.grant(ANN, created)
    assert len(await granting.holders()) == len(created)
    assert granting.announced() == ["locks_changed"]
    async with granting.database.writing() as db:
        await lock_workflow(db, WF)
        await service.end_locks_of(db, granting.bus, WF, [ANN.user_id])
    assert await granting.holders() == {}
    assert granting.announced() == ["locks_changed"] * 2


async def test_a_session_that_ends_takes_along_what_follows_presence_in_it(
    granting: Granting,
) -> None:
    await granting.begin(Mode.LOCKED)
    await granting.grant(ANN, nodes("created"))
    async with granting.database.writing() as db:
        await lock_workflow(db, WF)
        for name, is_live in (("connected", True), ("by-script", False)):
            await service.acquire(
                db,
                granting.bus,
                WF,
                BOB,
                Resource(ResourceType.NODE, name),
                duration=None,
                reason=None,
                session_id=None,
                is_live=is_live,
            )
    granting.told.clear()
    async with granting.database.writing() as db:
        await lock_workflow(db, WF)
        await service.end_locks_of_session(db, granting.bus, WF, "session", by=ANN)
    assert await granting.holders() == {"by-script": "bob"}
    ended = [event.message for event in granting.told if isinstance(event, Announced)]
    assert [(each["resource_id"], each["locked_by"]) for each in ended] == [
        ("created", "ann"),
        ("connected", "bob"),
    ]
    assert {each["reason"] for each in ended} == {"session_ended"}
    assert {each["released_by"] for each in ended} == {"ann"}
