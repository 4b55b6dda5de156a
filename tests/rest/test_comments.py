"""Comments over HTTP: threads, replies, who may change what, resolving, deleting, filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rest.comments.mentions import MAX_MENTIONS, mentions
from tests.rest.commenting import COMMENTS, comment, listed
from tests.rest.conftest import assert_problem, fresh, id_of
from tests.rest.locking import member

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api


async def contents(client: httpx.AsyncClient, path: str, **params: Any) -> list[str | None]:
    return [each["content"] for each in await listed(client, path, **params)]


async def test_a_comment_on_the_workflow_has_all_its_members(
    owner: httpx.AsyncClient, path: str
) -> None:
    added = await comment(owner, path, "Looks good, @ann.")
    me = (await owner.get(path)).json()["created_by"]
    assert added.pop("author_color").startswith("#")
    assert added.pop("created_at").endswith("Z")
    assert added == {
        "comment_id": added["thread_id"],
        "workflow_id": id_of(path),
        "thread_id": added["comment_id"],
        "parent_comment_id": None,
        "author": me,
        "author_name": me.capitalize(),
        "content": "Looks good, @ann.",
        "mentions": ["ann"],
        "context_type": "workflow",
        "context_id": None,
        "anchor_exists": None,
        "point": None,
        "edited_at": None,
        "deleted": False,
        "resolved": False,
        "resolved_at": None,
        "resolved_by": None,
        "resolved_by_name": None,
    }
    (shown,) = await listed(owner, path)
    assert {**added, **shown} == shown


async def test_a_reply_to_a_reply_is_in_the_same_thread_and_where_that_is(
    owner: httpx.AsyncClient, path: str
) -> None:
    first = await comment(owner, path, "Here", context_type="canvas", point={"x": -1.5, "y": 20})
    assert first["point"] == {"x": -1.5, "y": 20.0}
    reply = await comment(owner, path, "Yes", parent_comment_id=first["comment_id"])
    deeper = await comment(
        owner,
        path,
        "No",
        parent_comment_id=reply["comment_id"],
        context_type="node",
        context_id="ask",
        point={"x": 5, "y": 5},
    )
    assert deeper["thread_id"] == reply["thread_id"] == first["comment_id"]
    assert deeper["parent_comment_id"] == reply["comment_id"]
    for each in (reply, deeper):
        assert each["context_type"] == "canvas"
        assert each["context_id"] is None
        assert each["point"] == first["point"]


async def test_acc_2_a_commenter_comments_and_cannot_edit_and_a_viewer_only_reads(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    commenter = await member(api, owner, path, "commenter")
    viewer = await member(api, owner, path, "viewer")
    said = await comment(commenter, path, "Hm")
    moved = await commenter.patch(f"{path}/nodes/ask", json={"position": {"x": 1, "y": 1}})
    assert_problem(moved, 403, "forbidden")

    assert await contents(viewer, path) == ["Hm"]
    body = {"workflow_id": id_of(path), "content": "Hm"}
    one = f"{COMMENTS}/{said['comment_id']}"
    assert_problem(await viewer.post(COMMENTS, json=body), 403, "forbidden")
    reply = {**body, "parent_comment_id": said["comment_id"]}
    assert_problem(await viewer.post(COMMENTS, json=reply), 403, "forbidden")
    assert_problem(await viewer.patch(one, json={"content": "x"}), 403, "forbidden")
    assert_problem(await viewer.delete(one), 403, "forbidden")
    assert_problem(await viewer.post(f"{one}/resolve"), 403, "forbidden")
    assert_problem(await viewer.post(f"{one}/reopen"), 403, "forbidden")
    assert await contents(viewer, path) == ["Hm"]


async def test_acc_2_a_comment_where_one_may_not_look_is_like_one_that_never_was(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    hidden = await comment(owner, path, "Secret")
    stranger = await api.user(fresh("stranger"))
    own = await api.workflow(stranger, name="Own")
    for comment_id in (hidden["comment_id"], "0" * 32, "x" * 500, "%00"):
        one = f"{COMMENTS}/{comment_id}"
        for answer in (
            await stranger.patch(one, json={"content": "x"}),
            await stranger.delete(one),
            await stranger.post(f"{one}/resolve"),
            await stranger.post(f"{one}/reopen"),
        ):
            assert_problem(answer, 404, "comment_not_found")
    body = {
        "workflow_id": id_of(own),
        "content": "x",
        "parent_comment_id": hidden["comment_id"],
    }
    assert_problem(await stranger.post(COMMENTS, json=body), 404, "comment_not_found")
    elsewhere = {"workflow_id": id_of(path), "content": "x"}
    assert_problem(await stranger.post(COMMENTS, json=elsewhere), 403, "forbidden")
    assert_problem(await stranger.get(f"{COMMENTS}/{id_of(path)}"), 403, "forbidden")
    assert await contents(owner, path) == ["Secret"]


async def test_only_the_author_edits_and_the_same_content_is_no_edit(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    commenter = await member(api, owner, path, "commenter")
    said = await comment(commenter, path, "Frist")
    one = f"{COMMENTS}/{said['comment_id']}"
    assert_problem(await owner.patch(one, json={"content": "x"}), 403, "not_the_author")

    same = await commenter.patch(one, json={"content": "Frist"})
    assert (same.status_code, same.json()) == (200, said)
    edited = (await commenter.patch(one, json={"content": "First"})).json()
    assert edited["edited_at"] > said["created_at"]
    assert edited == {**said, "content": "First", "edited_at": edited["edited_at"]}
    assert await listed(owner, path) == [edited]


async def test_one_deletes_ones_own_and_an_owner_any(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    commenter = await member(api, owner, path, "commenter")
    editor = await member(api, owner, path, "editor")
    mine = await comment(commenter, path, "Mine")
    other = await comment(commenter, path, "Other")
    refused = await editor.delete(f"{COMMENTS}/{mine['comment_id']}")
    assert_problem(refused, 403, "not_the_author")
    assert (await commenter.delete(f"{COMMENTS}/{mine['comment_id']}")).status_code == 204
    assert (await owner.delete(f"{COMMENTS}/{other['comment_id']}")).status_code == 204
    assert await contents(owner, path) == []
    again = await commenter.delete(f"{COMMENTS}/{mine['comment_id']}")
    assert_problem(again, 404, "comment_not_found")


async def test_a_deleted_comment_stays_as_long_as_it_has_replies(
    owner: httpx.AsyncClient, path: str
) -> None:
    first = await comment(owner, path, "A", context_type="canvas", point={"x": 1, "y": 2})
    reply = await comment(owner, path, "B", parent_comment_id=first["comment_id"])
    deeper = await comment(owner, path, "C", parent_comment_id=reply["comment_id"])
    for each in (first, reply):
        assert (await owner.delete(f"{COMMENTS}/{each['comment_id']}")).status_code == 204
    shown = await listed(owner, path)
    assert [(each["content"], each["deleted"]) for each in shown] == [
        (None, True),
        (None, True),
        ("C", False),
    ]
    assert shown[2]["point"] == {"x": 1.0, "y": 2.0}
    gone = f"{COMMENTS}/{first['comment_id']}"
    assert_problem(await owner.patch(gone, json={"content": "A"}), 404, "comment_not_found")
    assert_problem(await owner.delete(gone), 404, "comment_not_found")

    # The thread goes on, and can be resolved by any of its comments.
    assert (await owner.post(f"{COMMENTS}/{deeper['comment_id']}/resolve")).json()["deleted"]
    late = await comment(owner, path, "D", parent_comment_id=first["comment_id"])
    assert late["resolved"]

    assert (await owner.delete(f"{COMMENTS}/{deeper['comment_id']}")).status_code == 204
    assert await contents(owner, path) == [None, "D"]
    assert (await owner.delete(f"{COMMENTS}/{late['comment_id']}")).status_code == 204
    assert await contents(owner, path) == []


async def test_a_thread_is_resolved_and_reopened_as_a_whole(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    commenter = await member(api, owner, path, "commenter")
    first = await comment(owner, path, "A")
    reply = await comment(owner, path, "B", parent_comment_id=first["comment_id"])
    resolved = (await commenter.post(f"{COMMENTS}/{reply['comment_id']}/resolve")).json()
    assert resolved["comment_id"] == first["comment_id"]
    assert resolved["resolved"]
    assert resolved["resolved_at"].endswith("Z")
    assert resolved["resolved_by"].startswith("commenter-")
    assert resolved["resolved_by_name"] == resolved["resolved_by"].capitalize()
    again = await owner.post(f"{COMMENTS}/{first['comment_id']}/resolve")
    assert (again.status_code, again.json()) == (200, resolved)

    # A reply says something, and reopens nothing.
    late = await comment(owner, path, "C", parent_comment_id=first["comment_id"])
    assert late["resolved"]
    assert await contents(owner, path, resolved=True) == ["A", "B", "C"]
    assert await contents(owner, path, resolved=False) == []

    reopened = await owner.post(f"{COMMENTS}/{reply['comment_id']}/reopen")
    assert (reopened.status_code, reopened.json()) == (200, first)
    assert (await owner.post(f"{COMMENTS}/{reply['comment_id']}/reopen")).json() == first
    assert await contents(owner, path, resolved=False) == ["A", "B", "C"]


async def test_lists_are_filtered_by_what_a_thread_is_about_by_thread_and_by_author(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    editor = await member(api, owner, path, "editor")
    node = await comment(owner, path, "node", context_type="node", context_id="ask")
    await comment(editor, path, "reply", parent_comment_id=node["comment_id"])
    await comment(owner, path, "mail", context_type="node", context_id="mail")
    await comment(editor, path, "edge", context_type="edge", context_id="e1")
    await comment(owner, path, "all")
    assert await contents(owner, path, context_type="node") == ["node", "reply", "mail"]
    assert await contents(owner, path, context_id="ask") == ["node", "reply"]
    assert await contents(owner, path, context_type="edge", context_id="ask") == []
    assert await contents(owner, path, context_type="workflow") == ["all"]
    assert await contents(owner, path, thread_id=node["thread_id"]) == ["node", "reply"]
    editors = (await listed(owner, path, context_type="edge"))[0]["author"]
    assert await contents(owner, path, author=editors) == ["reply", "edge"]


async def test_pages_hold_every_comment_once_in_order(owner: httpx.AsyncClient, path: str) -> None:
    said = [f"{number}" for number in range(7)]
    for content in said:
        await comment(owner, path, content)
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 3}
    while True:
        page = (await owner.get(f"{COMMENTS}/{id_of(path)}", params=params)).json()
        seen += [each["content"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        assert len(page["items"]) == 3
        params["cursor"] = page["next_cursor"]
    assert seen == said
    for cursor in ("x", "WyJhIiwiYiJd"):
        answer = await owner.get(f"{COMMENTS}/{id_of(path)}", params={"cursor": cursor})
        assert_problem(answer, 422, "invalid_request")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"content": ""}, "/content"),
        ({"content": " \n"}, "/content"),
        ({"content": "a\0b"}, "/content"),
        ({"content": "x" * 10_001}, "/content"),
        ({"content": 7}, "/content"),
        ({"context_type": "group"}, "/context_type"),
        ({"context_type": "node"}, "/context_id"),
        ({"context_type": "edge", "point": {"x": 1, "y": 1}}, "/context_id"),
        ({"context_type": "node", "context_id": ""}, "/context_id"),
        ({"context_type": "node", "context_id": "a\0"}, "/context_id"),
        ({"context_type": "node", "context_id": "x" * 257}, "/context_id"),
        ({"context_type": "canvas"}, "/point"),
        ({"context_type": "canvas", "point": {"x": 1}}, "/point/y"),
        ({"context_type": "canvas", "point": {"x": "1", "y": 1}}, "/point/x"),
        ({"context_type": "canvas", "point": [1, 1]}, "/point"),
        ({"parent_comment_id": "a\0"}, "/parent_comment_id"),
        ({"session_id": "a\0"}, "/session_id"),
        ({"workflow_id": "x" * 129}, "/workflow_id"),
    ],
)
async def test_a_comment_that_makes_no_sense_is_refused_with_the_place(
    owner: httpx.AsyncClient, path: str, fields: dict[str, Any], wrong: str
) -> None:
    body = {"workflow_id": id_of(path), "content": "Hm", **fields}
    problem = assert_problem(await owner.post(COMMENTS, json=body), 422, "invalid_request")
    assert problem["errors"][0]["path"] == wrong
    assert await listed(owner, path) == []


@pytest.mark.parametrize("body", ["1e999", "-1e999", "NaN"])
async def test_a_point_must_be_finite(owner: httpx.AsyncClient, path: str, body: str) -> None:
    text = (
        f'{{"workflow_id": "{id_of(path)}", "content": "x", "context_type": "canvas",'
        f' "point": {{"x": {body}, "y": 0}}}}'
    )
    headers = {"content-type": "application/json"}
    answer = await owner.post(COMMENTS, content=text, headers=headers)
    assert answer.json()["code"] in ("invalid_request", "malformed_json")
    assert await listed(owner, path) == []


@pytest.mark.parametrize("name", ["context_id", "thread_id", "author"])
async def test_a_filter_with_nul_is_refused(owner: httpx.AsyncClient, path: str, name: str) -> None:
    answer = await owner.get(f"{COMMENTS}/{id_of(path)}", params={name: "a\0"})
    assert_problem(answer, 422, "invalid_request")


async def test_a_workflow_and_a_comment_of_the_same_id_are_not_confused(
    owner: httpx.AsyncClient, path: str
) -> None:
    said = await comment(owner, path, "First")
    twin = await owner.post("/api/workflows", json={"id": said["comment_id"]})
    assert twin.status_code == 201
    assert await listed(owner, f"/api/workflows/{said['comment_id']}") == []
    assert (await owner.delete(f"{COMMENTS}/{said['comment_id']}")).status_code == 204
    assert (await owner.get(f"/api/workflows/{said['comment_id']}")).status_code == 200
    assert_problem(await owner.delete(f"{COMMENTS}/{id_of(path)}"), 404, "comment_not_found")


async def test_comments_go_with_their_workflow(owner: httpx.AsyncClient, path: str) -> None:
    said = await comment(owner, path, "First")
    assert (await owner.delete(path)).status_code == 204
    answer = await owner.post(f"{COMMENTS}/{said['comment_id']}/resolve")
    assert_problem(answer, 404, "comment_not_found")
    answer = await owner.get(f"{COMMENTS}/{id_of(path)}")
    assert_problem(answer, 404, "workflow_not_found")


async def test_in_dev_mode_a_comment_may_be_the_first_thing_in_a_workflow(dev_api: Api) -> None:
    nobody = await dev_api.nobody()
    body = {"workflow_id": fresh("w"), "content": "Hello", "user_id": "ann"}
    added = await nobody.post(COMMENTS, json=body)
    assert added.status_code == 201
    assert added.json()["author"] == "ann"
    edited = await nobody.patch(
        f"{COMMENTS}/{added.json()['comment_id']}", json={"content": "Hi", "user_id": "ann"}
    )
    assert edited.json()["content"] == "Hi"
    resolved = await nobody.post(
        f"{COMMENTS}/{added.json()['comment_id']}/resolve", params={"user_id": "bob"}
    )
    assert resolved.json()["resolved_by"] == "bob"


def test_mentions_are_words_after_an_at_sign_each_once() -> None:
    assert mentions("@ann and (@bob), @ann: see @team.a.") == ["ann", "bob", "team.a"]
    assert mentions("mail me at ann@example.org, or @@") == []
    assert mentions("@auth0|7f @Jürgen") == ["auth0|7f", "Jürgen"]
    assert len(mentions(" ".join(f"@u{number}" for number in range(99)))) == MAX_MENTIONS


async def test_in_dev_mode_the_body_may_say_who_resolves(dev_api: Api) -> None:
    anyone = await dev_api.nobody()
    workflow_id = fresh("flow")
    asked = {"workflow_id": workflow_id, "content": "Really?", "user_id": "ann"}
    added = await anyone.post(COMMENTS, json=asked)
    assert added.status_code == 201, added.text
    of_comment = f"{COMMENTS}/{added.json()['comment_id']}"
    resolved = await anyone.post(f"{of_comment}/resolve", json={"user_id": "bob"})
    assert (resolved.status_code, resolved.json()["resolved_by"]) == (200, "bob")
    reopened = await anyone.post(f"{of_comment}/reopen", json={"user_id": "bob"})
    assert (reopened.status_code, reopened.json()["resolved"]) == (200, False)
