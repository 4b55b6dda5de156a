"""What a connection needs of the room that it is in; Room is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from crdt_store.ids import ClientId, WorkflowId
    from crdt_store.update_scan import Scan, ScanLimits
    from server.core.clock import Clock
    from server.core.identity import Identity
    from server.core.metrics import Metrics
    from server.core.participants import LiveParticipant
    from server.core.roles import Role
    from server.live.changes import Edit
    from server.live.connection import Connection
    from server.live.context import RoomLimits
    from server.live.event_bridge import EventBridge
    from server.live.gate import Arrival
    from server.live.messages import Frame
    from server.live.socket_end import SocketEnd


class Host(Protocol):
    """A room, as its connections see it."""

    workflow_id: WorkflowId
    limits: RoomLimits
    scan_limits: ScanLimits
    metrics: Metrics
    clock: Clock
    is_gone: bool
    """Closed for good; whoever comes back finds another one."""
    bridge: EventBridge
    """To the participants who speak JSON."""

    # For every connection

    def show_user(self, identity: Identity, role: Role | None) -> dict[str, Any]: ...

    def start_task(self, coroutine: Coroutine[Any, Any, None]) -> None: ...

    def leave(self, connection: SocketEnd) -> None: ...

    # For those who speak Yjs

    def known_state_vector(self) -> bytes:
        """A state vector that the committed document is at, or beyond."""
        ...

    def everyone(self, but: Connection) -> Frame | None:
        """All awareness states but those that `but` claims, or None if there are none."""
        ...

    def receive_awareness(self, payload: bytes, sender: Connection) -> None: ...

    def is_complete(self, scan: Scan) -> bool:
        """Whether the document has all that an update builds on."""
        ...

    def submit(
        self,
        connection: Connection,
        update: bytes,
        scan: Scan,
        arrival: Arrival,
        *,
        is_whole: bool = True,
    ) -> None: ...

    def answer_step_1(
        self, connection: Connection, state_vector: bytes, read: Mapping[ClientId, int]
    ) -> None: ...

    def catch_up_reader(self, connection: Connection) -> None: ...

    # For those who speak JSON

    def participants(self) -> list[LiveParticipant]: ...

    def new_client_id(self) -> ClientId:
        """A client id that nobody has used, for the presence of somebody without Yjs."""
        ...

    def show_state(self, sender: SocketEnd, client_id: ClientId, clock: int, state: bytes) -> bool:
        """Show an awareness state; False if the client id is another user's by now.

        Raises StateTooLarge and MalformedMessage, changing nothing.
        """
        ...

    def submit_edit(self, edit: Edit) -> None: ...
