"""Share links over HTTP: made, read, listed, revoked; who may, and what is refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.rest.conftest import assert_problem, fresh, id_of
from tests.rest.sharing import SHARES, redeem, share

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api
    from tests.servers import ServerProcess, StartServer


async def member(api: Api, owner: httpx.AsyncClient, path: str, role: str) -> httpx.AsyncClient:
    user_id = fresh(role)
    await owner.put(f"{path}/members/{user_id}", json={"role": role})
    return await api.user(user_id)


def row_id(shared: dict[str, Any]) -> str:
    found: str = shared["share_id"].partition("~")[0]
    return found


async def actions(owner: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """The audit's entries of shares, the oldest first."""
    answer = await owner.get(f"/api/collaboration/audit/{id_of(path)}", params={"limit": 100})
    assert answer.status_code == 200, answer.text
    entries = [each for each in answer.json()["items"] if each["action"].startswith("share.")]
    return sorted(entries, key=lambda each: each["audit_id"])


# Creating


async def test_a_share_is_created_as_asked_for(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    created = await owner.post(
        SHARES,
        json={
            "workflow_id": id_of(path),
            "permissions": {"can_view": True, "can_comment": True},
            "expires_in_days": 7,
            "max_uses": 3,
        },
    )
    assert created.status_code == 201
    found = created.json()
    owner_id = (await owner.get(path)).json()["created_by"]
    assert found == {
        "share_id": found["share_id"],
        "url": f"{api.server.base_url}/share/{found['share_id']}",
        "workflow_id": id_of(path),
        "permissions": {
            "can_view": True,
            "can_edit": False,
            "can_comment": True,
            "can_share": False,
        },
        "created_by": owner_id,
        "created_by_name": owner_id.capitalize(),
        "created_at": found["created_at"],
        "expires_at": found["expires_at"],
        "max_uses": 3,
        "uses": 0,
        "revoked": False,
    }
    assert found["created_at"].endswith("Z")
    assert datetime.fromisoformat(found["expires_at"]) - datetime.fromisoformat(
        found["created_at"]
    ) == timedelta(days=7)
    row, _, proof = found["share_id"].partition("~")
    assert len(row) == 32
    assert len(proof) == 22, "128 bits in base64"


async def test_a_share_lets_view_alone_and_for_ever_unless_more_is_said(
    owner: httpx.AsyncClient, path: str
) -> None:
    created = await owner.post(SHARES, json={"workflow_id": id_of(path)})
    assert created.status_code == 201
    found = created.json()
    assert found["permissions"] == {
        "can_view": True,
        "can_edit": False,
        "can_comment": False,
        "can_share": False,
    }
    assert found["expires_at"] is None
    assert found["max_uses"] is None


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"permissions": {"can_view": False, "can_edit": True}}, "/permissions/can_view"),
        ({"permissions": {"can_edit": "yes"}}, "/permissions/can_edit"),
        ({"permissions": []}, "/permissions"),
        ({"expires_in_days": 0}, "/expires_in_days"),
        ({"expires_in_days": -1}, "/expires_in_days"),
        ({"expires_in_days": 366}, "/expires_in_days"),
        ({"expires_in_days": "soon"}, "/expires_in_days"),
        ({"max_uses": 0}, "/max_uses"),
        ({"max_uses": 1.5}, "/max_uses"),
        ({"max_uses": 10_001}, "/max_uses"),
        ({"workflow_id": 7}, "/workflow_id"),
        ({"workflow_id": None}, "/workflow_id"),
        ({"workflow_id": "w" * 129}, "/workflow_id"),
    ],
)
async def test_a_share_that_makes_no_sense_is_refused(
    owner: httpx.AsyncClient, path: str, body: dict[str, Any], wrong: str
) -> None:
    answer = await owner.post(SHARES, json={"workflow_id": id_of(path), **body})
    problem = assert_problem(answer, 422, "invalid_request")
    assert problem["errors"][0]["path"] == wrong
    listed = await owner.get(SHARES, params={"workflow_id": id_of(path)})
    assert listed.json()["items"] == []


