"""The JSON of edit locks."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from rest.acting import Acting
from rest.numbers import Flag, Number
from rest.texts import ElementId, OwnId, Storable
from server.core.access import Resource, ResourceType

DEFAULT_MINUTES = 30.0
MIN_MINUTES = 1 / 60
MAX_MINUTES = 24 * 60.0


class LockedResource(Acting):
    """What is locked: the workflow as a whole, or one node or edge of it."""

    workflow_id: str
    resource_type: ResourceType
    resource_id: ElementId | None = Field(
        default=None,
        description="The node's or edge's id; for the workflow its own id, or nothing.",
    )

    def resource(self) -> Resource | None:
        """None if `resource_id` does not go with the type."""
        if self.resource_type is ResourceType.WORKFLOW:
            if self.resource_id not in (None, self.workflow_id):
                return None
            return Resource(self.resource_type, self.workflow_id)
        return None if self.resource_id is None else Resource(self.resource_type, self.resource_id)


class AcquireLock(LockedResource):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "workflow_id": "onboarding",
                "resource_type": "node",
                "resource_id": "ask",
                "reason": "Rewording the question",
                "duration_minutes": 15,
            }
        }
    )

    session_id: OwnId | None = Field(
        default=None,
        description="The active session; the lock then ends when its holder has been gone for "
        "2 minutes, as it does if the holder has an open socket.",
    )
    reason: Annotated[str, Field(max_length=1_000), Storable] | None = None
    duration_minutes: Number | None = Field(
        default=None,
        ge=MIN_MINUTES,
        le=MAX_MINUTES,
        description=f"{DEFAULT_MINUTES:g} when left out; from one second to a day.",
    )


class ReleaseLock(LockedResource):
    force: Flag = Field(
        default=False, description="Release another's lock; needs `manage`, and is audited."
    )


class Lock(BaseModel):
    lock_id: str
    workflow_id: str
    resource_type: ResourceType
    resource_id: str
    locked_by: str
    locked_by_name: str
    reason: str | None
    expires_at: datetime
    fence: int = Field(description="Grows with every lock granted in the workflow.")


class LockList(BaseModel):
    items: list[Lock]
    next_cursor: str | None


class Released(BaseModel):
    released: bool
