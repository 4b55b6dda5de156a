"""Which web pages may talk to the server: the rules of Origin and Host [SEC-1].

Browsers send cookies and reach loopback addresses on behalf of any page, but they always say
which page it is. Programs that are no browsers send no Origin, and are not this file's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import orjson

from server.core.origin_syntax import DEFAULT_PORTS, is_loopback, normalize_origin

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from server.core.settings import Settings

Headers = Iterable[tuple[bytes, bytes]]
"""As in an ASGI scope: names in lower case."""

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s/?#@:\[\],]+)(?::(\d{1,5}))?")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


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
    return origin_host == host.removesuffix(f":{DEFAULT_PORTS.get(scheme, '')}")


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
