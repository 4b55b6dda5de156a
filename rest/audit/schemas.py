"""The JSON of an audit."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class AuditItem(BaseModel):
    """One action. `hash` covers the entry and the hash of the entry before it."""

    audit_id: int = Field(description="Dense from 1 in each workflow.")
    workflow_id: str
    timestamp: datetime
    user_id: str = Field(description="Who did it; `system` where no user did.")
    user_name: str
    action: str = Field(examples=["lock.acquired"])
    resource_type: str | None
    resource_id: str | None
    session_id: str | None
    details: dict[str, Any]
    hash: str


class AuditPage(BaseModel):
    items: list[AuditItem]
    next_cursor: str | None
