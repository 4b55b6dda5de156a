"""Pure: may this change of a document happen, and if not, what follows.

Every door asks here, inside the write turn: a Yjs update, a JSON event, a REST edit [ACC-2].
`decide` is about permissions, `examine` about what locks and modes keep a Yjs update from doing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from crdt_store.item_index import REFUSED
from crdt_store.scan_result import covers
from crdt_store.structs import (
    ANY,
    GC,
    TYPE,
    difference,
    gc_struct,
    merged_ranges,
    packed,
    write_update,
)
from server.core.close_codes import CloseCode
from server.core.roles import Permission
from server.live.rules import LOCK_REQUIRED, STALE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from crdt_store.ids import ClientId, UserId
    from crdt_store.item_index import ItemIndex, Owner, Slot
    from crdt_store.scan_result import ClockRange
    from crdt_store.structs import Struct, Structs
    from server.core.access import Resource
    from server.live.rules import Denial, Restriction

Arrival = Literal["step_2", "update", "rest"]
"""How a change came: what a client had when it connected, an edit just made, a REST request."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a change would do, as far as the rules need to know."""

    arrival: Arrival
    brings_news: bool
    """It holds structs or deletions that the document does not have yet."""
    grows: bool
    """It holds structs that the document does not have yet."""
    foreign_clients: Collection[ClientId]
    """Client ids with new structs that another user, or the server, has claimed."""


@dataclass(frozen=True, slots=True)
class Allow:
    pass


@dataclass(frozen=True, slots=True)
class Refuse:
    """What is not let in, or not left standing; `close_code` is None if the connection may stay.

    `resources` are what was protected, `holder` who may change them.
    """

    reason: str
    close_code: CloseCode | None
    resources: tuple[Resource, ...] = ()
    holder: UserId | None = None


ALLOW = Allow()


def decide(
    change: Change, permissions: frozenset[Permission], *, document_is_full: bool
) -> Allow | Refuse:
    """The decision of design §5: what is known already is accepted from anyone."""
    if not change.brings_news:
        return ALLOW
    if Permission.EDIT not in permissions:
        # A stock client answers with all it has when it connects; that alone is no offence.
        final = CloseCode.FORBIDDEN if change.arrival == "update" else None
        return Refuse("permission_denied", final)
    if change.foreign_clients:
        return Refuse("foreign_client_id", CloseCode.FORBIDDEN)
    if document_is_full and change.grows:
        return Refuse("document_full", CloseCode.TOO_LARGE)
    return ALLOW


MAX_KEPT_BYTES = 8 * 1024
"""A larger value is not written back again and again for an edit of a few bytes."""
MAX_CREATED = 1_000
"""Nodes and edges that one update may create in the mode `locked`, each with a lock."""


@dataclass(slots=True)
class Findings:
    """What of an update is forbidden to its author. Falsy if nothing is."""

    denials: dict[Owner, Denial] = field(default_factory=dict)
    structs: list[Struct] = field(default_factory=list)
    deletes: list[tuple[ClientId, int, int]] = field(default_factory=list)
    """Client, and clocks [start, end), none of them deleted yet."""
    is_structural: bool = False
    """It cannot be undone by values: see `rewritten`."""
    keep: dict[Slot, None] = field(default_factory=dict)
    """Entries whose plain values have to be written back after the update."""
    kill: dict[ClientId, list[ClockRange]] = field(default_factory=dict)
    """What the update inserts where nothing was, to be deleted with it."""
    created: dict[Owner, None] = field(default_factory=dict)
    """What it creates that becomes its author's."""

    def __bool__(self) -> bool:
        return bool(self.denials)


