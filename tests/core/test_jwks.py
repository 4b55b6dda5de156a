"""The key set of an identity provider: cached, rotated, and survived when it cannot be had."""

from __future__ import annotations

import json
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from server.core.auth import KeysUnavailable, Unauthenticated, create_authenticator
from server.core.jwks import MAX_KEY_SET_BYTES, MIN_REFETCH_S, JwksKeys
from tests.core.environments import jwt_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from anyio.abc import SocketStream

EC_KEY = ec.generate_private_key(ec.SECP256R1())
MAX_AGE_S = 300.0


def public_jwk(kid: str | None = None, **members: Any) -> dict[str, Any]:
    jwk: dict[str, Any] = ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True)
    return {**jwk, **({} if kid is None else {"kid": kid}), **members}


@dataclass
class Provider:
    """An identity provider's HTTP server on loopback; what it answers can be changed any time."""

    keys: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    body: bytes | None = None
    requests: int = 0
    url: str = ""
    trickles: bool = False
    answers: anyio.Event = field(default_factory=anyio.Event)
    """Answers wait for it; set from the beginning."""

    async def answer(self, stream: SocketStream) -> None:
        async with stream:
            received = b""
            while b"\r\n\r\n" not in received:
                received += await stream.receive()
            self.requests += 1
            await self.answers.wait()
            body = json.dumps({"keys": self.keys}).encode() if self.body is None else self.body
            await stream.send(
                b"HTTP/1.1 %d Status\r\ncontent-type: application/json\r\n"
                b"content-length: %d\r\nconnection: close\r\n\r\n" % (self.status, len(body))
            )
            try:
                while self.trickles:
                    await stream.send(b" ")
                    await anyio.sleep(0.01)
                await stream.send(body)
            except anyio.BrokenResourceError:
                # The client hung up in the middle of an answer that is too large or too slow.
                return


@asynccontextmanager
async def serving(provider: Provider) -> AsyncIterator[None]:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    provider.url = f"http://127.0.0.1:{port}/jwks.json"
    provider.answers.set()
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, provider.answer)
        yield
        tasks.cancel_scope.cancel()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider(keys=[public_jwk("first")])
    async with serving(provider):
        yield provider


class HandClock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def keys(provider: Provider, clock: HandClock) -> AsyncIterator[JwksKeys]:
    source = JwksKeys(provider.url, max_age_s=MAX_AGE_S, timeout_s=5, now_s=clock)
    yield source
    await source.aclose()


async def until_requested(provider: Provider, count: int) -> None:
    with anyio.fail_after(5):
        while provider.requests < count:
            await anyio.lowlevel.checkpoint()


async def test_a_key_set_is_fetched_once_and_then_cached(
    provider: Provider, keys: JwksKeys, clock: HandClock
) -> None:
    for _ in range(3):
        assert (await keys.key_for("first")).algorithm == "ES256"
        clock.now_s += MAX_AGE_S / 4

    assert provider.requests == 1


async def test_a_key_set_is_renewed_when_it_is_old(
    provider: Provider, keys: JwksKeys, clock: HandClock
) -> None:
    await keys.key_for("first")
    clock.now_s += MAX_AGE_S

    await keys.key_for("first")

    assert provider.requests == 2


async def test_an_unknown_key_is_looked_up_at_once(
    provider: Provider, keys: JwksKeys, clock: HandClock
) -> None:
    await keys.key_for("first")
    provider.keys = [public_jwk("first"), public_jwk("second")]
    clock.now_s += MIN_REFETCH_S

    await keys.key_for("second")

    assert provider.requests == 2


async def test_live_2_invented_keys_do_not_flood_the_provider(
    provider: Provider, keys: JwksKeys, clock: HandClock
) -> None:
    await keys.key_for("first")
    clock.now_s += MIN_REFETCH_S

    for number in range(20):
        with pytest.raises(Unauthenticated, match="unknown key"):
            await keys.key_for(f"invented-{number}")

    assert provider.requests == 2


async def test_sec_1_a_key_that_the_provider_withdrew_is_refused(
    provider: Provider, keys: JwksKeys, clock: HandClock
) -> None:
    await keys.key_for("first")
    provider.keys = [public_jwk("second")]
    clock.now_s += MAX_AGE_S

    with pytest.raises(Unauthenticated, match="unknown key"):
        await keys.key_for("first")


async def test_concurrent_callers_share_one_fetch(provider: Provider, keys: JwksKeys) -> None:
    found = []

    async def ask() -> None:
        found.append(await keys.key_for("first"))

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(ask)

    assert len(found) == 50
    assert provider.requests == 1


async def test_while_old_keys_are_renewed_only_one_caller_waits(
    provider: Provider, keys: JwksKeys, clock: HandClock
) -> None:
    await keys.key_for("first")
    clock.now_s += MAX_AGE_S
    provider.answers = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keys.key_for, "first")
        await until_requested(provider, 2)

        with anyio.fail_after(1):
            await keys.key_for("first")

        provider.answers.set()
    assert provider.requests == 2


