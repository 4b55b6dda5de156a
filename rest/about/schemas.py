"""The JSON of `/api/server`."""

from typing import Literal

from pydantic import BaseModel, Field


class ServerAbout(BaseModel):
    version: str
    auth_mode: Literal["dev", "jwt"] = Field(
        description="`jwt`: a token is needed. `dev`: whoever asks is the `user_id` that they name."
    )
    dev_open: bool = Field(description="Everyone may edit, and unknown workflows come into being.")
