"""Workflow documents over HTTP: created, read, changed, exported, deleted."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import anyio
import pytest
from pycrdt import Doc, Map

from tests.rest.conftest import TWO_NODES, assert_problem, fresh

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api

REAL = sorted((Path(__file__).parents[1] / "data" / "workflows").glob("*.json"))


def read(file: Path) -> dict[str, Any]:
    graph: dict[str, Any] = json.loads(file.read_text())
    return graph


async def test_a_workflow_is_created_empty_and_belongs_to_its_creator(
    api: Api, owner: httpx.AsyncClient
) -> None:
    created = await owner.post("/api/workflows")
    assert created.status_code == 201
    body = created.json()
    assert created.headers["location"] == f"/api/workflows/{body['id']}"
    assert created.headers["etag"] == '"0"'
    assert body["role"] == "owner"
    assert body["name"] == body["description"] == ""
    assert body["tags"] == []
    read = (await owner.get(created.headers["location"])).json()
    assert (read["nodes"], read["edges"], read["meta"]) == ([], [], {})


async def test_a_workflow_is_created_with_the_id_and_the_graph_given(
    owner: httpx.AsyncClient,
) -> None:
    workflow_id = fresh("A.b_c~d")
    created = await owner.post("/api/workflows", json={"id": workflow_id, "name": "N", **TWO_NODES})
    assert created.status_code == 201
    assert created.json()["id"] == workflow_id
    assert created.headers["etag"] == '"1"'
    read = (await owner.get(f"/api/workflows/{workflow_id}")).json()
    assert read["id"] == workflow_id
    assert read["name"] == "N"
    assert read["role"] == "owner"
    assert read["nodes"] == TWO_NODES["nodes"]
    assert read["edges"] == TWO_NODES["edges"]
    assert read["meta"] == {"name": "N"}
    assert read["seq"] == 1
    assert read["created_by"].startswith("owner-")
    for moment in (read["created_at"], read["updated_at"]):
        assert moment.endswith("Z")
        assert abs(datetime.fromisoformat(moment) - datetime.now(UTC)) < timedelta(minutes=5)


async def test_an_id_that_is_taken_is_refused_and_nothing_is_changed(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    stranger = await api.user(fresh("stranger"))
    taken = path.rsplit("/", 1)[1]
    answer = await stranger.post("/api/workflows", json={"id": taken, "name": "Mine now"})
    assert_problem(answer, 409, "workflow_exists")
    read = (await owner.get(path)).json()
    assert read["name"] == "Two nodes"
    assert_problem(await stranger.get(path), 403, "forbidden")


async def test_of_many_who_create_the_same_id_at_once_one_succeeds(api: Api) -> None:
    users = [await api.user(fresh("user")) for _ in range(8)]
    workflow_id = fresh("raced")
    created: dict[int, int] = {}

    async def create(number: int) -> None:
        body = {"id": workflow_id, "name": f"by {number}", **TWO_NODES}
        created[number] = (await users[number].post("/api/workflows", json=body)).status_code

    async with anyio.create_task_group() as tasks:
        for number in range(len(users)):
            tasks.start_soon(create, number)
    assert sorted(created.values()) == [201] + [409] * 7
    (winner,) = (number for number, status in created.items() if status == 201)
    read = (await users[winner].get(f"/api/workflows/{workflow_id}")).json()
    assert (read["name"], read["seq"], len(read["nodes"])) == (f"by {winner}", 1, 2)


async def test_patches_of_many_at_once_are_all_kept(owner: httpx.AsyncClient, path: str) -> None:
    async def change(number: int) -> None:
        changed = await owner.patch(f"{path}/nodes/ask", json={"data": {f"k{number}": number}})
        assert changed.status_code == 200
        assert changed.json()["data"][f"k{number}"] == number

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(change, number)
    data = (await owner.get(path)).json()["nodes"][0]["data"]
    assert data == {"prompt": "Why?", **{f"k{number}": number for number in range(20)}}


async def test_of_many_conditional_patches_of_one_etag_one_succeeds(
    owner: httpx.AsyncClient, path: str
) -> None:
    etag = (await owner.get(path)).headers["etag"]
    statuses: list[int] = []

    async def change(number: int) -> None:
        answer = await owner.patch(
            f"{path}/nodes/ask", json={"data": {"k": number}}, headers={"if-match": etag}
        )
        statuses.append(answer.status_code)

    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(change, number)
    assert sorted(statuses) == [200] + [412] * 9


@pytest.mark.parametrize("file", REAL, ids=lambda file: file.stem)
async def test_an_export_of_a_real_workflow_makes_the_same_workflow_again(
    api: Api, owner: httpx.AsyncClient, file: Path
) -> None:
    given = read(file)
    first = await api.workflow(owner, **given)
    export = await owner.get(f"{first}/export")
    assert export.status_code == 200
    graph = export.json()
    assert {node["id"] for node in graph["nodes"]} == {node["id"] for node in given["nodes"]}
    assert {edge["id"] for edge in graph["edges"]} == {edge["id"] for edge in given["edges"]}
    assert all("selected" not in node and "dragging" not in node for node in graph["nodes"])
    second = await api.workflow(owner, **graph)
    assert (await owner.get(f"{second}/export")).json() == graph


@pytest.mark.parametrize("name", ['Würfel; "best"\r\nX: y', "Onboarding", "名前", "../../x"])
async def test_an_export_is_an_attachment_that_bears_the_name(
    api: Api, owner: httpx.AsyncClient, name: str
) -> None:
    path = await api.workflow(owner, name=name)
    export = await owner.get(f"{path}/export")
    plain, _, extended = export.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert unquote(extended) == f"{name}.json"
    parsed = Message()
    parsed["content-disposition"] = plain
    assert parsed.get_content_disposition() == "attachment"
    file_name = parsed.get_filename()
    assert file_name is not None
    assert re.fullmatch(r"[A-Za-z0-9 ._-]+\.json", file_name)
    assert "x" not in export.headers


async def test_an_unnamed_export_is_named_by_the_id(api: Api, owner: httpx.AsyncClient) -> None:
    path = await api.workflow(owner)
    export = await owner.get(f"{path}/export")
    assert f'filename="{path.rsplit("/", 1)[1]}.json"' in export.headers["content-disposition"]


async def test_the_state_is_one_yjs_update_that_holds_the_graph(
    owner: httpx.AsyncClient, path: str
) -> None:
    state = await owner.get(f"{path}/state")
    assert state.status_code == 200
    assert state.headers["content-type"] == "application/octet-stream"
    assert state.headers["etag"] == '"1"'
    doc: Doc[Any] = Doc()
    doc.apply_update(state.content)
    nodes = doc.get("nodes", type=Map)
    assert nodes.to_py() is not None
    assert set(nodes) == {"ask", "mail"}


async def test_a_json_patch_changes_nodes_edges_and_meta_at_once(
    owner: httpx.AsyncClient, path: str
) -> None:
    patch = [
        {"op": "test", "path": "/nodes/0/id", "value": "ask"},
        {"op": "replace", "path": "/nodes/0/data/prompt", "value": "Why not?"},
        {"op": "add", "path": "/nodes/-", "value": {"id": "new", "position": {"x": 1, "y": 2}}},
        {"op": "add", "path": "/edges/-", "value": {"id": "e2", "source": "mail", "target": "new"}},
        {"op": "remove", "path": "/edges/0"},
        {"op": "replace", "path": "/meta/name", "value": "Three nodes"},
        {"op": "add", "path": "/meta/tags", "value": ["mail"]},
    ]
    patched = await owner.patch(path, json=patch)
    assert patched.status_code == 200
    read = await owner.get(path)
    assert patched.json() == read.json()
    assert patched.headers["etag"] == read.headers["etag"] == '"2"'
    body = read.json()
    assert [node["id"] for node in body["nodes"]] == ["ask", "mail", "new"]
    assert body["nodes"][0]["data"] == {"prompt": "Why not?"}
    assert [edge["id"] for edge in body["edges"]] == ["e2"]
    assert body["name"] == "Three nodes"
    assert body["tags"] == ["mail"]


@pytest.mark.parametrize(
    "content_type",
    ["application/json-patch+json", "application/json", "application/json; charset=utf-8"],
)
async def test_a_json_patch_may_come_under_either_content_type(
    owner: httpx.AsyncClient, path: str, content_type: str
) -> None:
    patched = await owner.patch(
        path,
        content=b'[{"op": "add", "path": "/meta/description", "value": "d"}]',
        headers={"content-type": content_type},
    )
    assert patched.status_code == 200
    assert patched.json()["description"] == "d"


async def test_a_json_patch_moves_and_copies(owner: httpx.AsyncClient, path: str) -> None:
    patch = [
        {"op": "copy", "from": "/nodes/1/data/label", "path": "/nodes/0/data/label"},
        {"op": "move", "from": "/nodes/1/data/label", "path": "/nodes/1/data/title"},
    ]
    nodes = (await owner.patch(path, json=patch)).json()["nodes"]
    assert nodes[0]["data"] == {"prompt": "Why?", "label": "Mail"}
    assert nodes[1]["data"] == {"title": "Mail"}


async def test_a_patch_whose_test_fails_changes_nothing(
    owner: httpx.AsyncClient, path: str
) -> None:
    before = (await owner.get(path)).json()
    patch = [
        {"op": "replace", "path": "/meta/name", "value": "x"},
        {"op": "test", "path": "/nodes/0/id", "value": "mail"},
    ]
    problem = assert_problem(await owner.patch(path, json=patch), 409, "patch_test_failed")
    assert problem["errors"][0]["path"] == "/1"
    assert (await owner.get(path)).json() == before


async def test_a_node_is_changed_by_a_merge_patch(owner: httpx.AsyncClient, path: str) -> None:
    changed = await owner.patch(
        f"{path}/nodes/ask",
        json={"position": {"x": 7, "y": 8}, "type": None, "data": {"model": {"name": "m"}}},
        headers={"content-type": "application/merge-patch+json"},
    )
    assert changed.status_code == 200
    assert changed.headers["etag"] == '"2"'
    assert changed.json() == {
        "id": "ask",
        "position": {"x": 7, "y": 8},
        "data": {"prompt": "Why?", "model": {"name": "m"}},
    }
    assert (await owner.get(path)).json()["nodes"][0] == changed.json()


async def test_an_edge_is_changed_by_a_merge_patch(owner: httpx.AsyncClient, path: str) -> None:
    changed = await owner.patch(f"{path}/edges/e1", json={"data": {"label": "yes"}})
    assert changed.status_code == 200
    assert changed.json()["data"] == {"label": "yes"}
    assert (await owner.get(path)).json()["edges"] == [changed.json()]


@pytest.mark.parametrize("node_id", ["a/b", "a b", "ä?#%", "a%2Fb", "..", "nodes/x"])
async def test_a_node_of_any_id_can_be_changed(
    api: Api, owner: httpx.AsyncClient, node_id: str
) -> None:
    path = await api.workflow(owner, nodes=[{"id": node_id, "position": {"x": 0, "y": 0}}])
    escaped = "".join(f"%{byte:02X}" for byte in node_id.encode())
    changed = await owner.patch(f"{path}/nodes/{escaped}", json={"data": {"k": 1}})
    assert changed.status_code == 200, changed.text
    assert changed.json()["id"] == node_id


@pytest.mark.parametrize("kind", ["node", "edge"])
async def test_a_merge_patch_of_what_is_not_there_is_refused(
    owner: httpx.AsyncClient, path: str, kind: str
) -> None:
    answer = await owner.patch(f"{path}/{kind}s/gone", json={"data": {}})
    assert_problem(answer, 404, f"{kind}_not_found")


async def test_a_current_etag_gets_304_and_a_stale_one_the_workflow(
    owner: httpx.AsyncClient, path: str
) -> None:
    etag = (await owner.get(path)).headers["etag"]
    for tags in (etag, f'"999", {etag}', f"W/{etag}", "*"):
        for target in (path, f"{path}/state"):
            unchanged = await owner.get(target, headers={"if-none-match": tags})
            assert unchanged.status_code == 304, tags
            assert unchanged.headers["etag"] == etag
            assert unchanged.content == b""
    await owner.patch(f"{path}/nodes/ask", json={"data": {"k": 1}})
    changed = await owner.get(path, headers={"if-none-match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


async def test_a_stale_if_match_is_412_and_changes_nothing(
    owner: httpx.AsyncClient, path: str
) -> None:
    stale = (await owner.get(path)).headers["etag"]
    await owner.patch(f"{path}/nodes/ask", json={"data": {"k": 1}})
    before = await owner.get(path)
    patch = [{"op": "replace", "path": "/meta/name", "value": "x"}]
    refused = [
        await owner.patch(path, json=patch, headers={"if-match": stale}),
        await owner.patch(f"{path}/nodes/ask", json={"type": "x"}, headers={"if-match": stale}),
        await owner.patch(f"{path}/edges/e1", json={"type": "x"}, headers={"if-match": stale}),
        await owner.patch(path, json=patch, headers={"if-match": "nonsense"}),
    ]
    for answer in refused:
        problem = assert_problem(answer, 412, "stale")
        assert problem["seq"] == 2
        assert answer.headers["etag"] == '"2"'
    assert (await owner.get(path)).json() == before.json()
    for number, current in enumerate(('"2"', '"99", "3"', "*")):
        patch[0]["value"] = f"name {number}"
        done = await owner.patch(path, json=patch, headers={"if-match": current})
        assert done.status_code == 200, (current, done.text)


async def test_a_deleted_workflow_is_gone_and_its_id_is_free(
    owner: httpx.AsyncClient, path: str
) -> None:
    assert (await owner.delete(path)).status_code == 204
    for answer in (
        await owner.get(path),
        await owner.get(f"{path}/state"),
        await owner.get(f"{path}/export"),
        await owner.get(f"{path}/members"),
        await owner.patch(path, json=[]),
        await owner.delete(path),
    ):
        assert_problem(answer, 404, "workflow_not_found")
    again = await owner.post("/api/workflows", json={"id": path.rsplit("/", 1)[1]})
    assert again.status_code == 201
    assert (await owner.get(path)).json()["nodes"] == []


async def test_the_log_keeps_who_deleted_a_workflow(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    created_by = (await owner.get(path)).json()["created_by"]
    await owner.delete(path)
    workflow_id = path.rsplit("/", 1)[1]
    (line,) = [
        each
        for each in api.server.log().splitlines()
        if "workflow deleted" in each and f"workflow_id={workflow_id}" in each
    ]
    assert f"user_id={created_by}" in line
    assert "Two nodes" not in line


async def test_everything_is_still_there_after_a_restart(
    api: Api, owner: httpx.AsyncClient
) -> None:
    path = await api.workflow(owner, name="Kept", **TWO_NODES)
    await owner.patch(f"{path}/nodes/ask", json={"data": {"k": 1}})
    before = (await owner.get(path)).json()
    await api.server.restart()
    assert (await owner.get(path)).json() == before


async def test_a_workflow_of_5000_nodes_is_created_read_and_patched(
    api: Api, owner: httpx.AsyncClient
) -> None:
    nodes = [
        {"id": f"n{n}", "position": {"x": n, "y": n}, "data": {"prompt": f"text {n}"}}
        for n in range(5_000)
    ]
    path = await api.workflow(owner, nodes=nodes)
    assert (await owner.get(path, timeout=30)).json()["nodes"] == nodes
    changed = await owner.patch(f"{path}/nodes/n4999", json={"data": {"k": 1}}, timeout=30)
    assert changed.json()["data"] == {"prompt": "text 4999", "k": 1}