@pytest.mark.parametrize("role", ["viewer", "commenter"])
async def test_who_may_not_share_makes_lists_reads_and_revokes_none(
    api: Api, owner: httpx.AsyncClient, path: str, role: str
) -> None:
    shared = await share(owner, path)
    client = await member(api, owner, path, role)
    of_workflow = {"workflow_id": id_of(path)}
    for answer in (
        await client.post(SHARES, json=of_workflow),
        await client.get(SHARES, params=of_workflow),
        await client.get(f"{SHARES}/{row_id(shared)}"),
        await client.delete(f"{SHARES}/{row_id(shared)}"),
        await client.delete(f"{SHARES}/{shared['share_id']}"),
    ):
        assert_problem(answer, 403, "forbidden")
    assert (await owner.get(f"{SHARES}/{row_id(shared)}")).json() == shared


async def test_an_editor_may_share_all_that_an_editor_may(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    editor = await member(api, owner, path, "editor")
    shared = await share(editor, path, "edit", "comment", "share")
    assert all(shared["permissions"].values())
    assert (await owner.get(f"{SHARES}/{row_id(shared)}")).json() == shared


async def test_a_stranger_learns_nothing_of_shares(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path)
    stranger = await api.user(fresh("stranger"))
    of_workflow = {"workflow_id": id_of(path)}
    assert_problem(await stranger.post(SHARES, json=of_workflow), 403, "forbidden")
    assert_problem(await stranger.get(SHARES, params=of_workflow), 403, "forbidden")
    texts = set()
    for unknown in (row_id(shared), "0" * 32):
        for answer in (
            await stranger.get(f"{SHARES}/{unknown}"),
            await stranger.delete(f"{SHARES}/{unknown}"),
            await stranger.post(f"{SHARES}/{unknown}/redeem"),
        ):
            assert_problem(answer, 404, "share_not_found")
            texts.add(answer.text)
    assert len(texts) == 1
    revoking = await stranger.delete(f"{SHARES}/{shared['share_id']}")
    assert_problem(revoking, 404, "share_not_found")


async def test_a_workflow_that_is_not_there_has_no_shares(owner: httpx.AsyncClient) -> None:
    for missing in (fresh("missing"), "a b", "a\0b", ".."):
        made = await owner.post(SHARES, json={"workflow_id": missing})
        assert_problem(made, 404, "workflow_not_found")
        listed = await owner.get(SHARES, params={"workflow_id": missing})
        assert_problem(listed, 404, "workflow_not_found")


async def test_the_shares_of_a_deleted_workflow_are_gone(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path)
    await owner.delete(path)
    assert_problem(await owner.get(f"{SHARES}/{shared['share_id']}"), 404, "share_not_found")
    nobody = await api.nobody()
    redeeming = await nobody.post(f"{SHARES}/{shared['share_id']}/redeem")
    assert_problem(redeeming, 404, "share_not_found")


# Reading


async def test_whoever_has_the_link_reads_where_it_leads_and_nothing_private(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path, "comment", max_uses=5, expires_in_days=1)
    preview = {
        "share_id": shared["share_id"],
        "workflow_id": id_of(path),
        "workflow_name": "Two nodes",
        "permissions": shared["permissions"],
        "expires_at": shared["expires_at"],
    }
    for client in (
        await api.nobody(),
        await api.user(fresh("stranger")),
        await member(api, owner, path, "viewer"),
    ):
        answer = await client.get(f"{SHARES}/{shared['share_id']}")
        assert (answer.status_code, answer.json()) == (200, preview)


async def test_without_an_identity_a_row_id_is_not_enough(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path)
    nobody = await api.nobody()
    for name in (row_id(shared), "0" * 32):
        assert_problem(await nobody.get(f"{SHARES}/{name}"), 401, "unauthenticated")
        assert_problem(await nobody.delete(f"{SHARES}/{name}"), 401, "unauthenticated")
    revoking = await nobody.delete(f"{SHARES}/{shared['share_id']}")
    assert_problem(revoking, 401, "unauthenticated")


async def test_sec_1_a_wrong_token_is_no_missing_one(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path)
    late = await api.user(fresh("late"), expires_in_s=-60)
    link = f"{SHARES}/{shared['share_id']}"
    assert_problem(await late.get(link), 401, "unauthenticated")
    assert_problem(await late.post(f"{link}/redeem"), 401, "unauthenticated")
    nobody = await api.nobody()
    named = await nobody.post(f"{link}/redeem", json={"user_id": "ann"})
    assert_problem(named, 401, "unauthenticated")
    ann = await api.user(fresh("ann"))
    other = await ann.post(f"{link}/redeem", json={"user_id": "bob"})
    assert_problem(other, 403, "identity_mismatch")


async def test_a_tampered_share_id_is_no_share(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared, other = await share(owner, path), await share(owner, path)
    row, _, proof = shared["share_id"].partition("~")
    last = "B" if proof[-1] == "A" else "A"
    nobody = await api.nobody()
    for forged in (
        f"{row}~",
        f"{row}~{proof[:-1]}",
        f"{row}~{proof[:-1]}{last}",
        f"{row}~{proof}=",
        f"{row}~{proof}~",
        f"{row}~{other['share_id'].partition('~')[2]}",
        f"{row}~{'A' * 22}",
        f"{row.upper()}~{proof}",
        f"{row}%00~{proof}",
        f"~{proof}",
        "ä~ö",
        "%ED%A0%80~x",
        "x",
    ):
        assert_problem(await nobody.get(f"{SHARES}/{forged}"), 404, "share_not_found")
        assert_problem(await owner.delete(f"{SHARES}/{forged}"), 404, "share_not_found")
        redeeming = await nobody.post(f"{SHARES}/{forged}/redeem")
        assert_problem(redeeming, 404, "share_not_found")
    assert (await owner.get(f"{SHARES}/{row}")).json()["uses"] == 0


# Listing


async def test_shares_are_listed_page_by_page_the_newest_first(
    owner: httpx.AsyncClient, path: str
) -> None:
    made = [await share(owner, path) for _ in range(5)]
    params: dict[str, str | int] = {"workflow_id": id_of(path), "limit": 2}
    seen: list[dict[str, Any]] = []
    while True:
        page = (await owner.get(SHARES, params=params)).json()
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == made[::-1]
    answer = await owner.get(SHARES, params={"workflow_id": id_of(path), "cursor": "WzEsMl0"})
    assert_problem(answer, 422, "invalid_request")


async def test_the_live_shares_are_those_that_somebody_new_can_redeem(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    live = await share(owner, path, expires_in_days=1, max_uses=2)
    revoked = await share(owner, path)
    expired = await share(owner, path, expires_in_days=1e-9)
    used_up = await share(owner, path, max_uses=1)
    await owner.delete(f"{SHARES}/{revoked['share_id']}")
    await redeem(await api.nobody(), used_up)
    listed = await owner.get(SHARES, params={"workflow_id": id_of(path), "live": True})
    assert listed.json()["items"] == [live]
    everything = await owner.get(SHARES, params={"workflow_id": id_of(path)})
    found = {each["share_id"]: each for each in everything.json()["items"]}
    assert len(found) == 4
    assert found[revoked["share_id"]]["revoked"] is True
    assert found[expired["share_id"]]["revoked"] is False
    assert found[used_up["share_id"]]["uses"] == 1


# Revoking


@pytest.mark.parametrize("by", ["share id", "row id"])
async def test_a_revoked_share_is_gone_for_all_but_those_who_may_share(
    api: Api, owner: httpx.AsyncClient, path: str, by: str
) -> None:
    shared = await share(owner, path)
    named = shared["share_id"] if by == "share id" else row_id(shared)
    assert (await owner.delete(f"{SHARES}/{named}")).status_code == 204
    assert (await owner.delete(f"{SHARES}/{named}")).status_code == 204
    nobody = await api.nobody()
    link = f"{SHARES}/{shared['share_id']}"
    assert_problem(await nobody.get(link), 410, "share_ended")
    assert_problem(await nobody.post(f"{link}/redeem"), 410, "share_ended")
    assert (await owner.get(link)).json() == {**shared, "revoked": True}


# What cannot be granted


async def test_nobody_grants_by_a_share_what_they_do_not_hold(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path, "share")
    user = await api.user(fresh("sharer"))
    await redeem(user, shared)
    answer = await user.post(
        SHARES,
        json={
            "workflow_id": id_of(path),
            "permissions": {"can_edit": True, "can_comment": True, "can_share": True},
        },
    )
    problem = assert_problem(answer, 403, "share_exceeds_permissions")
    assert problem["permissions"] == ["comment", "edit"]
    assert "comment, edit" in problem["detail"]
    passed_on = await share(user, path, "share")
    assert passed_on["permissions"] == shared["permissions"]


async def test_what_a_share_gave_is_passed_on_for_no_longer_than_it_lasts(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    first = await share(owner, path, "share", expires_in_days=1)
    user = await api.user(fresh("sharer"))
    await redeem(user, first)
    for asked in ({}, {"expires_in_days": 30}):
        assert (await share(user, path, **asked))["expires_at"] == first["expires_at"]
    sooner = await share(user, path, expires_in_days=0.5)
    assert sooner["expires_at"] < first["expires_at"]
    longer = await share(owner, path, "share", "edit", expires_in_days=2)
    await redeem(user, longer)
    assert (await share(user, path, "edit"))["expires_at"] == longer["expires_at"]
    endless = await share(owner, path, "share")
    await redeem(user, endless)
    assert (await share(user, path))["expires_at"] is None
    assert (await share(user, path, "edit"))["expires_at"] == longer["expires_at"]


# The audit


async def test_the_audit_tells_all_of_a_share_but_its_secret(
    api: Api, owner: httpx.AsyncClient, path: str
) -> None:
    shared = await share(owner, path, "comment", max_uses=5)
    guest = await api.nobody()
    redeemed = await redeem(guest, shared, name="Zoe")
    await owner.delete(f"{SHARES}/{shared['share_id']}")
    await owner.delete(f"{SHARES}/{shared['share_id']}")
    created, used, revoked = await actions(owner, path)
    assert created["action"] == "share.created"
    assert created["details"] == {
        "permissions": ["comment", "view"],
        "expires_at": None,
        "max_uses": 5,
    }
    assert (used["action"], used["user_id"], used["user_name"]) == (
        "share.redeemed",
        redeemed["user_id"],
        "Zoe",
    )
    assert (revoked["action"], revoked["user_id"]) == ("share.revoked", shared["created_by"])
    for entry in (created, used, revoked):
        assert (entry["resource_type"], entry["resource_id"]) == ("share", row_id(shared))
    whole = await owner.get(f"/api/collaboration/audit/{id_of(path)}")
    assert "~" not in whole.text


# Configurations


async def test_links_outlive_a_restart_and_die_with_the_secret(start_server: StartServer) -> None:
    server = await start_server(auth_mode="jwt")
    async with server.http("ann") as ann, server.http("bob") as bob:
        path = f"/api/workflows/{(await ann.post('/api/workflows', json={})).json()['id']}"
        shared = await share(ann, path)
        await server.restart()
        await redeem(bob, shared)
        assert (await bob.get(path)).status_code == 200
        await server.terminate()
    other = await start_server(
        auth_mode="jwt", database_url=server.database_url, secret="another-secret-for-links"
    )
    async with other.http("ann") as ann, other.http("bob") as bob:
        gone = await ann.get(f"{SHARES}/{shared['share_id']}")
        assert_problem(gone, 404, "share_not_found")
        again = (await ann.get(f"{SHARES}/{row_id(shared)}")).json()
        assert again["share_id"] != shared["share_id"]
        assert (await bob.get(path)).status_code == 200, "what was redeemed stays"


async def test_without_a_secret_that_signs_there_are_no_shares_but_the_old_can_be_revoked(
    start_server: StartServer,
) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    settings: dict[str, Any] = {
        "auth_mode": "jwt",
        "jwt_secret": "",
        "jwt_public_key": public.decode(),
    }
    server = await start_server(**settings, secret="a-secret-for-links")
    token = jwt.encode({"sub": "ann", "exp": 2**33}, private, "ES256")
    shared, path = await _shared_by(server, token)
    await server.terminate()
    bare = await start_server(**settings, secret="", database_url=server.database_url)
    assert "COFLOW_SECRET is not set" in bare.log()
    async with bare.http("unused") as client:
        client.headers["authorization"] = f"Bearer {token}"
        of_workflow = {"workflow_id": id_of(path)}
        for answer in (
            await client.post(SHARES, json=of_workflow),
            await client.get(SHARES, params=of_workflow),
            await client.get(f"{SHARES}/{row_id(shared)}"),
            await client.get(f"{SHARES}/{shared['share_id']}"),
            await client.post(f"{SHARES}/{shared['share_id']}/redeem"),
        ):
            problem = assert_problem(answer, 503, "shares_unavailable")
            assert "COFLOW_SECRET" in problem["detail"]
        assert (await client.delete(f"{SHARES}/{row_id(shared)}")).status_code == 204


async def _shared_by(server: ServerProcess, token: str) -> tuple[dict[str, Any], str]:
    async with server.http("unused") as client:
        client.headers["authorization"] = f"Bearer {token}"
        path = f"/api/workflows/{(await client.post('/api/workflows', json={})).json()['id']}"
        return await share(client, path), path
