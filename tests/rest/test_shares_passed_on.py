"""What who holds rights by a share alone can make of them: never more, and never for longer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.rest.conftest import assert_problem, fresh, id_of
from tests.rest.sharing import SHARES, guest, redeem, share

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api


async def listed(client: httpx.AsyncClient, path: str) -> dict[str, dict[str, Any]]:
    """The shares that the client is shown, by row id."""
    answer = await client.get(SHARES, params={"workflow_id": id_of(path)})
    assert answer.status_code == 200, answer.text
    return {each["share_id"].partition("~")[0]: each for each in answer.json()["items"]}


def row_id(shared: dict[str, Any]) -> str:
    found: str = shared["share_id"].partition("~")[0]
    return found


async def test_the_link_of_a_share_is_not_shown_to_who_would_gain_by_it(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    stronger, weaker = await share(owner, path, "edit"), await share(owner, path, "share")
    visitor = await guest(api, weaker)
    shown = await listed(visitor, path)
    assert shown[row_id(weaker)] == {**weaker, "uses": 1}
    assert shown[row_id(stronger)] == {**stronger, "share_id": row_id(stronger), "url": None}
    alone = await visitor.get(f"{SHARES}/{row_id(stronger)}")
    assert alone.json() == shown[row_id(stronger)]
    by_row_id = await visitor.post(f"{SHARES}/{row_id(stronger)}/redeem")
    assert_problem(by_row_id, 404, "share_not_found")

    by_link = await visitor.get(f"{SHARES}/{stronger['share_id']}")
    assert by_link.json() == stronger, "who has the link already is shown it"
    assert (await listed(owner, path))[row_id(stronger)] == stronger
    assert (await visitor.delete(f"{SHARES}/{row_id(stronger)}")).status_code == 204


async def test_who_gains_a_right_is_shown_the_links_that_give_it(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    stronger, weaker = await share(owner, path, "edit"), await share(owner, path, "share")
    user = await api.user(fresh("sharer"))
    await redeem(user, weaker)
    assert (await listed(user, path))[row_id(stronger)]["url"] is None
    await redeem(user, await share(owner, path, "edit"))
    assert (await listed(user, path))[row_id(stronger)]["url"] == stronger["url"]


async def may_view(client: httpx.AsyncClient, path: str) -> bool:
    return (await client.get(path)).status_code == 200


async def test_acc_3_a_revoked_share_takes_those_along_that_were_made_with_it(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    first = await share(owner, path, "edit", "share")
    sharer = await guest(api, first)
    second = await share(sharer, path, "edit", "share")
    other = await guest(api, second)
    third = await share(other, path)
    last = await guest(api, third)
    # A way back in that nobody would have who had not been let in before.
    await redeem(sharer, third)
    await redeem(sharer, second)

    assert (await owner.delete(f"{SHARES}/{first['share_id']}")).status_code == 204
    assert [await may_view(each, path) for each in (sharer, other, last)] == [False] * 3
    shown = await listed(owner, path)
    assert all(shown[row_id(each)]["revoked"] for each in (first, second, third))
    audit = await owner.get(
        f"/api/collaboration/audit/{id_of(path)}", params={"action": "share.revoked"}
    )
    entries = sorted(audit.json()["items"], key=lambda entry: entry["audit_id"])
    assert [(e["resource_id"], e["details"]) for e in entries] == [
        (row_id(first), {}),
        (row_id(second), {"with": row_id(first)}),
        (row_id(third), {"with": row_id(first)}),
    ]


async def test_a_share_outlives_another_that_its_creator_did_not_need_for_it(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    first, second = await share(owner, path, "share"), await share(owner, path, "share")
    sharer, editor = await api.user(fresh("sharer")), fresh("editor")
    await redeem(sharer, first)
    await redeem(sharer, second)
    by_either = await guest(api, await share(sharer, path))
    await owner.put(f"{path}/members/{editor}", json={"role": "editor"})
    member = await api.user(editor)
    await redeem(member, first)
    by_member = await guest(api, await share(member, path, "edit"))
    # Who has the right by a token alone has it all the same.
    trusted = await api.user(fresh("trusted"), workflows={id_of(path): "editor"})
    await redeem(trusted, first)
    by_trusted = await guest(api, await share(trusted, path, "edit"))

    await owner.delete(f"{SHARES}/{first['share_id']}")
    everyone = (by_either, by_member, by_trusted)
    assert [await may_view(each, path) for each in everyone] == [True] * 3
    await owner.delete(f"{SHARES}/{second['share_id']}")
    assert [await may_view(each, path) for each in everyone] == [False, True, True]
