"""Which web pages may talk to the server: the rules of Origin and Host [SEC-1].

Browsers send cookies and reach loopback addresses on behalf of any page, but they always say
which page it is. Programs that are no browsers send no Origin, and are not this file's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from server.core.settings import Settings

Headers = Iterable[tuple[bytes, bytes]]
"""As in an ASGI scope: names in lower case."""

_DEFAULT_PORTS = {"http": "80", "ws": "80", "https": "443", "wss": "443"}
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[^\s/?#@:\[\],]+)(?::(\d{1,5}))?")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s/?#@:\[\],]+)(?::(\d{1,5}))?")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_loopback(host: str) -> bool:
    """`host` is `localhost` or a literal loopback address, IPv6 with or without brackets."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def normalize_origin(origin: str) -> str:
    """`origin` as browsers write it: lower case, no default port, no slash at the end.

    Raises ValueError for anything but scheme://host[:port]; `*` and `null` too, as any page can
    have the origin `null`.
    """
    match = _ORIGIN.fullmatch(origin.strip().lower().removesuffix("/"))
    if match is None:
        raise ValueError(f"{origin!r} is not scheme://host[:port]")
    scheme, host, port = match.groups()
    if port is None or port == _DEFAULT_PORTS.get(scheme):
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{port}"


def check_host(headers: Headers, settings: Settings) -> bool:
    """In dev mode the Host must be a loopback name; in jwt mode any will do.

    A page may point a name of its own at 127.0.0.1 (DNS rebinding), and would then be same-origin.
    """
    if settings.auth_mode != "dev":
        return True
    host = _only(headers, b"host")
    match = _HOST.fullmatch(host.lower()) if host is not None else None
    return match is not None and is_loopback(match[1])


def check_origin(headers: Headers, settings: Settings) -> bool:
    """Whether who sent these headers may connect: no browser, same-origin, or an allowed origin.

    Same-origin compares host and port with the Host header, not the scheme, which a proxy that
    ends TLS hides. Includes `check_host`. A header that comes twice is refused.
    """
    pairs = list(headers)
    if not check_host(pairs, settings):
        return False
    if not any(name == b"origin" for name, _ in pairs):
        return True
    try:
        origin = normalize_origin(_only(pairs, b"origin") or "")
    except ValueError:
        return False
    if origin in settings.allowed_origins:
        return True
    scheme, _, origin_host = origin.partition("://")
    host = (_only(pairs, b"host") or "").lower()
    return origin_host == host.removesuffix(f":{_DEFAULT_PORTS.get(scheme, '')}")


def _only(headers: Headers, name: bytes) -> str | None:
    values = [value for key, value in headers if key == name]
    return values[0].decode("latin-1") if len(values) == 1 else None


class OriginMiddleware:
    """Refuses what `check_origin` refuses, with 403 and a problem+json body.

    Sockets: always. HTTP: unsafe methods; safe ones pass, as a browser shows a foreign page no
    answer without CORS headers, and preflights must reach the CORS middleware.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan" or self._admits(scope):
            await self._app(scope, receive, send)
        elif kind == "http":
            await _refuse(scope, send, prefix="http.response")
        elif "websocket.http.response" in scope.get("extensions", {}):
            await receive()  # websocket.connect
            await _refuse(scope, send, prefix="websocket.http.response")
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "origin not allowed"})

    def _admits(self, scope: Scope) -> bool:
        if scope["type"] == "http" and scope["method"] in _SAFE_METHODS:
            return check_host(scope["headers"], self._settings)
        return check_origin(scope["headers"], self._settings)


async def _refuse(scope: Scope, send: Send, *, prefix: str) -> None:
    headers: Headers = scope["headers"]
    origin = _only(headers, b"origin")
    if origin is None:
        code = "host_refused"
        detail = "in dev mode the Host must be localhost or a loopback address"
    else:
        code = "origin_refused"
        detail = "pages of this origin may not connect; COFLOW_ALLOWED_ORIGINS lists those that may"
    problem = {
        "type": f"urn:coflow:problem:{code}",
        "title": "The request comes from elsewhere",
        "status": 403,
        "detail": detail,
        "code": code,
    }
    body = orjson.dumps(problem)
    response_headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": f"{prefix}.start", "status": 403, "headers": response_headers})
    await send({"type": f"{prefix}.body", "body": body})
