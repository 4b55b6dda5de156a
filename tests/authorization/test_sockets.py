"""The authorization matrix of the sockets: every message, every caller.

`answered`: the server sends what was asked for. `saved`: it is in the document, and the sender is
told so. `seen`: others are shown it. `dropped`: the sender is told that it is not done, and stays.
`refused`: an error, to which the socket stays open. A number is the code that closes it.
"""

from __future__ import annotations

import asyncio
import gc
import re
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlencode

import pytest
from fastapi.routing import iter_route_contexts
from pycrdt import Doc, Map
from starlette.routing import WebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from server import migrations
from server.app import create_app
from server.core.settings import Settings
from server.live import event_messages, messages
from tests.authorization.scene import Scene, make_scene
from tests.authorization.table import CALLERS, EVENT_ROUTE, SOCKETS, SYNC_ROUTE
from tests.event_clients import EventClient, event_client
from tests.hostile import awareness_message
from tests.python_clients import WITHIN_S, PythonClient
from tests.rest.sharing import token_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.rest.conftest import Api

MARK = "seen-by-others"


async def test_every_socket_has_its_table(tmp_path: Path) -> None:
    settings = Settings(
        auth_mode="dev", database_url=f"sqlite+aiosqlite:///{tmp_path / 'coflow.db'}"
    )
    await migrations.upgrade(settings.database_url)
    app = create_app(settings)
    thresholds = gc.get_threshold()
    try:
        # The doors are opened when everything behind them is there.
        async with app.router.lifespan_context(app):
            found = {
                re.sub(r":[a-z]+}", "}", str(context.path))
                for context in iter_route_contexts(app.routes)
                if isinstance(context.original_route, WebSocketRoute)
            }
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
    assert found == set(SOCKETS)


def test_every_json_message_has_its_row() -> None:
    kinds = {each.__name__ for each in get_args(event_messages.Message)}
    assert {re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower() for kind in kinds} == set(
        SOCKETS[EVENT_ROUTE]
    )


async def test_every_other_sync_message_is_malformed(api: Api) -> None:
    """So the rows of the sync socket are all that there is."""
    scene = await make_scene(api)
    known = {messages.SYNC, messages.AWARENESS, messages.QUERY_AWARENESS}
    others = [bytes((kind, 0)) for kind in range(128) if kind not in known]
    others += [bytes((messages.SYNC, subtype, 1, 0)) for subtype in range(3, 128)]
    for frame in others:
        async with sync_socket(api, scene, "owner") as client:
            await client.send(frame)
            await client.until(lambda: client.closed is not None)
            assert client.closed is not None
            assert client.closed[0] == 4400, frame


@pytest.mark.parametrize("message", SOCKETS[SYNC_ROUTE])
async def test_acc_2_each_sync_message_does_what_the_table_says(api: Api, message: str) -> None:
    scene = await make_scene(api)
    outcomes = {}
    async with sync_socket(api, scene, "owner") as observer:
        await observer.send(state_of(observer, "here"))
        for caller in CALLERS:
            before = await scene.document()
            outcomes[caller] = await _sync_outcome(api, scene, caller, message, observer)
            is_changed = await scene.document() != before
            assert is_changed == (outcomes[caller] == "saved"), caller
    expected = SOCKETS[SYNC_ROUTE][message].split()
    assert outcomes == dict(zip(CALLERS, expected, strict=True))


@pytest.mark.parametrize("message", SOCKETS[EVENT_ROUTE])
async def test_acc_2_each_json_message_does_what_the_table_says(api: Api, message: str) -> None:
    scene = await make_scene(api)
    outcomes = {}
    for caller in CALLERS:
        before = await scene.document()
        outcomes[caller] = await _event_outcome(api, scene, caller, message)
        is_changed = await scene.document() != before
        assert is_changed == (outcomes[caller] == "saved"), caller
    expected = SOCKETS[EVENT_ROUTE][message].split()
    assert outcomes == dict(zip(CALLERS, expected, strict=True))


@asynccontextmanager
async def sync_socket(api: Api, scene: Scene, caller: str) -> AsyncIterator[PythonClient]:
    """A connected client that has been shown who is there, or has been closed."""
    query = urlencode({"events": "1", "token": token_of_caller(scene, caller)})
    url = f"{api.server.sync_url}/{scene.names['workflow_id']}?{query}"
    async with connect(url, compression=None, max_size=None, proxy=None) as socket:
        client = PythonClient(socket, Doc())
        reading = asyncio.create_task(client.read())
        try:
            yield client
        finally:
            await socket.close()
            async with asyncio.timeout(WITHIN_S):
                await reading


