"""A document behind the gate, as a room drives it, and what must be true of every tick."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from pycrdt import Doc

from crdt_store.ids import Seq, UserId, WorkflowId
from crdt_store.item_index import ItemIndex, Owner
from crdt_store.journal import Head, StoredDocument
from crdt_store.shared_values import DEFAULT_KEYS
from crdt_store.update_scan import ScanLimits, read_state_vector, scan
from server.core.access import AccessSnapshot, HeldLock, Mode, Resource, ResourceType
from server.core.identity import Identity
from server.core.roles import PERMISSIONS_OF, Permission, Role
from server.live.batch import Batch, Outcome
from server.live.changes import SyncChange
from server.live.claims import Claims
from server.live.live_document import LiveDocument
from server.live.rules import LOCK_REQUIRED, Rules
from tests.gate.people import (
    Deeds,
    Made,
    Person,
    Put,
    WasSet,
    content,
    holder_of,
    tokens,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

    from crdt_store.ids import ClientId
    from crdt_store.journal import JournalRow
    from server.live.connection import Connection
    from server.live.gate import Arrival, Refuse

Json = Any
WORKFLOW = WorkflowId("w")
WHOLE = Resource(ResourceType.WORKFLOW, WORKFLOW)
USERS = ("ann", "bob", "cy", "dan")
_EDIT = PERMISSIONS_OF[Role.EDITOR]


@dataclass(eq=False)
class Sender:
    """As much of a Connection as a Batch asks for."""

    id: int
    user_id: UserId
    identity: Identity
    permissions: frozenset[Permission] = _EDIT
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """One sync frame of somebody; `person` is None for a document that nobody keeps up to date."""

    user: str
    made: Made
    arrival: Arrival = "update"
    person: Person | None = None
    clocks: Mapping[ClientId, int] = field(default_factory=dict)
    """What the sender's step 1 said, before a step 2."""


@dataclass
class Tally:
    """So that a random test can tell that it tested something."""

    compensated: int = 0
    reset: int = 0
    returned: int = 0
    holders_sets: int = 0
    permitted_tokens: int = 0


