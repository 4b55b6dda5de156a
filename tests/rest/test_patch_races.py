"""Patches of one workflow at once, and beside a Yjs client's edits: none is lost or undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest
from pycrdt import Map, Text

from tests.python_clients import python_client
from tests.rest.conftest import TWO_NODES, Api, assert_problem, fresh

if TYPE_CHECKING:
    import httpx

NODES = 400


@pytest.fixture
async def many(api: Api, owner: httpx.AsyncClient) -> str:
    """The path of a workflow whose listing takes longer than a tick."""
    nodes = [
        {"id": f"n{index}", "position": {"x": index, "y": 0}, "data": {"prompt": f"text {index}"}}
        for index in range(NODES)
    ]
    return await api.workflow(owner, id=fresh("races"), nodes=nodes)


def label(index: int, value: str) -> dict[str, Any]:
    return {"op": "add", "path": f"/nodes/{index}/data/label", "value": value}


async def test_json_patches_at_once_all_land(owner: httpx.AsyncClient, many: str) -> None:
    async def change(number: int) -> None:
        added = {"id": f"new{number}", "position": {"x": 0, "y": number}, "data": {}}
        operations = [label(number, "new"), {"op": "add", "path": "/nodes/-", "value": added}]
        answer = await owner.patch(many, json=operations, timeout=30)
        assert answer.status_code == 200, answer.text
        listed = {node["id"]: node for node in answer.json()["nodes"]}
        assert listed[f"n{number}"]["data"]["label"] == "new"
        assert listed[f"new{number}"] == added

    async with anyio.create_task_group() as tasks:
        for number in range(6):
            tasks.start_soon(change, number)
    read = (await owner.get(many)).json()
    assert [node["data"].get("label") for node in read["nodes"][:7]] == ["new"] * 6 + [None]
    assert {node["id"] for node in read["nodes"][NODES:]} == {f"new{n}" for n in range(6)}
    assert read["seq"] == 7


@pytest.mark.parametrize("typed_into", ["n3", "n200"])
async def test_a_json_patch_lands_while_a_yjs_client_types(
    api: Api, owner: httpx.AsyncClient, many: str, typed_into: str
) -> None:
    """Into the node that is patched, and into another one."""
    workflow_id = many.rsplit("/", 1)[1]
    user = fresh("typist")
    await owner.put(f"{many}/members/{user}", json={"role": "editor"})
    answers: list[httpx.Response] = []
    typed = 0

    async def patch_some() -> None:
        for number in range(5):
            operations = [
                {"op": "test", "path": "/nodes/3/id", "value": "n3"},
                label(3, f"new {number}"),
                {"op": "replace", "path": "/nodes/3/position/x", "value": number},
            ]
            answers.append(await owner.patch(many, json=operations, timeout=30))

    async with python_client(api.server, workflow_id, user) as client:
        data: Map[Any] = client.nodes[typed_into]["data"]
        text = data["prompt"]
        assert isinstance(text, Text)
        before = str(text)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(patch_some)
            while len(answers) < 5:
                text += "."
                typed += 1
                await client.until_saved()
        assert [answer.status_code for answer in answers] == [200] * 5
        await client.until(lambda: client.nodes["n3"]["data"].get("label") == "new 4")
    nodes = {node["id"]: node for node in (await owner.get(many)).json()["nodes"]}
    assert nodes[typed_into]["data"]["prompt"] == before + "." * typed
    assert (nodes["n3"]["data"]["label"], nodes["n3"]["position"]["x"]) == ("new 4", 4)


async def test_of_two_json_patches_with_one_etag_one_is_412(
    owner: httpx.AsyncClient, many: str
) -> None:
    etag = (await owner.get(many)).headers["etag"]
    answers: list[httpx.Response] = []

    async def change(number: int) -> None:
        headers = {"if-match": etag}
        answers.append(await owner.patch(many, json=[label(number, "x")], headers=headers))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(change, 0)
        tasks.start_soon(change, 1)
    kept, refused = sorted(answers, key=lambda answer: answer.status_code)
    assert kept.status_code == 200
    assert_problem(refused, 412, "stale")
    read = await owner.get(many)
    assert read.headers["etag"] == kept.headers["etag"]
    assert read.json() == kept.json()
    assert sum("label" in node["data"] for node in read.json()["nodes"]) == 1


async def test_a_merge_patch_names_the_seq_of_its_own_commit(
    api: Api, owner: httpx.AsyncClient
) -> None:
    path = await api.workflow(owner, **TWO_NODES)
    etags: list[str] = []

    async def change(number: int) -> None:
        answer = await owner.patch(f"{path}/nodes/ask", json={"data": {f"k{number}": number}})
        # What it shows is what stood at that seq: it holds the keys of those before it.
        assert len(answer.json()["data"]) == int(answer.headers["etag"].strip('"'))
        etags.append(answer.headers["etag"])

    async with anyio.create_task_group() as tasks:
        for number in range(8):
            tasks.start_soon(change, number)
    assert sorted(etags) == [f'"{seq}"' for seq in range(2, 10)]
