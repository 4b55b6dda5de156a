"""`GET /api/server`: anybody learns what it is and how to say who they are, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.core.version import version

if TYPE_CHECKING:
    from tests.rest.conftest import Api


async def test_in_jwt_mode_a_token_is_asked_for(api: Api) -> None:
    answer = await (await api.nobody()).get("/api/server")

    assert answer.json() == {"version": version(), "auth_mode": "jwt", "dev_open": False}


async def test_in_dev_mode_a_name_is_enough(dev_api: Api) -> None:
    answer = await (await dev_api.nobody()).get("/api/server")

    assert answer.json() == {"version": version(), "auth_mode": "dev", "dev_open": True}
