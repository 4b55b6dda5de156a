"""The locks and the mode of a workflow, held against one tick's changes of its document.

`rules` says who may not change what, `gate.examine` what an update would do; here the two meet the
document. Used once, inside the write turn, with the rules of that very turn [ACC-1].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crdt_store.any_values import NOT_JSON, read_any
from crdt_store.graph_changes import AssignMeta, Change, Put, UnsetMeta
from crdt_store.item_index import REFUSED, Misplaced, Owner, Slot
from crdt_store.json_values import json_equal
from crdt_store.scan_result import covers
from crdt_store.structs import (
    ANY,
    DELETED,
    joined,
    merged_ranges,
    packed,
    read_structs,
    with_deletes,
)
from server.core.close_codes import CloseCode
from server.core.documents import EditForbidden
from server.live.gate import Findings, Refuse, examine, rewritten
from server.live.live_document import ABSENT, SHARED_TYPES
from server.live.rules import FREE, LOCK_REQUIRED, STALE, WithCreated

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from crdt_store.ids import ClientId, UserId
    from crdt_store.scan_result import ClockRange
    from crdt_store.structs import Struct, Structs
    from crdt_store.update_scan import Scan
    from server.core.access import Resource
    from server.core.identity import Identity
    from server.live.live_document import LiveDocument
    from server.live.refusals import Piece
    from server.live.rules import Restriction, Rules

_MOST_ENTRIES_AT_ONCE = 64
"""A longer range of deletions is text, or a whole node."""
MISPLACED: Final = Refuse("misplaced", CloseCode.MALFORMED)
"""It wants to lie in two places at once; see crdt_store.item_index.Misplaced."""
RELAYED: Final = "relayed_work"
"""Somebody else brings what a lock's holder seems to have made: nobody can tell whose it is."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be applied of one update: `update`, after which `keep` get their values back.

    None if nothing may; the index does not know of it then.
    """

    refusal: Refuse
    update: bytes | None = None
    keep: Collection[Slot] = ()


class EditCheck:
    """What an edit of the server's own must pass before it writes."""

    def __init__(self, keeper: Gatekeeper, restriction: Restriction) -> None:
        self._keeper = keeper
        self._restriction = restriction
        self.created: dict[Owner, None] = {}

    def __call__(self, changes: Sequence[Change]) -> None:
        """Raises EditForbidden before anything is written: our own edits need no undoing."""
        for change in changes:
            self.require(_owner(change), is_new=isinstance(change, Put))

    def require(self, owner: Owner, *, is_new: bool = False) -> None:
        """Raises EditForbidden if the author may not change this."""
        denial = self._restriction.denial(owner)
        if denial is None or owner in self.created:
            return
        if (
            is_new
            and self._restriction.may_create
            and denial.reason == LOCK_REQUIRED
            and self._keeper.is_absent(owner)
        ):
            self.created[owner] = None
            return
        raise EditForbidden(denial.reason, (self._keeper.resource(owner),), denial.holder)


