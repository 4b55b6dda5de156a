"""Share links in tests: made by an owner, redeemed by users and by guests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt

from tests.rest.conftest import id_of as id_of

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api

SHARES = "/api/collaboration/shares"
DAYS_PER_SECOND = 1 / 86_400


async def share(client: httpx.AsyncClient, path: str, *can: str, **body: Any) -> dict[str, Any]:
    """A share of the workflow that grants to view and what `can` names."""
    permissions = {f"can_{each}": True for each in can}
    created = await client.post(
        SHARES, json={"workflow_id": id_of(path), "permissions": permissions, **body}
    )
    assert created.status_code == 201, created.text
    found: dict[str, Any] = created.json()
    return found


async def redeem(client: httpx.AsyncClient, shared: dict[str, Any], **body: Any) -> dict[str, Any]:
    redeemed = await client.post(f"{SHARES}/{shared['share_id']}/redeem", json=body)
    assert redeemed.status_code == 200, redeemed.text
    found: dict[str, Any] = redeemed.json()
    return found


async def guest(api: Api, shared: dict[str, Any], **body: Any) -> httpx.AsyncClient:
    """A client that redeemed the share without an identity, and goes on with the token it got."""
    client = await api.nobody()
    client.headers["authorization"] = f"Bearer {(await redeem(client, shared, **body))['token']}"
    return client


def token_of(client: httpx.AsyncClient) -> str:
    return client.headers["authorization"].removeprefix("Bearer ")


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims
