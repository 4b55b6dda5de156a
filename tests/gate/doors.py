"""The four doors through which a document is edited, so that one test can try a rule at each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.event_clients import event_client
from tests.python_clients import python_client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.servers import ServerProcess

Json = Any
FIRST: Final = "first"
"""The label that everything has at the beginning."""


@dataclass(frozen=True, slots=True)
class House:
    """A workflow of two nodes and an edge, on a server in dev mode."""

    server: ServerProcess
    workflow_id: str
    session_id: str

    @property
    def path(self) -> str:
        return f"/api/workflows/{self.workflow_id}"

    async def data(self, kind: str, name: str) -> dict[str, Json]:
        """What a node or an edge holds, as REST reads it."""
        async with self.server.http("own") as http:
            graph = (await http.get(self.path)).json()
        [entity] = [each for each in graph[f"{kind}s"] if each["id"] == name]
        data: dict[str, Json] = entity["data"]
        return data

    async def label(self, kind: str, name: str) -> str:
        label: str = (await self.data(kind, name))["label"]
        return label


@dataclass(frozen=True, slots=True)
class Denied:
    """What a door told of a refusal."""

    reason: str
    resources: tuple[tuple[str, str], ...]
    holder: str | None


def denied(told: Mapping[str, Json]) -> Denied:
    resources = tuple((each["type"], each["id"]) for each in told["resources"])
    return Denied(told["reason"], resources, told.get("holder"))


At = tuple[str] | tuple[str, str]
"""Where in `data` a door writes: a key, or the key of a setting below `inputs`."""
LABEL: Final[At] = ("label",)


async def by_yjs(
    house: House, user: str, kind: str, name: str, value: str, at: At = LABEL
) -> Denied | None:
    async with python_client(house.server, house.workflow_id, user) as client:
        holder = client.doc.get(f"{kind}s", type=type(client.nodes))[name]["data"]
        *groups, key = at
        for group in groups:
            holder = holder[group]
        before = holder[key]
        holder[key] = value
        await client.until_saved()
        assert client.closed is None, "a value can be taken back in place"
        told = [event for event in client.events if event["type"] == "edit_reverted"]
        await client.until(lambda: holder[key] == (before if told else value))
    assert len(told) <= 1
    return denied(told[0]) if told else None


async def by_event(
    house: House, user: str, kind: str, name: str, value: str, at: At = LABEL
) -> Denied | None:
    changed: Json = value
    if len(at) == 2:
        changed = {**(await house.data(kind, name))[at[0]], at[1]: value}
    async with event_client(house.server, house.session_id, user) as client:
        await client.change(f"data.{at[0]}", changed, **{f"{kind}_id": name})
        await client.until(lambda: client.of("change_saved") or client.of("error"))
        assert client.closed is None
        errors = client.of("error")
    if not errors:
        return None
    assert errors[0]["code"] == "edit_forbidden", errors
    assert errors[0][f"{kind}_id"] == name
    return denied(errors[0])


async def by_json_patch(
    house: House, user: str, kind: str, name: str, value: str, at: At = LABEL
) -> Denied | None:
    async with house.server.http(user) as http:
        listed = (await http.get(house.path)).json()[f"{kind}s"]
        [index] = [at for at, entity in enumerate(listed) if entity["id"] == name]
        path = "/".join((f"/{kind}s", str(index), "data", *at))
        operation = {"op": "replace", "path": path, "value": value}
        answer = await http.patch(house.path, json=[operation])
    return _of_problem(answer.status_code, answer.json())


async def by_merge_patch(
    house: House, user: str, kind: str, name: str, value: str, at: At = LABEL
) -> Denied | None:
    body: Json = value
    for key in ("data", *at)[::-1]:
        body = {key: body}
    async with house.server.http(user) as http:
        answer = await http.patch(f"{house.path}/{kind}s/{name}", json=body)
    return _of_problem(answer.status_code, answer.json())


def _of_problem(status: int, body: Mapping[str, Json]) -> Denied | None:
    if status == 200:
        return None
    assert (status, body["code"]) == (403, "edit_forbidden"), body
    return denied(body)


DOORS = (by_yjs, by_event, by_json_patch, by_merge_patch)