async def test_a_caller_that_is_cancelled_leaves_the_fetch_to_the_next(
    provider: Provider, keys: JwksKeys
) -> None:
    provider.answers = anyio.Event()
    found = []

    async def ask() -> None:
        found.append(await keys.key_for("first"))

    async with anyio.create_task_group() as tasks:
        impatient = anyio.CancelScope()

        async def ask_and_leave() -> None:
            with impatient:
                await keys.key_for("first")

        tasks.start_soon(ask_and_leave)
        await until_requested(provider, 1)
        tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        impatient.cancel()
        await until_requested(provider, 2)
        provider.answers.set()

    assert len(found) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"oops"),
        (302, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"keys": []}'),
        (200, b'{"keys": ' + b"[" * 100_000),
        (200, b'{"keys": [' + b" " * MAX_KEY_SET_BYTES + b"]}"),
    ],
    ids=["500", "redirect", "html", "list", "object", "no keys", "endless", "too large"],
)
async def test_old_keys_go_on_being_served_while_the_fetch_fails(
    provider: Provider, keys: JwksKeys, clock: HandClock, status: int, body: bytes
) -> None:
    await keys.key_for("first")
    provider.status, provider.body = status, body

    for _ in range(3):
        clock.now_s += MAX_AGE_S
        assert (await keys.key_for("first")).algorithm == "ES256"

    assert provider.requests == 4


async def test_an_unknown_key_is_not_blamed_on_the_client_while_the_fetch_fails(
    provider: Provider, keys: JwksKeys, clock: HandClock
) -> None:
    provider.status = 500
    with pytest.raises(KeysUnavailable):
        await keys.key_for("first")

    provider.status = 200
    clock.now_s += MIN_REFETCH_S
    await keys.key_for("first")


async def test_a_provider_that_never_answers_is_given_up_on(provider: Provider) -> None:
    provider.answers = anyio.Event()
    keys = JwksKeys(provider.url, timeout_s=0.1)

    with anyio.fail_after(5), pytest.raises(KeysUnavailable):
        await keys.key_for("first")
    await keys.aclose()


async def test_live_2_a_provider_that_trickles_without_end_is_given_up_on(
    provider: Provider,
) -> None:
    provider.trickles = True
    provider.body = b" " * MAX_KEY_SET_BYTES
    keys = JwksKeys(provider.url, timeout_s=0.2)

    with anyio.fail_after(5), pytest.raises(KeysUnavailable):
        await keys.key_for("first")
    await keys.aclose()


async def test_a_provider_that_is_not_there_is_given_up_on() -> None:
    gone = Provider()
    async with serving(gone):
        url = gone.url
    keys = JwksKeys(url, timeout_s=5)

    with pytest.raises(KeysUnavailable):
        await keys.key_for("first")
    await keys.aclose()


async def test_without_a_key_id_the_only_key_is_meant(
    provider: Provider, keys: JwksKeys, clock: HandClock
) -> None:
    assert await keys.key_for(None) == await keys.key_for("first")

    provider.keys = [public_jwk("first"), public_jwk("second")]
    clock.now_s += MAX_AGE_S
    await keys.key_for("first")
    with pytest.raises(Unauthenticated, match="names no key"):
        await keys.key_for(None)


async def test_every_supported_type_is_pinned_and_others_are_skipped(
    provider: Provider, keys: JwksKeys
) -> None:
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    weak_key = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    ed_key = ed25519.Ed25519PrivateKey.generate().public_key()
    rsa_jwk: dict[str, Any] = RSAAlgorithm.to_jwk(rsa_key, as_dict=True)
    provider.keys = [
        {**rsa_jwk, "kid": "rsa"},
        public_jwk("ec", alg="ES256", use="sig"),
        {**OKPAlgorithm.to_jwk(ed_key, as_dict=True), "kid": "ed"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "symmetric"},
        public_jwk("encryption", use="enc"),
        {**rsa_jwk, "kid": "other algorithm", "alg": "RS512"},
        {**RSAAlgorithm.to_jwk(weak_key, as_dict=True), "kid": "weak"},
        {"kty": "EC", "crv": "P-256", "kid": "incomplete"},
        {"kty": "OKP", "crv": "X25519", "x": "AA", "kid": "no signatures"},
        {"kid": "typeless"},
    ]

    for kid, algorithm in [("rsa", "RS256"), ("ec", "ES256"), ("ed", "EdDSA")]:
        assert (await keys.key_for(kid)).algorithm == algorithm
    for kid in [str(jwk["kid"]) for jwk in provider.keys[3:]]:
        with pytest.raises(Unauthenticated, match="unknown key"):
            await keys.key_for(kid)


@pytest.mark.usefixtures("clean_environ")
async def test_sec_1_tokens_follow_the_rotation_of_the_key_set(provider: Provider) -> None:
    def token(kid: str) -> str:
        claims = {"sub": "alice", "exp": time.time() + 60}
        return jwt.encode(claims, EC_KEY, algorithm="ES256", headers={"kid": kid})

    settings = jwt_settings(jwt_secret=None, jwt_jwks_url=provider.url)
    async with create_authenticator(settings) as authenticator:
        assert (await authenticator.identify(token("first"))).user_id == "alice"
        with pytest.raises(Unauthenticated, match="unknown key"):
            await authenticator.identify(token("second"))
    provider.keys = [public_jwk("second")]
    async with create_authenticator(settings) as authenticator:
        assert (await authenticator.identify(token("second"))).user_id == "alice"
        with pytest.raises(Unauthenticated, match="unknown key"):
            await authenticator.identify(token("first"))
