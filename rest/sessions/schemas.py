"""The JSON of sessions, their participants and their turn."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from crdt_store.graph_json import MAX_ID_CHARS
from rest.acting import Acting
from rest.numbers import Number, WholeNumber
from rest.texts import Storable, UserIdText
from server.core.access import Mode
from server.core.roles import Permission, Role

MAX_USERS = 10_000
MAX_COORDINATE = 1e12
"""Beyond every canvas. PostgreSQL gives large ones back as integers, soon of more than 64 bits."""

Coordinate = Annotated[Number, Field(ge=-MAX_COORDINATE, le=MAX_COORDINATE)]
MaxUsers = Annotated[WholeNumber, Field(ge=1, le=MAX_USERS)]


class JoinSession(Acting):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"workflow_id": "onboarding", "collaboration_mode": "parallel"}
        }
    )

    workflow_id: str
    collaboration_mode: Mode | None = Field(
        default=None, description="The workflow's from now on; ignored unless one may `manage` it."
    )
    max_users: MaxUsers | None = Field(
        default=None, description="As `collaboration_mode`; kept when left out."
    )


class ChangeSession(Acting):
    collaboration_mode: Mode | None = Field(default=None, description="Kept when left out.")
    max_users: MaxUsers | None = Field(
        default=None, description="Kept when left out; null: no limit."
    )


class Viewport(BaseModel):
    x: Coordinate
    y: Coordinate
    zoom: Coordinate


class CursorPosition(BaseModel):
    """In the coordinates of the flow."""

    x: Coordinate
    y: Coordinate
    viewport: Viewport | None = None


class Heartbeat(Acting):
    cursor_position: CursorPosition | None = Field(
        default=None, description="Kept when left out; null: none."
    )
    selected_node: Annotated[str, Field(max_length=MAX_ID_CHARS), Storable] | None = Field(
        default=None, description="Kept when left out; null: none."
    )


class PassTurn(Acting):
    to: UserIdText | None = Field(
        default=None,
        description="Who takes part and may edit; else the first who asked, else nobody.",
    )


class Participant(BaseModel):
    user_id: str
    user_name: str
    user_color: str = Field(description="`#rrggbb`, readable on white and on dark.")
    role: Role | None = Field(description="Null where it is known to the user's own token alone.")
    cursor_position: dict[str, Any] | None
    selected_node: str | None
    last_active: datetime


class WaitingForTurn(BaseModel):
    user_id: str
    user_name: str
    requested_at: datetime


class Turn(BaseModel):
    """Of the mode `sequential`: who may edit, and who waits for it."""

    holder: str | None
    holder_name: str | None
    since: datetime | None
    requests: list[WaitingForTurn]


class Session(BaseModel):
    session_id: str
    workflow_id: str
    collaboration_mode: Mode
    max_users: int | None
    participants: list[Participant]
    permissions: list[Permission] = Field(
        description="The caller's own. A share may grant what is no role's."
    )
    created_by: str
    created_at: datetime
    last_activity: datetime
    turn: Turn


class Beat(BaseModel):
    session_id: str
    user_id: str
    last_active: datetime


class Left(BaseModel):
    left: bool = Field(description="False while sockets are open: who is connected takes part.")