def token_of_caller(scene: Scene, caller: str) -> str:
    return "" if caller == "nobody" else token_of(scene.callers[caller])


def state_of(client: PythonClient, mark: str) -> bytes:
    return awareness_message((client.doc.client_id, 1, f'{{"mark":"{mark}"}}'))


async def ask_who_is_there(client: PythonClient) -> None:
    """Return when it is answered, as somebody is there, or the socket is closed."""
    # The greeting says it unasked.
    await client.until(lambda: bool(client.awareness_frames or client.closed))
    shown = len(client.awareness_frames)
    await client.send(bytes((messages.QUERY_AWARENESS,)))
    await client.until(lambda: len(client.awareness_frames) > shown or bool(client.closed))


async def _sync_outcome(
    api: Api, scene: Scene, caller: str, message: str, observer: PythonClient
) -> str:
    mark = f"{caller}-{MARK}"
    async with sync_socket(api, scene, caller) as client:
        with suppress(ConnectionClosed):
            match message:
                case "step 1":
                    await client.greet()
                    await client.until(lambda: client.is_synced or bool(client.closed))
                case "step 2" | "update":
                    client.nodes["new"] = Map({"id": "new", "position": {"x": 1, "y": 1}})
                    frame = messages.step_2 if message == "step 2" else messages.update
                    await client.send(frame(client.doc.get_update()))
                    await client.until(lambda: client.saved > 0 or bool(client.closed))
                case "awareness":
                    await client.send(state_of(client, mark))
            # The answer to a question shows that the socket outlives all that came before.
            await ask_who_is_there(client)
        if client.closed:
            await _assert_unseen(api, scene, observer, mark)
            return str(client.closed[0])
        match message:
            case "step 2" | "update":
                reverted = [e for e in client.events if e["type"] == "edit_reverted"]
                return "dropped" if reverted else "saved"
            case "awareness":
                await observer.until(lambda: _is_shown(observer, mark))
                return "seen"
            case _:
                return "answered"


async def _assert_unseen(api: Api, scene: Scene, observer: PythonClient, mark: str) -> None:
    """Nor will it be seen: what came after it has been."""
    later = f"after-{mark}"
    async with sync_socket(api, scene, "viewer") as viewer:
        await viewer.send(state_of(viewer, later))
        await observer.until(lambda: _is_shown(observer, later))
    assert not [f for f in observer.awareness_frames if f'"{mark}"'.encode() in f]


def _is_shown(observer: PythonClient, mark: str) -> bool:
    return any(f'"{mark}"'.encode() in frame for frame in observer.awareness_frames)


async def _event_outcome(api: Api, scene: Scene, caller: str, message: str) -> str:
    user_id, session_id = scene.names[f"{caller}_id"], scene.names["session_id"]
    owner_id = scene.names["owner_id"]
    async with (
        event_client(api.server, session_id, owner_id) as observer,
        event_client(
            api.server, session_id, user_id, token=token_of_caller(scene, caller)
        ) as client,
    ):
        with suppress(ConnectionClosed):
            match message:
                case "heartbeat":
                    await client.say("heartbeat")
                case "cursor_update":
                    await client.point(7, 8, "the-ask")
                case "text_change":
                    await client.change("label", f"{caller}'s", node_id="the-ask")
            await client.barrier()
        if client.closed:
            await observer.barrier()
            assert not observer.of("cursor_update")
            assert not observer.of("content_update")
            return str(client.closed[0])
        match message:
            case "heartbeat":
                return "answered"
            case "cursor_update":
                if caller != "owner":
                    await observer.until_came("cursor_update", user_id=user_id)
                    return "seen"
                # One's own cursor is others' to see.
                viewer_id = scene.names["viewer_id"]
                async with event_client(
                    api.server, session_id, viewer_id, token=token_of_caller(scene, "viewer")
                ) as viewer:
                    await viewer.until(lambda: _participant(viewer, user_id)["cursor_position"])
                return "seen"
            case _:
                await client.until(lambda: client.of("change_saved") or client.of("error"))
                if not client.of("error"):
                    return "saved"
                assert client.of("error")[0]["code"] == "edit_forbidden"
                return "refused"


def _participant(client: EventClient, user_id: str) -> dict[str, Any]:
    """What is told of a participant on connecting."""
    [connected] = client.of("connected")
    found = {each["user_id"]: each for each in connected["participants"]}
    participant: dict[str, Any] = found[user_id]
    return participant
