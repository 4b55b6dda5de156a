"""An open-loop pace: fixed intervals with random phases, whatever the server does."""

from __future__ import annotations

import asyncio
import random
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

SendSome = Callable[[int, float], None]
"""Sends the next `count` messages of one client; gets the time (perf_counter, s)."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast each sender sends. What falls due within `quantum_s` leaves in one write."""

    interval_s: float
    quantum_s: float = 0.001

    @classmethod
    def of_rate(cls, per_s: float) -> Pace:
        # Above 200/s a client's writes are gathered for 5 ms, or the generator is the bottleneck.
        return cls(1 / per_s, 0.005 if per_s > 200 else 0.001)


async def keep_pace(
    senders: Sequence[SendSome], pace: Pace, *, duration_s: float, seed: int
) -> array[float]:
    """Send for `duration_s`; return how late each write was against its plan (s).

    All intervals are equal, so the senders come up in the same order in every round.
    """
    generator = random.Random(seed)
    phases = sorted(generator.random() * pace.interval_s for _ in senders)
    order = list(range(len(senders)))
    generator.shuffle(order)
    lateness: array[float] = array("d")
    start = perf_counter()
    end = start + duration_s
    event, due = 0, start + phases[0]
    while due < end:
        now = perf_counter()
        if due > now:
            await asyncio.sleep(max(due - now, pace.quantum_s))
            continue
        counts: dict[int, int] = {}
        lateness.append(now - due)
        while due <= now and due < end:
            sender = order[event % len(order)]
            counts[sender] = counts.get(sender, 0) + 1
            event += 1
            rounds, turn = divmod(event, len(order))
            due = start + rounds * pace.interval_s + phases[turn]
        for sender, count in counts.items():
            senders[sender](count, perf_counter())
        await asyncio.sleep(0)  # let the writes leave and the deliveries in
    return lateness
