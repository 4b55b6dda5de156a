"""Saturation: 50 clients all write, faster until p99 is 100 ms; then beyond that."""

from __future__ import annotations

from dataclasses import replace
from statistics import mean
from typing import TYPE_CHECKING

from benchmarks.editing_load import EditingLoad, EditingResult, run_editing_load
from benchmarks.results import RunResult
from benchmarks.workload import RunContext, Workload

if TYPE_CHECKING:
    from benchmarks.server_process import ServerProcess

_CLIENTS = 50
_STEPS_PER_S = (500, 1_000, 2_000, 4_000, 8_000, 12_000, 15_000, 18_000, 22_000, 27_000, 33_000)
_LAST_STEPS_PER_S = (40_000, 50_000)
_LIMIT_MS = 100.0
_MEASURED_S = 4.0
_BEYOND = 2.0
_DRAIN_BEYOND_S = 40.0


async def _run(context: RunContext) -> RunResult:
    figures: dict[str, float] = {}
    noise: list[float] = []
    best = failed = 0.0
    async with context.server() as server:
        for step, rate in enumerate((*_STEPS_PER_S, *_LAST_STEPS_PER_S)):
            measured = await _try_step(context, server, rate, f"step-{step}")
            noise.append(measured.window.others_percent)
            if not _holds(measured):
                failed = rate
                break
            best = measured.sent / measured.window.wall_s
            figures["p50_at_limit_ms"] = measured.p_ms(50)
            figures["p99_at_limit_ms"] = measured.p_ms(99)
            figures["cpu_us_per_delivery_at_limit"] = measured.cpu_us_per_delivery
            figures["generator_percent_of_core"] = measured.window.generator_percent
    figures["updates_per_s_in"] = best
    figures["others_percent_of_core"] = mean(noise)
    problems: list[str] = []
    async with context.server() as server:
        beyond = await _step(context, server, (failed or best) * _BEYOND, "beyond", _DRAIN_BEYOND_S)
        print(f"    beyond: {_described(beyond)}", flush=True)
        figures["beyond_offered_per_s"] = beyond.sent / beyond.window.wall_s
        figures["beyond_delivered_per_s"] = beyond.delivered / (_CLIENTS - 1) / beyond.window.wall_s
        figures["beyond_rss_growth_mib"] = beyond.rss_growth_mib
        problems += [f"beyond the limit: {problem}" for problem in beyond.problems]
        after = await _step(context, server, best / 2, "after")
        figures["p99_after_recovery_ms"] = after.p_ms(99)
        problems += [f"after the overload: {problem}" for problem in after.problems]
    return RunResult(figures, problems)


async def _try_step(
    context: RunContext, server: ServerProcess, rate: float, name: str
) -> EditingResult:
    """A step that fails is tried once more: one hiccup of the machine is not the server's limit."""
    for attempt in ("", "-again"):
        measured = await _step(context, server, rate, name + attempt)
        print(f"    {rate:>6}/s in: {_described(measured)}", flush=True)
        if _holds(measured):
            break
    return measured


def _holds(measured: EditingResult) -> bool:
    return measured.p_ms(99) < _LIMIT_MS and not measured.problems


async def _step(
    context: RunContext, server: ServerProcess, rate: float, name: str, drain_s: float = 20.0
) -> EditingResult:
    """One rate on a document and connections of its own."""
    load = EditingLoad(1, clients=_CLIENTS, writers=_CLIENTS, updates_per_s=rate / _CLIENTS)
    timing = replace(context.timing, measured_s=_MEASURED_S, drain_s=drain_s)
    return await run_editing_load(server, load, timing, name=name, seed=context.seed)


def _described(measured: EditingResult) -> str:
    delivered = measured.delivered / (_CLIENTS - 1) / measured.window.wall_s
    return (
        f"{delivered:.0f}/s reach each client, p50 {measured.p_ms(50):.0f} ms, "
        f"p99 {measured.p_ms(99):.0f} ms, server {measured.window.server_percent:.0f} %, "
        f"generator {measured.window.generator_percent:.0f} % "
        f"(late {measured.lateness_p99_ms:.0f} ms), memory {measured.rss_growth_mib:+.0f} MiB"
        + "".join(f"; {problem}" for problem in measured.problems)
    )


WORKLOADS = (
    Workload(
        "saturation",
        "50 clients, all write: the highest rate with p99 < 100 ms, then twice the failing one",
        _run,
        # 50 clients at the default of 1,000 messages/s each could not offer more than the limit.
        {"COFLOW_MAX_MESSAGES_PER_SECOND": "20000"},
    ),
)
