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
