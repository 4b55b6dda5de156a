"""Identity comes from a verified token; in dev mode a `user_id` is the identity [SEC-1]."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crdt_store.ids import UserId, WorkflowId
from server.core.auth import (
    MAX_TOKEN_CHARS,
    CannotMintToken,
    IdentityMismatch,
    Unauthenticated,
    create_authenticator,
    mint_token,
)
from server.core.identity import Identity
from server.core.roles import Role
from tests.core.environments import JWT_SECRET, dev_settings, jwt_settings

pytestmark = pytest.mark.usefixtures("clean_environ")

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
KEYS: dict[str, PrivateKey] = {
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def public_pem(key: PrivateKey) -> str:
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signed(*, secret: str = JWT_SECRET, **claims: Any) -> str:
    """An HS256 token of alice for an hour; a claim given as None is left out."""
    payload = {"sub": "alice", "exp": int(time.time()) + 3600, **claims}
    present = {name: value for name, value in payload.items() if value is not None}
    return jwt.encode(present, secret, algorithm="HS256")


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def refusal(token: str | None, **settings: object) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await create_authenticator(jwt_settings(**settings)).identify(token)
    message = str(caught.value)
    assert not token or token not in message
    assert caught.value.__cause__ is None, "the cause's message may quote the token"
    return message


# Verified tokens


async def test_sec_1_a_valid_token_is_its_claims() -> None:
    exp = int(time.time()) + 600
    token = signed(
        name="Alice A.",
        email="alice@example.org",
        workflows={"w1": "owner", "team-*": "viewer"},
        exp=exp,
    )

    identity = await create_authenticator(jwt_settings(jwt_leeway_s=7)).identify(token)

    assert identity == Identity(
        user_id=UserId("alice"),
        name="Alice A.",
        email="alice@example.org",
        grants={"w1": Role.OWNER, "team-*": Role.VIEWER},
        expires_at=datetime.fromtimestamp(exp + 7, UTC),
    )


async def test_a_token_needs_no_more_than_sub_and_exp() -> None:
    identity = await create_authenticator(jwt_settings()).identify(
        signed(name="", email=None, workflows=None)
    )

    assert (identity.name, identity.email, identity.grants) == ("alice", None, {})


@pytest.mark.parametrize("algorithm", KEYS)
async def test_a_public_key_verifies_its_own_algorithm(algorithm: str) -> None:
    settings = jwt_settings(jwt_secret=None, jwt_public_key=public_pem(KEYS[algorithm]))
    token = jwt.encode(
        {"sub": "bob", "exp": time.time() + 60}, KEYS[algorithm], algorithm=algorithm
    )

    assert (await create_authenticator(settings).identify(token)).user_id == "bob"


async def test_a_user_id_must_equal_the_tokens_sub() -> None:
    authenticator = create_authenticator(jwt_settings())

    assert (await authenticator.identify(signed(), user_id="alice")).user_id == "alice"
    with pytest.raises(IdentityMismatch):
        await authenticator.identify(signed(), user_id="bob")
    with pytest.raises(IdentityMismatch):
        await authenticator.identify(signed(), user_id="")


async def test_the_clocks_may_differ_by_the_leeway() -> None:
    authenticator = create_authenticator(jwt_settings(jwt_leeway_s=60))

    identity = await authenticator.identify(signed(exp=int(time.time()) - 30))

    assert identity.expires_at is not None
    assert identity.expires_at > datetime.now(UTC)
    assert await refusal(signed(exp=int(time.time()) - 90), jwt_leeway_s=60) == (
        "the token has expired"
    )


async def test_a_name_may_be_one_of_joined_characters() -> None:
    identity = await create_authenticator(jwt_settings()).identify(signed(name="👩‍💻 Dev"))

    assert identity.name == "👩‍💻 Dev"


async def test_an_expiry_beyond_the_calendar_is_the_last_day() -> None:
    identity = await create_authenticator(jwt_settings()).identify(signed(exp=10**17))

    assert identity.expires_at is not None
    assert identity.expires_at.year == 9999


# Refused tokens


@pytest.mark.parametrize("token", [None, ""])
async def test_without_a_token_there_is_no_identity(token: str | None) -> None:
    assert await refusal(token) == "a token is required"


async def test_sec_1_another_secret_is_refused() -> None:
    message = await refusal(signed(secret="another-secret-that-is-long-enough-too"))

    assert message == "the signature of the token does not match"


async def test_sec_1_an_unsigned_token_is_refused() -> None:
    claims = {"sub": "alice", "exp": int(time.time()) + 60}
    for algorithm in ("none", "None", "NONE"):
        token = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims)}."
        assert await refusal(token) == (
            "the token is not signed with the algorithm of the configured key"
        )


async def test_sec_1_a_public_key_is_never_an_hmac_secret() -> None:
    pem = public_pem(KEYS["RS256"])
    signing_input = f"{part({'alg': 'HS256'})}.{part({'sub': 'alice', 'exp': time.time() + 60})}"
    mac = hmac.new(pem.encode(), signing_input.encode(), hashlib.sha256).digest()
    token = f"{signing_input}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    message = await refusal(token, jwt_secret=None, jwt_public_key=pem)

    assert message == "the token is not signed with the algorithm of the configured key"


async def test_sec_1_an_rsa_key_accepts_rs256_only() -> None:
    token = jwt.encode({"sub": "alice", "exp": time.time() + 60}, KEYS["RS256"], algorithm="PS256")

    message = await refusal(token, jwt_secret=None, jwt_public_key=public_pem(KEYS["RS256"]))

    assert message == "the token is not signed with the algorithm of the configured key"


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"exp": 1}, "the token has expired"),
        ({"exp": None}, "the token has no claim exp"),
        ({"sub": None}, "the token has no claim sub"),
        ({"nbf": int(time.time()) + 3600}, "the token is not valid yet"),
        (
            {"sub": ""},
            "the claim sub must be a string that is not empty, without outer spaces",
        ),
        (
            {"sub": " alice"},
            "the claim sub must be a string that is not empty, without outer spaces",
        ),
        ({"sub": "a" * 129}, "the claim sub is longer than 128 characters"),
        ({"sub": "al\u202eice"}, "the claim sub has characters that cannot be printed"),
        ({"sub": "alice\n"}, "the claim sub must be a string that is not empty, without outer"),
        ({"name": ["Alice"]}, "the claim name must be a printable string of at most 256"),
        ({"name": "A" * 257}, "the claim name must be a printable string of at most 256"),
        ({"name": "A\x00"}, "the claim name must be a printable string of at most 256"),
        ({"sub": "👩‍💻"}, "the claim sub has characters that cannot be printed"),
        ({"email": 7}, "the claim email must be a printable string of at most 320 characters"),
        ({"workflows": ["w"]}, "the claim workflows must be an object of workflow ids and roles"),
        (
            {"workflows": {"w": "admin"}},
            "the claim workflows grants 'admin' on 'w': expected viewer, commenter, editor, owner",
        ),
        ({"workflows": {"w": ["owner"]}}, "the claim workflows grants \"['owner']\" on 'w'"),
        ({"workflows": {"a*b": "owner"}}, "the claim workflows names 'a*b'"),
        ({"workflows": {"": "owner"}}, "the claim workflows names ''"),
    ],
)
async def test_a_refusal_says_which_claim_is_wrong(claims: dict[str, Any], message: str) -> None:
    assert (await refusal(signed(**claims))).startswith(message)


async def test_a_sub_that_is_no_string_is_refused() -> None:
    signing_key = jwt.PyJWS()
    payload = json.dumps({"sub": 7, "exp": int(time.time()) + 60}).encode()
    token = signing_key.encode(payload, JWT_SECRET, algorithm="HS256")

    assert await refusal(token) == "the claim sub is not a string"


async def test_an_expiry_that_is_no_time_is_refused() -> None:
    for exp in ("1e999", "-1e999", "NaN", '"soon"', "[]"):
        payload = f'{{"sub": "alice", "exp": {exp}}}'.encode()
        token = jwt.PyJWS().encode(payload, JWT_SECRET, algorithm="HS256")
        assert await refusal(token) == "the token is malformed"


async def test_audience_and_issuer_are_checked_where_configured() -> None:
    settings: dict[str, Any] = {"jwt_audience": "coflow", "jwt_issuer": "https://id.example.org"}
    right = {"aud": "coflow", "iss": "https://id.example.org"}

    authenticator = create_authenticator(jwt_settings(**settings))
    assert (await authenticator.identify(signed(**right))).user_id == "alice"
    cases: list[tuple[dict[str, Any], str]] = [
        ({**right, "aud": "other"}, "the token is for another audience"),
        ({**right, "aud": None}, "the token has no claim aud"),
        ({**right, "iss": "https://evil.example.org"}, "the token is from another issuer"),
        ({**right, "iss": None}, "the token has no claim iss"),
    ]
    for claims, message in cases:
        assert await refusal(signed(**claims), **settings) == message


async def test_an_audience_is_ignored_where_none_is_configured() -> None:
    identity = await create_authenticator(jwt_settings()).identify(signed(aud="anything"))

    assert identity.user_id == "alice"


def nested_header() -> str:
    return base64.urlsafe_b64encode(b'{"a":' + b"[" * 11_000).decode().rstrip("=") + ".e30.c2ln"


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a.b.c",
        "....",
        "é.é.é",
        "\ud800",
        "\x00.\x00.\x00",
        f"{part([1])}.{part({})}.c2ln",
        f"{part({'alg': 7})}.{part({})}.c2ln",
        f"{part({'alg': 'HS256', 'kid': 7})}.{part({})}.c2ln",
        nested_header(),
    ],
    ids=[
        "a letter",
        "no base64",
        "only dots",
        "no ascii",
        "a lone surrogate",
        "zeros",
        "header is a list",
        "alg is a number",
        "kid is a number",
        "header without end",
    ],
)
async def test_live_2_whatever_is_sent_as_a_token_is_refused(token: str) -> None:
    assert await refusal(token) in (
        "the token is malformed",
        "the token is not signed with the algorithm of the configured key",
    )


async def test_live_2_an_overlong_token_is_not_even_parsed() -> None:
    assert await refusal("a" * (MAX_TOKEN_CHARS + 1)) == (
        "the token is longer than 16384 characters"
    )


# Grants


@pytest.mark.parametrize(
    ("workflow_id", "role"),
    [
        ("w1", Role.VIEWER),
        ("w11", None),
        ("team-a", Role.COMMENTER),
        ("team-a-1", Role.EDITOR),
        ("team-", Role.COMMENTER),
        ("team", None),
        ("W1", None),
    ],
)
def test_the_highest_of_the_matching_grants_counts(workflow_id: str, role: Role | None) -> None:
    identity = Identity(
        user_id=UserId("alice"),
        name="Alice",
        grants={
            "w1": Role.VIEWER,
            "team-*": Role.COMMENTER,
            "team-a-*": Role.EDITOR,
            "team-a-1": Role.VIEWER,
        },
    )

    assert identity.role_for(WorkflowId(workflow_id)) is role


def test_a_lone_star_grants_every_workflow() -> None:
    identity = Identity(UserId("root"), name="Root", grants={"*": Role.OWNER})

    assert identity.role_for(WorkflowId("any")) is Role.OWNER


# Dev mode


async def test_in_dev_mode_the_user_id_is_the_identity() -> None:
    authenticator = create_authenticator(dev_settings())

    assert await authenticator.identify(None, user_id="bob") == Identity(UserId("bob"), name="bob")
    assert await authenticator.identify("ignored") == Identity(
        UserId("anonymous"), name="anonymous"
    )


@pytest.mark.parametrize("user_id", ["", " ", "bob ", "a" * 129, "b\x7fob", "b\nob", "\ud800"])
async def test_dev_mode_refuses_ids_that_cannot_be_shown(user_id: str) -> None:
    with pytest.raises(Unauthenticated, match="user_id"):
        await create_authenticator(dev_settings()).identify(None, user_id=user_id)


# Minting


async def test_a_minted_token_is_accepted_as_it_was_asked_for() -> None:
    settings = jwt_settings(jwt_audience="coflow", jwt_issuer="https://id.example.org")
    token = mint_token(
        settings, "alice", name="Alice", workflows={"w*": Role.EDITOR}, expires_in_s=60
    )

    identity = await create_authenticator(settings).identify(token)

    assert (identity.user_id, identity.name) == ("alice", "Alice")
    assert identity.grants == {"w*": Role.EDITOR}
    assert identity.expires_at is not None
    assert 0 < (identity.expires_at - datetime.now(UTC)).total_seconds() <= 71


@pytest.mark.parametrize(
    "wrong",
    [
        {"sub": ""},
        {"name": "\n"},
        {"workflows": {"a*b": Role.OWNER}},
        {"expires_in_s": 0},
    ],
)
def test_a_token_that_the_server_would_refuse_is_not_minted(wrong: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"sub": "alice", "expires_in_s": 60, **wrong}

    with pytest.raises(ValueError, match=r"claim|expired"):
        mint_token(jwt_settings(), arguments.pop("sub"), **arguments)


def test_only_the_holder_of_the_secret_mints() -> None:
    with pytest.raises(CannotMintToken, match="dev mode needs no tokens"):
        mint_token(dev_settings(), "alice", expires_in_s=60)
    by_key = jwt_settings(jwt_secret=None, jwt_public_key=public_pem(KEYS["ES256"]))
    with pytest.raises(CannotMintToken, match="COFLOW_JWT_SECRET"):
        mint_token(by_key, "alice", expires_in_s=60)


async def test_sec_1_nobody_acts_as_the_server_itself() -> None:
    with pytest.raises(Unauthenticated, match="the server's own"):
        await create_authenticator(dev_settings()).identify(None, user_id="system")
