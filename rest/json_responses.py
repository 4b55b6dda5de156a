"""JSON answers made by orjson directly: what a response model would do, without the cost.

Validating and encoding 5,000 nodes through pydantic holds the event loop too long [LIVE-2]; the
models of the routes serve the documentation.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response

CACHING = {"Cache-Control": "private, no-cache"}
"""One user's view, to be asked for again each time."""


def json_response(
    content: Mapping[str, Any], *, status_code: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """`content` as JSON; moments in UTC as RFC 3339 with a Z."""
    return Response(
        orjson.dumps(content, option=orjson.OPT_UTC_Z),
        status_code=status_code,
        media_type="application/json",
        headers={**CACHING, **(headers or {})},
    )
