"""Comments on nodes and edges follow them, and stay where they were when those are gone; and
everyone at the workflow is told of comments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import select

from crdt_store.ids import Seq
from crdt_store.read_only import ReadOnlyDatabase
from rest.comments.anchors import Anchor, Place, find
from rest.comments.models import Comment
from rest.comments.sweeps import LOOK_EVERY_S
from server.core.documents import Graph
from tests.python_clients import python_client
from tests.rest.commenting import COMMENTS, comment, listed
from tests.rest.conftest import fresh, id_of
from tests.rest.locking import until

if TYPE_CHECKING:
    import httpx

    from tests.python_clients import PythonClient
    from tests.rest.conftest import Api

MARGIN_S = 10.0
"""For a machine that is busy with other tests."""


async def move(owner: httpx.AsyncClient, path: str, node_id: str, x: float, y: float) -> None:
    moved = await owner.patch(f"{path}/nodes/{node_id}", json={"position": {"x": x, "y": y}})
    assert moved.status_code == 200, moved.text


async def remove(owner: httpx.AsyncClient, path: str, pointer: str) -> None:
    removed = await owner.patch(path, json=[{"op": "remove", "path": pointer}])
    assert removed.status_code == 200, removed.text


async def test_a_comment_follows_its_node_and_stays_where_that_was_seen_last(
    owner: httpx.AsyncClient, path: str
) -> None:
    added = await comment(owner, path, "Hm", context_type="node", context_id="mail")
    assert (added["anchor_exists"], added["point"]) == (True, {"x": 200.0, "y": 10.0})
    reply = await comment(owner, path, "Oh", parent_comment_id=added["comment_id"])
    assert (reply["anchor_exists"], reply["point"]) == (True, added["point"])

    await move(owner, path, "mail", -5, 7)
    for shown in await listed(owner, path):
        assert (shown["anchor_exists"], shown["point"]) == (True, {"x": -5.0, "y": 7.0})
    edited = await owner.patch(f"{COMMENTS}/{added['comment_id']}", json={"content": "Hm?"})
    assert edited.json()["point"] == {"x": -5.0, "y": 7.0}

    await remove(owner, path, "/nodes/1")
    for shown in await listed(owner, path):
        assert shown["anchor_exists"] is False
        assert shown["point"] is not None
    resolved = await owner.post(f"{COMMENTS}/{added['comment_id']}/resolve")
    assert resolved.json()["anchor_exists"] is False


async def test_the_last_point_of_a_gone_node_is_where_it_was_moved_to(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    node = await comment(owner, path, "node", context_type="node", context_id="mail")
    edge = await comment(owner, path, "edge", context_type="edge", context_id="e1")
    assert edge["point"] == {"x": 100.0, "y": 5.0}
    await move(owner, path, "mail", 1000, 50)

    async def is_stored() -> bool:
        return await stored_points(database, path) == {
            node["comment_id"]: (1000.0, 50.0),
            edge["comment_id"]: (500.0, 25.0),
        }

    async with ReadOnlyDatabase.open(api.server.database_url) as database:
        await until(is_stored, within_s=LOOK_EVERY_S + MARGIN_S)

    await remove(owner, path, "/edges/0")
    await remove(owner, path, "/nodes/1")
    shown = {each["content"]: each for each in await listed(owner, path)}
    assert [shown[kind]["anchor_exists"] for kind in ("node", "edge")] == [False, False]
    assert shown["node"]["point"] == {"x": 1000.0, "y": 50.0}
    assert shown["edge"]["point"] == {"x": 500.0, "y": 25.0}


async def stored_points(database: ReadOnlyDatabase, path: str) -> dict[str, Any]:
    async with database.reading() as db:
        found = await db.execute(
            select(Comment.comment_id, Comment.point_x, Comment.point_y).where(
                Comment.workflow_id == id_of(path)
            )
        )
        return {comment_id: (x, y) for comment_id, x, y in found}


async def test_a_comment_may_come_before_its_node_with_a_point_of_its_own(
    owner: httpx.AsyncClient, path: str
) -> None:
    early = await comment(
        owner, path, "A", context_type="node", context_id="new", point={"x": 3, "y": 4}
    )
    assert (early["anchor_exists"], early["point"]) == (False, {"x": 3.0, "y": 4.0})
    nowhere = await comment(owner, path, "B", context_type="edge", context_id="new")
    assert (nowhere["anchor_exists"], nowhere["point"]) == (False, None)

    node = {"id": "new", "position": {"x": 30, "y": 40}, "data": {}}
    made = await owner.patch(path, json=[{"op": "add", "path": "/nodes/-", "value": node}])
    assert made.status_code == 200
    (shown,) = await listed(owner, path, context_id="new", context_type="node")
    assert (shown["anchor_exists"], shown["point"]) == (True, {"x": 30.0, "y": 40.0})


def graph(nodes: list[dict[str, Any]], edges: list[dict[str, Any]]) -> Graph:
    return Graph(Seq(1), nodes_json=orjson.dumps(nodes), edges_json=orjson.dumps(edges), meta={})


def at(x: Any, y: Any) -> dict[str, Any]:
    return {"position": {"x": x, "y": y}}


def test_a_node_in_a_group_is_where_the_group_is_and_no_document_of_clients_breaks_it() -> None:
    nodes: list[dict[str, Any]] = [
        {"id": "group", **at(100, 100)},
        {"id": "inner", "parentId": "group", **at(10, 20)},
        {"id": "deep", "parentId": "inner", **at(1, 2)},
        {"id": "orphan", "parentId": "absent", **at(5, 5)},
        {"id": "chicken", "parentId": "egg", **at(1, 0)},
        {"id": "egg", "parentId": "chicken", **at(0, 1)},
        {"id": "odd", "parentId": 7, "position": "here"},
        {"id": "far", "parentId": "further", **at(1e308, 0)},
        {"id": "further", **at(1e308, 0)},
        {"id": "bare"},
    ]
    edges: list[dict[str, Any]] = [
        {"id": "e", "source": "deep", "target": "orphan"},
        {"id": "dangling", "source": "deep", "target": "absent"},
        {"id": "odd", "source": ["x"], "target": None},
    ]
    names = ["deep", "orphan", "chicken", "odd", "far", "bare", "absent"]
    asked = [Anchor("node", name) for name in names]
    asked += [Anchor("edge", name) for name in ("e", "dangling", "odd", "absent")]
    found = find(graph(nodes, edges), asked).of
    circling = found[Anchor("node", "chicken")]
    assert circling is not None
    assert {anchor: place for anchor, place in found.items() if place != circling} == {
        Anchor("node", "deep"): Place(111, 122),
        Anchor("node", "orphan"): Place(5, 5),
        Anchor("node", "odd"): None,
        Anchor("node", "far"): None,
        Anchor("node", "bare"): None,
        Anchor("edge", "e"): Place(58, 63.5),
        Anchor("edge", "dangling"): None,
        Anchor("edge", "odd"): None,
    }


def told(client: PythonClient) -> list[dict[str, Any]]:
    return [each for each in client.events if "comment" in each["type"]]


async def test_everyone_at_the_workflow_is_told_of_comments(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    viewer = fresh("viewer")
    await owner.put(f"{path}/members/{viewer}", json={"role": "viewer"})
    me = (await owner.get(path)).json()["created_by"]
    async with python_client(api.server, id_of(path), viewer) as client:
        first = await comment(owner, path, "A", context_type="canvas", point={"x": 1, "y": 2})
        one = f"{COMMENTS}/{first['comment_id']}"
        reply = await comment(owner, path, "B", parent_comment_id=first["comment_id"])
        for _ in range(2):  # the second time, nothing happens and nobody is told
            await owner.patch(one, json={"content": "C"})
            await owner.post(f"{one}/resolve")
        for _ in range(2):
            await owner.post(f"{one}/reopen")
        await owner.delete(one)
        await owner.delete(f"{COMMENTS}/{reply['comment_id']}")
        await client.until(lambda: len(told(client)) >= 7)
        await comment(owner, path, "end")
        await client.until(lambda: told(client)[-1].get("content") == "end")
    *events, _ = told(client)
    for event in events:
        assert event.pop("timestamp").endswith("Z")
        assert event.pop("user_id") == me
        assert event.pop("user_name") == me.capitalize()
        assert event.pop("workflow_id") == id_of(path)
        assert event.pop("thread_id") == first["comment_id"]
    place = {"context_type": "canvas", "context_id": None, "point": {"x": 1.0, "y": 2.0}}
    of_first = {"comment_id": first["comment_id"]}
    of_reply = {"comment_id": reply["comment_id"]}
    both = [reply["comment_id"], first["comment_id"]]
    assert events == [
        {"type": "new_comment", **of_first, "parent_comment_id": None, "content": "A", **place},
        {
            "type": "new_comment",
            **of_reply,
            "parent_comment_id": first["comment_id"],
            "content": "B",
            **place,
        },
        {"type": "comment_updated", **of_first, "content": "C"},
        {"type": "comment_resolved", **of_first},
        {"type": "comment_reopened", **of_first},
        {"type": "comment_deleted", **of_first, "removed_comment_ids": []},
        {"type": "comment_deleted", **of_reply, "removed_comment_ids": both},
    ]
