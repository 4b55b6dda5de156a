"""The tables of the store, and the Base and column types that every table of coflow uses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, timezone-aware on both databases (SQLite itself has no time zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def utc_now() -> datetime:
    return datetime.now(UTC)


JsonColumn = JSON().with_variant(JSONB(), "postgresql")


class Base(DeclarativeBase):
    """Every table of coflow, rest's included, so that one migration history covers them all."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own convention
        str: Text(),
        int: BigInteger(),
        bytes: LargeBinary(),
        datetime: UtcDateTime(),
    }


class WorkflowRow(Base):
    """One workflow. Its row is what the write turn holds.

    `seq` is the last seq of its journal (0 = nothing yet) and `access_epoch` counts the changes of
    who may do what; both change only under the row's lock. Name, description and tags mirror the
    document's `meta` for lists, and `search_text` is all of them in folded case, for search.
    `updated_at` is the last commit's time.
    """

    __tablename__ = "workflows"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="")
    description: Mapped[str] = mapped_column(default="")
    tags: Mapped[list[Any]] = mapped_column(JsonColumn, default=list)
    search_text: Mapped[str] = mapped_column(default="")
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    seq: Mapped[int] = mapped_column(default=0, server_default="0")
    access_epoch: Mapped[int] = mapped_column(default=0, server_default="0")


class JournalEntry(Base):
    """One author's merged Yjs v1 update in one tick; dense in seq per workflow [DUR-3]."""

    __tablename__ = "journal_entries"

    workflow_id: Mapped[str] = mapped_column(
        ForeignKey("workflows.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    author: Mapped[str]
    origin: Mapped[str]
    committed_at: Mapped[datetime]
    content: Mapped[bytes]


class Refusal(Base):
    """Clocks [clock_start, clock_end) of a client that a rule kept out of the document.

    Structs that a user brought, or deletions that he wanted. Kept so that his old document is known
    when it returns after the lock is gone.
    """

    __tablename__ = "refusals"

    workflow_id: Mapped[str] = mapped_column(
        ForeignKey("workflows.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    clock_start: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    clock_end: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    of_structs: Mapped[bool] = mapped_column(primary_key=True)
    refused_at: Mapped[datetime] = mapped_column(default=utc_now)


class Snapshot(Base):
    """The whole document up to and including `seq`, as one Yjs v1 update; one per workflow."""

    __tablename__ = "snapshots"

    workflow_id: Mapped[str] = mapped_column(
        ForeignKey("workflows.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int]
    content: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
