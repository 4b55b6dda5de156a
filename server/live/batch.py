"""What waits to be written to one room, and how a tick's worth of it becomes journal rows.

Pure but for the document: no sockets, no database. The room supplies the changes and acts on
their outcomes once they are committed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crdt_store.ids import ClientId, Seq
from crdt_store.item_index import CannotForget
from server.core.close_codes import CloseCode
from server.core.documents import EditForbidden, StaleSeq
from server.core.roles import Permission
from server.live.changes import Edit, Pending, PlanOutdated, SyncChange
from server.live.gate import Change, Refuse, decide
from server.live.gatekeeper import Gatekeeper
from server.live.live_document import DocumentBroken, Group, LiveDocument

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from crdt_store.ids import UserId
    from crdt_store.item_index import Slot
    from crdt_store.journal import JournalRow, Origin
    from crdt_store.update_scan import Scan
    from server.core.access import Resource
    from server.core.identity import Identity
    from server.live.claims import Claims
    from server.live.connection import Connection
    from server.live.rules import Rules

_APPLY_EVERY = 512
_APPLY_EVERY_BYTES = 1024 * 1024
_COSTLY_TO_JUDGE_BYTES = 8 * 1024
_FAR = 2**62
_MAX_NEW_DELETIONS = 20_000


@dataclass(slots=True)
class Outcome:
    """What one tick did to one room. Nothing of it may be shown before the commit [DUR-1]."""

    rows: list[JournalRow] = field(default_factory=list)
    changes: list[SyncChange] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    created: list[tuple[Identity, Resource]] = field(default_factory=list)
    """What the commit must give its creators the locks of: mode `locked`."""
    has_reverted: bool = False
    """Something was changed that its sender does not know of yet."""
    leftover: list[Pending] = field(default_factory=list)
    """Not looked at: the time was up."""

    @property
    def not_to_be_shown(self) -> Collection[Connection]:
        """Whoever sent all of it, if it is one connection, and whoever has to begin anew.

        The old document of these would look, with what follows, as if it had begun anew.
        """
        if self.has_reverted or self.edits or not self.changes:
            return {
                change.connection
                for change in self.changes
                if change.refusal is not None
                and change.refusal.close_code is CloseCode.RESET_NEEDED
            }
        sender = self.changes[0].connection
        if all(change.connection is sender and change.missing is None for change in self.changes):
            return (sender,)
        return ()


TOO_MANY_DELETIONS = Refuse("too_many_deletions", CloseCode.TOO_LARGE)


def _cuts_too_often(scan: Scan, document: LiveDocument) -> bool:
    """True for more new ranges of deletions than yrs can apply in reasonable time.

    Each one may cut a stored text in two, and yrs then walks the text: 200,000 took 2.4 s.
    """
    if not scan.deletes or sum(map(len, scan.deletes.values())) <= _MAX_NEW_DELETIONS:
        return False
    return document.new_deletions(scan.deletes) > _MAX_NEW_DELETIONS


class Batch:
    """Applies pending changes to a document, in order, within a time budget. Used once."""

    def __init__(
        self,
        document: LiveDocument,
        claims: Claims,
        *,
        rules: Rules,
        max_document_bytes: int,
        permissions_of: Callable[[Identity], frozenset[Permission]],
        may_apply_partly: Callable[[SyncChange], bool],
    ) -> None:
        """`permissions_of` is what the access snapshot of this very turn says [ACC-1]."""
        self._document = document
        self._claims = claims
        self._gatekeeper = Gatekeeper(document, rules, author_of=claims.author_of)
        self._max_document_bytes = max_document_bytes
        self._now_s = time.monotonic()
        self._permissions_of = permissions_of
        self._permissions: dict[int, frozenset[Permission]] = {}
        self._may_apply_partly = may_apply_partly
        self._outcome = Outcome()
        self._plan: list[Group | tuple[int, Edit]] = []
        self._open: dict[UserId, Group] = {}
        self._base: dict[ClientId, int] = {}
        """For each client of the plan, its clock before the plan."""
        self._brings: dict[ClientId, Group | None] = {}
        """Which group brings it; None if several do."""
        self._partial: list[tuple[int, SyncChange]] = []
        self._planned_bytes = 0
        self._was_costly = False
        """The last change took long to judge: look at the clock before the next one."""

    def run(self, pending: list[Pending], *, deadline_s: float) -> Outcome:
        """Gate, group and apply. Raises DocumentBroken with the culprit's index in `pending`.

        `deadline_s` is monotonic; what is left over when it has passed is in the outcome.
        """
        outcome = self._outcome
        for index, item in enumerate(pending):
            if isinstance(item, SyncChange):
                self._judge(index, item)
                outcome.changes.append(item)
            else:
                # An edit reads the document: what came before it is applied first, in order.
                self._open.clear()
                self._plan.append((index, item))
                outcome.edits.append(item)
                self._was_costly = True
            full = self._was_costly or index % _APPLY_EVERY == _APPLY_EVERY - 1
            self._was_costly = False
            if full or self._planned_bytes > _APPLY_EVERY_BYTES:
                self._apply_plan()
                if time.monotonic() > deadline_s:
                    outcome.leftover = pending[index + 1 :]
                    break
        self._apply_plan()
        outcome.created = self._gatekeeper.created
        return outcome

    def _judge(self, index: int, item: SyncChange) -> None:
        document = self._document
        scan = item.scan
        connection = item.connection
        permissions = self._permissions.get(connection.id)
        if permissions is None:
            # Those of an open connection are the snapshot's; a closed one is not kept up to date.
            permissions = (
                self._permissions_of(connection.identity)
                if connection.is_closed
                else connection.permissions
            )
            self._permissions[connection.id] = permissions
        item.missing = None
        item.refusal = None
        # Asked first: what is refused of it now is not from before.
        is_stale = document.refused.are_held(item.clocks, scan.deletes)
        self._judge_news(index, item, permissions)
        if is_stale:
            # What of it is permitted was let in all the same.
            item.missing = None
            item.refusal = self._gatekeeper.stale
            self._outcome.has_reverted = True

    def _judge_news(self, index: int, item: SyncChange, permissions: frozenset[Permission]) -> None:
        document = self._document
        scan = item.scan
        connection = item.connection
        may_edit = Permission.EDIT in permissions
        new = document.new_structs(scan)
        deletes = bool(scan.deletes)
        if not new and not deletes:
            return
        if not new and not may_edit:
            # A viewer's step 2 carries the whole delete set: deletions that it was shown, so
            # they are in the document and not in the plan.
            deletes = document.new_deletions(scan.deletes) > 0
            self._was_costly = True
        user_id = connection.user_id
        if item.arrival == "update" and len(scan.structs) == 1 and new and may_edit:
            # Made by this client just now; an update that carries several ids is relayed.
            if self._claims.claim(new[0], user_id, connection.id):
                item.made_under = new[0]
        change = Change(
            arrival=item.arrival,
            brings_news=bool(new) or deletes,
            grows=bool(new),
            foreign_clients=[client for client in new if self._claims.is_foreign(client, user_id)],
        )
        is_full = bool(new) and self._is_full()
        decision = decide(change, permissions, document_is_full=is_full)
        if isinstance(decision, Refuse):
            item.refusal = decision
        elif change.brings_news:
            item.missing = scan.missing(document.clocks) or None
            if _cuts_too_often(scan, document):
                item.refusal = TOO_MANY_DELETIONS
                item.missing = None
            elif item.missing is None:
                item.refusal = document.hazards.refusal(scan, document.clocks)
                if item.refusal is None:
                    self._admit(index, item, item.update, scan)
            elif self._may_apply_partly(item):
                self._partial.append((index, item))

    def _admit(self, index: int, item: SyncChange, update: bytes, scan: Scan) -> None:
        """Plan a permitted update, or apply at once what locks and modes leave of it."""
        self._was_costly |= len(update) > _COSTLY_TO_JUDGE_BYTES
        try:
            verdict = self._gatekeeper.judge(
                item.connection.identity,
                update,
                scan,
                is_fresh=item.is_fresh,
                flush=self._flush,
            )
        except CannotForget as error:
            raise DocumentBroken(index, error) from error
        if verdict is None:
            if update is item.update:
                self._add(index, item)
            else:
                self._apply_at_once(index, item, update, scan)
            return
        item.refusal = verdict.refusal
        if verdict.update is not None:
            self._outcome.has_reverted = True
            self._apply_at_once(index, item, verdict.update, scan, keep=verdict.keep)

    def _apply_at_once(
        self, index: int, item: SyncChange, update: bytes, scan: Scan, *, keep: Iterable[Slot] = ()
    ) -> None:
        document = self._document
        document.hazards.note(scan, document.clocks)
        origin: Origin = "sync" if item.refusal is None else "gate"
        row = document.apply_alone(update, scan, item.connection.user_id, origin, index, keep=keep)
        if row is not None:
            self._outcome.rows.append(row)
        document.settle()

    def _flush(self) -> bool:
        """Apply what is planned; False if nothing is."""
        if not self._plan:
            return False
        self._apply_plan()
        return True

    def _add(self, index: int, item: SyncChange) -> None:
        """Join the author's group, unless the update builds on what another group brings."""
        author = item.connection.user_id
        scan = item.scan
        group = self._open.get(author)
        if group is None or (len(self._open) > 1 and self._builds_on_others(scan, group)):
            group = Group(author, "sync")
            self._open[author] = group
            self._plan.append(group)
        group.updates.append(item.update)
        group.culprits.append(index)
        self._planned_bytes += len(item.update)
        clocks = self._document.clocks
        self._document.hazards.note(scan, clocks)
        for client, ranges in scan.structs.items():
            end = ranges[-1][1]
            before = clocks.get(client, 0)
            if end > before:
                self._base.setdefault(client, before)
                clocks[client] = end
                same = self._brings.setdefault(client, group) is group
                if not same:
                    self._brings[client] = None

    def _builds_on_others(self, scan: Scan, group: Group) -> bool:
        """True if applying `scan` together with `group` would be before what it depends on."""
        base = self._base
        brings = self._brings
        for client, highest in scan.needs.items():
            if highest >= base.get(client, _FAR) and brings[client] is not group:
                return True
        for client, ranges in scan.structs.items():
            if ranges[0][0] > base.get(client, _FAR) and brings[client] is not group:
                return True
        for client, ranges in scan.deletes.items():
            if ranges[-1][1] > base.get(client, _FAR) and brings[client] is not group:
                return True
        return False

    def _apply_plan(self) -> None:
        document = self._document
        for step in self._plan:
            if isinstance(step, Group):
                row = document.apply_group(step)
            else:
                # A wish is older than an edit that the same holder makes by another door.
                self._fulfil_wishes()
                row = self._run_edit(*step)
            if row is not None:
                self._outcome.rows.append(row)
        self._fulfil_wishes()
        document.settle()
        parts, self._partial = self._partial, []
        self._plan.clear()
        self._open.clear()
        self._base.clear()
        self._brings.clear()
        self._planned_bytes = 0
        for index, item in parts:
            fitting = document.what_fits(item.update, item.scan)
            if fitting is not None:
                self._admit(index, item, *fitting)
                document.reread_clocks()
            item.missing = item.scan.missing(document.clocks) or None

    def _fulfil_wishes(self) -> None:
        for holder, values in self._gatekeeper.broken_wishes():
            row = self._document.write_values(values, holder)
            if row is not None:
                self._outcome.rows.append(row)
                self._outcome.has_reverted = True

    def _is_full(self) -> bool:
        return self._document.is_larger_than(self._max_document_bytes, self._now_s)

    def _run_edit(self, index: int, edit: Edit) -> JournalRow | None:
        document = self._document
        at = Seq(document.seq + len(self._outcome.rows))
        # Of an earlier try, if a change beside it broke the document.
        edit.error = None
        if edit.expected_seq is not None and edit.expected_seq != at:
            edit.error = StaleSeq(edit.expected_seq, at)
            return None
        change = Change(arrival="rest", brings_news=True, grows=True, foreign_clients=())
        permissions = self._permissions_of(edit.identity)
        decision = decide(change, permissions, document_is_full=self._is_full())
        if isinstance(decision, Refuse):
            edit.error = EditForbidden(decision.reason)
            return None
        if edit.fits is not None and not edit.fits(at):
            edit.error = PlanOutdated()
            return None
        check = self._gatekeeper.checking(edit.identity)
        document.workflow.check = check
        try:
            if check is not None and edit.touches is not None:
                check.require(edit.touches)
            row = document.edit(edit.change, edit.identity.user_id, edit.origin, index)
        except Exception as error:
            # The request's own mistake; it is handed back, and nothing was written.
            edit.error = error
            return None
        finally:
            document.workflow.check = None
        if check is not None:
            self._gatekeeper.written(edit.identity, check)
        edit.seq = at if row is None else Seq(at + 1)
        return row
