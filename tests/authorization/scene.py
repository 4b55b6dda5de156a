"""A workflow with a member of each role and one of everything, and the callers around it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.authorization.table import CALLERS
from tests.rest.conftest import fresh
from tests.rest.locking import acquire, id_of
from tests.rest.session_calls import act, change, join, name_of
from tests.rest.sharing import guest, share

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from tests.authorization.table import Row
    from tests.rest.conftest import Api

HIDDEN = ("session_id", "share_row", "share_link", "comment_id", "other_id", "node_id", "edge_id")
"""The names of what is inside the workflow."""
GRAPH = {
    "nodes": [
        {"id": "the-ask", "position": {"x": 0, "y": 0}, "data": {}},
        {"id": "the-mail", "position": {"x": 9, "y": 0}, "data": {}},
    ],
    "edges": [{"id": "the-edge", "source": "the-ask", "target": "the-mail", "data": {}}],
}
_NAME = re.compile(r"\{(\w+)(?::\w+)?\}")


class Scene:
    """`names` are the ids that a row may have in braces."""

    def __init__(self, callers: Mapping[str, httpx.AsyncClient], names: dict[str, str]) -> None:
        self.callers = callers
        self.names = names

    def ids_of(self, caller: str) -> dict[str, str]:
        """The ids for a request of this caller's."""
        return {**self.names, "caller_id": self.names[f"{caller}_id"]}

    async def ask(self, row: Row, caller: str, **other: str) -> httpx.Response:
        """The row's request; `other` stands for some of the names."""
        return await self.send(
            row,
            caller,
            in_path=self._in_path(row, caller, **other),
            params=self.query(row, caller, **other),
            json=self.body(row, caller, **other),
        )

    async def send(
        self, row: Row, caller: str, *, in_path: Mapping[str, str] | None = None, **request: Any
    ) -> httpx.Response:
        """A request to the row's route; what is not given is the row's."""
        method, path = row.route.split()
        values = {**self._in_path(row, caller), **(in_path or {})}
        filled = _NAME.sub(lambda found: quote(values[found[1]], safe=""), path)
        if "json" not in request and "content" not in request:
            request["json"] = self.body(row, caller)
        request.setdefault("params", self.query(row, caller))
        if not request["params"]:
            del request["params"]
        return await self.callers[caller].request(method, filled, **request)

    def body(self, row: Row, caller: str, **other: str) -> Any:
        return _filled(row.body, {**self.ids_of(caller), **other})

    def query(self, row: Row, caller: str, **other: str) -> dict[str, str]:
        found: dict[str, str] = _filled(row.query, {**self.ids_of(caller), **other})
        return found

    def _in_path(self, row: Row, caller: str, **other: str) -> dict[str, str]:
        names = {**self.ids_of(caller), **other}
        return {**names, **{name: _filled(value, names) for name, value in row.ids.items()}}

    def named_in(self, row: Row) -> list[str]:
        """The names of hidden things that the row's request has."""
        text = f"{row.route} {row.ids} {row.body} {row.query}"
        return [name for name in HIDDEN if f"{{{name}}}" in text]

    async def document(self) -> Any:
        owner = self.callers["owner"]
        return (await owner.get(f"/api/workflows/{self.names['workflow_id']}")).json()

    async def look(self) -> dict[str, Any]:
        """All that a request could have changed, as the owner sees it."""
        owner, workflow_id = self.callers["owner"], self.names["workflow_id"]
        features = "/api/collaboration"
        seen = {}
        for path in (
            f"/api/workflows/{workflow_id}",
            f"/api/workflows/{workflow_id}/members",
            f"/api/workflows/{self.names['new_workflow_id']}",
            f"{features}/sessions/{self.names['session_id']}",
            f"{features}/locks/{workflow_id}",
            f"{features}/shares?workflow_id={workflow_id}",
            f"{features}/comments/{workflow_id}",
            f"{features}/audit/{workflow_id}",
        ):
            answer = await owner.get(path)
            seen[path] = (answer.status_code, answer.headers.get("etag"), answer.json())
        return seen


async def make_scene(api: Api, *, mode: str = "parallel") -> Scene:
    """The owner is in its session; the editor has the lock of `the-mail`, and the turn."""
    owner = await api.user(fresh("owner"))
    path = await api.workflow(owner, **GRAPH)
    others = await api.workflow(await api.user(fresh("somebody")))
    workflow_id = id_of(path)
    callers = {"owner": owner}
    for role in ("editor", "commenter", "viewer"):
        callers[role] = await api.user(fresh(role))
        await _put(owner, path, name_of(callers[role]), role)
    other_id = fresh("other")
    await _put(owner, path, other_id, "viewer")
    shared = await share(owner, path)
    callers["guest"] = await guest(api, shared)
    callers["stranger"] = await api.user(fresh("stranger"))
    # An id that begins like this one is another workflow's; only `*` makes it a prefix.
    grants = {id_of(others): "owner", workflow_id[:-1]: "owner", f"{workflow_id}x*": "owner"}
    callers["elsewhere"] = await api.user(fresh("elsewhere"), workflows=grants)
    callers["nobody"] = await api.nobody()
    callers["expired"] = await api.user(name_of(owner), expires_in_s=-86_400)
    assert set(callers) == set(CALLERS)
    session = await join(owner, path)
    await acquire(callers["editor"], path, "node", "the-mail")
    said = await callers["commenter"].post(
        "/api/collaboration/comments", json={"workflow_id": workflow_id, "content": "Why?"}
    )
    if mode != "parallel":
        assert (await change(owner, session, collaboration_mode=mode)).is_success
        assert (await act(callers["editor"], session, "turn/request")).is_success
    names = {
        "workflow_id": workflow_id,
        "node_id": "the-ask",
        "edge_id": "the-edge",
        "session_id": session["session_id"],
        "share_link": shared["share_id"],
        "share_row": shared["share_id"].partition("~")[0],
        "comment_id": said.json()["comment_id"],
        "other_id": other_id,
        "new_user_id": fresh("new"),
        "new_workflow_id": fresh("new"),
        **{f"{who}_id": name_of(client) for who, client in callers.items() if who != "nobody"},
        # Without a token one may claim to be anybody.
        "nobody_id": name_of(owner),
    }
    return Scene(callers, names)


async def _put(owner: httpx.AsyncClient, path: str, user_id: str, role: str) -> None:
    answer = await owner.put(f"{path}/members/{user_id}", json={"role": role})
    assert answer.status_code == 201, answer.text


def _filled(value: Any, names: Mapping[str, str]) -> Any:
    """`value` with what stands in braces in its strings."""
    if isinstance(value, str):
        return _NAME.sub(lambda found: names[found[1]], value)
    if isinstance(value, dict):
        return {key: _filled(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, names) for item in value]
    return value
