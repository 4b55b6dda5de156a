"""What tests of comments have in common: to comment, and to list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.rest.conftest import id_of

if TYPE_CHECKING:
    import httpx

COMMENTS = "/api/collaboration/comments"


async def comment(client: httpx.AsyncClient, path: str, content: str, **fields: Any) -> Any:
    added = await client.post(
        COMMENTS, json={"workflow_id": id_of(path), "content": content, **fields}
    )
    assert added.status_code == 201, added.text
    return added.json()


async def listed(client: httpx.AsyncClient, path: str, **params: Any) -> list[Any]:
    """All of them: they must fit on one page."""
    answer = await client.get(f"{COMMENTS}/{id_of(path)}", params=params)
    assert answer.status_code == 200, answer.text
    assert answer.json()["next_cursor"] is None
    items: list[Any] = answer.json()["items"]
    return items
