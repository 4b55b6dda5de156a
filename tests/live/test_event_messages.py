"""The JSON protocol's messages, from bytes to values: whatever comes, it is one or a BadMessage."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.live.event_messages import (
    BadMessage,
    CursorUpdate,
    Heartbeat,
    TextChange,
    read_message,
)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)
CODES = {"malformed_json", "invalid_request", "unknown_type"}


def read(message: Any) -> Any:
    return read_message(orjson.dumps(message))


def change(**members: Any) -> dict[str, Any]:
    return {"type": "text_change", "change": members}


def test_the_three_messages_of_a_client_are_read() -> None:
    assert read({"type": "heartbeat", "more": 1}) == Heartbeat()
    assert read(
        {"type": "cursor_update", "cursor_position": {"x": 1, "y": 2}, "selected_node": "n"}
    ) == CursorUpdate({"cursor": {"x": 1, "y": 2}, "selected_node": "n"})
    assert read(change(node_id="n", property="name", value=None)) == TextChange(
        "node", "n", "name", None
    )
    assert read(change(edge_id="e", property="type", value={"a": 1})) == TextChange(
        "edge", "e", "type", {"a": 1}
    )


def test_what_a_cursor_update_does_not_name_stays_as_it_was() -> None:
    assert read({"type": "cursor_update"}) == CursorUpdate({})
    assert read({"type": "cursor_update", "cursor_position": None}) == CursorUpdate(
        {"cursor": None}
    )


def test_a_viewport_inside_the_cursor_is_the_viewport_of_the_awareness_state() -> None:
    cursor = {"x": 1, "y": 2, "pressure": 3, "viewport": {"x": 0, "y": 0, "zoom": 2}}
    assert read({"type": "cursor_update", "cursor_position": cursor}) == CursorUpdate(
        {"cursor": {"x": 1, "y": 2, "pressure": 3}, "viewport": {"x": 0, "y": 0, "zoom": 2}}
    )


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ([], "invalid_request"),
        ("heartbeat", "invalid_request"),
        ({}, "invalid_request"),
        ({"type": 1}, "invalid_request"),
        ({"type": "HEARTBEAT"}, "unknown_type"),
        ({"type": "user_joined"}, "unknown_type"),
        ({"type": "cursor_update", "cursor_position": [1, 2]}, "invalid_request"),
        ({"type": "cursor_update", "cursor_position": {"x": 1}}, "invalid_request"),
        ({"type": "cursor_update", "cursor_position": {"x": "1", "y": 2}}, "invalid_request"),
        ({"type": "cursor_update", "cursor_position": {"x": True, "y": 2}}, "invalid_request"),
        (
            {"type": "cursor_update", "cursor_position": {"x": 1, "y": 2, "viewport": 3}},
            "invalid_request",
        ),
        ({"type": "cursor_update", "selected_node": 7}, "invalid_request"),
        ({"type": "cursor_update", "selected_node": "n" * 300}, "invalid_request"),
        ({"type": "text_change"}, "invalid_request"),
        (change(property="a", value=1), "invalid_request"),
        (change(node_id="n", edge_id="e", property="a", value=1), "invalid_request"),
        (change(node_id=1, property="a", value=1), "invalid_request"),
        (change(node_id="", property="a", value=1), "invalid_request"),
        (change(node_id="n", property="", value=1), "invalid_request"),
        (change(node_id="n", property="p" * 300, value=1), "invalid_request"),
        (change(node_id="n", property="a"), "invalid_request"),
    ],
)
def test_what_is_no_message_is_refused_with_a_code(message: Any, code: str) -> None:
    with pytest.raises(BadMessage) as refused:
        read(message)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"\xff", b"NaN", b'"\\ud800"', b"[" * 5000, b"1e999", b'{"type":']
)
def test_what_is_no_json_is_refused_as_that(payload: bytes) -> None:
    with pytest.raises(BadMessage) as refused:
        read_message(payload)
    assert refused.value.code == "malformed_json"


@given(st.binary(max_size=200))
def test_live_2_any_bytes_are_a_message_or_a_bad_message(payload: bytes) -> None:
    _read_or_refuse(payload)


@given(
    st.sampled_from(["heartbeat", "cursor_update", "text_change"]),
    st.dictionaries(
        st.sampled_from(["cursor_position", "selected_node", "change", "type"]), json_values
    ),
)
def test_live_2_any_json_is_a_message_or_a_bad_message(kind: str, members: dict[str, Any]) -> None:
    _read_or_refuse(orjson.dumps({"type": kind, **members}))


@given(
    st.dictionaries(
        st.sampled_from(["node_id", "edge_id", "property", "value", "other"]), json_values
    )
)
def test_live_2_any_change_is_a_message_or_a_bad_message(members: dict[str, Any]) -> None:
    _read_or_refuse(orjson.dumps(change(**members)))


def _read_or_refuse(payload: bytes) -> None:
    found: object
    try:
        found = read_message(payload)
    except BadMessage as refused:
        found = refused
    if isinstance(found, BadMessage):
        assert found.code in CODES
        assert 0 < len(str(found)) < 300
    else:
        assert isinstance(found, Heartbeat | CursorUpdate | TextChange)
