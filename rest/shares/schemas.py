"""The JSON of shares."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, field_validator

from rest.acting import Acting
from rest.numbers import Flag, Number, WholeNumber
from rest.shares.service import MAX_USES
from rest.texts import UserName

MAX_DAYS = 365


class SharePermissions(BaseModel):
    """Exactly these, and none implies another; a share always lets view."""

    can_view: Flag = True
    can_edit: Flag = False
    can_comment: Flag = False
    can_share: Flag = False

    @field_validator("can_view")
    @classmethod
    def _check_view(cls, value: bool) -> bool:
        if not value:
            raise ValueError("a share lets view at least")
        return value


class CreateShare(Acting):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "workflow_id": "workflow-123",
                "permissions": {"can_view": True, "can_comment": True},
                "expires_in_days": 7,
            }
        }
    )

    workflow_id: str = Field(max_length=128)
    permissions: SharePermissions = Field(default_factory=SharePermissions)
    expires_in_days: Number | None = Field(
        default=None,
        gt=0,
        le=MAX_DAYS,
        description="Fractions are fine. It never expires when left out.",
    )
    max_uses: WholeNumber | None = Field(
        default=None,
        ge=1,
        le=MAX_USES,
        description="How many users may redeem it, each counted once. Unlimited when left out.",
    )


class RedeemShare(BaseModel):
    name: UserName | None = Field(
        default=None,
        description="What a guest is called; `Guest` when left out. Users keep their names.",
    )
    user_id: str | None = Field(
        default=None, description="Dev mode: who redeems it. A guest when left out."
    )

    @field_validator("name")
    @classmethod
    def _strip_name(cls, value: str | None) -> str | None:
        return None if value is None else value.strip() or None


class Share(BaseModel):
    """A share as those see it who may share the workflow."""

    share_id: str = Field(
        description="Whoever has it can redeem the share. Where that would give the reader more "
        "than the reader holds, only its part before `~`, by which it can be revoked."
    )
    url: str | None = Field(description="Null where the whole `share_id` is not shown.")
    workflow_id: str
    permissions: SharePermissions
    created_by: str
    created_by_name: str
    created_at: datetime
    expires_at: datetime | None
    max_uses: int | None
    uses: int
    revoked: bool


class SharePreview(BaseModel):
    """A share as those see it who have its link."""

    share_id: str
    workflow_id: str
    workflow_name: str
    permissions: SharePermissions
    expires_at: datetime | None


class ShareList(BaseModel):
    items: list[Share]
    next_cursor: str | None


class Redeemed(BaseModel):
    workflow_id: str
    user_id: str
    token: str | None = Field(
        description="A guest's, to be sent like any other token, for 24 h at most and never beyond "
        "the share; redeem again with it for a new one, which works after its end too. Null for "
        "users, who have identities."
    )
    permissions: SharePermissions
