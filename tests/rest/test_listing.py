"""Lists of workflows: what a user sees of them, in which order, page by page, and by search."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from tests.rest.conftest import assert_problem, fresh

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api


async def names(client: httpx.AsyncClient, **params: str | int) -> list[str]:
    listed = await client.get("/api/workflows", params=params)
    assert listed.status_code == 200, listed.text
    return [item["name"] for item in listed.json()["items"]]


async def test_a_list_holds_only_what_the_caller_is_a_member_of(
    api: Api, owner: httpx.AsyncClient
) -> None:
    friend_id = fresh("friend")
    friend, stranger = await api.user(friend_id), await api.user(fresh("stranger"))
    await api.workflow(owner, name="hidden")
    shared = await api.workflow(owner, name="shared")
    await owner.put(f"{shared}/members/{friend_id}", json={"role": "viewer"})
    assert await names(owner) == ["shared", "hidden"]
    assert await names(friend) == ["shared"]
    assert await names(stranger) == []
    item = (await friend.get("/api/workflows")).json()["items"][0]
    assert item["role"] == "viewer"
    assert item["id"] == shared.rsplit("/", 1)[1]
    assert "nodes" not in item
    await owner.delete(f"{shared}/members/{friend_id}")
    assert await names(friend) == []


async def test_a_list_holds_what_the_token_grants_by_id_and_by_prefix(
    api: Api, owner: httpx.AsyncClient
) -> None:
    team = fresh("Team_a")
    for suffix in ("-one", "-two", "xone"):
        await api.workflow(owner, id=f"{team}{suffix}", name=suffix)
    # `_` is a wildcard of LIKE, and LIKE ignores case on SQLite: neither may widen a grant.
    await api.workflow(owner, id=f"{team.replace('_', 'X')}-like", name="-like")
    await api.workflow(owner, id=f"{team.lower()}-lower", name="-lower")
    by_prefix = await api.user(fresh("guest"), workflows={f"{team}-*": "commenter"})
    assert sorted(await names(by_prefix)) == ["-one", "-two"]
    by_id = await api.user(
        fresh("guest"), workflows={f"{team}xone": "editor", "no\0such": "viewer"}
    )
    assert await names(by_id) == ["xone"]
    listed = (await by_id.get("/api/workflows")).json()["items"]
    assert listed[0]["role"] == "editor"
    by_all = await api.user(fresh("admin"), workflows={"*": "viewer"})
    assert {"-one", "-two", "xone"} <= set(await names(by_all, limit=100))


async def test_the_role_shown_is_the_higher_of_membership_and_grant(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    user_id = fresh("user")
    await owner.put(f"{path}/members/{user_id}", json={"role": "commenter"})
    workflow_id = path.rsplit("/", 1)[1]
    for granted, shown in (("viewer", "commenter"), ("editor", "editor")):
        user = await api.user(user_id, workflows={workflow_id: granted})
        assert (await user.get(path)).json()["role"] == shown
        assert (await user.get("/api/workflows")).json()["items"][0]["role"] == shown


async def test_the_last_changed_workflow_comes_first(api: Api, owner: httpx.AsyncClient) -> None:
    first = await api.workflow(owner, name="first")
    await api.workflow(owner, name="second")
    assert await names(owner) == ["second", "first"]
    before = (await owner.get(first)).json()["updated_at"]
    await owner.patch(first, json=[{"op": "add", "path": "/meta/k", "value": 1}])
    assert await names(owner) == ["first", "second"]
    assert (await owner.get(first)).json()["updated_at"] > before


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_hold_every_workflow_once_and_in_order(
    api: Api, owner: httpx.AsyncClient, limit: int
) -> None:
    for number in range(6):
        await api.workflow(owner, name=f"w{number}")
    seen: list[str] = []
    params: dict[str, str | int] = {"limit": limit}
    while True:
        page = (await owner.get("/api/workflows", params=params)).json()
        assert len(page["items"]) <= limit
        seen += [item["name"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == ["w5", "w4", "w3", "w2", "w1", "w0"]


async def test_a_page_that_is_exactly_full_says_that_nothing_follows(
    api: Api, owner: httpx.AsyncClient
) -> None:
    for number in range(2):
        await api.workflow(owner, name=f"w{number}")
    page = (await owner.get("/api/workflows", params={"limit": 2})).json()
    assert (len(page["items"]), page["next_cursor"]) == (2, None)


async def test_a_cursor_stays_valid_when_its_workflow_is_deleted(
    api: Api, owner: httpx.AsyncClient
) -> None:
    paths = [await api.workflow(owner, name=f"w{number}") for number in range(3)]
    cursor = (await owner.get("/api/workflows", params={"limit": 1})).json()["next_cursor"]
    await owner.delete(paths[2])
    assert await names(owner, cursor=cursor) == ["w1", "w0"]


def cursor_of(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%%%",
        "é",
        cursor_of("nonsense"),
        cursor_of("[]"),
        cursor_of('["a"]'),
        cursor_of('["not a time", "id"]'),
        cursor_of('["2026-01-01T00:00:00", "no time zone"]'),
        cursor_of('["2026-01-01T00:00:00+00:00", 1]'),
        cursor_of('["2026-01-01T00:00:00+00:00", "nul\\u0000"]'),
        cursor_of('["0001-01-01T00:00:00+23:59", "before all time"]'),
        "A" * 5000,
    ],
)
async def test_a_cursor_of_ones_own_making_is_refused(
    owner: httpx.AsyncClient, cursor: str
) -> None:
    answer = await owner.get("/api/workflows", params={"cursor": cursor})
    problem = assert_problem(answer, 422, "invalid_request")
    assert problem["errors"][0]["path"] == "query.cursor"


@pytest.fixture
async def library(api: Api, owner: httpx.AsyncClient) -> httpx.AsyncClient:
    for name, description, tags in (
        ("Émile's Onboarding", "Sends 100% of the mails", ["HR", "größe"]),
        ("Billing", "Collects under_scored invoices", ["Finance"]),
        ("Straßenkarte", "Draws C:\\maps", ["geo", "Finance"]),
    ):
        await api.workflow(owner, name=name, description=description, tags=tags)
    return owner


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("onboarding", ["Émile's Onboarding"]),
        ("ÉMILE", ["Émile's Onboarding"]),
        ("émile", ["Émile's Onboarding"]),
        ("STRASSE", ["Straßenkarte"]),
        ("GRÖSSE", ["Émile's Onboarding"]),
        ("finance", ["Straßenkarte", "Billing"]),
        ("finance  draws", ["Straßenkarte"]),
        ("draws finance", ["Straßenkarte"]),
        ("finance mails", []),
        ("100%", ["Émile's Onboarding"]),
        ("%", ["Émile's Onboarding"]),
        ("_", ["Billing"]),
        ("\\", ["Straßenkarte"]),
        ("/", []),
        ("'; DROP TABLE workflows; --", []),
        ("   ", ["Straßenkarte", "Billing", "Émile's Onboarding"]),
        ("", ["Straßenkarte", "Billing", "Émile's Onboarding"]),
    ],
)
async def test_search_finds_words_in_name_description_and_tags_in_any_case(
    library: httpx.AsyncClient, q: str, found: list[str]
) -> None:
    assert await names(library, q=q) == found


async def test_search_and_cursor_go_together(library: httpx.AsyncClient) -> None:
    first = (await library.get("/api/workflows", params={"q": "finance", "limit": 1})).json()
    assert [item["name"] for item in first["items"]] == ["Straßenkarte"]
    assert await names(library, q="finance", cursor=first["next_cursor"]) == ["Billing"]


async def test_search_follows_a_patch_of_meta(api: Api, owner: httpx.AsyncClient) -> None:
    path = await api.workflow(owner, name="before", tags=["old"])
    patch = [
        {"op": "replace", "path": "/meta/name", "value": "After"},
        {"op": "replace", "path": "/meta/tags", "value": ["new", 7, None]},
    ]
    await owner.patch(path, json=patch)
    # The row follows the document within a moment, not in the same transaction.
    with anyio.fail_after(5):
        while await names(owner, q="after new") != ["After"]:
            await anyio.lowlevel.checkpoint()
    assert await names(owner, q="before") == []
    item = (await owner.get("/api/workflows")).json()["items"][0]
    assert item["tags"] == ["new"]


@pytest.mark.parametrize(
    "meta",
    [
        {"name": 7, "tags": "x", "description": None},
        {"name": "n" * 100_000, "tags": ["t"] * 1_000, "description": {"a": 1}},
        {"name": "nul\0 in it", "tags": ["a\0b"], "description": "\0"},
    ],
)
async def test_any_meta_that_a_document_may_hold_can_be_listed(
    api: Api, owner: httpx.AsyncClient, meta: dict[str, Any]
) -> None:
    path = await api.workflow(owner, meta=meta)
    item = (await owner.get("/api/workflows")).json()["items"][0]
    assert isinstance(item["name"], str)
    assert len(item["name"]) <= 512
    assert isinstance(item["description"], str)
    assert len(item["tags"]) <= 64
    assert (await owner.get(path)).json()["meta"] == meta