class Gatekeeper:
    """The rules of one turn over one document."""

    def __init__(
        self,
        document: LiveDocument,
        rules: Rules,
        *,
        author_of: Callable[[ClientId], UserId | None],
    ) -> None:
        """`author_of` tells whose committed structs a client id has, if that is remembered."""
        self._document = document
        self._rules = rules
        self._author_of = author_of
        self._theirs: dict[Owner, UserId] = {}
        self.created: list[tuple[Identity, Resource]] = []
        """What was created in the mode `locked`: the commit gives its creators the locks."""
        self._wishes: dict[Slot, tuple[UserId, object]] = {}
        whole = rules.resource(REFUSED)
        self.stale = Refuse(STALE.reason, CloseCode.RESET_NEEDED, (whole,))
        """For who comes with a replica from before a refusal."""

    def judge(
        self,
        author: Identity,
        update: bytes,
        scan: Scan,
        *,
        is_fresh: bool,
        flush: Callable[[], bool],
    ) -> Verdict | None:
        """None if all of an update may be applied; the document's index follows it already.

        `is_fresh`: it was made just now, and is not all that somebody has when they come back.
        `flush` applies what was planned before, which decides what is there; False if nothing was.
        Raises CannotForget: then the index is no longer the document's.
        """
        document = self._document
        index = document.index
        assert index is not None
        structs = read_structs(update, scan.long_contents)
        before = {client: index.known(client) for client in structs.by_client}
        try:
            index.add(structs)
        except Misplaced:
            return Verdict(MISPLACED)
        user_id = author.user_id
        returning: list[Piece] = []
        if not is_fresh and scan.deletes:
            returning = list(document.refused.returning(user_id, scan.deletes))
        found = None
        restriction = self._restriction(user_id)
        if restriction is None and (returning or index.has_refused):
            restriction = FREE
        if restriction is not None:
            found = self._examine(structs, scan, restriction, returning)
            if found or found.created:
                with index.setting_aside(before):
                    has_flushed = flush()
                if has_flushed:
                    found = self._examine(structs, scan, restriction, returning)
            if not is_fresh and self._is_relayed(found):
                index.forget(structs, before)
                return Verdict(self._refusal(found, RELAYED, CloseCode.RESET_NEEDED))
            for owner in found.created:
                self._note_created(author, owner)
        if self._rules.holds_something(user_id):
            self._note_wishes(user_id, structs, scan, is_fresh=is_fresh)
        return self._without_forbidden(user_id, structs, scan, found) if found else None

    def checking(self, author: Identity) -> EditCheck | None:
        """What an edit by this user must pass before it writes; None if all is allowed."""
        restriction = self._restriction(author.user_id)
        return None if restriction is None else EditCheck(self, restriction)

    def written(self, author: Identity, check: EditCheck) -> None:
        """The edit has been written: what it created is its author's."""
        for owner in check.created:
            self._note_created(author, owner)

    def is_absent(self, owner: Owner) -> bool:
        """Whether there is no such node or edge in the document as it stands."""
        return self._document.value(Slot(owner.root, owner.key)) is ABSENT

    def resource(self, owner: Owner) -> Resource:
        """What is named to users of an owner."""
        return self._rules.resource(owner)

    def broken_wishes(self) -> Iterable[tuple[UserId, dict[Slot, object]]]:
        """What holders set and the document does not show, by holder; forgets them.

        An update of somebody else, made before it knew of the lock and undone since, can stand
        above the holder's in the CRDT's order. The holder's word is the last one all the same.
        """
        wishes, self._wishes = self._wishes, {}
        broken: dict[UserId, dict[Slot, object]] = {}
        for slot, (user_id, wanted) in wishes.items():
            now = self._document.value(slot)
            if isinstance(now, SHARED_TYPES):
                # Nothing that was undone is one; it is new, and others may have written in it.
                is_kept = True
            elif now is ABSENT or wanted is ABSENT:
                is_kept = now is wanted
            else:
                is_kept = json_equal(now, wanted)
            if not is_kept:
                broken.setdefault(user_id, {})[slot] = wanted
        return broken.items()

    # Inside

    def _restriction(self, user_id: UserId) -> Restriction | None:
        restriction = self._rules.restriction(user_id)
        if restriction is None or not self._theirs:
            return restriction
        return WithCreated(restriction, user_id, self._theirs)

    def _examine(
        self,
        structs: Structs,
        scan: Scan,
        restriction: Restriction,
        returning: Sequence[Piece],
    ) -> Findings:
        document = self._document
        index = document.index
        assert index is not None
        found = examine(structs, scan.deletes, document.clocks, index, restriction)
        back = {
            index.owner(packed(client, start)) or REFUSED
            for client, low, high in returning
            for start, _ in index.not_deleted(client, low, high)
        }
        if back:
            self._refuse_deletions_in(back, scan, found)
        return found

    def _refuse_deletions_in(self, owners: Collection[Owner], scan: Scan, found: Findings) -> None:
        """A document from before a refusal has lost, too, what was made there by others since."""
        index = self._document.index
        assert index is not None
        for client, ranges in scan.deletes.items():
            for low, high in ranges:
                for start, end, owner in index.owners_in(client, low, high):
                    if owner in owners:
                        found.denials.setdefault(owner, STALE)
                        found.is_structural = True
                        found.deletes += [
                            (client, *gone) for gone in index.not_deleted(client, start, end)
                        ]

    def _is_relayed(self, found: Findings) -> bool:
        """Whether forbidden structs seem to be the work of who holds the lock, relayed by another.

        To drop them would take the holder's work away: its clocks would be known, and empty.
        """
        holders = {denial.holder for denial in found.denials.values()} - {None}
        return bool(holders) and any(
            self._author_of(client) in holders for client in {each.client for each in found.structs}
        )

    def _refusal(self, found: Findings, reason: str | None, close_code: CloseCode | None) -> Refuse:
        denial = next(iter(found.denials.values()))
        resources = tuple(dict.fromkeys(map(self._rules.resource, found.denials)))
        return Refuse(reason or denial.reason, close_code, resources, denial.holder)

    def _without_forbidden(
        self, user_id: UserId, structs: Structs, scan: Scan, found: Findings
    ) -> Verdict:
        """The update such that what is forbidden in it stays without effect. [CRDT-2]"""
        document = self._document
        assert document.index is not None
        if found.is_structural:
            update = rewritten(structs, scan.deletes, document.clocks, found)
            for struct in found.structs:
                document.index.refuse(struct, document.clocks.get(struct.client, 0))
            document.refused.note(
                user_id, deletions=found.deletes, structs=self._new_pieces(found.structs)
            )
            return Verdict(self._refusal(found, None, CloseCode.RESET_NEEDED), update)
        update = structs.update
        if found.kill:
            update = with_deletes(structs, joined(scan.deletes, found.kill))
        return Verdict(self._refusal(found, None, None), update, found.keep)

    def _new_pieces(self, structs: Iterable[Struct]) -> Iterator[Piece]:
        """What of these structs the document does not have yet, adjacent ones as one piece."""
        ranges: dict[ClientId, list[ClockRange]] = {}
        for struct in structs:
            start = max(struct.clock, self._document.clocks.get(struct.client, 0))
            ranges.setdefault(struct.client, []).append((start, struct.clock + struct.length))
        for client, mine in ranges.items():
            for start, end in merged_ranges(mine):
                yield client, start, end

    def _note_wishes(
        self, user_id: UserId, structs: Structs, scan: Scan, *, is_fresh: bool
    ) -> None:
        """Remember what a holder sets, or unsets, in what it holds."""
        index, clocks = self._document.index, self._document.clocks
        assert index is not None
        wishes: dict[Slot, object] = {}
        for struct in structs:
            if struct.clock < clocks.get(struct.client, 0):
                continue
            slot = index.slot(struct.id)
            if slot is None or not self._is_held_by(user_id, struct.id):
                continue
            if struct.kind == DELETED or covers(scan.deletes.get(struct.client, ()), struct.clock):
                # In a step 2 it may as well have given way to what somebody else set.
                if is_fresh:
                    wishes[slot] = ABSENT
            elif struct.kind == ANY and struct.length == 1:
                wishes[slot], _ = read_any(structs.update, struct.content + 1)
            else:
                # A new shared type, in which others write: it is not to be undone by a wish.
                wishes[slot] = NOT_JSON
        # What a client deleted just now it saw there. A step 2 names all that was ever deleted.
        for client, ranges in scan.deletes.items() if is_fresh else ():
            for start, end in ranges:
                if end - start <= _MOST_ENTRIES_AT_ONCE:
                    for item in range(packed(client, start), packed(client, end)):
                        slot = index.slot(item)
                        if slot is not None and self._is_held_by(user_id, item):
                            wishes.setdefault(slot, ABSENT)
        for slot, value in wishes.items():
            if value is NOT_JSON:
                self._wishes.pop(slot, None)
            else:
                self._wishes[slot] = (user_id, value)

    def _is_held_by(self, user_id: UserId, item: int) -> bool:
        assert self._document.index is not None
        owner = self._document.index.owner(item)
        return owner is not None and self._rules.is_holder(user_id, owner)

    def _note_created(self, creator: Identity, owner: Owner) -> None:
        self._theirs[owner] = creator.user_id
        self.created.append((creator, self._rules.resource(owner)))


def _owner(change: Change) -> Owner:
    match change:
        case Put(collection, entity):
            return Owner(collection, entity["id"])
        case AssignMeta() | UnsetMeta():
            return Owner("meta", "")
        case _:
            return Owner(change.collection, change.entity_id)
