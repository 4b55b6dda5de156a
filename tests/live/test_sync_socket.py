"""Finding the room for a socket, when many knock at once."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import anyio.lowlevel

from crdt_store.ids import UserId
from rest.workflows.service import create_if_unknown
from server.core.auth import create_authenticator
from server.core.identity import Identity
from server.live.sync_socket import SyncSocket
from tests.live.rooms import open_house

if TYPE_CHECKING:
    from pathlib import Path

    from server.live.room import Room


async def test_whoever_knocks_at_a_new_workflow_in_whatever_order_gets_the_same_room(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        socket = SyncSocket(
            house.rooms,
            create_authenticator(house.rooms.settings),
            create_unknown=partial(create_if_unknown, house.database),
        )
        ann = Identity(UserId("ann"), "Ann")

        async def knock(workflow_id: str, after: int) -> Room:
            for _ in range(after):
                await anyio.lowlevel.checkpoint()
            return await socket._find_room({"path_params": {"workflow_id": workflow_id}}, ann)

        for number in range(6):
            knocks = [knock(f"new-{number}", after) for after in range(0, 4_000, 40)]
            rooms = await asyncio.gather(*knocks)
            assert len(set(rooms)) == 1
