"""The audit over HTTP: what is recorded, who may read it, filters, pages, export."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from rest.audit.details import storable
from tests.rest.commenting import COMMENTS, comment
from tests.rest.conftest import assert_problem, fresh, id_of
from tests.rest.locking import acquire, member, release

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api

AUDIT = "/api/collaboration/audit"


async def entries(client: httpx.AsyncClient, path: str, **params: Any) -> list[Any]:
    """The newest first; they must fit on one page."""
    answer = await client.get(f"{AUDIT}/{id_of(path)}", params=params)
    assert answer.status_code == 200, answer.text
    assert answer.json()["next_cursor"] is None
    items: list[Any] = answer.json()["items"]
    return items


async def actions(client: httpx.AsyncClient, path: str, **params: Any) -> list[str]:
    return [each["action"] for each in reversed(await entries(client, path, **params))]


async def test_an_audit_begins_with_the_creation_and_names_who_what_and_when(
    owner: httpx.AsyncClient, path: str
) -> None:
    me = (await owner.get(path)).json()["created_by"]
    (entry,) = await entries(owner, path)
    assert len(entry.pop("hash")) == 64
    assert entry.pop("timestamp").endswith("Z")
    assert entry == {
        "audit_id": 1,
        "workflow_id": id_of(path),
        "user_id": me,
        "user_name": me.capitalize(),
        "action": "workflow.created",
        "resource_type": "workflow",
        "resource_id": id_of(path),
        "session_id": None,
        "details": {},
    }


async def test_changes_of_members_are_recorded_and_what_changes_nothing_is_not(
    owner: httpx.AsyncClient, path: str
) -> None:
    for role in ("viewer", "viewer", "editor"):
        await owner.put(f"{path}/members/ann", json={"role": role})
    await owner.delete(f"{path}/members/ann")
    await owner.delete(f"{path}/members/ann")
    found = await entries(owner, path, resource_type="member", resource_id="ann")
    assert [(each["action"], each["details"]) for each in reversed(found)] == [
        ("member.added", {"role": "viewer"}),
        ("member.role_changed", {"from": "viewer", "to": "editor"}),
        ("member.removed", {"role": "editor"}),
    ]


async def test_comments_are_recorded_without_what_they_say(
    owner: httpx.AsyncClient, path: str
) -> None:
    said = await comment(owner, path, "Secret", context_type="node", context_id="ask")
    one = f"{COMMENTS}/{said['comment_id']}"
    for _ in range(2):
        await owner.patch(one, json={"content": "Secret too"})
        await owner.post(f"{one}/resolve")
    for _ in range(2):
        await owner.post(f"{one}/reopen")
        await owner.delete(one)
    found = await entries(owner, path, action="comment.*")
    assert [each["action"] for each in reversed(found)] == [
        "comment.added",
        "comment.edited",
        "comment.resolved",
        "comment.reopened",
        "comment.deleted",
    ]
    assert {each["resource_id"] for each in found} == {said["comment_id"]}
    assert found[-1]["details"] == {
        "thread_id": said["comment_id"],
        "context_type": "node",
        "context_id": "ask",
    }
    assert "Secret" not in (await owner.get(f"{AUDIT}/{id_of(path)}/export")).text


async def test_a_comment_names_its_session_if_it_is_one_of_the_workflow(
    owner: httpx.AsyncClient, path: str
) -> None:
    joined = await owner.post("/api/collaboration/sessions", json={"workflow_id": id_of(path)})
    session_id = joined.json()["session_id"]
    await comment(owner, path, "A", session_id=session_id)
    await comment(owner, path, "B", session_id="made-up")
    found = await entries(owner, path, action="comment.added")
    assert [each["session_id"] for each in found] == [None, session_id]
    assert "comment.added" in await actions(owner, path, session_id=session_id)


async def test_acc_2_only_who_manages_reads_the_audit(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    for role in ("viewer", "commenter", "editor"):
        reader = await member(api, owner, path, role)
        for url in (f"{AUDIT}/{id_of(path)}", f"{AUDIT}/{id_of(path)}/export"):
            assert_problem(await reader.get(url), 403, "forbidden")
    for url in (f"{AUDIT}/{fresh('no')}", f"{AUDIT}/{fresh('no')}/export", f"{AUDIT}/a%00b"):
        assert_problem(await owner.get(url), 404, "workflow_not_found")


async def test_entries_are_filtered(api: Api, owner: httpx.AsyncClient, path: str) -> None:
    editor = await member(api, owner, path, "editor")
    await acquire(editor, path, "node", "ask")
    await release(editor, path, "node", "ask")
    await comment(owner, path, "Hm")
    locks = ["lock.acquired", "lock.released"]
    all_of_it = ["workflow.created", "member.added", *locks, "comment.added"]
    assert await actions(owner, path) == all_of_it
    assert await actions(owner, path, action="lock.*") == locks
    assert await actions(owner, path, action="lock.released") == ["lock.released"]
    assert await actions(owner, path, action="lock") == []
    assert await actions(owner, path, action="l%.*") == []
    assert await actions(owner, path, resource_type="node") == locks
    assert await actions(owner, path, resource_id="ask") == locks
    editors = (await entries(owner, path, action="lock.acquired"))[0]["user_id"]
    assert await actions(owner, path, actor=editors) == locks
    times = [each["timestamp"] for each in reversed(await entries(owner, path))]
    assert await actions(owner, path, since=times[3]) == all_of_it[3:]
    assert await actions(owner, path, until=times[3]) == all_of_it[:3]
    in_india = timezone(timedelta(hours=5, minutes=30))
    elsewhere = datetime.fromisoformat(times[3]).astimezone(in_india).isoformat()
    assert await actions(owner, path, since=elsewhere) == all_of_it[3:]


@pytest.mark.parametrize(
    "params",
    [
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},
        {"until": "0001-01-01T00:00:00+14:00"},
        {"since": "9999-12-31T23:59:59-14:00"},
        {"action": "a\0"},
        {"action": ""},
        {"actor": "x" * 257},
        {"cursor": "x"},
        {"cursor": "WyItMSJd"},
        {"cursor": "WyLCsiJd"},
        {"limit": 0},
    ],
)
async def test_a_filter_that_makes_no_sense_is_refused(
    owner: httpx.AsyncClient, path: str, params: dict[str, Any]
) -> None:
    answer = await owner.get(f"{AUDIT}/{id_of(path)}", params=params)
    assert_problem(answer, 422, "invalid_request")
    if "cursor" not in params and "limit" not in params:
        answer = await owner.get(f"{AUDIT}/{id_of(path)}/export", params=params)
        assert_problem(answer, 422, "invalid_request")


async def test_pages_hold_every_entry_once_the_newest_first(
    owner: httpx.AsyncClient, path: str
) -> None:
    for number in range(6):
        await comment(owner, path, f"{number}")
    seen: list[int] = []
    params: dict[str, Any] = {"limit": 3}
    while True:
        page = (await owner.get(f"{AUDIT}/{id_of(path)}", params=params)).json()
        seen += [each["audit_id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == [7, 6, 5, 4, 3, 2, 1]


async def test_the_export_has_the_same_entries_the_oldest_first(
    owner: httpx.AsyncClient, path: str
) -> None:
    await owner.put(f"{path}/members/ann", json={"role": "viewer"})
    await comment(owner, path, "Hm")
    url = f"{AUDIT}/{id_of(path)}/export"
    expected = list(reversed(await entries(owner, path)))

    lines = await owner.get(url)
    assert lines.headers["content-type"] == "application/x-ndjson"
    assert f'filename="audit-{id_of(path)}.ndjson"' in lines.headers["content-disposition"]
    assert [json.loads(line) for line in lines.text.splitlines()] == expected
    some = await owner.get(url, params={"action": "member.*"})
    assert [json.loads(line) for line in some.text.splitlines()] == [expected[1]]

    table = await owner.get(url, params={"format": "csv"})
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(table.text, newline="")))
    assert list(rows[0]) == list(expected[0])
    for row, entry in zip(rows, expected, strict=True):
        assert json.loads(row.pop("details")) == entry.pop("details")
        assert row == {name: "" if v is None else str(v) for name, v in entry.items()}
    nothing = await owner.get(url, params={"format": "csv", "action": "no.such"})
    assert nothing.text == table.text.partition("\n")[0] + "\n"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
async def test_no_cell_of_an_exported_table_is_a_formula(
    api: Api, owner: httpx.AsyncClient, path: str, name: str
) -> None:
    user_id = fresh("=user")
    await owner.put(f"{path}/members/{user_id}", json={"role": "commenter"})
    mischievous = await api.user(user_id, name=name)
    await comment(mischievous, path, "Hm", context_type="node", context_id='=cmd|" /C calc"!A0')
    table = await owner.get(f"{AUDIT}/{id_of(path)}/export", params={"format": "csv"})
    last = list(csv.DictReader(io.StringIO(table.text, newline="")))[-1]
    assert last["user_name"] == f"'{name}"
    assert last["user_id"] == f"'{user_id}"
    for cell in last.values():
        assert not cell.startswith(("=", "+", "-", "@"))


async def test_an_export_of_many_pieces_is_whole(owner: httpx.AsyncClient, path: str) -> None:
    said = await comment(owner, path, "Hm")
    one = f"{COMMENTS}/{said['comment_id']}"
    for _ in range(260):
        assert (await owner.post(f"{one}/resolve")).status_code == 200
        assert (await owner.post(f"{one}/reopen")).status_code == 200
    text = (await owner.get(f"{AUDIT}/{id_of(path)}/export", params={"format": "csv"})).text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["audit_id"] for row in rows] == [str(number) for number in range(1, 523)]


async def test_a_workflow_that_a_door_makes_in_dev_mode_begins_its_audit_too(
    dev_api: Api,
) -> None:
    ann = await dev_api.user("ann")
    workflow_id = fresh("w")
    said = await ann.post(COMMENTS, json={"workflow_id": workflow_id, "content": "Hm"})
    assert said.status_code == 201
    found = await actions(ann, f"/api/workflows/{workflow_id}")
    assert found == ["workflow.created", "comment.added"]


def test_details_become_what_both_databases_give_back() -> None:
    odd = {
        "f": 3.0,
        "big": 1e300,
        "nan": float("nan"),
        "int": 2**70,
        "nul": "a\0",
        "n": {"t": (1,)},
    }
    assert storable(odd) == {
        "f": 3,
        "big": "1e+300",
        "nan": "nan",
        "int": str(2**70),
        "nul": "a\ufffd",
        "n": {"t": [1]},
    }
    assert type(storable(odd)["f"]) is int
    with pytest.raises(TypeError, match="set"):
        storable({"s": {1}})
