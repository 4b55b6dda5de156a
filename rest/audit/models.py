"""The table of the audit."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from crdt_store.models import Base, JsonColumn


class AuditEntry(Base):
    """One action. Never changed; `number` is dense per workflow, and `hash` covers the entry and
    the hash of the one before, so that a changed or missing row is found."""

    __tablename__ = "audit_entries"

    workflow_id: Mapped[str] = mapped_column(
        ForeignKey("workflows.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    actor_name: Mapped[str]
    action: Mapped[str]
    resource_type: Mapped[str | None]
    resource_id: Mapped[str | None]
    session_id: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    hash: Mapped[str]
