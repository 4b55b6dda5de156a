"""The one place that understands DATABASE_URL."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

_EXPECTED = "expected sqlite:///path/to/file.db or postgresql://user:password@host:port/name"

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


def parse_database_url(url: str) -> URL:
    """Return `url` with the driver that coflow uses, or raise ValueError saying what is expected.

    Accepts `sqlite:` and `sqlite+aiosqlite:` (a file; memory is refused, as nothing in it would be
    durable), `postgres:`, `postgresql:` and `postgresql+asyncpg:`. libpq's `sslmode` is understood.
    No message holds the password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        # The URL itself stays out of the message: it could not be parsed, so it cannot be masked.
        raise ValueError(f"the database URL cannot be read; {_EXPECTED}") from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise ValueError(f"unknown database {parsed.drivername!r}; {_EXPECTED}")
    parsed = parsed.set(drivername=driver)
    if is_sqlite(parsed):
        if parsed.database in (None, "", ":memory:") or str(parsed.database).startswith("file:"):
            raise ValueError(f"SQLite needs a file, a path relative or absolute; {_EXPECTED}")
        return parsed
    if not parsed.database:
        raise ValueError(f"the PostgreSQL URL names no database; {_EXPECTED}")
    if (mode := parsed.query.get("sslmode")) is not None:
        parsed = parsed.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return parsed


def is_sqlite(url: URL) -> bool:
    return url.drivername == "sqlite+aiosqlite"


def sqlite_path(url: URL) -> Path:
    """The file that an SQLite URL names, absolute and with symbolic links resolved."""
    if url.database is None:
        raise ValueError(f"SQLite needs a file; {_EXPECTED}")
    return Path(url.database).resolve()
