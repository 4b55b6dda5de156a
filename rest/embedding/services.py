"""What the features' services need, for an application that calls them without the routes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NoReturn

import anyio.to_thread
import orjson

from crdt_store.journal_reads import load
from crdt_store.loading import load_doc
from crdt_store.workflow import Workflow
from rest.access.service import Access
from rest.deps import Services
from server.core.auth import DevAuthenticator
from server.core.bus import InProcessBus
from server.core.documents import Graph
from server.core.guests import GuestTokens
from server.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from crdt_store.database import Database
    from crdt_store.ids import Seq, UserId, WorkflowId
    from crdt_store.journal import StoredDocument
    from server.core.bus import Bus
    from server.core.documents import Documents
    from server.core.identity import Identity
    from server.core.participants import LiveParticipant, Participants

_SAY_HOW_TOKENS_ARE_VERIFIED: Final = (
    "COFLOW_AUTH_MODE",
    "COFLOW_JWT_SECRET",
    "COFLOW_JWT_PUBLIC_KEY",
    "COFLOW_JWT_JWKS_URL",
)


def embedded_services(
    database: Database,
    *,
    bus: Bus | None,
    settings: Settings | None,
    participants: Participants | None,
    documents: Documents | None,
) -> Services:
    """Services over an open database. What is None: a bus that nobody else listens to, the
    environment's settings, nobody with an open socket, and documents as they are stored."""
    bus = InProcessBus() if bus is None else bus
    settings = _from_environment() if settings is None else settings
    return Services(
        database=database,
        documents=_Stored(database) if documents is None else documents,
        # It has no tokens to verify: whoever embeds coflow knows its users.
        authenticator=DevAuthenticator(GuestTokens(None)),
        bus=bus,
        settings=settings,
        access=Access(database, settings=settings, bus=bus),
        participants=_NobodyLive() if participants is None else participants,
    )


def _from_environment() -> Settings:
    """Those that `coflow serve` would read here, so that both sign share links alike.

    Where nothing says how tokens are verified, as there are none, those of dev mode. Raises
    ValidationError.
    """
    if any(os.environ.get(name) for name in _SAY_HOW_TOKENS_ARE_VERIFIED):
        return Settings()
    return Settings(auth_mode="dev", host="127.0.0.1")


class _NobodyLive:
    """Implements server.core.participants.Participants where no socket is served."""

    def live(self, workflow_id: WorkflowId) -> Sequence[LiveParticipant]:
        return ()

    def is_live(self, workflow_id: WorkflowId, user_id: UserId) -> bool:
        return False

    def users(self) -> Mapping[WorkflowId, Collection[Identity]]:
        return {}


class _Stored:
    """Implements the half of server.core.documents.Documents that reads, from the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def graph(self, workflow_id: WorkflowId) -> Graph:
        stored = await load(self._database, workflow_id)
        return await anyio.to_thread.run_sync(_listed, workflow_id, stored)

    async def state(self, workflow_id: WorkflowId) -> tuple[Seq, bytes]:
        stored = await load(self._database, workflow_id)
        return stored.head.seq, await anyio.to_thread.run_sync(_encoded, workflow_id, stored)

    async def edit(self, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError("only a server's rooms change documents: pass its `documents`")

    async def patch(self, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError("only a server's rooms change documents: pass its `documents`")

    async def close(self, workflow_id: WorkflowId) -> None:
        """There is no room."""

    def access_changed(self, workflow_id: WorkflowId) -> None:
        """There is no room."""


def _listed(workflow_id: WorkflowId, stored: StoredDocument) -> Graph:
    # The Doc is made, read and dropped in one thread.
    graph: dict[str, Any] = Workflow(load_doc(workflow_id, stored)).to_json()
    return Graph(
        stored.head.seq,
        nodes_json=orjson.dumps(graph["nodes"]),
        edges_json=orjson.dumps(graph["edges"]),
        meta=graph["meta"],
    )


def _encoded(workflow_id: WorkflowId, stored: StoredDocument) -> bytes:
    return load_doc(workflow_id, stored).get_update()
