"""The seed's "Manual Testing Checklist": 5. Comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.rest.commenting import COMMENTS, comment, listed
from tests.rest.locking import member
from tests.rest.session_calls import join, name_of
from tests.seed.doors import json_socket

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api


async def test_add_comment_to_workflow(api: Api, owner: httpx.AsyncClient, path: str) -> None:
    session = await join(owner, path)
    cora = await member(api, owner, path, "commenter")
    async with json_socket(api, owner, session) as watching:
        added = await comment(cora, path, "Should this ask @ada first?")
        assert (added["context_type"], added["author"]) == ("workflow", name_of(cora))
        assert added["mentions"] == ["ada"]
        told = await watching.until_came("new_comment", comment_id=added["comment_id"])
        assert (told["content"], told["user_id"]) == (added["content"], name_of(cora))
    on_node = await comment(cora, path, "Here", context_type="node", context_id="ask")
    on_edge = await comment(cora, path, "There", context_type="edge", context_id="e1")
    assert [each["anchor_exists"] for each in (on_node, on_edge)] == [True, True]


async def test_reply_to_comment(api: Api, owner: httpx.AsyncClient, path: str) -> None:
    cora = await member(api, owner, path, "commenter")
    first = await comment(cora, path, "Why?", context_type="node", context_id="ask")
    reply = await comment(owner, path, "Because", parent_comment_id=first["comment_id"])
    assert reply["thread_id"] == first["comment_id"]
    assert reply["parent_comment_id"] == first["comment_id"]
    assert (reply["context_type"], reply["context_id"]) == ("node", "ask")


async def test_resolve_comment(api: Api, owner: httpx.AsyncClient, path: str) -> None:
    session = await join(owner, path)
    cora = await member(api, owner, path, "commenter")
    first = await comment(owner, path, "Why?")
    async with json_socket(api, owner, session) as watching:
        resolved = await cora.post(f"{COMMENTS}/{first['comment_id']}/resolve")
        assert resolved.status_code == 200
        assert resolved.json()["resolved"] is True
        assert resolved.json()["resolved_by"] == name_of(cora)
        await watching.until_came("comment_resolved", comment_id=first["comment_id"])
        reopened = await owner.post(f"{COMMENTS}/{first['comment_id']}/reopen")
        assert reopened.json()["resolved"] is False
        await watching.until_came("comment_reopened", comment_id=first["comment_id"])


async def test_view_comment_thread(api: Api, owner: httpx.AsyncClient, path: str) -> None:
    viewer = await member(api, owner, path, "viewer")
    first = await comment(owner, path, "One")
    await comment(owner, path, "Elsewhere")
    second = await comment(owner, path, "Two", parent_comment_id=first["comment_id"])
    await comment(owner, path, "Three", parent_comment_id=second["comment_id"])
    thread = await listed(viewer, path, thread_id=first["comment_id"])
    assert [each["content"] for each in thread] == ["One", "Two", "Three"]
    assert all(each["author_name"] and each["author_color"] for each in thread)
