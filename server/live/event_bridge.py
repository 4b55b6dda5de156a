"""Between one room and its participants who speak JSON: cursors and edits become events.

What a slow reader misses is not queued [LIVE-1]: once it has drained it is told the cursors as
they stand, and that it must read the graph anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.live.content_updates import ContentUpdates
from server.live.cursors import Cursors
from server.live.messages import Frames, TextFrame
from server.live.socket_end import encode_event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crdt_store.ids import UserId
    from server.core.clock import Clock
    from server.core.metrics import Metrics
    from server.live.event_connection import EventConnection
    from server.live.live_document import LiveDocument
    from server.live.presence import Presence
    from server.live.socket_end import SocketEnd

MAX_CONTENT_BYTES_PER_TICK = 1024 * 1024
"""Of more than this, unless it is a single value, nothing is told one by one either."""
CONTENT_RESET = {
    "type": "content_reset",
    "detail": "too much has changed to be told one by one: read the workflow anew",
}


class EventBridge:
    """The JSON connections of one room. Without any, an update costs nothing here."""

    def __init__(
        self,
        document: Callable[[], LiveDocument],
        presence: Presence[Any],
        *,
        is_here: Callable[[UserId], bool],
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        """`document` gives the present one: it may be reloaded."""
        self._document = document
        self._listeners: dict[int, EventConnection] = {}
        self._cursors = Cursors(presence, is_here)
        self._content = ContentUpdates()
        self._metrics = metrics
        self._clock = clock

    def join(self, listener: EventConnection) -> None:
        """Tell this connection everything from now on."""
        if not self._listeners:
            self._cursors.start()
            self._content.follow(self._document())
        self._listeners[listener.id] = listener

    def leave(self, connection: SocketEnd) -> None:
        """Idempotent, and nothing for others than JSON connections."""
        if self._listeners.pop(connection.id, None) is not None and not self._listeners:
            self._content.stop()

    def document_reloaded(self) -> None:
        """What was applied and not committed is gone, and was shown to nobody."""
        if self._listeners:
            self._content.follow(self._document())

    def made_by(self, connection: SocketEnd) -> None:
        """To be called inside a change that this connection makes, once it has written."""
        self._content.made_by(connection)

    def keep_alive(self, now_s: float) -> None:
        """Renew the presence of those whose clients know nothing of it."""
        for listener in list(self._listeners.values()):
            listener.renew_presence(now_s)

    def show_cursors(self) -> None:
        """Tell the tick's movements. Before the presence is flushed."""
        if self._listeners and (changed := self._cursors.take_changes()):
            items = [
                (TextFrame(encode_event(cursor.event(self._clock))), cursor.user_id)
                for cursor in changed
            ]
            self._tell(items, lambda listener: listener.user_id, _missed_cursors)

    def show_content(self, author: UserId | None = None) -> None:
        """Tell what was committed; `author` is that of rows which were not made here."""
        if not self._listeners:
            return
        items = self._content_frames(author)
        if items is None:
            items = [(TextFrame(encode_event(CONTENT_RESET)), None)]
        if items:
            self._tell(items, lambda listener: listener, _missed_content)

    def _content_frames(self, author: UserId | None) -> list[tuple[TextFrame, object]] | None:
        """The tick's changes, each with the connection that made it; None if it is too much."""
        updates = self._content.take(author)
        if updates is None:
            return None
        items: list[tuple[TextFrame, object]] = []
        size_bytes = 0
        for update in updates:
            event = encode_event(
                {"type": "content_update", "user_id": update.author, "change": update.change}
            )
            size_bytes += len(event)
            if items and size_bytes > MAX_CONTENT_BYTES_PER_TICK:
                return None
            items.append((TextFrame(event), update.source))
        return items

    def catch_up(self, listener: EventConnection) -> None:
        """A slow reader has drained."""
        listener.send_queued_events()
        if listener.cursors_missed:
            listener.cursors_missed = False
            for cursor in self._cursors.everyone():
                if cursor.user_id != listener.user_id:
                    listener.send_event(cursor.event(self._clock))
        if listener.content_missed and not listener.wire.is_congested:
            listener.content_missed = False
            listener.send_event(CONTENT_RESET)

    def _tell(
        self,
        items: Sequence[tuple[TextFrame, object]],
        left_out_as: Callable[[EventConnection], object],
        note_missed: Callable[[EventConnection], None],
    ) -> None:
        """Send each listener all frames but those that name it; in one write, encoded once."""
        shared = Frames([frame for frame, _ in items])
        left_out = {who for _, who in items if who is not None}
        now_s = self._clock.now_s()
        for listener in self._listeners.values():
            if listener.wire.is_congested:
                note_missed(listener)
                continue
            frames = shared
            if (me := left_out_as(listener)) in left_out:
                frames = Frames([frame for frame, who in items if who != me])
                if not frames.count:
                    continue
            listener.wire.send_frame(frames)
            listener.last_sent_s = now_s
            self._metrics.frames_sent += frames.count
            self._metrics.bytes_sent += len(frames.payload)


def _missed_cursors(listener: EventConnection) -> None:
    listener.cursors_missed = True


def _missed_content(listener: EventConnection) -> None:
    listener.content_missed = True
