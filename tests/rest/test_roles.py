"""Every route against every role: what each may do, and with which code the others are refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.conftest import TWO_NODES, assert_problem, fresh

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api


@dataclass(frozen=True, slots=True)
class Call:
    """A request below a workflow's path, and the roles that may make it."""

    method: str
    below: str
    allowed: str
    """Of viewer, commenter, editor and owner, by their first letters."""
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.below or '/'}"

    async def make(self, client: httpx.AsyncClient, path: str) -> httpx.Response:
        return await client.request(
            self.method, f"{path}{self.below}", json=self.body, headers=dict(self.headers)
        )


CALLS = [
    Call("GET", "", "vceo"),
    Call("GET", "/state", "vceo"),
    Call("GET", "/export", "vceo"),
    Call("GET", "", "vceo", headers=(("if-none-match", '"1"'),)),
    Call("GET", "/members", "vceo"),
    Call("GET", "/members/zoe", "vceo"),
    Call("PATCH", "", "eo", [{"op": "add", "path": "/meta/k", "value": 1}]),
    Call("PATCH", "", "eo", []),
    Call("PATCH", "/nodes/ask", "eo", {"data": {"k": 1}}),
    Call("PATCH", "/nodes/gone", "", {"data": {"k": 1}}),
    Call("PATCH", "/edges/e1", "eo", {"data": {"k": 1}}),
    Call("PUT", "/members/zoe", "o", {"role": "owner"}),
    Call("PUT", "/members/new", "o", {"role": "viewer"}),
    Call("DELETE", "/members/zoe", "o"),
    Call("DELETE", "", "o"),
]
EDITS_WHAT_IS_NOT_THERE = "/nodes/gone"
ROLES = ("viewer", "commenter", "editor", "owner")


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize("source", ["membership", "token"])
async def test_acc_2_a_role_may_do_what_it_holds_and_nothing_else(
    api: Api, owner: httpx.AsyncClient, call: Call, source: str
) -> None:
    for role in ROLES:
        path = await api.workflow(owner, **TWO_NODES)
        await owner.put(f"{path}/members/zoe", json={"role": "viewer"})
        user_id, grants = fresh(role), {}
        if source == "membership":
            await owner.put(f"{path}/members/{user_id}", json={"role": role})
        else:
            grants = {path.rsplit("/", 1)[1]: role}
        before = (await owner.get(path)).json()
        answer = await call.make(await api.user(user_id, workflows=grants), path)
        if role[0] in call.allowed:
            assert answer.status_code < 400, (role, answer.text)
        elif call.below == EDITS_WHAT_IS_NOT_THERE and role[0] in "eo":
            assert_problem(answer, 404, "node_not_found")
        else:
            assert_problem(answer, 403, "forbidden")
            assert (await owner.get(path)).json() == before
            assert (await owner.get(f"{path}/members/zoe")).json()["role"] == "viewer"


@pytest.mark.parametrize("call", CALLS, ids=str)
async def test_acc_2_a_stranger_may_do_nothing_with_a_workflow(
    api: Api, path: str, call: Call
) -> None:
    stranger = await api.user(fresh("stranger"), workflows={"another": "owner"})
    assert_problem(await call.make(stranger, path), 403, "forbidden")


@pytest.mark.parametrize("call", CALLS, ids=str)
async def test_a_workflow_that_does_not_exist_is_not_found_by_anyone(api: Api, call: Call) -> None:
    admin = await api.user(fresh("admin"), workflows={"*": "owner"})
    for missing in (fresh("missing"), "x" * 129, "a%00b", "a%20b", "ä"):
        answer = await call.make(admin, f"/api/workflows/{missing}")
        assert_problem(answer, 404, "workflow_not_found")


@pytest.mark.parametrize("call", CALLS, ids=str)
async def test_sec_1_without_a_valid_token_nothing_is_answered(
    api: Api, path: str, call: Call
) -> None:
    nobody = await api.nobody()
    missing = await call.make(nobody, path)
    assert_problem(missing, 401, "unauthenticated")
    assert missing.headers["www-authenticate"] == 'Bearer realm="coflow"'
    for client in (
        await api.user(fresh("late"), expires_in_s=-60),
        await api.user("", workflows={"*": "owner"}),
    ):
        refused = await call.make(client, path)
        assert_problem(refused, 401, "unauthenticated")
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_sec_1_without_a_valid_token_nothing_is_listed_or_created(
    api: Api, method: str
) -> None:
    nobody = await api.nobody()
    late = await api.user(fresh("late"), expires_in_s=-60)
    for client in (nobody, late):
        answer = await client.request(method, "/api/workflows")
        assert_problem(answer, 401, "unauthenticated")


async def test_any_user_may_create_a_workflow(api: Api) -> None:
    user = await api.user(fresh("user"))
    path = await api.workflow(user, name="mine")
    assert (await user.get(path)).json()["role"] == "owner"
