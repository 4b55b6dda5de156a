"""`/api/server`: what a client must know before it can say who it is."""

from fastapi import APIRouter

from rest.about.schemas import ServerAbout
from rest.deps import Provided
from rest.problems import responses
from server.core.version import version

router = APIRouter(prefix="/api/server", tags=["server"])


@router.get(
    "",
    response_model=ServerAbout,
    summary="What this server is, and how one says who one is; needs no token",
    responses=responses("internal_error"),
)
async def show_server(services: Provided) -> ServerAbout:
    settings = services.settings
    return ServerAbout(
        version=version(),
        auth_mode=settings.auth_mode,
        dev_open=settings.auth_mode == "dev" and settings.dev_open,
    )
