"""`python -m benchmarks.page results.json …`: put measured figures into docs/performance.md."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.goals import GOALS
from benchmarks.report import bound, number, verdict
from benchmarks.results import RunResult, Summary, summarise

_PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
_BEGIN, _END = "<!-- figures: begin -->", "<!-- figures: end -->"
_NOISE = "others_percent_of_core"

Json = Any


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("results", nargs="+", type=Path, help="a later file wins over an earlier")
    parser.add_argument("--page", type=Path, default=_PAGE)
    arguments = parser.parse_args()
    documents = [json.loads(path.read_text()) for path in arguments.results]
    page: Path = arguments.page
    before, _, rest = page.read_text().partition(_BEGIN)
    _, marker, after = rest.partition(_END)
    if not marker:
        parser.error(f"{page} lacks the lines {_BEGIN} and {_END}")
    page.write_text(f"{before}{_BEGIN}\n{figures(documents)}\n{_END}{after}")
    return 0


def figures(documents: list[Json]) -> str:
    """One table of the figures that have a goal or a peer, then what went wrong in the runs."""
    workloads: dict[str, list[RunResult]] = {}
    for document in documents:
        for name, workload in document["workloads"].items():
            runs = [RunResult(run["figures"], run["problems"]) for run in workload["runs"]]
            workloads[name] = runs
    machine = documents[-1]["machine"]
    lines = [
        "Measured " + ", ".join(f"{name} {value}" for name, value in machine.items()) + ".",
        "",
        "| workload | figure | median | min to max | goal | | best peer | noise |",
        "|---|---|---:|---:|---:|---|---|---:|",
    ]
    for name, runs in workloads.items():
        lines += _rows(name, summarise(runs), len(runs))
    lines.append("")
    for name, runs in workloads.items():
        lines += [f"- Problem in {name}: {problem}" for run in runs for problem in run.problems]
    return "\n".join(lines).rstrip()


def _rows(workload: str, summaries: dict[str, Summary], runs: int) -> list[str]:
    noise = summaries.get(_NOISE)
    rows: list[str] = []
    for (name, figure), goal in GOALS.items():
        summary = summaries.get(figure)
        if name != workload or summary is None:
            continue
        first = not rows
        rows.append(
            f"| {f'{name} ({runs} runs)' if first else ''} | {figure} "
            f"| {number(summary.middle)} | {number(summary.lowest)} to {number(summary.highest)} "
            f"| {bound(goal)} | {verdict(goal, summary)} | {goal.best_peer} "
            f"| {f'{noise.middle:.0f} %' if noise and first else ''} |"
        )
    return rows


if __name__ == "__main__":
    sys.exit(main())
