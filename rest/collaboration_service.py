"""The collaboration features for Python code, by the names of the user's own feature document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest.embedding.audit import AuditCalls
from rest.embedding.comments import CommentCalls
from rest.embedding.locks import LockCalls
from rest.embedding.services import embedded_services
from rest.embedding.sessions import SessionCalls
from rest.embedding.shares import ShareCalls

if TYPE_CHECKING:
    from crdt_store.database import Database
    from rest.deps import Services
    from server.core.bus import Bus
    from server.core.documents import Documents
    from server.core.participants import Participants
    from server.core.settings import Settings


class CollaborationService(SessionCalls, LockCalls, ShareCalls, CommentCalls, AuditCalls):
    """Sessions, locks, shares, comments and the audit of an open database. See docs/embedding.md.

    A thin facade: each call does what its route does, through the same services. It is one
    transaction, committed when the call returns; after that the bus is told. `user_id` is the
    actor, whose identity the calling application has verified: what the actor may not do raises
    the features' own errors (RestError, StoreError). Results are the models of the REST API.

    In dev mode a workflow that is unknown comes into being, owned by the actor, when a session, a
    lock, a share or a comment is asked for.
    """

    def __init__(
        self,
        db: Database,
        *,
        bus: Bus | None = None,
        settings: Settings | None = None,
        participants: Participants | None = None,
        documents: Documents | None = None,
        base_url: str = "",
    ) -> None:
        """For a process without a server: see `embedded_services` for what is left out.

        `base_url` begins the URLs of share links.
        """
        services = embedded_services(
            db, bus=bus, settings=settings, participants=participants, documents=documents
        )
        super().__init__(services, base_url=base_url)

    @classmethod
    def of(cls, services: Services, *, base_url: str = "") -> CollaborationService:
        """Over what a server in this process works with, its `app.state.services`: its sockets
        learn of everything at once."""
        return cls(
            services.database,
            bus=services.bus,
            settings=services.settings,
            participants=services.participants,
            documents=services.documents,
            base_url=base_url,
        )
