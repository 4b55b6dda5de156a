"""The JSON of comments."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from crdt_store.graph_json import MAX_ID_CHARS

MAX_CONTENT_CHARS = 10_000
MAX_COMMENT_ID_CHARS = 128
_DEV_USER = "Dev mode: who is asking, unless the query says so."


class ContextType(StrEnum):
    """What a thread is about."""

    WORKFLOW = "workflow"
    NODE = "node"
    EDGE = "edge"
    CANVAS = "canvas"


def _check_storable(text: str) -> str:
    # PostgreSQL refuses NUL in text.
    if "\0" in text:
        raise ValueError("must not contain NUL")
    return text


def _check_content(text: str) -> str:
    if not text.strip():
        raise ValueError("must say something")
    return _check_storable(text)


Storable = AfterValidator(_check_storable)
Content = Annotated[
    str, AfterValidator(_check_content), Field(min_length=1, max_length=MAX_CONTENT_CHARS)
]
Coordinate = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class Point(BaseModel):
    """Flow coordinates."""

    x: Coordinate
    y: Coordinate


class AddComment(BaseModel):
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
    parent_comment_id: Annotated[str, Storable] | None = Field(
        default=None,
        max_length=MAX_COMMENT_ID_CHARS,
        description="Any comment of the thread that this replies to. A reply is where its thread "
        "is: the three fields below are not read.",
    )
    context_type: ContextType = ContextType.WORKFLOW
    context_id: Annotated[str, Storable] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_ID_CHARS,
        description="The id of the node or edge, which need not exist yet.",
    )
    point: Point | None = Field(
        default=None,
        description="Needed on the canvas. For a node or edge: where it was seen last, used as "
        "long as the document does not say where it is.",
    )
    session_id: Annotated[str, Storable] | None = Field(
        default=None,
        max_length=128,
        description="For the audit, which keeps it if it is a session of the workflow.",
    )
    user_id: str | None = Field(default=None, description=_DEV_USER)


class EditComment(BaseModel):
    content: Content
    user_id: str | None = Field(default=None, description=_DEV_USER)


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
