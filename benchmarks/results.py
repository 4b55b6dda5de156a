"""What one run measured, and the median of several."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(slots=True)
class RunResult:
    """One run's figures; a figure's name ends in its unit. `problems` is empty in a good run."""

    figures: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Summary:
    """The median of a figure over the runs, and what it varied between."""

    middle: float
    lowest: float
    highest: float


def summarise(runs: Sequence[RunResult]) -> dict[str, Summary]:
    """Per figure, over the runs that have it."""
    values: dict[str, list[float]] = {}
    for run in runs:
        for name, value in run.figures.items():
            values.setdefault(name, []).append(value)
    return {name: Summary(median(all_), min(all_), max(all_)) for name, all_ in values.items()}


def percentile_ms(sorted_latencies_s: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile in ms; infinite if nothing was measured."""
    if not sorted_latencies_s:
        return float("inf")
    rank = min(len(sorted_latencies_s) - 1, int(len(sorted_latencies_s) * percent / 100))
    return sorted_latencies_s[rank] * 1000
