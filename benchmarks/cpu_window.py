"""One measured window: wall time, and the CPU of the server, the generator and everybody else."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from benchmarks.server_process import ServerProcess


@dataclass(frozen=True, slots=True)
class _Reading:
    wall_s: float
    server_s: float
    generator_s: float
    machine_s: float


class CpuWindow:
    """Begins when made; `end` fixes it."""

    def __init__(self, server: ServerProcess) -> None:
        self._server = server
        self._start = self._read()
        self._end = self._start

    def end(self) -> None:
        self._end = self._read()

    def _read(self) -> _Reading:
        times = psutil.cpu_times()
        busy = times.user + times.nice + times.system
        busy += getattr(times, "irq", 0.0) + getattr(times, "softirq", 0.0)
        return _Reading(time.perf_counter(), self._server.cpu_s(), time.process_time(), busy)

    @property
    def wall_s(self) -> float:
        return self._end.wall_s - self._start.wall_s

    @property
    def server_s(self) -> float:
        """User + system time of the server."""
        return self._end.server_s - self._start.server_s

    @property
    def server_percent(self) -> float:
        return 100 * self.server_s / self.wall_s

    @property
    def generator_percent(self) -> float:
        """How busy the generator was: near 100 it is what was measured."""
        return 100 * (self._end.generator_s - self._start.generator_s) / self.wall_s

    @property
    def others_percent(self) -> float:
        """What other processes took, in percent of one core: noise."""
        ours = self.server_s + self._end.generator_s - self._start.generator_s
        return max(0.0, 100 * (self._end.machine_s - self._start.machine_s - ours) / self.wall_s)

    def figures(self) -> dict[str, float]:
        return {
            "server_percent_of_core": self.server_percent,
            "generator_percent_of_core": self.generator_percent,
            "others_percent_of_core": self.others_percent,
        }
