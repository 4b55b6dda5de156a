"""`python -m benchmarks [workload …]`: run workloads against a real server and print medians."""

from __future__ import annotations

import argparse
import asyncio
import gc
import resource
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from benchmarks.editing_load import Timing
from benchmarks.report import as_json, machine, table
from benchmarks.server_process import GENERATOR_CORE, SERVER_CORE, ServerSpec, pin_generator
from benchmarks.workload import RunContext, Workload
from benchmarks.workloads import NOT_BY_DEFAULT, WORKLOADS

if TYPE_CHECKING:
    from benchmarks.results import RunResult

_OPEN_FILES = 8_192
_TOO_LATE_MS = 100.0
"""A run whose generator could not keep its pace measured the machine: it is repeated."""
_REPEATS = 2


def main() -> int:
    arguments = _parser().parse_args()
    names = arguments.workloads or [name for name in WORKLOADS if name not in NOT_BY_DEFAULT]
    spec = (
        ServerSpec.parse(arguments.server_cmd, plain=arguments.plain)
        if arguments.server_cmd
        else ServerSpec.coflow()
    )
    timing = Timing(measured_s=arguments.seconds)
    _allow_open_files()
    if pin_generator():
        print(f"server on core {SERVER_CORE}, generator on core {GENERATOR_CORE}")
    else:
        print("not pinned: server and generator share their cores")
    print(", ".join(f"{name} {value}" for name, value in machine().items()), "\n", flush=True)
    results: dict[str, list[RunResult]] = {}
    for name in names:
        results[name] = _run_workload(WORKLOADS[name], spec, timing, arguments.runs, arguments.seed)
        print(table(WORKLOADS[name], results[name]), "\n", flush=True)
        if arguments.json:
            arguments.json.write_text(as_json(results))
    return 1 if any(run.problems for runs in results.values() for run in runs) else 0


def _run_workload(
    workload: Workload, spec: ServerSpec, timing: Timing, runs: int, seed: int
) -> list[RunResult]:
    """Each run has a server, a database and a seed of its own."""
    results: list[RunResult] = []
    for index in range(runs):
        print(f"  {workload.name}, run {index + 1} of {runs}", file=sys.stderr, flush=True)
        result = _run_once(workload, spec, timing, seed + index)
        for _ in range(_REPEATS):
            late_ms = result.figures.get("lateness_p99_ms", 0.0)
            if late_ms < _TOO_LATE_MS:
                break
            print(f"  again: the generator was {late_ms:.0f} ms late", file=sys.stderr, flush=True)
            result = _run_once(workload, spec, timing, seed + index)
        results.append(result)
    return results


def _run_once(workload: Workload, spec: ServerSpec, timing: Timing, seed: int) -> RunResult:
    with tempfile.TemporaryDirectory(prefix="coflow-bench-") as directory:
        context = RunContext(spec, Path(directory), seed, timing, workload.settings)
        gc.collect()
        gc.disable()  # a collection of the generator's must not show up as latency
        try:
            return uvloop.run(_as_coroutine(workload, context))
        finally:
            gc.enable()


async def _as_coroutine(workload: Workload, context: RunContext) -> RunResult:
    async with asyncio.timeout(600):
        return await workload.run(context)


def _allow_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"  {name:<14}{w.summary}" for name, w in WORKLOADS.items()),
    )
    parser.add_argument(
        "workloads",
        nargs="*",
        choices=[[], *WORKLOADS],
        metavar="workload",
        help=f"default: all but {', '.join(sorted(NOT_BY_DEFAULT))}",
    )
    parser.add_argument("--runs", type=int, default=3, help="runs per workload (default 3)")
    parser.add_argument("--seconds", type=float, default=6.0, help="measured window per run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write every figure there, too")
    parser.add_argument("--server-cmd", help="another server; {port} in it is filled in")
    parser.add_argument(
        "--plain",
        action="store_true",
        help="that server is a peer: rooms at /NAME, made by connecting; no tokens, no REST",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
