"""What a workload is, and what it is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.server_process import ServerProcess, ServerSpec, running_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from benchmarks.editing_load import Timing
    from benchmarks.results import RunResult


@dataclass(slots=True)
class RunContext:
    """One run: which server, where its files go, the seed, how long to measure."""

    spec: ServerSpec
    directory: Path
    seed: int
    timing: Timing
    settings: Mapping[str, str]
    _started: int = field(default=0)

    def server(self) -> AbstractAsyncContextManager[ServerProcess]:
        """A fresh server on a fresh database, with the workload's settings."""
        self._started += 1
        directory = self.directory / f"server-{self._started}"
        return running_server(self.spec, directory, self.settings)


@dataclass(frozen=True, slots=True)
class Workload:
    """A named workload. `settings` are all that differ from the server's defaults."""

    name: str
    summary: str
    run: Callable[[RunContext], Awaitable[RunResult]]
    settings: Mapping[str, str] = field(default_factory=dict)
