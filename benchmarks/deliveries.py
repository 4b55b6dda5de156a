"""Counting deliveries: which updates reached which client, when, and whether all did."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

from benchmarks.update_ranges import clock_ranges
from benchmarks.wire import read_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.edits import Script

Contents = tuple[tuple[int, int, int], ...]
"""(writer, first update, behind the last update) triples of one frame."""

_CACHED_FRAMES = 2_000


class Ledger:
    """What the writers of one document sent, and what its clients have seen of it.

    A frame's contents are parsed once per distinct frame: most clients get the same bytes.
    """

    def __init__(self, scripts: Sequence[Script]) -> None:
        self.scripts = scripts
        self.delivered = 0
        self.gaps = 0
        self.frames = 0
        self._writer_of = {script.client_id: index for index, script in enumerate(scripts)}
        self._contents: dict[bytes, Contents] = {}

    def contents_of(self, message: bytes) -> Contents:
        contents = self._contents.get(message)
        if contents is None:
            if len(self._contents) >= _CACHED_FRAMES:
                self._contents.clear()
            contents = self._contents[message] = self._parse(message)
        return contents

    def _parse(self, message: bytes) -> Contents:
        contents: list[tuple[int, int, int]] = []
        for client_id, start, end in clock_ranges(read_bytes(message, 2)[0]):
            writer = self._writer_of.get(client_id)
            if writer is not None:
                ends = self.scripts[writer].ends
                contents.append((writer, bisect_right(ends, start), bisect_right(ends, end)))
        return tuple(contents)


class Reader:
    """One client's view: how many updates of each writer it has, without a gap.

    `own` is its own writer's index, whose updates do not count as delivered to it. A reader with
    `latencies` notes for each update that left in the measured window how long it took (s).
    """

    __slots__ = ("_kept", "_ledger", "_own", "known", "latencies", "window")

    def __init__(
        self,
        ledger: Ledger,
        *,
        own: int | None = None,
        notes_latency: bool = False,
        keeps_frames: bool = False,
    ) -> None:
        self._ledger = ledger
        self._own = own
        self._kept: list[bytes] | None = [] if keeps_frames else None
        self.known = [0] * len(ledger.scripts)
        self.latencies: array[float] | None = array("d") if notes_latency else None
        self.window = (float("inf"), float("inf"))

    @property
    def kept_updates(self) -> list[bytes] | None:
        """Every update received, in order, if this reader keeps them."""
        if self._kept is None:
            return None
        return [read_bytes(message, 2)[0] for message in self._kept]

    def missing(self) -> int:
        """Updates of others that were sent and never arrived."""
        return sum(
            script.sent - seen
            for index, (script, seen) in enumerate(
                zip(self._ledger.scripts, self.known, strict=True)
            )
            if index != self._own
        )

    def receive(self, message: bytes, at: float) -> None:
        ledger, known, own = self._ledger, self.known, self._own
        ledger.frames += 1
        if self._kept is not None:
            self._kept.append(message)
        for writer, first, behind in ledger.contents_of(message):
            if writer == own:
                continue  # servers need not send it, so it may well have gaps
            seen = known[writer]
            if behind <= seen:
                continue
            if first > seen:
                ledger.gaps += 1  # Yjs would hold it as pending: not delivered
                continue
            known[writer] = behind
            ledger.delivered += behind - seen
            if self.latencies is not None:
                self._note(ledger.scripts[writer].sent_at[seen:behind], at)

    def _note(self, sent_at: Sequence[float], at: float) -> None:
        latencies = self.latencies
        assert latencies is not None
        start, end = self.window
        for sent in sent_at:
            if start <= sent < end:
                latencies.append(at - sent)
