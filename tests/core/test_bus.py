"""The in-process bus keeps the contract of every bus, and is done when `publish` returns."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from server.core.bus import Bus, Event, InProcessBus
from tests.core.bus_contract import DELETED, FIRST, SECOND, BusContract, Inbox


@pytest.fixture
def bus() -> Bus:
    return InProcessBus()


class TestInProcessBus(BusContract):
    """The contract, on the bus of one process."""


async def test_the_handlers_have_run_when_publish_returns(bus: Bus) -> None:
    inbox = Inbox()
    bus.subscribe(inbox)

    await bus.publish(FIRST)

    assert inbox.events == [FIRST]


async def test_a_failing_handler_is_logged(bus: Bus) -> None:
    def fail(event: Event) -> None:
        raise RuntimeError("no")

    bus.subscribe(fail)
    with capture_logs() as logs:
        await bus.publish(DELETED)

    assert [(log["event"], log["log_level"]) for log in logs] == [("bus_handler_failed", "error")]
    assert logs[0]["bus_event"] == "WorkflowDeleted"


async def test_handlers_may_end_each_other_and_subscribe_while_being_called(bus: Bus) -> None:
    early, late, ended = Inbox(), Inbox(), Inbox()

    def rearrange(event: Event) -> None:
        if event == FIRST:
            end_of_ended()
            bus.subscribe(late)

    bus.subscribe(early)
    bus.subscribe(rearrange)
    end_of_ended = bus.subscribe(ended)

    await bus.publish(FIRST)
    await bus.publish(SECOND)

    assert early.events == [FIRST, SECOND]
    assert late.events == [SECOND]
    assert ended.events == []
