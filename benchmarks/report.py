"""The report: a table for people, JSON for machines."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.goals import GOALS, Goal
from benchmarks.results import RunResult, Summary, summarise

if TYPE_CHECKING:
    from benchmarks.workload import Workload

Runs = Sequence[RunResult]


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("pycrdt", "uvicorn", "uvloop")},
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def table(workload: Workload, runs: Runs) -> str:
    """Markdown: medians, what they varied between, goal and best peer where there is one."""
    lines = [
        f"### {workload.name}: {workload.summary}",
        "",
        "| figure | median | min to max | goal | | best peer |",
        "|---|---:|---:|---:|---|---|",
    ]
    for name, summary in summarise(runs).items():
        lines.append(_row(name, summary, GOALS.get((workload.name, name), Goal())))
    for setting, value in workload.settings.items():
        lines += ["", f"Not at its default: `{setting}={value}`."]
    problems = [problem for run in runs for problem in run.problems]
    lines += ["", *(f"**Problem:** {problem}" for problem in problems)]
    return "\n".join(lines)


def _row(name: str, summary: Summary, goal: Goal) -> str:
    spread = f"{number(summary.lowest)} to {number(summary.highest)}"
    return (
        f"| {name} | {number(summary.middle)} | {spread} | {bound(goal)} "
        f"| {verdict(goal, summary)} | {goal.best_peer} |"
    )


def verdict(goal: Goal, summary: Summary) -> str:
    return {True: "met", False: "MISSED", None: ""}[goal.met_by(summary.middle)]


def bound(goal: Goal) -> str:
    return "" if goal.limit is None else f"{'≥' if goal.at_least else '≤'} {number(goal.limit)}"


def number(value: float) -> str:
    if value == int(value) if abs(value) < 1e15 else True:
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def as_json(results: Mapping[str, Runs]) -> str:
    """Every figure of every run, and the medians."""
    document: dict[str, Any] = {"machine": machine(), "workloads": {}}
    for name, runs in results.items():
        document["workloads"][name] = {
            "median": {figure: summary.middle for figure, summary in summarise(runs).items()},
            "runs": [{"figures": run.figures, "problems": run.problems} for run in runs],
        }
    return json.dumps(document, indent=2)
