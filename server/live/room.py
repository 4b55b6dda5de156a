"""One live document: its connections, what waits to be written, and what they are shown.

Derives from pycrdt-websocket's YRoom and keeps its interface (`ydoc`, `clients`, `serve` on any
Channel); how updates are taken, stored and sent is our own. Why: docs/decisions/0002.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import anyio.lowlevel
import structlog
from anyio import TASK_STATUS_IGNORED
from pycrdt import merge_updates
from pycrdt.websocket import YRoom

from crdt_store.ids import ClientId, UserId
from server.core.close_codes import CloseCode
from server.core.colors import color_of
from server.core.roles import Permission, Role
from server.live import messages
from server.live.answers import Answers
from server.live.audience import Audience
from server.live.batch import Batch, Outcome
from server.live.changes import Edit, Pending, SyncChange
from server.live.channel_wire import ChannelWire
from server.live.claims import Claims
from server.live.company import Company
from server.live.connection import Connection
from server.live.enforcement import Enforcement
from server.live.event_bridge import EventBridge
from server.live.event_connection import EventConnection
from server.live.live_document import LiveDocument
from server.live.messages import Frame
from server.live.pending_changes import PendingChanges
from server.live.presence import Presence
from server.live.settlement import Settlement

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from anyio.abc import TaskStatus
    from pycrdt import Channel

    from crdt_store.ids import Seq, WorkflowId
    from crdt_store.journal import Head, StoredDocument, StoredRow
    from crdt_store.update_scan import Scan
    from server.core.access import AccessSnapshot
    from server.core.identity import Identity
    from server.core.participants import LiveParticipant
    from server.live.context import RoomContext
    from server.live.gate import Arrival
    from server.live.listing import ListingAt
    from server.live.rules import Rules
    from server.live.socket_end import SocketEnd

log = structlog.get_logger(__name__)

MAX_AUTHORS_PER_FRAME = 64
"""`merge_updates` is quadratic: a tick of more rows than this goes out in several frames."""

_STATE_VECTOR_EVERY = 64
_NOBODY = UserId("")


class RoomGone(Exception):
    """The room was closed while somebody waited for it; the text says why."""


class Room(YRoom):
    """A document and everyone who has it open.

    The write loop drives it: `apply` inside the write turn, then `publish` after the commit, or
    `abandon` if that failed. Between the two nothing of the document is shown [DUR-1].
    """

    def __init__(
        self,
        workflow_id: WorkflowId,
        stored: StoredDocument,
        access: AccessSnapshot,
        context: RoomContext,
        *,
        schedule: Callable[[Room], None],
    ) -> None:
        """`schedule` asks the write loop for a place in the next tick."""
        document = LiveDocument(workflow_id, stored, keys=context.shared_keys)
        super().__init__(ready=True, ystore=None, ydoc=document.doc)
        self.workflow_id = workflow_id
        self.document = document
        self.access = access
        self._enforcement = Enforcement(
            access, workflow_id, context, on_ready=lambda: schedule(self)
        )
        self.limits = context.limits
        self.scan_limits = context.scan_limits
        self.metrics = context.metrics
        self.clock = context.clock
        self.context = context
        self._schedule = schedule
        self.claims = Claims(document.client_id)
        self.presence: Presence[SocketEnd] = Presence(
            self.claims,
            max_state_bytes=context.limits.max_awareness_state_bytes,
            wall_s=context.clock.wall_s(),
        )
        self.audience = Audience(context.metrics, context.clock)
        self.connections = self.audience.connections
        self.listed: ListingAt | None = None
        self._company = Company(workflow_id, self.audience, self.presence, context)
        self._is_emptying = False
        self._state_vector = document.state_vector()
        self._state_vector_age = 0
        self.idle_since_s: float | None = self.clock.now_s()
        self.rows_since_fold = document.seq - stored.snapshot_seq
        self.is_gone = False
        self._has_stale_access = False
        self._newest_access_epoch = access.access_epoch
        self._settlement = Settlement(context.metrics)
        self.pending = PendingChanges(context.limits.max_pending_bytes_per_workflow)
        self._applying: list[Pending] = []
        self._outcome: Outcome | None = None
        self.answers = Answers(lambda: self.document, self.presence, context.clock)
        self.bridge = EventBridge(
            lambda: self.document,
            self.presence,
            is_here=self.audience.is_here,
            metrics=context.metrics,
            clock=context.clock,
        )

    # pycrdt-websocket's interface

    async def start(
        self,
        *,
        task_status: TaskStatus[None] = TASK_STATUS_IGNORED,
        from_context_manager: bool = False,
    ) -> None:
        """A room has no task of its own: the write loop drives it."""
        if not self.started.is_set():
            task_status.started()
            self.started.set()

    async def stop(self) -> None:
        """Let go of the document; without this it would never be freed."""
        self.close_all(CloseCode.RESTART, "the room was closed")

    async def serve(self, channel: Channel, identity: Identity) -> None:  # type: ignore[override]
        """Serve any pycrdt Channel, whoever's it was verified to be, until it ends.

        An error of the channel ends it and nobody else. Raises RoomGone.
        """
        if self.is_gone:
            raise RoomGone(f"the room of {self.workflow_id!r} was closed")
        wire = ChannelWire(channel, send_buffer_bytes=self.limits.send_buffer_bytes)
        connection = Connection(wire, identity, self)
        if not self.join(connection):
            return
        self.clients.add(channel)
        try:
            await wire.run(connection)
        except Exception:
            # A task's edge: whoever serves a channel is not to die of it.
            self.metrics.task_errors += 1
            log.exception("a channel failed", workflow=self.workflow_id, user=identity.user_id)
        finally:
            self.clients.discard(channel)

    # Connections

    def join(self, connection: SocketEnd) -> bool:
        """Let a connection in, or close it with the reason."""
        if self.is_gone:
            # Closed between two steps of the handshake; who comes back finds the new one.
            connection.close(CloseCode.RESTART, "the room was closed")
            return False
        permissions = self.access.permissions_of(connection.identity, self.workflow_id)
        if Permission.VIEW not in permissions:
            connection.close(CloseCode.FORBIDDEN, "you have no access to this workflow")
            return False
        is_owner = Permission.MANAGE in permissions
        if len(self.connections) >= self.limits.max_connections_per_workflow and not is_owner:
            connection.close(
                CloseCode.SESSION_FULL, f"{len(self.connections)} connections are open already"
            )
            return False
        connection.set_permissions(permissions)
        is_first = self.audience.add(connection)
        self.idle_since_s = None
        if isinstance(connection, EventConnection):
            self.bridge.join(connection)
        connection.start()
        if is_first:
            self._company.tell_joined(connection)
        return True

    def leave(self, connection: SocketEnd) -> None:
        """The connection has ended: its presence goes, its claims run out. Idempotent."""
        if connection.id not in self.connections:
            return
        was_last = self.audience.remove(connection)
        self.bridge.leave(connection)
        if isinstance(connection, Connection):
            self._settlement.forget(connection)
            self.pending.forget(connection)
        now_s = self.clock.now_s()
        self.claims.release(connection.id, now_s)
        self.presence.leave(connection)
        if self.presence.has_changes:
            self._schedule(self)
        if not self.connections:
            self.idle_since_s = now_s
        if was_last:
            self._company.tell_left(connection, is_emptying=self._is_emptying)

    def known_state_vector(self) -> bytes:
        """A state vector that the committed document is at, or beyond."""
        if self._state_vector_age and self.answers.is_settled:
            self._read_state_vector()
        return self._state_vector

    def everyone(self, but: Connection) -> Frame | None:
        """All awareness states but those that `but` claims, or None if there are none."""
        return self.presence.everyone(but=but)

    def start_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine of this room's, with a parent and a log for its errors."""
        self.context.start_task(coroutine)

    def show_user(self, identity: Identity, role: Role | None) -> dict[str, Any]:
        """The `user` that others see in an awareness state."""
        return {
            "id": identity.user_id,
            "name": identity.name,
            "color": color_of(identity.user_id),
            "role": role,
        }

    @property
    def access_is_stale(self) -> bool:
        """Whether the rules have changed since those that are held were read."""
        return self._has_stale_access or self.access.access_epoch < self._newest_access_epoch

    def access_changed(self, access_epoch: int | None) -> None:
        """The rules that are held are older than this epoch; None: than an unknown one."""
        if access_epoch is None:
            self._has_stale_access = True
        else:
            self._newest_access_epoch = max(self._newest_access_epoch, access_epoch)

    def set_access(self, access: AccessSnapshot) -> None:
        """Enforce new rules on the open sockets at once [ACC-3]."""
        before, self.access = self.access, access
        self._enforcement.set_access(access)
        self._has_stale_access = False
        if access.permits_as(before):
            return
        for connection in list(self.connections.values()):
            held = connection.permissions
            now = access.permissions_of(connection.identity, self.workflow_id)
            if now == held:
                continue
            connection.set_permissions(now)
            if Permission.VIEW not in now:
                connection.close(CloseCode.FORBIDDEN, "your access was revoked")
                continue
            self.presence.refresh_user(connection)
            connection.send_event({"type": "access_changed", **connection.rights()})
            if connection.may_edit and Permission.EDIT not in held:
                # What it made while it was not allowed to comes now, if it wants to.
                connection.ask_for_state()
        if self.presence.has_changes:
            self._schedule(self)

    def announce(self, message: Mapping[str, Any]) -> None:
        """Tell every connection that reads events."""
        self.audience.announce(message)

    def disconnect_all(self, code: CloseCode, reason: str) -> None:
        """Close every socket; the document stays."""
        # Nobody stays to be told who has left.
        self._is_emptying = True
        try:
            for connection in list(self.connections.values()):
                connection.close(code, reason)
        finally:
            self._is_emptying = False

    def identities(self) -> dict[UserId, Identity]:
        """Who has an open socket here, each user once."""
        return self._company.identities()

    def participants(self) -> list[LiveParticipant]:
        """Who is here, with what their newest presence shows."""
        return self._company.participants(self._permissions_of)

    def close_all(self, code: CloseCode, reason: str) -> None:
        """End the room: its sockets, its waiting requests, its document. Idempotent."""
        if self.is_gone:
            return
        self.is_gone = True
        self.disconnect_all(code, reason)
        self.fail_edits(RoomGone(reason))
        self.answers.settle()
        self.document.close()

    # What connections bring

    def receive_awareness(self, payload: bytes, sender: Connection) -> None:
        """Raises MalformedMessage, StateTooLarge."""
        self.metrics.awareness_received += 1
        if self.presence.is_echo(payload, sender):
            self.metrics.awareness_echoes += 1
            return
        self.presence.receive(payload, sender, self.clock.now_s())
        if self.presence.has_changes:
            self._schedule(self)

    def new_client_id(self) -> ClientId:
        """A client id that nobody has used, for the presence of somebody without Yjs."""
        while True:
            found = ClientId(secrets.randbits(32))
            if found not in self.document.clocks and not self.claims.is_foreign_presence(
                found, _NOBODY
            ):
                return found

    def show_state(self, sender: SocketEnd, client_id: ClientId, clock: int, state: bytes) -> bool:
        """Show an awareness state; False if the client id is another user's by now.

        Raises StateTooLarge and MalformedMessage, changing nothing.
        """
        is_shown = self.presence.show(client_id, clock, state, sender, self.clock.now_s())
        if self.presence.has_changes:
            self._schedule(self)
        return is_shown

    def is_complete(self, scan: Scan) -> bool:
        """Whether the document has all that an update builds on."""
        return not scan.missing(self.document.clocks)

    def submit(
        self,
        connection: Connection,
        update: bytes,
        scan: Scan,
        arrival: Arrival,
        *,
        is_whole: bool = True,
    ) -> None:
        """Queue a scanned update for the next write turn; a full queue stops the reading.

        `is_whole` is False for the parts of a frame but the last, whose outcome is the frame's.
        """
        if connection.id not in self.connections:
            return
        change = SyncChange(connection, update, scan, arrival)
        if is_whole and arrival == "step_2":
            change.clocks, connection.clocks = connection.clocks, {}
        self.metrics.updates_received += 1
        if is_whole:
            self._settlement.expect(change)
        self.pending.add(change)
        self._schedule(self)

    @property
    def is_resting(self) -> bool:
        """Nobody is here, nothing waits, nothing is being committed."""
        return not (self.connections or self.pending or self._outcome is not None)

    def touch(self) -> None:
        """Somebody without a socket uses the room: it is not idle yet."""
        if self.idle_since_s is not None:
            self.idle_since_s = self.clock.now_s()

    def submit_edit(self, edit: Edit) -> None:
        """Queue a change from REST or a JSON event."""
        if self.is_gone:
            raise RoomGone("the room was closed")
        self.touch()
        self.pending.add(edit)
        self._schedule(self)

    def answer_step_1(
        self, connection: Connection, state_vector: bytes, read: Mapping[ClientId, int]
    ) -> None:
        """Send what the client lacks, once nothing uncommitted is in the document [DUR-1]."""
        self.answers.answer_step_1(connection, state_vector, read)

    def catch_up_reader(self, connection: Connection) -> None:
        """A slow reader has drained."""
        self.answers.catch_up(connection)

    # The write turn

    @property
    def wants_turn(self) -> bool:
        """Something waits to be written, or held changes may fit by now."""
        if self._enforcement.is_indexing:
            return False
        return bool(self.pending) or bool(
            self._settlement.held.ready(self.document.clocks, self.clock.now_s())
        )

    @property
    def rules(self) -> Rules:
        """What locks and the mode keep users from, as of the last snapshot."""
        return self._enforcement.rules

    def can_enforce(self) -> bool:
        """Whether changes can be checked against the rules now; if not, it will ask for a turn.

        To be asked inside the write turn, when the document and the rules are up to date.
        """
        return self._enforcement.is_possible(self.document)

    def apply(self, *, deadline_s: float) -> Outcome:
        """Gate and apply what waits. The rows must be committed, then `publish` called.

        Raises DocumentBroken; then `reload` and `drop_culprit` before the next try.
        """
        now_s = self.clock.now_s()
        pending = self._settlement.held.ready(self.document.clocks, now_s) + self.pending.take()
        # From here on the document may hold what is not committed [DUR-1].
        self.answers.unsettle()
        batch = Batch(
            self.document,
            self.claims,
            rules=self.rules,
            max_document_bytes=self.limits.max_document_bytes,
            permissions_of=self._permissions_of,
            may_apply_partly=lambda change: self._settlement.held.may_apply_partly(change, now_s),
        )
        self._applying = pending
        outcome = batch.run(pending, deadline_s=deadline_s)
        self._applying = []
        self.pending.put_back(outcome.leftover)
        self._outcome = outcome
        return outcome

    def drop_culprit(self, culprit: int) -> None:
        """Close whoever sent the change that broke the document; keep the others' for a retry."""
        pending, self._applying = self._applying, []
        bad = pending.pop(culprit)
        if isinstance(bad, SyncChange):
            self._settlement.held.release(bad)
            bad.connection.close(
                CloseCode.MALFORMED, "the update cannot be applied to this document"
            )
        else:
            bad.error = RuntimeError("the change failed half-way and was undone")
            bad.finish()
        self.pending.put_back(pending)

    def reload(self, stored: StoredDocument) -> None:
        """Replace the Doc in memory by what is stored."""
        self.metrics.rooms_reloaded += 1
        self.document.close()
        self.document = LiveDocument(
            self.workflow_id,
            stored,
            keys=self.context.shared_keys,
            hazards=self.document.hazards,
            refused=self.document.refused,
        )
        self.ydoc = self.document.doc
        self.bridge.document_reloaded()
        self.claims.reserved = self.document.client_id

    async def survey(self, *, learn_pairs: bool) -> None:
        """Learn what only the whole document tells, a few ms at a time."""
        for _ in self.document.hazards.survey(self.document.diff(b"\x00"), learn_pairs=learn_pairs):
            await anyio.lowlevel.checkpoint()

    def pull(self, rows: Sequence[StoredRow], head: Head) -> None:
        """Another process committed rows: apply them and show them to everyone."""
        before = self._state_vector
        merged = self.document.pull([row.update for row in rows], head.seq)
        self._after_change()
        if merged is not None:
            self.audience.show_update(Frame(messages.update(merged)), before)
        self.bridge.show_content(rows[-1].author if rows else None)

    def publish(self, last_seq: Seq) -> None:
        """The commit is durable: show it, tell the senders, answer who waited."""
        outcome = self._outcome
        assert outcome is not None
        self._outcome = None
        before = self._state_vector
        if outcome.rows:
            self.document.seq = last_seq
            self.rows_since_fold += len(outcome.rows)
            self._after_change()
            but = outcome.not_to_be_shown
            updates = [row.update for row in outcome.rows]
            for first in range(0, len(updates), MAX_AUTHORS_PER_FRAME):
                part = updates[first : first + MAX_AUTHORS_PER_FRAME]
                merged = part[0] if len(part) == 1 else merge_updates(*part)
                self.audience.show_update(Frame(messages.update(merged)), before, but)
        self.bridge.show_content()
        for change in outcome.changes:
            if change.made_under is not None and change.refusal is None and change.missing is None:
                self.claims.wrote(change.made_under, change.connection.user_id)
        self._settlement.settle(outcome.changes, self.clock.now_s())
        for edit in outcome.edits:
            edit.finish()
        self.answers.settle()
        self.pending.resume_reading()

    def flush_presence(self) -> None:
        """Send the tick's awareness changes, merged. Needs no commit."""
        if not self.presence.has_changes:
            return
        self.bridge.show_cursors()
        shared, owners = self.presence.take_changes()
        self.audience.show_presence(shared, owners)

    def fail_edits(self, error: BaseException) -> None:
        """Tell every request that waits for this room that it will not happen."""
        outcome = self._outcome
        waiting = [*(outcome.edits if outcome else ()), *self.pending.take()]
        for item in waiting:
            if isinstance(item, Edit):
                item.error = item.error or error
                item.finish()

    def keep_alive(self, now_s: float, silence_s: float) -> None:
        """Housekeeping, every few seconds: expiries, held changes, and a sign of life."""
        self.claims.expire(now_s)
        self._enforcement.keep_small(self.document)
        self.bridge.keep_alive(now_s)
        self.presence.expire(now_s)
        self._settlement.give_up_waiting(now_s)
        if self.presence.has_changes or self.wants_turn:
            self._schedule(self)
        self.audience.show_life(silence_s)

    # Inside

    def _permissions_of(self, identity: Identity) -> frozenset[Permission]:
        return self.access.permissions_of(identity, self.workflow_id)

    def _after_change(self) -> None:
        # A slow reader gets a diff from an older state vector just as well: it need not be read
        # for every change.
        self._state_vector_age += 1
        if self._state_vector_age >= _STATE_VECTOR_EVERY:
            self._read_state_vector()
        self.answers.forget_whole()

    def _read_state_vector(self) -> None:
        self._state_vector = self.document.state_vector()
        self._state_vector_age = 0
