"""The REST door as a whole: its routes on an application, and what they are given."""

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from crdt_store.database import Database
from rest.about.routes import router as about
from rest.access.service import Access
from rest.audit.routes import router as audit
from rest.comments.routes import router as comments
from rest.deps import Services
from rest.error_responses import handle_errors
from rest.locks.routes import router as locks
from rest.members.routes import router as members
from rest.problems import Problem
from rest.sessions.routes import router as sessions
from rest.sessions.turn_routes import router as turns
from rest.shares.routes import router as shares
from rest.workflows.routes import router as workflows
from server.core.auth import Authenticator
from server.core.bus import Bus
from server.core.documents import Documents
from server.core.participants import Participants
from server.core.settings import Settings

ROUTERS = (about, workflows, members, sessions, turns, locks, shares, comments, audit)


def add_routes(app: FastAPI) -> None:
    """Add every route and the error responses; to be called before the application starts.

    The routes answer once `install` has given them their services. `app.openapi()` is complete
    without them.
    """
    for router in ROUTERS:
        app.include_router(router)
    handle_errors(app)
    _document_problems(app)


def install(
    app: FastAPI,
    *,
    database: Database,
    documents: Documents,
    authenticator: Authenticator,
    access: Access,
    bus: Bus,
    settings: Settings,
    participants: Participants,
) -> None:
    """Give the routes their services; may be called in the application's lifespan."""
    app.state.services = Services(
        database=database,
        documents=documents,
        authenticator=authenticator,
        bus=bus,
        settings=settings,
        access=access,
        participants=participants,
    )


def _document_problems(app: FastAPI) -> None:
    """Put the schema of a problem where the responses of every route refer to it."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        _, found = models_json_schema(
            [(Problem, "serialization")], ref_template="#/components/schemas/{model}"
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name, schema in found["$defs"].items():
            schemas.setdefault(name, schema)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
