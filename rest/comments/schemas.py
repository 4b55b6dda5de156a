"""The JSON of comments."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rest.acting import Acting
from rest.numbers import Number
from rest.texts import ElementId, OwnId, Storable

MAX_CONTENT_CHARS = 10_000


class ContextType(StrEnum):
    """What a thread is about."""

    WORKFLOW = "workflow"
    NODE = "node"
    EDGE = "edge"
    CANVAS = "canvas"


def _check_content(text: str) -> str:
    if not text.strip():
        raise ValueError("must say something")
    return text


Content = Annotated[
    str, Field(min_length=1, max_length=MAX_CONTENT_CHARS), AfterValidator(_check_content), Storable
]


class Point(BaseModel):
    """Flow coordinates."""

    x: Number
    y: Number


class AddComment(Acting):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "workflow_id": "onboarding",
                "content": "Should this ask for the @team first?",
                "context_type": "node",
                "context_id": "ask",
            }
        }
    )

    workflow_id: str = Field(max_length=128)
    content: Content
    parent_comment_id: OwnId | None = Field(
        default=None,
        description="Any comment of the thread that this replies to. A reply is where its thread "
        "is: the three fields below are not read.",
    )
    context_type: ContextType = ContextType.WORKFLOW
    context_id: ElementId | None = Field(
        default=None, description="The id of the node or edge, which need not exist yet."
    )
    point: Point | None = Field(
        default=None,
        description="Needed on the canvas. For a node or edge: where it was seen last, used as "
        "long as the document does not say where it is.",
    )
    session_id: OwnId | None = Field(
        default=None,
        description="For the audit, which keeps it if it is a session of the workflow.",
    )


class EditComment(Acting):
    content: Content


class CommentItem(BaseModel):
    comment_id: str
    workflow_id: str
    thread_id: str = Field(description="The id of the thread's first comment.")
    parent_comment_id: str | None
    author: str
    author_name: str
    author_color: str
    content: str | None = Field(description="null once it is deleted.")
    mentions: list[str] = Field(description="What follows an @ in the content, each once.")
    context_type: ContextType
    context_id: str | None
    anchor_exists: bool | None = Field(
        description="Whether the document has the node or edge; null for other anchors."
    )
    point: Point | None = Field(
        description="Where the thread is: a node's own place, the middle between an edge's ends; "
        "the last one known where the node or edge is gone."
    )
    created_at: datetime
    edited_at: datetime | None
    deleted: bool = Field(description="Deleted, and here only because it has replies.")
    resolved: bool = Field(description="The whole thread is.")
    resolved_at: datetime | None
    resolved_by: str | None
    resolved_by_name: str | None


class CommentPage(BaseModel):
    items: list[CommentItem]
    next_cursor: str | None
