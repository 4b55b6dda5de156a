"""What an operator's machines ask: is it alive, is it ready, how is it doing."""

from dataclasses import dataclass

import anyio
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import text

from crdt_store.database import Database
from server.core.metrics import Metrics
from server.live.rooms import Rooms

log = structlog.get_logger(__name__)

_DATABASE_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Operated:
    """What the answers are about; kept at `app.state.operated` while the server runs."""

    database: Database
    rooms: Rooms
    metrics: Metrics


def operations_router() -> APIRouter:
    """`/healthz`, `/readyz` and `/metrics`; they need no token and tell no content."""
    router = APIRouter(tags=["operations"])

    @router.get("/healthz", summary="The process answers")
    async def healthz() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @router.get(
        "/readyz",
        summary="New connections can be served",
        responses={503: {"description": "The server drains, or the database does not answer."}},
    )
    async def readyz(request: Request) -> JSONResponse:
        operated: Operated = request.app.state.operated
        if operated.rooms.is_draining:
            return JSONResponse({"status": "draining"}, status_code=503)
        try:
            with anyio.fail_after(_DATABASE_TIMEOUT_S):
                async with operated.database.reading_for_rooms() as db:
                    await db.execute(text("SELECT 1"))
        except Exception as error:
            log.warning("not ready", error=type(error).__name__)
            return JSONResponse({"status": "database does not answer"}, status_code=503)
        return JSONResponse({"status": "ready"})

    @router.get(
        "/metrics",
        summary="Prometheus metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}},
    )
    async def show_metrics(request: Request) -> Response:
        operated: Operated = request.app.state.operated
        return Response(
            operated.metrics.render(),
            media_type="text/plain; version=0.0.4; charset=utf-8",
        )

    return router
