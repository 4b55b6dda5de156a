"""The seed's "Manual Testing Checklist": 4. Sharing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.node_clients import SYNCED, equals, exists
from tests.rest.commenting import COMMENTS
from tests.rest.conftest import Api, assert_problem
from tests.rest.locking import until
from tests.rest.sharing import SHARES, guest, id_of, share, token_of
from tests.seed.doors import ACC_3_S, ONE_SECOND_IN_DAYS, patch_node, yjs

if TYPE_CHECKING:
    import httpx

    from tests.node_clients import NodeClients


def redeem_path(shared: dict[str, Any]) -> str:
    return f"{SHARES}/{shared['share_id']}/redeem"


async def test_generate_share_link(owner: httpx.AsyncClient, path: str) -> None:
    shared = await share(owner, path, "comment", expires_in_days=7, max_uses=10)
    assert shared["url"].endswith(f"/share/{shared['share_id']}")
    assert shared["permissions"] == {
        "can_view": True,
        "can_edit": False,
        "can_comment": True,
        "can_share": False,
    }
    assert (shared["uses"], shared["max_uses"], shared["revoked"]) == (0, 10, False)
    audit = await owner.get(f"/api/collaboration/audit/{id_of(path)}")
    assert audit.json()["items"][0]["action"] == "share.created"


async def test_copy_link_to_clipboard(api: Api, owner: httpx.AsyncClient, path: str) -> None:
    """The link can be shown again at any time, and is all that its receiver needs."""
    shared = await share(owner, path)
    again = (await owner.get(f"{SHARES}/{shared['share_id']}")).json()
    [listed] = (await owner.get(SHARES, params={"workflow_id": id_of(path)})).json()["items"]
    assert again == listed == shared
    nobody = await api.nobody()
    from_link = shared["url"].rpartition("/share/")[2]
    preview = await nobody.get(f"{SHARES}/{from_link}")
    assert preview.json()["workflow_id"] == id_of(path)
    assert preview.json()["workflow_name"] == "Two nodes"


async def test_access_workflow_via_share_link(
    api: Api, owner: httpx.AsyncClient, path: str, clients: NodeClients
) -> None:
    nobody = await api.nobody()
    assert_problem(await nobody.get(path), 401, "unauthenticated")
    visitor = await guest(api, await share(owner, path, "edit"), name="Grace")
    assert (await visitor.get(path)).json()["name"] == "Two nodes"
    graces = await yjs(api, clients, visitor, path)
    olga = await yjs(api, clients, owner, path)
    await graces.set_awareness(cursor={"x": 1, "y": 2})
    await graces.edit(["set", ["nodes", "ask", "type"], "hers"])
    await olga.until(equals(["doc", "nodes", "ask", "type"], "hers"))
    [user_id] = await olga.look("users")
    assert user_id.startswith("guest:")
    assert (await olga.look("users", user_id, "user", "name")) == "Grace"


@pytest.mark.parametrize(
    "granted", [(), ("comment",), ("edit",), ("share",), ("comment", "edit", "share")]
)
async def test_verify_permissions_work(
    api: Api, owner: httpx.AsyncClient, path: str, granted: tuple[str, ...]
) -> None:
    """Exactly what the link grants: none of the four implies another."""
    visitor = await guest(api, await share(owner, path, *granted))
    workflow = {"workflow_id": id_of(path)}
    assert (await visitor.get(path)).status_code == 200
    answers = {
        "comment": await visitor.post(COMMENTS, json={**workflow, "content": "Hello"}),
        "edit": await patch_node(visitor, path, type="theirs"),
        "share": await visitor.post(SHARES, json=workflow),
        "manage": await visitor.get(f"/api/collaboration/audit/{id_of(path)}"),
    }
    for permission, answer in answers.items():
        assert answer.is_success == (permission in granted), (permission, answer.text)
        assert answer.is_success or answer.status_code == 403


async def test_revoke_share_link(
    api: Api, owner: httpx.AsyncClient, path: str, clients: NodeClients
) -> None:
    """[ACC-3] Who came by it is shown out at once, and nobody else gets in."""
    shared = await share(owner, path, "edit")
    visitor = await guest(api, shared)
    theirs = await yjs(api, clients, visitor, path)
    assert (await owner.delete(f"{SHARES}/{shared['share_id']}")).status_code == 204
    await theirs.until(equals(["final", "code"], 4403), within_s=ACC_3_S)
    assert_problem(await visitor.get(path), 403, "forbidden")
    late = await api.nobody()
    assert_problem(await late.post(redeem_path(shared), json={}), 410, "share_ended")
    assert (await owner.get(f"{SHARES}/{shared['share_id']}")).json()["revoked"] is True


async def test_test_expiration(
    api: Api, owner: httpx.AsyncClient, path: str, clients: NodeClients
) -> None:
    shared = await share(owner, path, "edit", expires_in_days=2 * ONE_SECOND_IN_DAYS)
    visitor = await guest(api, shared)
    theirs = await clients.open(
        api.server.sync_url, id_of(path), params={"token": token_of(visitor)}
    )
    await theirs.until(SYNCED, exists("doc", "nodes", "ask"))
    # By the share's end 4403, by the token's, which lasts as long, 4401.
    await theirs.until(exists("final"), within_s=2 + ACC_3_S)
    assert (await theirs.look("final", "code")) in (4401, 4403)

    async def is_out() -> bool:
        return not (await visitor.get(path)).is_success

    await until(is_out, within_s=ACC_3_S)
    late = await api.nobody()
    assert_problem(await late.post(redeem_path(shared), json={}), 410, "share_ended")
