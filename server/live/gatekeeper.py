"""The locks and the mode of a workflow, held against one tick's changes of its document.

`rules` says who may not change what, `gate.examine` what an update would do; here the two meet the
document. Used once, inside the write turn, with the rules of that very turn [ACC-1].
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from crdt_store.any_values import NOT_JSON, read_any
from crdt_store.graph_changes import AssignMeta, Change, Put, UnsetMeta
from crdt_store.item_index import Owner, Slot
from crdt_store.json_values import json_equal
from crdt_store.structs import ANY, DELETED, joined, packed, read_structs, with_deletes
from server.core.close_codes import CloseCode
from server.core.documents import EditForbidden
from server.live.gate import Findings, Holding, Refuse, examine, rewritten
from server.live.live_document import ABSENT, SHARED_TYPES
from server.live.rules import LOCK_REQUIRED, WithCreated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crdt_store.ids import UserId
    from crdt_store.structs import Struct, Structs
    from crdt_store.update_scan import Scan
    from server.core.access import Resource
    from server.core.identity import Identity
    from server.live.live_document import LiveDocument
    from server.live.rules import Restriction, Rules

_MOST_ENTRIES_AT_ONCE = 64
"""A longer range of deletions is text, or a whole node."""


class Verdict:
    """What may be applied of one update: `update`, after which `keep` get their values back."""

    __slots__ = ("keep", "refusal", "update")

    def __init__(self, update: bytes, keep: Iterable[Slot], refusal: Refuse) -> None:
        self.update = update
        self.keep = keep
        self.refusal = refusal


class Gatekeeper:
    """The rules of one turn over one document."""

    def __init__(self, document: LiveDocument, rules: Rules) -> None:
        self._document = document
        self._rules = rules
        self._theirs: dict[Owner, UserId] = {}
        self.created: list[tuple[Identity, Resource]] = []
        """What was created in the mode `locked`: the commit gives its creators the locks."""
        self._wishes: dict[Slot, tuple[UserId, object]] = {}

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
        """
        document = self._document
        assert document.index is not None
        structs = read_structs(update)
        document.index.add(structs)
        found = None
        restriction = self._restriction(author.user_id)
        if restriction is not None:
            found = self._examine(structs, scan, restriction)
            if (found or found.created) and flush():
                found = self._examine(structs, scan, restriction)
            for owner in found.created:
                self._note_created(author, owner)
        if self._rules.holds_something(author.user_id):
            self._note_wishes(author.user_id, structs, scan, is_fresh=is_fresh)
        return self._without_forbidden(structs, scan, found) if found else None

    def checking(self, author: Identity) -> Callable[[Sequence[Change]], None] | None:
        """What an edit of the server's own must pass before it writes; None if all is allowed."""
        restriction = self._restriction(author.user_id)
        return None if restriction is None else partial(self._check, author, restriction)

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

    def _examine(self, structs: Structs, scan: Scan, restriction: Restriction) -> Findings:
        document = self._document
        assert document.index is not None
        return examine(
            structs, scan.deletes, document.clocks, document.index, restriction, document.holding
        )

    def _without_forbidden(self, structs: Structs, scan: Scan, found: Findings) -> Verdict:
        """The update such that what is forbidden in it stays without effect. [CRDT-2]"""
        document = self._document
        assert document.index is not None
        denial = next(iter(found.denials.values()))
        resources = tuple(dict.fromkeys(map(self._rules.resource, found.denials)))
        if found.is_structural:
            update = rewritten(structs, scan.deletes, document.clocks, found)
            for struct in found.structs:
                document.index.refuse(struct, document.clocks.get(struct.client, 0))
            refusal = Refuse(denial.reason, CloseCode.RESET_NEEDED, resources, denial.holder)
            return Verdict(update, (), refusal)
        update = structs.update
        if found.kill:
            update = with_deletes(structs, joined(scan.deletes, found.kill))
        return Verdict(update, found.keep, Refuse(denial.reason, None, resources, denial.holder))

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
            if struct.kind == DELETED or _is_deleted(struct, scan):
                # In a step 2 it may as well have given way to what somebody else set.
                if is_fresh:
                    wishes[slot] = ABSENT
            elif struct.kind == ANY:
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

    def _check(self, author: Identity, restriction: Restriction, changes: Sequence[Change]) -> None:
        """Raises EditForbidden before anything is written: our own edits need no undoing."""
        created: dict[Owner, None] = {}
        for change in changes:
            owner = _owner(change)
            denial = restriction.denial(owner)
            if denial is None or owner in created:
                continue
            is_new = (
                isinstance(change, Put)
                and self._document.holding(Slot(owner.root, owner.key)) is Holding.ABSENT
            )
            if is_new and restriction.may_create and denial.reason == LOCK_REQUIRED:
                created[owner] = None
                continue
            raise EditForbidden(denial.reason, (self._rules.resource(owner),), denial.holder)
        for owner in created:
            self._note_created(author, owner)


def _is_deleted(struct: Struct, scan: Scan) -> bool:
    ranges = scan.deletes.get(struct.client, ())
    return any(start <= struct.clock < end for start, end in ranges)


def _owner(change: Change) -> Owner:
    match change:
        case Put(collection, entity):
            return Owner(collection, entity["id"])
        case AssignMeta() | UnsetMeta():
            return Owner("meta", "")
        case _:
            return Owner(change.collection, change.entity_id)
