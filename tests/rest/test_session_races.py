"""Everything at once: sockets come and go while users join, leave, pass turns and end sessions."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
import pytest
from websockets.exceptions import ConnectionClosed

from tests.python_clients import python_client
from tests.rest.conftest import id_of
from tests.rest.locking import member
from tests.rest.session_calls import SESSIONS, act, ask_to_join, change, join, name_of

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api

USERS = 8
ROUNDS = 12
ACTIONS = ("heartbeat", "leave", "turn/request", "turn/pass", "turn/take-over")


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_comes_at_once_is_answered_and_every_workflow_keeps_one_session(
    api: Api, owner: httpx.AsyncClient, path: str, seed: int
) -> None:
    clients = [await member(api, owner, path, "editor") for _ in range(USERS)]
    chance = random.Random(seed)
    seen: set[tuple[str, int]] = set()

    def note(action: str, answer: httpx.Response) -> None:
        assert answer.status_code < 500, (action, answer.text)
        seen.add((action, answer.status_code))

    async def come_and_go(client: httpx.AsyncClient) -> None:
        for _ in range(ROUNDS):
            with suppress(ConnectionClosed):
                async with python_client(
                    api.server, id_of(path), name_of(client), waits_for_sync=False
                ):
                    await anyio.lowlevel.checkpoint()

    async def use(client: httpx.AsyncClient) -> None:
        for _ in range(ROUNDS):
            joined = await ask_to_join(client, path)
            note("join", joined)
            for action in chance.sample(ACTIONS, 3):
                note(action, await act(client, joined.json(), action))

    async def rule() -> None:
        for number in range(ROUNDS):
            session = await join(owner, path, collaboration_mode="sequential")
            note("change", await change(owner, session, max_users=100 + number))
            if number % 4 == 3:
                note("end", await owner.delete(f"{SESSIONS}/{session['session_id']}"))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for client in clients:
                tasks.start_soon(use, client)
                tasks.start_soon(come_and_go, client)
            tasks.start_soon(rule)
    # Each thing has happened, or the race was none.
    assert {("join", 200), ("end", 204), ("turn/request", 200)} <= seen
    answers = [await ask_to_join(client, path) for client in clients]
    assert len({answer.json()["session_id"] for answer in answers}) == 1
