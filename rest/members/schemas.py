"""The JSON of a membership."""

from datetime import datetime

from pydantic import BaseModel, Field

from rest.texts import UserName
from server.core.roles import Role


class PutMember(BaseModel):
    role: Role
    name: UserName | None = Field(default=None, description="Shown in lists; kept when left out.")


class Member(BaseModel):
    user_id: str
    role: Role
    name: str | None
    added_by: str
    added_at: datetime


class MemberList(BaseModel):
    items: list[Member]
    next_cursor: str | None
