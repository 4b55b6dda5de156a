"""Foreign pages cannot connect, and no page can rebind its name to a dev server [SEC-1]."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from server.core.origin_syntax import normalize_origin
from server.core.origins import OriginMiddleware, check_origin
from tests.core.environments import dev_settings, jwt_settings

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from server.core.settings import Settings

pytestmark = pytest.mark.usefixtures("clean_environ")

APP = "https://app.example.org"


def headers(**values: str | list[str]) -> list[tuple[bytes, bytes]]:
    return [
        (name.encode(), each.encode("latin-1"))
        for name, value in values.items()
        for each in ([value] if isinstance(value, str) else value)
    ]


@pytest.mark.parametrize(
    ("host", "origin", "allowed"),
    [
        ("coflow.example.org", None, True),
        # Same-origin; a proxy may have ended TLS.
        ("coflow.example.org", "https://coflow.example.org", True),
        ("coflow.example.org", "http://coflow.example.org", True),
        ("CoFlow.example.org", "https://coflow.EXAMPLE.org", True),
        ("coflow.example.org:443", "https://coflow.example.org", True),
        ("coflow.example.org", "https://coflow.example.org:443", True),
        ("coflow.example.org:8000", "http://coflow.example.org:8000", True),
        ("[2001:db8::1]:8000", "http://[2001:db8::1]:8000", True),
        # Listed
        ("coflow.example.org", APP, True),
        ("coflow.example.org", "capacitor://localhost", True),
        # Foreign
        ("coflow.example.org", "https://evil.example.org", False),
        ("coflow.example.org", "https://coflow.example.org:8443", False),
        ("coflow.example.org:8000", "http://coflow.example.org", False),
        ("coflow.example.org:80", "https://coflow.example.org", False),
        ("coflow.example.org", "https://coflow.example.org.evil.example", False),
        ("coflow.example.org", "https://app.example.org.evil.example", False),
        ("coflow.example.org", "http://app.example.org", False),
        ("coflow.example.org", "https://app.example.org:8443", False),
        ("coflow.example.org", "null", False),
        ("coflow.example.org", "", False),
        ("coflow.example.org", "https://", False),
        ("coflow.example.org", "https://evil.example.org/https://app.example.org", False),
        ("coflow.example.org", "https://coflow.example.org@evil.example.org", False),
        ("coflow.example.org", "\xe9://x", False),
        ("", "https://", False),
    ],
)
def test_sec_1_only_own_and_listed_origins_may_connect(
    host: str, origin: str | None, allowed: bool
) -> None:
    settings = jwt_settings(allowed_origins=(APP, "capacitor://localhost"))
    given = headers(host=host) if origin is None else headers(host=host, origin=origin)

    assert check_origin(given, settings) is allowed


def test_sec_1_a_header_that_comes_twice_is_refused() -> None:
    settings = jwt_settings(allowed_origins=(APP,))

    assert not check_origin(headers(host="h", origin=[APP, "https://evil.example.org"]), settings)
    assert not check_origin(headers(host=["h", "evil.example"], origin="http://h"), settings)
    assert not check_origin(headers(host=["localhost", "evil.example"]), dev_settings())


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("localhost", True),
        ("localhost:8000", True),
        ("LOCALHOST:8000", True),
        ("127.0.0.1:8000", True),
        ("127.1.2.3", True),
        ("[::1]:8000", True),
        ("[::1]", True),
        ("rebound.example.org:8000", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
        ("192.168.0.2:8000", False),
        ("[::2]:8000", False),
        ("localhost:8000:8000", False),
        ("evil.example@localhost", False),
        ("::1", False),
        ("", False),
    ],
)
def test_sec_1_in_dev_mode_the_host_is_a_loopback_name(host: str, allowed: bool) -> None:
    assert check_origin(headers(host=host), dev_settings()) is allowed
    assert check_origin(headers(host=host, origin=f"http://{host}"), dev_settings()) is allowed


def test_sec_1_in_dev_mode_a_request_names_its_host() -> None:
    assert not check_origin([], dev_settings())


def test_in_dev_mode_a_development_server_of_another_port_must_be_listed() -> None:
    given = headers(host="localhost:8000", origin="http://localhost:5173")

    assert not check_origin(given, dev_settings())
    assert check_origin(given, dev_settings(allowed_origins=("http://localhost:5173",)))


@pytest.mark.parametrize(
    "origin", ["*", "null", "app.example.org", "https://a/b", "https://a b", "https://a?b", ""]
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="is not scheme"):
        normalize_origin(origin)


async def ask(settings: Settings, scope: dict[str, Any]) -> list[Message] | None:
    """What the middleware answers itself; None if it let the application answer."""
    reached = False
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal reached
        reached = True

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await OriginMiddleware(app, settings=settings)(scope, receive, send)
    assert reached == (not sent)
    return None if reached else sent


def http(method: str, **values: str) -> dict[str, Any]:
    return {"type": "http", "method": method, "headers": headers(**values)}


EVIL = {"host": "localhost:8000", "origin": "https://evil.example.org"}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_sec_1_an_unsafe_request_from_a_foreign_page_is_refused(method: str) -> None:
    answer = await ask(dev_settings(), http(method, **EVIL))

    assert answer is not None
    start, body = answer
    assert start["status"] == 403
    assert (b"content-type", b"application/problem+json") in start["headers"]
    problem = json.loads(body["body"])
    assert problem["status"] == 403
    assert problem["code"] == "origin_refused"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_safe_requests_and_preflights_are_left_to_cors(method: str) -> None:
    assert await ask(dev_settings(), http(method, **EVIL)) is None


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
async def test_sec_1_a_rebound_name_reads_nothing_in_dev_mode(method: str) -> None:
    answer = await ask(dev_settings(), http(method, host="rebound.example.org:8000"))

    assert answer is not None
    assert json.loads(answer[1]["body"])["code"] == "host_refused"


async def test_requests_that_are_in_order_reach_the_application() -> None:
    assert await ask(dev_settings(), http("POST", host="localhost")) is None
    assert await ask(jwt_settings(), http("POST", host="h", origin="https://h")) is None
    assert await ask(jwt_settings(), {"type": "lifespan"}) is None


async def test_sec_1_a_socket_of_a_foreign_page_is_refused_before_it_opens() -> None:
    scope = {"type": "websocket", "headers": headers(**EVIL)}

    assert await ask(dev_settings(), scope) == [
        {"type": "websocket.close", "code": 1008, "reason": "origin not allowed"}
    ]
    answer = await ask(dev_settings(), {**scope, "extensions": {"websocket.http.response": {}}})
    assert answer is not None
    assert [message["type"] for message in answer] == [
        "websocket.http.response.start",
        "websocket.http.response.body",
    ]
    assert answer[0]["status"] == 403


async def test_a_socket_without_origin_is_accepted() -> None:
    scope = {"type": "websocket", "headers": headers(host="localhost:8000")}

    assert await ask(dev_settings(), scope) is None
