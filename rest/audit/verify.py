"""Walking the chains: what was changed, taken out or put in afterwards does not fit.

A chain cannot know its own end: who deletes the last entries leaves a shorter chain that fits. So
the end can be noted elsewhere (`Chain.end`) and expected later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import func, select

from rest.audit.models import AuditEntry
from rest.audit.service import FIRST_HASH, entry_hash

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy.ext.asyncio import AsyncSession

_ENTRIES_PER_READ = 1_000
_UNREADABLE = (ValueError, TypeError)
"""What a row raises whose JSON, moment or number is none."""
_NO_ENTRIES = "there are no entries"


class Readable(Protocol):
    def reading(self) -> AbstractAsyncContextManager[AsyncSession]: ...


@dataclass(frozen=True, slots=True)
class End:
    """An entry that a chain has, as it was noted once; as text `WORKFLOW:NUMBER:HASH`."""

    workflow_id: str
    number: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> End:
        """Raises ValueError."""
        workflow_id, number, digest = text.split(":")
        if not workflow_id or int(number) < 1 or len(digest) != len(FIRST_HASH):
            raise ValueError(text)
        return cls(workflow_id, int(number), digest.lower())

    def __str__(self) -> str:
        return f"{self.workflow_id}:{self.number}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Chain:
    """One workflow's chain: `entries` of it fit, and `fault` says where it first does not."""

    workflow_id: str
    entries: int
    end: End | None
    fault: str | None


async def verify(
    database: Readable, *, only: Collection[str] = (), expected: Collection[End] = ()
) -> AsyncIterator[Chain]:
    """Every workflow's chain, or those of `only`; the entries `expected` must be in them.

    Reads in short sessions, so that a server may go on beside it: what it appends meanwhile fits.
    """
    named = {*only, *(end.workflow_id for end in expected)}
    for workflow_id in sorted(named):
        yield await _walk(database, workflow_id, expected)
    if only:
        return
    last = ""
    while (found := await _workflow_after(database, last)) is not None:
        last = found
        if found not in named:
            chain = await _walk(database, found, expected)
            if chain.end is not None or chain.fault != _NO_ENTRIES:
                yield chain  # else it was deleted between the two reads


async def _workflow_after(database: Readable, last: str) -> str | None:
    async with database.reading() as db:
        return await db.scalar(
            select(func.min(AuditEntry.workflow_id)).where(AuditEntry.workflow_id > last)
        )


async def _walk(database: Readable, workflow_id: str, expected: Collection[End]) -> Chain:
    noted = {end.number: end.hash for end in expected if end.workflow_id == workflow_id}
    number, previous_hash = 0, FIRST_HASH

    def chain(fault: str | None) -> Chain:
        end = End(workflow_id, number, previous_hash) if number else None
        return Chain(workflow_id, number, end, fault)

    after: int | None = None
    while True:
        try:
            entries = await _read(database, workflow_id, after, _ENTRIES_PER_READ)
        except _UNREADABLE:
            # One at a time, up to the one that cannot be read.
            try:
                entries = await _read(database, workflow_id, after, 1)
            except _UNREADABLE:
                return chain(f"entry {number + 1} was changed: it cannot be read")
        if not entries:
            break
        for entry in entries:
            if (fault := _fault(entry, number + 1, previous_hash, noted)) is not None:
                return chain(fault)
            number, previous_hash = entry.number, entry.hash
        after = number
    if not number:
        return chain(_NO_ENTRIES)
    if noted and (last := max(noted)) > number:
        return chain(f"entry {number + 1} is missing: the chain once reached entry {last}")
    return chain(None)


def _fault(entry: AuditEntry, number: int, previous_hash: str, noted: dict[int, str]) -> str | None:
    if entry.number != number:
        surplus = f"entry {entry.number} does not belong there"
        return f"entry {number} is missing" if entry.number > number else surplus
    try:
        fits = entry_hash(entry, previous_hash) == entry.hash
    except _UNREADABLE:
        fits = False
    if not fits:
        return f"entry {number} was changed, or one before it and its hash with it"
    if noted.get(number, entry.hash) != entry.hash:
        return f"entry {number} has another hash than expected: the chain was written anew"
    return None


async def _read(
    database: Readable, workflow_id: str, after: int | None, limit: int
) -> Sequence[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.workflow_id == workflow_id)
    if after is not None:
        query = query.where(AuditEntry.number > after)
    async with database.reading() as db:
        return (await db.scalars(query.order_by(AuditEntry.number).limit(limit))).all()
