"""The seed's usage examples of curl, fetch and WebSocket, against a server like `scripts/serve`'s.

They are as the seed prints them, but for the port, and where something is said beside them. The
Python ones are in test_collaboration_service.py.
"""

from __future__ import annotations

import subprocess
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import orjson
import pytest

from tests.event_clients import event_client
from tests.node_clients import CLIENTS_DIR

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from anyio.abc import Process

    from tests.servers import ServerProcess, StartServer

PRINTED_PORT = "localhost:8000"

CREATE_SESSION = """
# Create/join session
curl -X POST "http://localhost:8000/api/collaboration/sessions?user_id=user-123" \\
  -H "Content-Type: application/json" \\
  -d '{
    "workflow_id": "workflow-123",
    "collaboration_mode": "parallel"
  }'
"""
GET_SESSION = """
# Get session participants
curl "http://localhost:8000/api/collaboration/sessions/{session_id}"
"""

# The body of the effect of the seed's WorkflowBuilder. Around it stands what React, and a page of
# the server's own origin, would give it.
FETCH = """
const workflowId = 'workflow-123', currentUserId = 'user-123';
const setSessionId = (sessionId) => console.log(sessionId);
const ofServer = globalThis.fetch;
globalThis.fetch = (path, options) => ofServer(`http://localhost:8000${path}`, options);
const effect = () => {
    const joinSession = async () => {
      const response = await fetch('/api/collaboration/sessions', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({
          workflow_id: workflowId,
          user_id: currentUserId
        })
      });
      const data = await response.json();
      setSessionId(data.session_id);
    };

    if (workflowId) {
      joinSession();
    }
};
effect();
"""

# Node has no WebSocket before version 22; and no client may send while it is still connecting, so
# that the last statement waits for the first handler.
WEBSOCKET = """
import { WebSocket } from 'ws';
const ws = new WebSocket('ws://localhost:8000/api/collaboration/ws/session-123/user-456');

ws.onopen = () => {
  console.log('Connected to collaboration session');
};

ws.onmessage = (event) => {
  const message = JSON.parse(event.data);

  switch (message.type) {
    case 'cursor_update':
      console.log(`${message.user_name} moved to`, message.cursor_position);
      break;
    case 'lock_acquired':
      console.log(`Resource ${message.resource_id} locked by ${message.locked_by}`);
      break;
    // ... handle other events
  }
};

await new Promise((resolve) => ws.addEventListener('open', resolve));
// Send cursor updates
ws.send(JSON.stringify({
  type: 'cursor_update',
  cursor_position: { x: 100, y: 200 },
  selected_node: 'node-123'
}));
"""


@pytest.fixture
async def open_server(start_server: StartServer) -> ServerProcess:
    """With the settings that `scripts/serve` has, and the seed's ids still free."""
    return await start_server()


async def run(command: list[str]) -> str:
    done = await anyio.to_thread.run_sync(
        lambda: subprocess.run(
            command, cwd=CLIENTS_DIR, capture_output=True, text=True, timeout=60, check=False
        )
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def at(server: ServerProcess, example: str) -> str:
    assert PRINTED_PORT in example
    return example.replace(PRINTED_PORT, f"localhost:{server.port}")


@asynccontextmanager
async def node(source: str, *arguments: str) -> AsyncIterator[Process]:
    command = ["node", "--input-type=module", "--eval", source, "--", *arguments]
    async with await anyio.open_process(
        command, cwd=CLIENTS_DIR, stdout=subprocess.PIPE, stderr=None
    ) as process:
        try:
            yield process
        finally:
            process.kill()


async def test_joining_via_rest_api(open_server: ServerProcess) -> None:
    created = orjson.loads(await run(["sh", "-c", at(open_server, CREATE_SESSION)]))
    assert created["workflow_id"] == "workflow-123"
    assert created["collaboration_mode"] == "parallel"
    [participant] = created["participants"]
    assert (participant["user_id"], participant["role"]) == ("user-123", "owner")

    again = orjson.loads(await run(["sh", "-c", at(open_server, CREATE_SESSION)]))
    assert again["session_id"] == created["session_id"]

    look = GET_SESSION.replace("{session_id}", created["session_id"])
    seen = orjson.loads(await run(["sh", "-c", at(open_server, look)]))
    assert [each["user_id"] for each in seen["participants"]] == ["user-123"]


async def test_the_workflow_builders_effect(open_server: ServerProcess) -> None:
    source = at(open_server, FETCH)
    said = await run(["node", "--input-type=module", "--eval", source])
    async with open_server.http("user-123") as http:
        joined = await http.post(
            "/api/collaboration/sessions", json={"workflow_id": "workflow-123"}
        )
    assert joined.status_code == 200, "there was one already"
    assert joined.json()["session_id"] == said.strip()
    assert [each["user_id"] for each in joined.json()["participants"]] == ["user-123"]


async def test_websocket_connection(open_server: ServerProcess) -> None:
    async with event_client(open_server, "session-123", "user-789") as other:
        await other.point(7, 8)
        async with node(at(open_server, WEBSOCKET)) as process:
            moved = await other.until_came("cursor_update", user_id="user-456")
            assert moved["cursor_position"] == {"x": 100, "y": 200}
            assert moved["selected_node"] == "node-123"
            await other.point(9, 10)
            async with open_server.http("user-789") as http:
                named = {"resource_type": "node", "resource_id": "node-123"}
                locked = await http.post(
                    "/api/collaboration/locks/acquire",
                    json={"workflow_id": "session-123", **named},
                )
                assert locked.status_code == 200, locked.text
            said = ""
            assert process.stdout is not None
            with anyio.fail_after(20):
                while "locked by" not in said or "moved" not in said:
                    said += (await process.stdout.receive()).decode()
    assert said.splitlines()[0] == "Connected to collaboration session"
    assert "user-789 moved to { x: 9, y: 10 }" in said
    assert "Resource node-123 locked by user-789" in said


async def test_the_websockets_session_id_may_be_the_one_that_was_joined(
    open_server: ServerProcess,
) -> None:
    """The examples together: whom REST lets join, the socket finds in the same session."""
    created = orjson.loads(await run(["sh", "-c", at(open_server, CREATE_SESSION)]))
    source = at(open_server, WEBSOCKET).replace("session-123", created["session_id"])
    async with (
        event_client(open_server, created["session_id"], "user-123") as other,
        node(source),
    ):
        assert other.of("connected")[0]["workflow_id"] == "workflow-123"
        await other.until_came("user_joined", user_id="user-456")
        await other.until_came("cursor_update", user_id="user-456", selected_node="node-123")
