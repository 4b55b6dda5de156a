"""A body that may say who is asking, as dev mode lets it."""

from pydantic import BaseModel, Field


class Acting(BaseModel):
    user_id: str | None = Field(
        default=None, description="Dev mode: who is asking, unless the query says so."
    )
