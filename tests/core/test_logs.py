"""Logs are structured, and hold no tokens, passwords or content."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from server.core.logs import REDACTED, redact, redact_text

REPOSITORY = Path(__file__).parent.parent.parent
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"

# Logging is the process's: a process of its own keeps it out of pytest's.
SCRIPT = """
import logging, sys, structlog
from server.core.logs import configure_logging
from server.core.settings import Settings

configure_logging(Settings(auth_mode="dev", log_format=sys.argv[1], log_level=sys.argv[2]))
log = structlog.get_logger("coflow.test")
log.debug("unimportant")
log.info("opened", workflow_id="w1", token="hunter2", update=b"content")
logging.getLogger("uvicorn.error").warning('%s - "WebSocket %s" 403', "x", "/sync/w?token=hunter2")
logging.getLogger("uvicorn.access").info("GET /?token=hunter2")
try:
    password = "content of a local variable"
    raise RuntimeError("refused Authorization: Bearer hunter2hunter2")
except RuntimeError:
    log.exception("failed")
"""


@cache
def logged(log_format: str, log_level: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, log_format, log_level],
        cwd=REPOSITORY,
        env={"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_secret_and_no_content_reaches_the_log(log_format: str) -> None:
    log = logged(log_format, "debug")

    assert "opened" in log
    assert "failed" in log
    assert "RuntimeError" in log
    assert "hunter2" not in log
    assert "content" not in log
    assert "<7 bytes>" in log


def test_json_logs_are_one_object_a_line_whoever_wrote_them() -> None:
    lines: list[dict[str, Any]] = [json.loads(line) for line in logged("json", "info").splitlines()]

    assert [line["message"] for line in lines] == [
        "opened",
        f'x - "WebSocket /sync/w?token={REDACTED}" 403',
        "failed",
    ]
    assert [line["level"] for line in lines] == ["info", "warning", "error"]
    assert [line["logger"] for line in lines] == ["coflow.test", "uvicorn.error", "coflow.test"]
    assert lines[0]["workflow_id"] == "w1"
    assert lines[0]["time"].endswith("Z")


def test_the_level_is_the_least_that_is_logged() -> None:
    assert "unimportant" in logged("console", "debug")
    assert "unimportant" not in logged("console", "info")
    assert "opened" not in logged("console", "warning")


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("/sync/w?token=abc&events=1", f"/sync/w?token={REDACTED}&events=1"),
        ("/sync/w?events=1&token=abc", f"/sync/w?events=1&token={REDACTED}"),
        ("?access_token=abc", f"?access_token={REDACTED}"),
        ("Authorization: Bearer abc", f"Authorization: Bearer {REDACTED}"),
        ("{'authorization': 'Bearer abc'}", f"{{'authorization': 'Bearer {REDACTED}'}}"),
        ("(b'authorization', b'Bearer abc')", f"(b'authorization', b'Bearer {REDACTED}')"),
        ('{"token": "abc"}', f'{{"token": "{REDACTED}"}}'),
        ("postgresql+asyncpg://me:abc@db:5432/x", f"postgresql+asyncpg://me:{REDACTED}@db:5432/x"),
        (f"cannot read {JWT}!", f"cannot read {REDACTED}!"),
        ("GET /api/workflows/w1 200", "GET /api/workflows/w1 200"),
        ("http://127.0.0.1:8000/@me", "http://127.0.0.1:8000/@me"),
    ],
)
def test_secrets_are_cut_out_of_texts(text: str, redacted: str) -> None:
    assert redact_text(text) == redacted


def test_secrets_are_cut_out_of_nested_values() -> None:
    event: dict[str, Any] = {
        "event": "x",
        "count": 3,
        "headers": {"Authorization": "Basic abc", "accept": "*/*"},
        "urls": ["/?token=abc", b"abc"],
        "error": ValueError(JWT),
    }

    assert redact(None, "info", event) == {
        "event": "x",
        "count": 3,
        "headers": {"Authorization": REDACTED, "accept": "*/*"},
        "urls": [f"/?token={REDACTED}", "<3 bytes>"],
        "error": REDACTED,
    }
