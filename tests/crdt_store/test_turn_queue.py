"""The write turn of the process: fair, and never lost."""

from __future__ import annotations

import asyncio

import anyio
import pytest
from anyio.lowlevel import checkpoint

from crdt_store.errors import CommitFailed
from crdt_store.turn_queue import TurnQueue


async def test_the_turn_goes_round_in_order_of_arrival() -> None:
    turns = TurnQueue()
    order: list[int] = []

    async def write(number: int) -> None:
        for _ in range(3):
            await turns.take()
            order.append(number)
            await checkpoint()
            turns.give_back()

    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(write, number)
    assert order == [0, 1, 2, 3, 4] * 3


async def test_a_writer_that_gives_up_waiting_is_passed_over() -> None:
    turns = TurnQueue()
    order: list[str] = []

    async def write(name: str, scope: anyio.CancelScope) -> None:
        with scope:
            await turns.take()
            order.append(name)
            turns.give_back()

    await turns.take()
    gives_up = anyio.CancelScope()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write, "gives up", gives_up)
        tasks.start_soon(write, "stays", anyio.CancelScope())
        await anyio.wait_all_tasks_blocked()
        assert turns.waiting == 2
        gives_up.cancel()
        turns.give_back()
    assert order == ["stays"]
    with anyio.fail_after(1):
        await turns.take()


async def test_a_turn_handed_to_a_writer_at_the_moment_it_is_cancelled_is_passed_on() -> None:
    turns = TurnQueue()
    await turns.take()
    cancelled = asyncio.create_task(turns.take())
    async with anyio.create_task_group() as tasks:
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(turns.take)
        await anyio.wait_all_tasks_blocked()
        turns.give_back()
        # asyncio's own cancellation: anyio's would let a task go on that is about to wake.
        cancelled.cancel()
    assert cancelled.cancelled()
    assert turns.waiting == 0


async def test_who_holds_the_turn_and_asks_again_is_told_so_at_once() -> None:
    turns = TurnQueue()
    await turns.take()
    with pytest.raises(RuntimeError, match="holds the write turn already"):
        await turns.take()


async def test_a_turn_that_never_comes_ends_in_commit_failed() -> None:
    turns = TurnQueue(timeout_s=0.01)

    async def wait_in_vain() -> None:
        with pytest.raises(CommitFailed, match=r"not free within 0\.01 s"):
            await turns.take()

    await turns.take()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait_in_vain)
    assert turns.waiting == 0


async def test_an_abandoned_turn_stays_taken_until_it_is_given_back() -> None:
    turns = TurnQueue()
    await turns.take()
    turns.abandon()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(turns.take)
        await anyio.wait_all_tasks_blocked()
        assert turns.waiting == 1
        turns.give_back()
