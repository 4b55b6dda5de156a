"""What every bus promises: subclass BusContract and provide a `bus` fixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from crdt_store.ids import WorkflowId
from server.core.bus import AccessChanged, WorkflowDeleted

if TYPE_CHECKING:
    from server.core.bus import Bus, Event

WITHIN_S = 5.0

FIRST = AccessChanged(WorkflowId("w1"), access_epoch=1)
SECOND = AccessChanged(WorkflowId("w1"), access_epoch=2)
DELETED = WorkflowDeleted(WorkflowId("w1"))


class Inbox:
    """A handler that remembers, and can be waited for."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    async def holds(self, *events: Event) -> None:
        """Return once exactly these arrived, in this order; a wire may take its time."""
        with anyio.fail_after(WITHIN_S):
            while len(self.events) < len(events):
                await anyio.lowlevel.checkpoint()
        assert self.events == list(events)


class BusContract:
    async def test_every_handler_gets_every_event_in_order(self, bus: Bus) -> None:
        one, other = Inbox(), Inbox()
        bus.subscribe(one)
        bus.subscribe(other)

        for event in (FIRST, SECOND, DELETED):
            await bus.publish(event)

        await one.holds(FIRST, SECOND, DELETED)
        await other.holds(FIRST, SECOND, DELETED)

    async def test_a_handler_gets_no_events_from_before_or_after_its_subscription(
        self, bus: Bus
    ) -> None:
        always, between = Inbox(), Inbox()
        bus.subscribe(always)
        await bus.publish(FIRST)
        await always.holds(FIRST)
        end = bus.subscribe(between)
        await bus.publish(SECOND)
        await between.holds(SECOND)
        end()
        await bus.publish(DELETED)

        await always.holds(FIRST, SECOND, DELETED)
        await between.holds(SECOND)

    async def test_ending_a_subscription_twice_ends_no_other(self, bus: Bus) -> None:
        inbox = Inbox()
        end = bus.subscribe(inbox)
        bus.subscribe(inbox)
        end()
        end()

        await bus.publish(FIRST)
        await bus.publish(SECOND)

        await inbox.holds(FIRST, SECOND)

    async def test_a_handler_that_fails_disturbs_nobody(self, bus: Bus) -> None:
        def fail(event: Event) -> None:
            raise RuntimeError(f"cannot handle {event}")

        inbox = Inbox()
        bus.subscribe(fail)
        bus.subscribe(inbox)

        await bus.publish(FIRST)
        await bus.publish(SECOND)

        await inbox.holds(FIRST, SECOND)

    async def test_publishing_to_nobody_is_fine(self, bus: Bus) -> None:
        await bus.publish(FIRST)
        inbox = Inbox()
        bus.subscribe(inbox)
        await bus.publish(SECOND)

        await inbox.holds(SECOND)
