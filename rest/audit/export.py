"""A whole audit as a file: NDJSON or CSV, made piece by piece while the client reads it."""

from __future__ import annotations

import csv
import io
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import orjson

from rest.audit.reading import as_json, oldest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from crdt_store.database import Database
    from crdt_store.ids import WorkflowId
    from rest.audit.models import AuditEntry
    from rest.audit.reading import Filter

_ENTRIES_PER_PIECE = 500

COLUMNS = (
    "audit_id",
    "workflow_id",
    "timestamp",
    "user_id",
    "user_name",
    "action",
    "resource_type",
    "resource_id",
    "session_id",
    "details",
    "hash",
)
_BEGIN_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class ExportFormat(StrEnum):
    NDJSON = "ndjson"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        return {
            ExportFormat.NDJSON: "application/x-ndjson",
            ExportFormat.CSV: "text/csv; charset=utf-8",
        }[self]


async def export(
    database: Database,
    workflow_id: WorkflowId,
    wanted: Filter,
    *,
    upto: int,
    format: ExportFormat,
) -> AsyncIterator[bytes]:
    """The entries up to number `upto`, the oldest first.

    Each piece is read under a session of its own, which has ended before the piece is handed out:
    a slow reader holds no connection, and no snapshot of the database.
    """
    if format is ExportFormat.CSV:
        yield _csv_lines([COLUMNS])
    after = 0
    while after < upto:
        async with database.reading() as db:
            entries = await oldest(
                db, workflow_id, wanted, after=after, upto=upto, limit=_ENTRIES_PER_PIECE
            )
        if not entries:
            return
        after = entries[-1].number
        yield _lines(entries, format)


def _lines(entries: Sequence[AuditEntry], format: ExportFormat) -> bytes:
    if format is ExportFormat.CSV:
        return _csv_lines([_cells(entry) for entry in entries])
    return b"".join(
        orjson.dumps(as_json(entry), option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
        for entry in entries
    )


def _cells(entry: AuditEntry) -> list[str]:
    fields = as_json(entry)
    fields["timestamp"] = entry.at.isoformat().replace("+00:00", "Z")
    fields["details"] = orjson.dumps(entry.details).decode()
    return [_cell(fields[column]) for column in COLUMNS]


def _cell(value: Any) -> str:
    """Never a formula: a spreadsheet would run what a user once typed as a name."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_BEGIN_A_FORMULA) else text


def _csv_lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
