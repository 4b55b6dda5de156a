"""What readers ask for: answered with committed content only, and not faster than is sensible.

Between applying a tick and its commit the document holds what nobody may see yet [DUR-1]; whoever
asks meanwhile waits for the commit.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from server.live import messages
from server.live.messages import Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crdt_store.ids import ClientId
    from server.core.clock import Clock
    from server.live.connection import Connection
    from server.live.live_document import LiveDocument
    from server.live.presence import Presence
    from server.live.socket_end import SocketEnd

EVERY_S = 0.2
"""A whole document may take 10 ms per 1,000 nodes: one connection is not answered more often."""


class Answers:
    """The questions of one room's readers. `document` gives the present one: it may be reloaded."""

    def __init__(
        self,
        document: Callable[[], LiveDocument],
        presence: Presence[SocketEnd],
        clock: Clock,
    ) -> None:
        self._document = document
        self._presence = presence
        self._clock = clock
        self._is_settled = True
        self._waiting: list[Callable[[], None]] = []
        self._whole: Frame | None = None

    @property
    def is_settled(self) -> bool:
        """Everything in the document is committed."""
        return self._is_settled

    def unsettle(self) -> None:
        """Something uncommitted is in the document from now on."""
        self._is_settled = False

    def settle(self) -> None:
        """All in the document is committed, or the document is gone: answer who waits."""
        self._is_settled = True
        waiting, self._waiting = self._waiting, []
        for show in waiting:
            show()

    def when_settled(self, show: Callable[[], None]) -> None:
        """Call `show` when everything in the document is committed: now, or after the commit."""
        if self._is_settled:
            show()
        else:
            self._waiting.append(show)

    def forget_whole(self) -> None:
        """The document has changed: a newcomer gets another frame."""
        self._whole = None

    def answer_step_1(
        self, connection: Connection, state_vector: bytes, read: Mapping[ClientId, int]
    ) -> None:
        """Send what the client lacks. Of questions that wait, only the last one counts [LIVE-1]."""
        is_waiting = connection.asks_since is not None
        connection.asks_since = state_vector if read else b"\x00"
        if is_waiting:
            return
        wait_s = connection.answered_s + EVERY_S - self._clock.now_s()
        if wait_s > 0:
            asyncio.get_running_loop().call_later(
                wait_s, self.when_settled, lambda: self._answer(connection)
            )
        else:
            self.when_settled(lambda: self._answer(connection))

    def catch_up(self, connection: Connection) -> None:
        """A slow reader has drained: one diff, the presence, the events it missed [LIVE-1]."""
        self.when_settled(lambda: self._catch_up(connection))

    def _answer(self, connection: Connection) -> None:
        since, connection.asks_since = connection.asks_since, None
        if since is None or connection.is_closed:
            return
        if connection.wire.is_congested:
            # Answered when it has drained.
            connection.lagging_since = since
            return
        connection.answered_s = self._clock.now_s()
        connection.send(self._diff(since))

    def _catch_up(self, connection: Connection) -> None:
        if connection.is_closed:
            return
        if (since := connection.lagging_since) is not None:
            connection.lagging_since = None
            connection.send(self._diff(since))
        if connection.awareness_missed:
            connection.awareness_missed = False
            if (everyone := self._presence.everyone(but=connection)) is not None:
                connection.send(everyone)
        if connection.must_be_asked:
            connection.ask_for_state()
        connection.send_queued_events()
        connection.show_saved()

    def _diff(self, since: bytes) -> Frame:
        if since != b"\x00":
            return Frame(messages.step_2(self._document().diff(since)))
        if self._whole is None:
            self._whole = Frame(messages.step_2(self._document().diff(b"\x00")))
        return self._whole
