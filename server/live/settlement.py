"""What became of each sender's frames: told in the order of their arrival, once it is durable."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from server.core.close_codes import CloseCode
from server.live import messages
from server.live.gate import Refuse
from server.live.held_changes import HeldChanges
from server.live.messages import Frame

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crdt_store.ids import ClientId
    from server.core.metrics import Metrics
    from server.live.changes import SyncChange
    from server.live.connection import Connection

_MISSING: Final = Refuse("missing_dependencies", None)


class Settlement:
    """The unsettled frames of one room's connections, and the changes it holds back."""

    def __init__(self, metrics: Metrics) -> None:
        self.held = HeldChanges()
        self._metrics = metrics
        self._unsettled: dict[int, deque[SyncChange]] = {}

    def expect(self, change: SyncChange) -> None:
        """A frame has arrived whose outcome the sender will be told."""
        self._unsettled.setdefault(change.connection.id, deque()).append(change)

    def forget(self, connection: Connection) -> None:
        """The connection has ended; nobody is there to be told."""
        self._unsettled.pop(connection.id, None)
        self.held.forget(connection)

    def settle(self, changes: Iterable[SyncChange], now_s: float) -> None:
        """Tell the senders of these, whose outcome is committed (or has nothing to commit)."""
        touched: dict[int, Connection] = {}
        offenders: dict[Connection, Refuse] = {}
        for change in changes:
            connection = change.connection
            touched[connection.id] = connection
            if change.missing is not None:
                self._hold(change, change.missing, now_s)
                continue
            self.held.release(change)
            if change.refusal is not None:
                self._tell(connection, change.refusal)
                if change.refusal.close_code is not None:
                    offenders.setdefault(connection, change.refusal)
            change.is_settled = True
        for connection in touched.values():
            self._count(connection)
        # Last, so that who is closed has been told what is saved and what is not.
        for connection, refusal in offenders.items():
            if refusal.close_code is not None:
                connection.close(refusal.close_code, refusal.reason)

    def give_up_waiting(self, now_s: float) -> None:
        """Revert what has been held too long; a client that this keeps happening to must reset."""
        for change in self.held.give_up(now_s):
            self._revert(change, now_s)

    def _hold(self, change: SyncChange, missing: dict[ClientId, int], now_s: float) -> None:
        for given_up in self.held.hold(change, now_s):
            self._revert(given_up, now_s)
        connection = change.connection
        if connection.is_closed:
            self.held.forget(connection)
            return
        lacking = tuple(sorted(missing.items()))
        if connection.asked_for != lacking:
            # At most one question until the missing clocks change: a client with a gap answers
            # every step 1 with the same frame.
            connection.asked_for = lacking
            connection.ask_for_state()

    def _revert(self, change: SyncChange, now_s: float) -> None:
        connection = change.connection
        change.is_settled = True
        self._metrics.refused(_MISSING.reason)
        _send_reverted(connection, _MISSING)
        self._count(connection)
        if self.held.gave_up_often(connection, now_s):
            connection.close(CloseCode.RESET_NEEDED, "the document lacks what its edits build on")

    def _tell(self, connection: Connection, refusal: Refuse) -> None:
        self._metrics.refused(refusal.reason)
        if refusal.reason == "permission_denied" and not connection.wire.is_congested:
            connection.send(Frame(messages.permission_denied("permission denied")))
        _send_reverted(connection, refusal)

    def _count(self, connection: Connection) -> None:
        unsettled = self._unsettled.get(connection.id)
        if unsettled is None:
            return
        while unsettled and unsettled[0].is_settled:
            unsettled.popleft()
            connection.settled_frames += 1
        connection.show_saved()


def _send_reverted(connection: Connection, refusal: Refuse) -> None:
    resources = [{"type": kind, "id": name} for kind, name in refusal.resources]
    event: dict[str, Any] = {
        "type": "edit_reverted",
        "resources": resources,
        "reason": refusal.reason,
    }
    if refusal.holder is not None:
        event["holder"] = refusal.holder
    connection.send_event(event)
