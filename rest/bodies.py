"""Request bodies: bounded while they stream in, parsed by orjson, refused with a clear reason."""

from __future__ import annotations

from email.message import Message
from typing import TYPE_CHECKING, Any

import anyio
import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute

from rest.deps import authenticate_early, services_of
from rest.errors import BodyTooLarge, BodyTooSlow, MalformedJson, UnsupportedMediaType

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


READ_WITHIN_S = 60.0
MAX_BODY_OF_NOBODY_BYTES = 16 * 1024


class JsonRequest(Request):
    """A request whose body was read and parsed once, before FastAPI sees it."""

    _parsed: Any = None

    async def read(self, limit_bytes: int) -> None:
        """Read at most `limit_bytes` and parse them.

        Raises BodyTooLarge as soon as the limit is passed, BodyTooSlow, UnsupportedMediaType or
        MalformedJson.
        """
        declared = self.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit_bytes:
            raise BodyTooLarge(limit_bytes)
        body = bytearray()
        try:
            with anyio.fail_after(READ_WITHIN_S):
                async for chunk in self.stream():
                    body += chunk
                    if len(body) > limit_bytes:
                        raise BodyTooLarge(limit_bytes)
        except TimeoutError:
            raise BodyTooSlow(READ_WITHIN_S) from None
        self._body = bytes(body)
        if not self._body:
            return
        # A form post needs no CORS preflight, so any page could send one: only JSON is read.
        if not _is_json(self.headers.get("content-type")):
            raise UnsupportedMediaType(self.headers.get("content-type"))
        try:
            self._parsed = orjson.loads(self._body)
        except orjson.JSONDecodeError as error:
            raise MalformedJson(f"the body is no JSON: {error}") from None

    async def json(self) -> Any:
        return self._parsed


class JsonRoute(APIRoute):
    """Reads the body itself: FastAPI would read it without a limit and answer 400 for all errors.

    In jwt mode the caller is verified first, so that a stranger cannot make us hold his body.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def read_then_handle(request: Request) -> Response:
            limit_bytes = await self.admit(request)
            json_request = JsonRequest(request.scope, request.receive)
            await json_request.read(limit_bytes)
            return await handle(json_request)

        return read_then_handle

    async def admit(self, request: Request) -> int:
        """How many bytes the body of this request may have. Raises like `identify`."""
        await authenticate_early(request)
        return services_of(request).settings.max_message_bytes


class OpenJsonRoute(JsonRoute):
    """For routes that also serve those who have no identity: anybody's small body is read."""

    async def admit(self, request: Request) -> int:
        return min(MAX_BODY_OF_NOBODY_BYTES, services_of(request).settings.max_message_bytes)


def _is_json(content_type: str | None) -> bool:
    message = Message()
    message["content-type"] = content_type or "application/octet-stream"
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (
        subtype == "json" or subtype.endswith("+json")
    )