@dataclass
class Gated:
    """The server's side. Deliver frames to it; whatever is wrong with a tick it raises."""

    rng: Random
    seq: int = 0
    mode: Mode = Mode.PARALLEL
    turn: UserId | None = None
    locks: dict[Resource, HeldLock] = field(default_factory=dict)
    rows: list[JournalRow] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    old: list[tuple[str, bytes]] = field(default_factory=list)
    """Documents that their owners had to give up: user, and all it held."""
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        head = Head(Seq(0), 0)
        self.document = LiveDocument(
            WORKFLOW, StoredDocument(None, Seq(0), [], head), keys=DEFAULT_KEYS
        )
        self.claims = Claims(self.document.client_id)
        self.deeds = {user: Deeds() for user in USERS}
        self.replica: Doc[Any] = Doc()
        """Follows the journal's rows, one by one."""
        self._senders: dict[int, Sender] = {}
        self._held: list[tuple[Frame, SyncChange]] = []
        self._kept: dict[tuple[str, str, str, str], Json] = {}
        self._at_first: Json = {}
        """What the document said before the tick."""
        self.client_ids = self._draw_client_ids()

    def _draw_client_ids(self) -> Iterator[int]:
        # The server's own id is random; only on which side of it the others are plays a role.
        own, used = self.document.client_id, {0}
        for _ in count():
            offset = 0
            while offset in used or own + offset < 1:
                offset = self.rng.randint(-1000, 1000)
            used.add(offset)
            yield own + offset

    def meet(self, *users: str) -> list[Person]:
        """Clients of these users, with the document as it is."""
        met = [
            Person(user, self.client_ids, self.deeds[user], self.document.diff(b"\0"))
            for user in users
        ]
        self.people += met
        return met

    # Rules

    def lock(self, resource: Resource, holder: str) -> None:
        self.locks[resource] = HeldLock(UserId(holder), holder, 1)

    def unlock(self, resource: Resource) -> None:
        del self.locks[resource]
        self._kept.clear()

    def set_mode(self, mode: Mode, turn: str | None = None) -> None:
        self.mode, self.turn = mode, None if turn is None else UserId(turn)
        self._kept.clear()

    def rules(self) -> Rules:
        members = dict.fromkeys(map(UserId, USERS), Role.EDITOR)
        snapshot = AccessSnapshot(
            0, members, locks=dict(self.locks), mode=self.mode, turn_holder=self.turn
        )
        rules = Rules(snapshot, WORKFLOW)
        if self.document.index is None:
            self.document.index = self._fresh_index()
        return rules

    # Traffic

    def send(self, person: Person, up_to: int | None = None) -> list[Refuse | None]:
        """Deliver what a person has made, or the first few of it."""
        return self.deliver(self.take(person, up_to))

    def take(self, person: Person, up_to: int | None = None) -> list[Frame]:
        taken = person.made[:up_to]
        del person.made[: len(taken)]
        return [Frame(person.user, made, person=person) for made in taken]

    def reconnect(self, person: Person) -> list[Refuse | None]:
        """Both sides' step 1 and step 2."""
        notes = tuple(note for made in person.made for note in made.notes if person.shows(note))
        everything = person.doc.get_update(self.document.state_vector())
        person.made.clear()
        person.inbox[:] = [self.document.diff(person.doc.get_state())]
        person.is_online = True
        frame = Frame(person.user, Made(everything, notes), "step_2", person, _clocks(person.doc))
        return self.deliver([frame])

    def arrive_early(self, person: Person) -> list[Refuse | None]:
        """The last edit of somebody who is offline comes before the step 2 it may build on."""
        last = person.made[-1]
        # What else becomes of it is known only with the step 2.
        notes = tuple(note for note in last.notes if isinstance(note, Put))
        self._forget_kept(person.user)
        return self.deliver([Frame(person.user, Made(last.update, notes), person=person)])

    def _forget_kept(self, user: str) -> None:
        self._kept = {kept: value for kept, value in self._kept.items() if kept[0] != user}

    def bring_back(self, user: str, state: bytes) -> list[Refuse | None]:
        """A document that was given up connects again, as from another device's storage."""
        self.tally.returned += 1
        self._forget_kept(user)
        doc: Doc[Any] = Doc()
        doc.apply_update(state)
        update = doc.get_update(self.document.state_vector())
        return self.deliver([Frame(user, Made(update), "step_2", clocks=_clocks(doc))])

    def deliver(self, frames: Sequence[Frame]) -> list[Refuse | None]:
        """One tick. Returns what was refused of each frame, after it was checked."""
        rules = self.rules()
        changes = [self._change(number, frame) for number, frame in enumerate(frames)]
        held, self._held = self._held, []
        frames = [frame for frame, _ in held] + list(frames)
        changes = [change for _, change in held] + changes
        batch = Batch(
            self.document,
            self.claims,
            rules=rules,
            max_document_bytes=1 << 30,
            permissions_of=lambda _: _EDIT,
            may_apply_partly=lambda change: change.arrival == "step_2",
        )
        outcome = batch.run(list(changes), deadline_s=float("inf"))
        self._survey()
        self._check_rows(rules, frames, outcome)
        self._check_frames(rules, frames, outcome)
        self._check_index()
        self.seq += len(outcome.rows)
        self.document.seq = Seq(self.seq)
        for identity, resource in outcome.created:
            self.lock(resource, identity.user_id)
        for person in self.people:
            if person.is_online:
                person.inbox += [row.update for row in outcome.rows]
        self._hold(frames, changes)
        self._reset_offenders(frames, changes)
        return [change.refusal for change in changes[len(held) :]]

    def _hold(self, frames: Sequence[Frame], changes: Sequence[SyncChange]) -> None:
        """What builds on edits that have not come yet is looked at again in the next tick."""
        for frame, change in zip(frames, changes, strict=True):
            if change.missing is not None and change.refusal is None:
                change.held_since_s = 1.0
                self._held.append((frame, change))

    def _change(self, number: int, frame: Frame) -> SyncChange:
        key = id(frame.person) if frame.person is not None else -number
        if key not in self._senders:
            user_id = UserId(frame.user)
            identity = Identity(user_id, name=frame.user)
            self._senders[key] = Sender(len(self._senders), user_id, identity)
        sender = self._senders[key] if frame.person is not None else self._senders.pop(key)
        update = frame.made.update
        found = scan(update, ScanLimits())
        connection = cast("Connection", sender)
        return SyncChange(connection, update, found, frame.arrival, clocks=frame.clocks)

    def _survey(self) -> None:
        if self.document.hazards.is_survey_due:
            for _ in self.document.hazards.survey(self.document.diff(b"\0"), learn_pairs=False):
                pass

    def _reset_offenders(self, frames: Sequence[Frame], changes: Sequence[SyncChange]) -> None:
        offenders: dict[int, Person] = {}
        for frame, change in zip(frames, changes, strict=True):
            if change.refusal is None:
                continue
            assert change.refusal.reason in (
                "locked",
                "not_your_turn",
                LOCK_REQUIRED,
                "stale_document",
            ), change.refusal
            assert change.refusal.resources
            if change.refusal.close_code is None:
                self.tally.compensated += 1
            else:
                self.tally.reset += 1
                if frame.person is not None:
                    offenders[id(frame.person)] = frame.person
        for person in offenders.values():
            self._held = [each for each in self._held if each[0].person is not person]
            self.old.append((person.user, person.doc.get_update()))
            person.begin_anew(self.document.diff(b"\0"))

    # What must be true

    def _check_rows(self, rules: Rules, frames: Sequence[Frame], outcome: Outcome) -> None:
        before = self._at_first = content(self.replica)
        created = {(identity.user_id, resource.id) for identity, resource in outcome.created}
        for row in outcome.rows:
            self.rows.append(row)
            self.replica.apply_update(row.update)
            after = content(self.replica)
            self._check_locks(rules, row, before, after, created)
            self._check_losses(row, frames, before, after)
            before = after
        assert before == content(self.document.doc), "the journal's rows are not the document"
        counted = Counter(token for node in before["nodes"].values() for token in tokens(node))
        doubled = [token for token, times in counted.items() if times > 1]
        assert not doubled, f"twice: {doubled}"

    def _check_locks(
        self, rules: Rules, row: JournalRow, before: Json, after: Json, created: set[Any]
    ) -> None:
        """A row changes nothing that is closed to its author, new nodes of his own excepted."""
        restriction = rules.restriction(row.author)
        if restriction is None:
            return
        for root in ("nodes", "edges"):
            for key in {*before[root], *after[root]}:
                denial = restriction.denial(Owner(root, key))
                if denial is None or before[root].get(key) == after[root].get(key):
                    continue
                is_own = denial.reason == LOCK_REQUIRED and (row.author, key) in created
                is_own = is_own and key not in self._at_first[root]
                change = f"{before[root].get(key)} -> {after[root].get(key)}"
                assert is_own, f"{row.author} changed {key}, {denial}: {change}"
        if restriction.denial(Owner("meta", "")) is not None:
            assert before["meta"] == after["meta"], row.author

    def _check_losses(
        self, row: JournalRow, frames: Sequence[Frame], before: Json, after: Json
    ) -> None:
        """What a row takes away of texts, its author took away himself."""
        deeds = self.deeds[row.author]
        put = {note.node for frame in frames for note in frame.made.notes if isinstance(note, Put)}
        if any(frame.arrival == "step_2" for frame in frames):
            put |= deeds.put
        for key, node in before["nodes"].items():
            now = after["nodes"].get(key)
            gone = set(tokens(node)) - (set() if now is None else set(tokens(now)))
            ended = {node["born"], node["data"].get("text_born")} & deeds.ended
            if not ended and key not in put:
                assert gone <= deeds.erased, f"{row.author} took {gone - deeds.erased} from {key}"

    def _check_frames(self, rules: Rules, frames: Sequence[Frame], outcome: Outcome) -> None:
        now = content(self.document.doc)["nodes"]
        creators = {resource.id: identity.user_id for identity, resource in outcome.created}
        erased: set[str] = set().union(*(deeds.erased for deeds in self.deeds.values()))
        for frame in frames:
            user_id = UserId(frame.user)
            restriction = rules.restriction(user_id)
            # Offline, two may have put a text into one place, and only one of them can stand.
            put = {note.node for note in frame.made.notes if isinstance(note, Put)}
            put = put if frame.arrival == "step_2" else set()
            for note in frame.made.notes:
                owner = Owner("nodes", note.node)
                node = now.get(note.node)
                if isinstance(note, Put) or node is None or node["born"] != note.born:
                    continue
                denial = None if restriction is None else restriction.denial(owner)
                if denial is not None and creators.get(note.node) != user_id:
                    continue
                if isinstance(note, WasSet):
                    self._note_holders_set(rules, frame, note)
                elif (
                    node["data"].get("text_born") == note.text_born
                    and note.token not in erased
                    and note.node not in put
                ):
                    assert note.token in tokens(node), f"lost: {note}"
                    self.tally.permitted_tokens += 1
        for (user, key, born, name), value in self._kept.items():
            node = now.get(key)
            if node is not None and node["born"] == born:
                shown = holder_of(node, name).get(name)
                assert shown == value, f"lost: {user}'s {name} of {key}: {value}, is {shown}"
                self.tally.holders_sets += 1

    def _note_holders_set(self, rules: Rules, frame: Frame, note: WasSet) -> None:
        kept = (frame.user, note.node, note.born, note.key)
        if not rules.is_holder(UserId(frame.user), Owner("nodes", note.node)):
            return
        if note.value is None and frame.arrival == "step_2":
            # It deleted what was there when he left; a value set meanwhile stays, as ever.
            self._kept.pop(kept, None)
        else:
            self._kept[kept] = note.value

    def _fresh_index(self) -> ItemIndex:
        *_, index = ItemIndex.read(self.document.diff(b"\0"), slice_structs=1 << 60)
        assert index is not None
        return index

    def _check_index(self) -> None:
        """The index that was kept up to date tells what one read anew tells."""
        kept = self.document.index
        if kept is None:
            return
        fresh = self._fresh_index()
        assert kept._ends == fresh._ends
        for client, end in fresh._ends.items():
            for low, high, owner in fresh.owners_in(client, 0, end):
                if owner.root:  # nothing is known any more of what was collected
                    assert list(kept.owners_in(client, low, high)) == [(low, high, owner)]
        for slot in {*fresh._current, *kept._current}:
            if fresh.path(slot) is not None:
                assert kept.current(slot) == fresh.current(slot), f"{slot}: {kept.current(slot)}"
        deleted: Mapping[int, Any] = {c: ranges for c, ranges in kept._deleted.items() if ranges}
        assert deleted == fresh._deleted

    def settle(self) -> None:
        """Everybody comes back and says all there is to say."""
        for _ in range(5):
            for person in list(self.people):
                if person.is_online:
                    self.send(person)
                else:
                    self.reconnect(person)
            for person in self.people:
                person.receive()
        wanted = content(self.document.doc)
        for person in self.people:
            assert not person.made
            assert content(person.doc) == wanted, person.user
        replayed: Doc[Any] = Doc()
        for row in self.rows:
            replayed.apply_update(row.update)
        assert content(replayed) == wanted


def _clocks(doc: Doc[Any]) -> Mapping[ClientId, int]:
    return read_state_vector(doc.get_state())
