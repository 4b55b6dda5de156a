"""Pure: what a JSON client says, from bytes to values; see docs/protocol.md, "JSON events"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import orjson

from crdt_store.graph_json import MAX_ID_CHARS
from crdt_store.json_values import is_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crdt_store.json_values import Json

MAX_MESSAGE_BYTES = 64 * 1024
"""What is nested most densely then takes 12 ms to be checked and written [LIVE-2]."""
MAX_PROPERTY_CHARS = 256
_MAX_QUOTED_CHARS = 40


class BadMessage(Exception):
    """The frame holds no message of the JSON protocol; `code` is stable, the text says why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The client lives."""


@dataclass(frozen=True, slots=True)
class CursorUpdate:
    """What is to be changed of the sender's awareness state: `cursor`, `selected_node`, …"""

    fields: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class TextChange:
    """Set one property of a node or an edge; None deletes it."""

    kind: str
    """`node` or `edge`."""
    entity_id: str
    property: str
    value: Json


Message = Heartbeat | CursorUpdate | TextChange


def read_message(payload: bytes) -> Message:
    """Raises BadMessage for whatever is none. Keys that it does not know are ignored."""
    if len(payload) > MAX_MESSAGE_BYTES:
        raise BadMessage(
            "too_large",
            f"a message of {len(payload)} bytes; at most {MAX_MESSAGE_BYTES} are read: change what "
            "is larger over REST",
        )
    try:
        message = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise BadMessage("malformed_json", f"the message is not JSON: {error}") from None
    if not isinstance(message, dict):
        raise BadMessage("invalid_request", "a message must be a JSON object with a `type`")
    match message.get("type"):
        case "heartbeat":
            return Heartbeat()
        case "cursor_update":
            return CursorUpdate(_awareness_fields(message))
        case "text_change":
            return _text_change(message.get("change"))
        case str(unknown):
            raise BadMessage(
                "unknown_type", f"there is no message type {unknown[:_MAX_QUOTED_CHARS]!r}"
            )
        case _:
            raise BadMessage("invalid_request", "`type` must be a string")


def _awareness_fields(message: Mapping[str, Any]) -> dict[str, Json]:
    """What is not named in the message stays as it was."""
    fields: dict[str, Json] = {}
    if "cursor_position" in message:
        fields |= _cursor_fields(message["cursor_position"])
    if "selected_node" in message:
        selected = message["selected_node"]
        if selected is not None and not _is_text(selected, MAX_ID_CHARS):
            raise BadMessage("invalid_request", "`selected_node` must be a node's id or null")
        fields["selected_node"] = selected
    return fields


def _cursor_fields(cursor: Any) -> dict[str, Json]:
    if cursor is None:
        return {"cursor": None}
    if (
        not isinstance(cursor, dict)
        or not is_number(cursor.get("x"))
        or not is_number(cursor.get("y"))
    ):
        raise BadMessage(
            "invalid_request", "`cursor_position` must be null, or an object with numbers x and y"
        )
    viewport = cursor.pop("viewport", None)
    if viewport is None:
        return {"cursor": cursor}
    if not isinstance(viewport, dict):
        raise BadMessage("invalid_request", "`cursor_position.viewport` must be an object or null")
    return {"cursor": cursor, "viewport": viewport}


def _text_change(change: Any) -> TextChange:
    if not isinstance(change, dict):
        raise BadMessage("invalid_request", "`change` must be an object")
    named = [kind for kind in ("node", "edge") if change.get(f"{kind}_id") is not None]
    if len(named) != 1:
        raise BadMessage("invalid_request", "`change` needs either `node_id` or `edge_id`")
    kind = named[0]
    entity_id = _text(change, f"{kind}_id", MAX_ID_CHARS)
    name = _text(change, "property", MAX_PROPERTY_CHARS)
    if "value" not in change:
        raise BadMessage("invalid_request", "`value` is missing; null deletes the property")
    return TextChange(kind, entity_id, name, change["value"])


def _text(change: Mapping[str, Any], key: str, max_chars: int) -> str:
    value = change.get(key)
    if not _is_text(value, max_chars):
        raise BadMessage(
            "invalid_request", f"`{key}` must be a string of 1 to {max_chars} characters"
        )
    return value


def _is_text(value: object, max_chars: int) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= max_chars
