"""Structured logs for everything in the process, with no content and no secrets in them."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Literal

import structlog

if TYPE_CHECKING:
    from structlog.types import Processor

    from server.core.settings import Settings

REDACTED = "[redacted]"

_SECRET_KEYS = frozenset({"token", "access_token", "authorization", "secret", "password"})
_SECRETS = (
    # Queries and JSON: ?token=…, "token": "…"
    re.compile(r"(?i)((?:access_)?token[\"']?\s*[=:]\s*[\"']?)[^\s&\"',;)}\]]+"),
    re.compile(
        r"(?i)(authorization[\"']?\s*[=:,]\s*(?:b(?=[\"']))?[\"']?(?:(?:bearer|basic)\s+)?)[^\s\"',;)}\]]+"
    ),
    re.compile(r"(?i)(bearer\s+)[\w.~+/=-]{8,}"),
    # A database URL's password
    re.compile(r"(://[^\s:/@]*:)[^\s@/]+(?=@)"),
    # Whatever looks like a JWT, wherever it is
    re.compile(r"()\beyJ[\w-]+\.[\w-]*\.[\w-]*"),
)


def configure_logging(settings: Settings) -> None:
    """Send the logs of the process to stdout: structlog's and the standard library's alike.

    For a process's entry point: replaces the root logger's handlers. Run uvicorn with
    `log_config=None` and `access_log=False`; its own loggers are routed here.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        # Text, not frames with their local variables: those hold documents and tokens.
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            # structlog formats the positional arguments of foreign records before these run.
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(settings.log_format),
            ],
        )
    )
    level = settings.log_level.upper()
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic", "sqlalchemy", "httpx"):
        routed = logging.getLogger(name)
        routed.handlers.clear()
        routed.propagate = True
        # What these say about normal business is noise, or (access) would hold every URL.
        routed.setLevel("WARNING" if name != "uvicorn.error" or level != "DEBUG" else level)
    logging.captureWarnings(capture=True)


def _rendering(log_format: Literal["console", "json"]) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.EventRenamer("message"), structlog.processors.JSONRenderer()]
    return [
        structlog.dev.ConsoleRenderer(
            timestamp_key="time",
            colors=sys.stdout.isatty(),
            exception_formatter=structlog.dev.plain_traceback,
        )
    ]


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: hides tokens, passwords and Authorization; bytes become their size."""
    for key, value in event.items():
        if key not in ("_record", "_from_structlog"):
            event[key] = REDACTED if key.lower() in _SECRET_KEYS else _clean(value)
    return event


def _clean(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return redact_text(value)
        case bytes() | bytearray() | memoryview():
            return f"<{len(value)} bytes>"
        case Mapping():
            return {
                str(key): REDACTED if str(key).lower() in _SECRET_KEYS else _clean(each)
                for key, each in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [_clean(each) for each in value]
        case _:
            return redact_text(str(value))


def redact_text(text: str) -> str:
    """`text` without the secrets that URLs, headers and error messages tend to hold."""
    for pattern in _SECRETS:
        text = pattern.sub(rf"\g<1>{REDACTED}", text)
    return text
