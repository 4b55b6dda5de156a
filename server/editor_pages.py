"""The built editor over HTTP: its page, its assets, and what browsers may do with them.

Vite builds web/editor into the folder `editor` beside this file, which wheels and images hold. It
may be missing, or come while the server runs; until then a text is there instead.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

EDITOR_FOLDER = Path(__file__).parent / "editor"

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        # Dialogs that lock the page's scrolling and exit animations add style elements.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        # 'self' includes WebSockets to the same host and port.
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    # The path of a page may be a share link, which is a secret.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_ASK_EACH_TIME = "no-cache"
_KEEP_FOR_EVER = "public, max-age=31536000, immutable"
_OF_PROGRAMS = ("api", "sync")
_NOT_BUILT = """\
coflow is running, but its editor was not built.

In a checkout, scripts/serve builds it if there is Node 20.19 or newer. Packages and images hold it.
The REST API is at /docs.
"""


class _Files(StaticFiles):
    """Files that may be built anew, or for the first time, while the server runs.

    Where the build has put a file's compressed twin beside it, who takes gzip gets that one.
    """

    def __init__(self, folder: Path, *, caching: str) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._headers = {**_HEADERS, "Cache-Control": caching, "Vary": "Accept-Encoding"}

    async def get_response(self, path: str, scope: Scope) -> Response:
        if "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            with suppress(HTTPException):
                # Its media type is found as that of what it unpacks to.
                response = await super().get_response(f"{path}.gz", scope)
                response.headers["Content-Encoding"] = "gzip"
                return response
        return await super().get_response(path, scope)

    async def check_config(self) -> None:
        """What is not there is a 404, the folder too."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(self._headers)
        return response


class NothingHere:
    """Shows a browser that was led to where nothing is the editor's page, which says so, with 404.

    Takes the place of a router's default, behind all routes and their redirects. Programs are
    answered by `otherwise`, and so is whoever asks below the API and the sockets.
    """

    def __init__(self, otherwise: ASGIApp, folder: Path = EDITOR_FOLDER) -> None:
        self._otherwise = otherwise
        self._files = _Files(folder, caching="no-store")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._otherwise
        if scope["type"] == "http" and _is_for_a_page(scope):
            with suppress(HTTPException):  # not built
                answer = await self._page(scope)
        await answer(scope, receive, send)

    async def _page(self, scope: Scope) -> Response:
        # Without conditions: a browser that has the page already would be told 304 and not 404.
        headers = [each for each in scope["headers"] if each[0] == b"accept-encoding"]
        response = await self._files.get_response("index.html", {**scope, "headers": headers})
        response.status_code = 404
        return response


def _is_for_a_page(scope: Scope) -> bool:
    first = scope["path"].lstrip("/").partition("/")[0]
    return (
        scope["method"] in ("GET", "HEAD")
        and first not in _OF_PROGRAMS
        and "text/html" in Headers(scope=scope).get("accept", "")
    )


def editor_routes(folder: Path = EDITOR_FOLDER) -> list[BaseRoute]:
    """`/`, `/w/…`, `/share/…`, `/icon.svg` and `/assets/…`. Public: they tell no content."""
    files = _Files(folder, caching=_ASK_EACH_TIME)
    # Their names hold hashes of their content; the page names those of one build.
    assets = _Files(folder / "assets", caching=_KEEP_FOR_EVER)

    def built(name: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                return await files.get_response(name, request.scope)
            except HTTPException:
                headers = {**_HEADERS, "Cache-Control": "no-store"}
                return PlainTextResponse(_NOT_BUILT, headers=headers)

        return answer

    page = built("index.html")
    return [
        Route("/", page),
        Route("/w/{workflow_id}", page),
        Route("/share/{share_id}", page),
        Route("/icon.svg", built("icon.svg")),
        Mount("/assets", assets),
    ]
