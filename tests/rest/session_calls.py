"""How the tests of sessions and turns speak to the routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt

from tests.rest.conftest import id_of

if TYPE_CHECKING:
    import httpx

SESSIONS = "/api/collaboration/sessions"


async def ask_to_join(client: httpx.AsyncClient, path: str, **body: Any) -> httpx.Response:
    return await client.post(SESSIONS, json={"workflow_id": id_of(path), **body})


async def join(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    """The session, which must have let the client in."""
    answer = await ask_to_join(client, path, **body)
    assert answer.status_code in (200, 201), answer.text
    session: dict[str, Any] = answer.json()
    return session


async def look(client: httpx.AsyncClient, session: dict[str, Any]) -> dict[str, Any]:
    answer = await client.get(f"{SESSIONS}/{session['session_id']}")
    assert answer.status_code == 200, answer.text
    seen: dict[str, Any] = answer.json()
    return seen


async def who(client: httpx.AsyncClient, session: dict[str, Any]) -> set[str]:
    return {each["user_id"] for each in (await look(client, session))["participants"]}


async def act(
    client: httpx.AsyncClient, session: dict[str, Any], action: str, **body: Any
) -> httpx.Response:
    """`leave`, `heartbeat`, `turn/request`, …"""
    return await client.post(f"{SESSIONS}/{session['session_id']}/{action}", json=body)


async def change(client: httpx.AsyncClient, session: dict[str, Any], **body: Any) -> httpx.Response:
    return await client.patch(f"{SESSIONS}/{session['session_id']}", json=body)


async def turn_after(
    client: httpx.AsyncClient, session: dict[str, Any], action: str, **body: Any
) -> tuple[str | None, list[str]]:
    """Who has the turn, and who waits for it, after an action that must have been allowed."""
    answer = await act(client, session, f"turn/{action}", **body)
    assert answer.status_code == 200, answer.text
    return of_turn(answer.json())


def of_turn(turn: dict[str, Any]) -> tuple[str | None, list[str]]:
    return turn["holder"], [each["user_id"] for each in turn["requests"]]


async def audited(client: httpx.AsyncClient, path: str, feature: str) -> list[dict[str, Any]]:
    """The entries of a feature, the oldest first."""
    answer = await client.get(
        f"/api/collaboration/audit/{id_of(path)}", params={"action": f"{feature}.*"}
    )
    assert answer.status_code == 200, answer.text
    entries: list[dict[str, Any]] = answer.json()["items"]
    return sorted(entries, key=lambda entry: entry["audit_id"])


async def actions(client: httpx.AsyncClient, path: str, feature: str) -> list[str]:
    return [entry["action"] for entry in await audited(client, path, feature)]


def name_of(client: httpx.AsyncClient) -> str:
    """The user id that the client's token carries."""
    token = client.headers["authorization"].removeprefix("Bearer ")
    sub: str = jwt.decode(token, options={"verify_signature": False})["sub"]
    return sub
