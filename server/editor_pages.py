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
    from starlette.types import Scope

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
