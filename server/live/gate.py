"""Pure: may this change of a document happen, and if not, what follows.

Every door asks here, inside the write turn: a Yjs update, a JSON event, a REST edit [ACC-2].
`decide` is about permissions, `examine` about what locks and modes keep a Yjs update from doing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal

from crdt_store.item_index import REFUSED
from crdt_store.structs import CLOCK_BITS, GC, TYPE, gc_struct, packed, write_update
from server.core.close_codes import CloseCode
from server.core.roles import Permission
from server.live.rules import LOCK_REQUIRED, STALE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

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


class Holding(Enum):
    """What an entry of a map holds."""

    ABSENT = 0
    PLAIN = 1
    SHARED = 2
    """A Y.Map or a Y.Text: whoever replaces it takes away what others write in it."""


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
    holding: Callable[[Slot], Holding],
) -> Findings:
    """Find what an update does that its author may not.

    `clocks` is the document's state before the update, whose structs `index` has already.
    `holding` reads the document as it stands.

    Values can be written back and inserted text deleted: the identity of all shared types stays,
    and nothing that others do at the same time is harmed. Not so a shared type that is deleted or
    replaced, nor deleted text: a copy would not be what others write in; nor a new shared type
    under a key that another may be creating just then. Those are structural.
    """
    found = Findings()
    for struct in structs:
        known = clocks.get(struct.client, 0)
        end = struct.clock + struct.length
        if end <= known or struct.kind == GC:
            continue
        start = max(struct.clock, known)
        owner = index.owner(struct.client << CLOCK_BITS | start)
        if owner in found.created:
            continue
        # Every struct of a complete update has an owner; one without is none to let through.
        denial = STALE if owner is None else restriction.denial(owner)
        if denial is None:
            continue
        slot = index.slot(struct.id)
        if (
            owner is not None
            and restriction.may_create
            and denial.reason == LOCK_REQUIRED
            and _creates(slot, owner, found, holding)
        ):
            continue
        found.denials[owner or REFUSED] = denial
        found.structs.append(struct)
        if slot is not None and (struct.kind == TYPE or holding(slot) is Holding.SHARED):
            found.is_structural = True
        elif slot is not None and holding(slot) is Holding.PLAIN:
            found.keep[slot] = None
        elif denial is STALE:
            found.is_structural = True
        else:
            found.kill.setdefault(struct.client, []).append((start, end))
    for client, ranges in deletes.items():
        known = clocks.get(client, 0)
        for low, high in ranges:
            for start, end, owner in index.owners_in(client, low, min(high, known)):
                denial = restriction.denial(owner)
                if denial is not None and owner not in found.created:
                    for gone in index.not_deleted(client, start, end):
                        _forbid_deletion(found, client, gone, owner, denial, index, holding)
    return found


def _creates(
    slot: Slot | None, owner: Owner, found: Findings, holding: Callable[[Slot], Holding]
) -> bool:
    """Whether a struct is a new node or edge where none is."""
    if (
        slot is None
        or slot.parent != owner.root
        or slot.key != owner.key
        or not owner.key
        or holding(slot) is not Holding.ABSENT
    ):
        return False
    found.created[owner] = None
    return True


def _forbid_deletion(
    found: Findings,
    client: ClientId,
    clocks: ClockRange,
    owner: Owner,
    denial: Denial,
    index: ItemIndex,
    holding: Callable[[Slot], Holding],
) -> None:
    found.denials[owner] = denial
    found.deletes.append((client, *clocks))
    if found.is_structural:
        return
    for clock in range(*clocks):
        slot = index.slot(packed(client, clock))
        if slot is None or holding(slot) is Holding.SHARED:
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
    left: dict[ClientId, list[ClockRange]] = {client: list(r) for client, r in deletes.items()}
    for client, start, end in found.deletes:
        left[client] = [part for each in left[client] for part in _without(each, start, end)]
    return write_update(sections, left)


def _without(ranged: ClockRange, start: int, end: int) -> list[ClockRange]:
    low, high = ranged
    if end <= low or high <= start:
        return [ranged]
    return [part for part in ((low, min(start, high)), (max(end, low), high)) if part[0] < part[1]]
