"""How the tests of locks speak to the routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from tests.rest.conftest import fresh
from tests.rest.conftest import id_of as id_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from tests.rest.conftest import Api

LOCKS = "/api/collaboration/locks"


def resource(path: str, kind: str, name: str | None = None) -> dict[str, Any]:
    """The body that names a resource: a workflow's without an id, as clients may leave it out."""
    named = {} if name is None else {"resource_id": name}
    return {"workflow_id": id_of(path), "resource_type": kind, **named}


async def ask(
    client: httpx.AsyncClient, path: str, kind: str, name: str | None = None, **more: Any
) -> httpx.Response:
    return await client.post(f"{LOCKS}/acquire", json={**resource(path, kind, name), **more})


async def acquire(
    client: httpx.AsyncClient, path: str, kind: str, name: str | None = None, **more: Any
) -> dict[str, Any]:
    """The lock, which must have been granted."""
    answer = await ask(client, path, kind, name, **more)
    assert answer.status_code == 200, answer.text
    lock: dict[str, Any] = answer.json()
    return lock


async def release(
    client: httpx.AsyncClient, path: str, kind: str, name: str | None = None, **more: Any
) -> httpx.Response:
    return await client.post(f"{LOCKS}/release", json={**resource(path, kind, name), **more})


async def held(client: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"{LOCKS}/{id_of(path)}", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def actions(client: httpx.AsyncClient, path: str) -> list[str]:
    """What the audit says was done with locks, the oldest first."""
    answer = await client.get(f"/api/collaboration/audit/{id_of(path)}")
    assert answer.status_code == 200, answer.text
    entries = sorted(answer.json()["items"], key=lambda entry: entry["audit_id"])
    return [e["action"] for e in entries if e["action"].startswith("lock.")]


async def member(api: Api, owner: httpx.AsyncClient, path: str, role: str) -> httpx.AsyncClient:
    """A client who is a new member with this role."""
    user_id = fresh(role)
    await owner.put(f"{path}/members/{user_id}", json={"role": role})
    return await api.user(user_id)


async def until(holds: Callable[[], Awaitable[bool]], *, within_s: float) -> None:
    """Ask again and again. Raises TimeoutError."""
    with anyio.fail_after(within_s):
        while not await holds():  # noqa: ASYNC110 - the condition is in another process
            await anyio.sleep(0.02)
