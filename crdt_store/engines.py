"""SQLAlchemy engines with the settings that the guarantees rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from crdt_store import sqlite_cursors

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection

BUSY_TIMEOUT_MS = 5_000
LOCK_TIMEOUT_MS = 10_000
COMMAND_TIMEOUT_S = 30.0
_MOST_SPARE_WAL_BYTES = 64 * 1024 * 1024


def sqlite_pragmas(*, foreign_keys: bool = True, query_only: bool = False) -> tuple[str, ...]:
    """What every connection of ours to an SQLite file begins with, in order. [DUR-2]"""
    pragmas = [f"busy_timeout = {BUSY_TIMEOUT_MS}"]
    if not query_only:
        # The mode is the file's and stays; a connection that may only read cannot set it.
        pragmas.append("journal_mode = WAL")
    pragmas += [
        "synchronous = FULL",
        # Never inside a COMMIT, which would wait for the file's fsync: see sqlite_checkpoints.
        "wal_autocheckpoint = 0",
        # What a log that once grew beyond it gives back when it starts anew.
        f"journal_size_limit = {_MOST_SPARE_WAL_BYTES}",
        f"foreign_keys = {'ON' if foreign_keys else 'OFF'}",
    ]
    if query_only:
        pragmas.append("query_only = ON")
    return tuple(f"PRAGMA {pragma}" for pragma in pragmas)


def sqlite_engine(
    url: URL,
    *,
    begin: Literal["DEFERRED", "IMMEDIATE"],
    pool_size: int,
    query_only: bool = False,
    foreign_keys: bool = True,
) -> AsyncEngine:
    """An engine whose transactions begin as told: the driver's own habit is to begin too late."""
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        connect_args={"async_creator_fn": sqlite_cursors.connect},
    )
    pragmas = sqlite_pragmas(foreign_keys=foreign_keys, query_only=query_only)

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = None  # the driver begins and commits nothing by itself
        cursor = dbapi_connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin_as_told(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {begin}")

    return engine


def postgres_engine(url: URL, *, pool_size: int) -> AsyncEngine:
    """An engine whose waits are bounded: for a lock, for a statement, and for a dead peer."""
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=COMMAND_TIMEOUT_S,
        pool_pre_ping=True,
        connect_args={
            "command_timeout": COMMAND_TIMEOUT_S,
            "server_settings": postgres_server_settings(),
        },
    )


def postgres_server_settings() -> dict[str, str]:
    """Also for the journal's own connections: a host that vanished must not hold a row forever."""
    return {
        "application_name": "coflow",
        "lock_timeout": str(LOCK_TIMEOUT_MS),
        "idle_in_transaction_session_timeout": str(int(COMMAND_TIMEOUT_S * 1000)),
    }
