"""Guests' tokens: signed by this server with a key of their own, accepted in both auth modes."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crdt_store.ids import UserId, WorkflowId
from server.core.access import AccessSnapshot
from server.core.auth import IdentityMismatch, Unauthenticated, create_authenticator, mint_token
from server.core.guests import (
    GUEST_KEY_ID,
    LEEWAY,
    MAX_LIFE,
    GuestTokens,
    new_guest_id,
    server_secret,
)
from server.core.roles import Permission
from tests.core.environments import JWT_SECRET, dev_settings, jwt_settings

if TYPE_CHECKING:
    from server.core.settings import Settings

pytestmark = pytest.mark.usefixtures("clean_environ")

SECRET = "a-secret-for-links"
GUEST = UserId("guest:7f")
PUBLIC_PEM = (
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


def by_public_key(**settings: object) -> Settings:
    return jwt_settings(jwt_secret=None, jwt_public_key=PUBLIC_PEM, **settings)


SETTINGS: dict[str, Settings] = {
    "dev": dev_settings(),
    "dev with a secret": dev_settings(secret=SECRET),
    "jwt": jwt_settings(),
    "jwt with a secret": jwt_settings(secret=SECRET),
    "public key with a secret": by_public_key(secret=SECRET),
}
EVERY_MODE = pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)


def guest_token(settings: Settings, *, lasts: timedelta | None = None, name: str = "Ann") -> str:
    now = datetime.now(UTC)
    ends_at = None if lasts is None else now + lasts
    return GuestTokens.of(settings).mint(GUEST, name, share="row", now=now, ends_at=ends_at)


def forged(key: str | bytes, *, kid: str | None = GUEST_KEY_ID, **claims: Any) -> str:
    payload = {"sub": GUEST, "name": "Ann", "share": "row", "exp": time.time() + 60, **claims}
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(payload, key, "HS256", headers=headers)


@EVERY_MODE
async def test_sec_1_a_guest_is_who_its_token_says(settings: Settings) -> None:
    identity = await create_authenticator(settings).identify(guest_token(settings))

    assert (identity.user_id, identity.name) == (GUEST, "Ann")
    assert identity.is_guest
    assert identity.grants == {}
    assert identity.expires_at is not None
    left = identity.expires_at - datetime.now(UTC)
    assert MAX_LIFE < left <= MAX_LIFE + LEEWAY


@EVERY_MODE
async def test_a_guest_may_name_itself_and_nobody_else(settings: Settings) -> None:
    authenticator = create_authenticator(settings)

    assert (await authenticator.identify(guest_token(settings), user_id=GUEST)).user_id == GUEST
    with pytest.raises(IdentityMismatch):
        await authenticator.identify(guest_token(settings), user_id="alice")


async def test_a_guests_token_ends_with_its_share() -> None:
    settings = jwt_settings()
    token = guest_token(settings, lasts=timedelta(seconds=30))

    identity = await create_authenticator(settings).identify(token)

    assert identity.expires_at is not None
    assert identity.expires_at - datetime.now(UTC) <= timedelta(seconds=30) + LEEWAY
    claims = jwt.decode(token, options={"verify_signature": False})
    assert set(claims) == {"sub", "name", "share", "exp"}
    assert "permissions" not in claims


@EVERY_MODE
async def test_an_expired_guest_is_nobody(settings: Settings) -> None:
    token = guest_token(settings, lasts=-LEEWAY - timedelta(seconds=1))

    with pytest.raises(Unauthenticated, match="has expired"):
        await create_authenticator(settings).identify(token)


@EVERY_MODE
async def test_sec_1_a_tampered_guest_token_is_refused(settings: Settings) -> None:
    head, body, signature = guest_token(settings).split(".")
    _, other_body, _ = guest_token(settings, name="Eve").split(".")
    authenticator = create_authenticator(settings)

    for token in (
        f"{head}.{other_body}.{signature}",
        f"{head}.{body}.{signature[::-1]}",
        f"{head}.{body}.",
        f"{head}.{body}",
    ):
        with pytest.raises(Unauthenticated) as caught:
            await authenticator.identify(token)
        assert token not in str(caught.value)


@pytest.mark.parametrize("mode", ["jwt", "jwt with a secret"])
async def test_sec_1_the_hosts_secret_signs_no_guest(mode: str) -> None:
    authenticator = create_authenticator(SETTINGS[mode])

    with pytest.raises(Unauthenticated, match="not one of this server's"):
        await authenticator.identify(forged(JWT_SECRET))
    with pytest.raises(Unauthenticated, match="the claim sub is a guest's"):
        await authenticator.identify(forged(JWT_SECRET, kid=None))
    with pytest.raises(Unauthenticated, match="the claim sub is a guest's"):
        await authenticator.identify(forged(JWT_SECRET, kid="other"))


async def test_sec_1_the_key_of_links_signs_no_guest() -> None:
    settings = jwt_settings(secret="s" * 32)

    with pytest.raises(Unauthenticated):
        await create_authenticator(settings).identify(forged("s" * 32))


@pytest.mark.parametrize(
    "claims",
    [{"sub": "alice"}, {"sub": "Guest:x"}, {"name": None}, {"exp": "soon"}, {"exp": [1]}],
    ids=str,
)
async def test_a_guests_token_holds_what_a_guests_token_holds(claims: dict[str, Any]) -> None:
    settings = jwt_settings()
    right = guest_token(settings)
    secret = server_secret(settings)
    assert secret is not None
    tokens = GuestTokens(secret)
    token = forged(tokens._key or b"", **claims)
    assert right != token

    with pytest.raises(Unauthenticated, match="not one of this server's"):
        await create_authenticator(settings).identify(token)


async def test_a_token_of_another_server_is_refused() -> None:
    token = guest_token(jwt_settings(secret="another-secret-for-links"))

    with pytest.raises(Unauthenticated):
        await create_authenticator(jwt_settings(secret=SECRET)).identify(token)


async def test_without_any_secret_there_are_no_guests() -> None:
    settings = by_public_key()

    assert server_secret(settings) is None
    with pytest.raises(Unauthenticated, match="has no guests"):
        await create_authenticator(settings).identify(guest_token(jwt_settings()))
    with pytest.raises(ValueError, match="secret"):
        guest_token(settings)


def test_only_guests_get_such_tokens() -> None:
    tokens = GuestTokens.of(jwt_settings())
    with pytest.raises(ValueError, match="only guests"):
        tokens.mint(UserId("alice"), "Alice", share="row", now=datetime.now(UTC), ends_at=None)
    with pytest.raises(ValueError, match="guest"):
        mint_token(jwt_settings(), GUEST, expires_in_s=60)


async def test_sec_1_in_dev_mode_too_a_guest_is_one_by_token_only() -> None:
    authenticator = create_authenticator(dev_settings())

    with pytest.raises(Unauthenticated, match="user_id is a guest's"):
        await authenticator.identify(None, user_id=GUEST)
    assert (await authenticator.identify("whatever", user_id="bob")).user_id == "bob"


async def test_a_guest_has_nothing_by_openness_to_all() -> None:
    settings = dev_settings(dev_open=True)
    guest = await create_authenticator(settings).identify(guest_token(settings))
    rules = AccessSnapshot(access_epoch=1, open_to_all=True)

    assert rules.permissions_of(guest, WorkflowId("w")) == frozenset()
    granted = {GUEST: frozenset({Permission.VIEW})}
    shared = AccessSnapshot(access_epoch=1, open_to_all=True, shared=granted)
    assert shared.permissions_of(guest, WorkflowId("w")) == {Permission.VIEW}


def test_guests_are_new_each_time() -> None:
    assert len({new_guest_id() for _ in range(100)}) == 100
