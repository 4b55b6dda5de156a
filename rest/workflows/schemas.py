"""The JSON of workflows: what a request may hold, and what the answers look like."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from server.core.roles import Role

MAX_OPERATIONS = 1_000
_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")


def is_workflow_id(text: str) -> bool:
    """Whether `text` can be a workflow's id: what needs no escaping in a URL.

    Not `.` and `..`, which every HTTP client takes out of a path before it asks.
    """
    return _ID.fullmatch(text) is not None and text not in (".", "..")


def _check_id(text: str) -> str:
    if not is_workflow_id(text):
        raise ValueError("must be 1 to 128 of A-Z a-z 0-9 . _ ~ -, and not '.' or '..'")
    return text


class CreateWorkflow(BaseModel):
    """React Flow's JSON, as its `toObject()` or an export has it; everything may be left out.

    Members that are not named here become part of the workflow's `meta`, except `viewport`.
    """

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "id": "onboarding",
                "name": "Onboarding",
                "nodes": [
                    {"id": "ask", "type": "llm", "position": {"x": 0, "y": 0}, "data": {}},
                    {"id": "mail", "position": {"x": 200, "y": 0}, "data": {"label": "Mail"}},
                ],
                "edges": [{"id": "e1", "source": "ask", "target": "mail"}],
            }
        },
    )

    id: Annotated[str, AfterValidator(_check_id)] | None = Field(
        default=None, description="Chosen by the server when left out."
    )
    name: str | None = None
    nodes: list[Any] | None = None
    edges: list[Any] | None = None
    user_id: str | None = Field(
        default=None, description="Dev mode: who is asking, unless the query says so."
    )

    def graph(self) -> dict[str, Any]:
        """What the document is made of."""
        named = {"name": self.name, "nodes": self.nodes, "edges": self.edges}
        given = {key: value for key, value in named.items() if value is not None}
        return {**given, **(self.model_extra or {})}


class PatchOperation(BaseModel):
    """One operation of RFC 6902; `path` and `from` point into `{nodes, edges, meta}`."""

    op: Literal["add", "remove", "replace", "move", "copy", "test"]
    path: str
    from_: str | None = Field(default=None, alias="from")
    value: Any = None

    def as_json(self) -> dict[str, Any]:
        return {
            ("from" if name == "from_" else name): getattr(self, name)
            for name in self.model_fields_set
        }


PatchOperations = Annotated[list[PatchOperation], Field(max_length=MAX_OPERATIONS)]


class WorkflowSummary(BaseModel):
    id: str
    name: str
    description: str
    tags: list[str]
    role: Role | None = Field(description="The caller's, the highest that their rights contain.")
    seq: int = Field(description="Grows with every change; also the ETag.")
    created_by: str
    created_at: datetime
    updated_at: datetime


class WorkflowList(BaseModel):
    items: list[WorkflowSummary]
    next_cursor: str | None


class WorkflowGraph(WorkflowSummary):
    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]
    meta: dict[str, Any]


class ExportedGraph(BaseModel):
    """What `POST /api/workflows` accepts again."""

    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]
    meta: dict[str, Any]
