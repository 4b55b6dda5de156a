"""On PostgreSQL no request about sessions deadlocks with the attendance."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import anyio
from sqlalchemy import text, update

from crdt_store.database import Database
from crdt_store.ids import UserId
from crdt_store.workflows import database_now
from rest.sessions.models import CollaborationSession
from rest.sessions.presence import Attending, attend
from tests.rest.conftest import Api
from tests.rest.locking import until
from tests.rest.session_calls import ask_to_join, join

if TYPE_CHECKING:
    import httpx

    from tests.servers import StartServer


async def test_who_joins_and_sets_the_rules_takes_rows_in_the_order_of_the_attendance(
    # In this order: the database is dropped after the server has ended.
    postgres_url: str,
    start_server: StartServer,
) -> None:
    server = await start_server(database_url=postgres_url, auth_mode="jwt")
    answers: list[httpx.Response] = []
    async with AsyncExitStack() as open_clients, Database.open(postgres_url) as database:
        api = Api(server, open_clients)
        owner = await api.user("owner")
        path = await api.workflow(owner)
        session_id = (await join(owner, path))["session_id"]

        async def set_rules() -> None:
            answers.append(await ask_to_join(owner, path, collaboration_mode="locked"))

        async def waits() -> bool:
            async with database.reading() as db:
                return bool(
                    await db.scalar(
                        text(
                            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                            " AND datname = current_database()"
                        )
                    )
                )

        async with anyio.create_task_group() as tasks:
            async with database.writing() as db:
                # As the attendance does: first who is here, then their sessions.
                here = Attending(session_id, UserId("owner"), "Owner")
                await attend(db, [here], now=await database_now(db))
                tasks.start_soon(set_rules)
                await until(waits, within_s=10)
                await db.execute(
                    update(CollaborationSession)
                    .where(CollaborationSession.session_id == session_id)
                    .values(last_activity=await database_now(db))
                )
    assert [each.status_code for each in answers] == [200]
    assert answers[0].json()["collaboration_mode"] == "locked"