def examine(
    structs: Structs,
    deletes: Mapping[ClientId, Sequence[ClockRange]],
    clocks: Mapping[ClientId, int],
    index: ItemIndex,
    restriction: Restriction,
) -> Findings:
    """Find what an update does that its author may not.

    `clocks` is the document's state before the update, whose structs `index` has already; what the
    entries of maps hold, it tells of the time before.

    A plain value can be written back over another, and inserted text deleted again: the identity
    of all shared types stays, and nothing that others do at the same time is harmed. Not so a
    shared type that is deleted or replaced, nor deleted text: a copy would not be what others write
    in; nor a new entry, whose key another may be setting just then. Those are structural.
    """
    found = Findings()
    for struct in structs:
        known = clocks.get(struct.client, 0)
        end = struct.clock + struct.length
        if end <= known or struct.kind == GC:
            continue
        start = max(struct.clock, known)
        owner = index.owner(packed(struct.client, start))
        if owner in found.created:
            continue
        # Every struct of a complete update has an owner; one without is none to let through.
        denial = STALE if owner is None else restriction.denial(owner)
        if denial is None:
            continue
        slot = index.slot(packed(struct.client, start))
        if slot is not None and index.path(slot) is None:
            continue  # in a map that is gone: it goes with it
        if (
            owner is not None
            and restriction.may_create
            and denial.reason == LOCK_REQUIRED
            and _creates(struct, slot, owner, deletes, index)
            and len(found.created) < MAX_CREATED
        ):
            found.created[owner] = None
            continue
        found.denials[owner or REFUSED] = denial
        found.structs.append(struct)
        if denial is STALE:
            found.is_structural = True
        elif slot is None:
            found.kill.setdefault(struct.client, []).append((start, end))
        elif struct.kind != TYPE and _can_be_kept(index, slot):
            found.keep[slot] = None
        else:
            found.is_structural = True
    for client, ranges in deletes.items():
        known = clocks.get(client, 0)
        for low, high in ranges:
            for start, end in index.not_deleted(client, low, min(high, known)):
                for first, last, owner in index.owners_in(client, start, end):
                    denial = restriction.denial(owner)
                    if denial is not None and denial is not STALE and owner not in found.created:
                        _forbid_deletion(found, client, (first, last), owner, denial, index)
    return found


def _creates(
    struct: Struct,
    slot: Slot | None,
    owner: Owner,
    deletes: Mapping[ClientId, Sequence[ClockRange]],
    index: ItemIndex,
) -> bool:
    """Whether a struct is a new node or edge where none is, and stays."""
    return (
        slot is not None
        and slot.parent == owner.root
        and slot.key == owner.key
        and bool(owner.key)
        and struct.kind in (TYPE, ANY)
        and index.current(slot) is None
        and not covers(deletes.get(struct.client, ()), struct.clock)
    )


def _can_be_kept(index: ItemIndex, slot: Slot) -> bool:
    """Whether an entry holds a plain value that can be written back."""
    current = index.current(slot)
    return current is not None and not current.is_shared and current.size_bytes <= MAX_KEPT_BYTES


def _forbid_deletion(
    found: Findings,
    client: ClientId,
    clocks: ClockRange,
    owner: Owner,
    denial: Denial,
    index: ItemIndex,
) -> None:
    found.denials[owner] = denial
    found.deletes.append((client, *clocks))
    if found.is_structural:
        return
    for clock in range(*clocks):
        slot = index.slot(packed(client, clock))
        if slot is None or not _can_be_kept(index, slot):
            found.is_structural = True
            return
        found.keep[slot] = None


def rewritten(
    structs: Structs,
    deletes: Mapping[ClientId, Sequence[ClockRange]],
    clocks: Mapping[ClientId, int],
    found: Findings,
) -> bytes:
    """The update without what is forbidden in it, and with nothing else changed.

    Forbidden structs become collected ones of equal length, so that the author's clocks stay dense
    and whatever else they made keeps its identity; forbidden deletions are left out. Whoever holds
    the original has another document now, and must begin anew.
    """
    forbidden = {struct.id for struct in found.structs}
    sections: dict[ClientId, list[tuple[int, bytes]]] = {}
    for client, mine in structs.by_client.items():
        known = clocks.get(client, 0)
        parts: list[tuple[int, bytes]] = []
        for struct in mine:
            end = struct.clock + struct.length
            if end <= known:
                continue
            if struct.id in forbidden:
                start = max(struct.clock, known)
                parts.append((start, gc_struct(end - start)))
            else:
                parts.append((struct.clock, structs.update[struct.start : struct.end]))
        sections[client] = parts
    dropped: dict[ClientId, list[ClockRange]] = {}
    for client, start, end in found.deletes:
        dropped.setdefault(client, []).append((start, end))
    left = {
        client: difference(ranges, merged_ranges(dropped[client])) if client in dropped else ranges
        for client, ranges in deletes.items()
    }
    return write_update(sections, left)
