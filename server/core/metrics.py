"""What an operator can watch, counted in plain attributes and exported for Prometheus.

prometheus_client's own counters take a lock for each increment; hot paths add to an int instead,
on the event loop's one thread, and a collector reads it when somebody asks.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""Of what `Metrics.render` returns."""

COMMIT_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
FOLD_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Durations:
    """A histogram of seconds; a duration that equals a bucket's bound belongs to it."""

    __slots__ = ("_bounds_s", "_counts", "sum_s")

    def __init__(self, bounds_s: Sequence[float]) -> None:
        self._bounds_s = tuple(bounds_s)
        self._counts = [0] * (len(self._bounds_s) + 1)
        self.sum_s = 0.0

    def observe(self, duration_s: float) -> None:
        self._counts[bisect_left(self._bounds_s, duration_s)] += 1
        self.sum_s += duration_s

    @property
    def count(self) -> int:
        return sum(self._counts)

    def cumulative(self) -> list[tuple[str, float]]:
        """(upper bound, how many took at most that long), as Prometheus wants it."""
        bounds = [*map(str, self._bounds_s), "+Inf"]
        return list(zip(bounds, accumulate(self._counts), strict=True))


def _gauge(text: str) -> Any:
    return field(default=0, metadata={"kind": "gauge", "help": text})


def _counter(text: str) -> Any:
    return field(default=0, metadata={"kind": "counter", "help": text})


def _labelled(label: str, text: str) -> dict[str, str]:
    return {"kind": "labelled", "help": text, "label": label}


def _durations(text: str) -> dict[str, str]:
    return {"kind": "durations", "help": text}


@dataclass(slots=True, eq=False)
class Metrics:
    """One per application; attributes are exported as coflow_<name>, counters with `_total`.

    Not thread-safe: increment on the event loop's thread.
    """

    connections: int = _gauge("Open sockets.")
    rooms: int = _gauge("Documents in memory.")
    pending_bytes: int = _gauge("Edits that wait for their commit, in bytes.")

    updates_received: int = _counter("Document updates received.")
    updates_committed: int = _counter("Document updates that were committed.")
    commits: int = _counter("Commits of live edits; each may hold many updates.")
    commits_failed: int = _counter("Commits of live edits that the database refused.")
    frames_sent: int = _counter("Frames sent to clients.")
    bytes_sent: int = _counter("Bytes of the frames sent to clients.")
    bytes_received: int = _counter("Bytes of the frames received from clients.")
    awareness_received: int = _counter("Presence frames received.")
    awareness_echoes: int = _counter("Presence frames recognised as echoes and dropped unparsed.")
    lagging: int = _counter("Times that a slow reader fell behind and lost its queue.")
    rooms_reloaded: int = _counter("Documents discarded and loaded anew after a failure.")
    task_errors: int = _counter("Background tasks that failed unexpectedly.")
    refusals: Counter[str] = field(
        default_factory=Counter,
        metadata=_labelled("code", "Changes and messages refused, by reason."),
    )
    closes: Counter[int] = field(
        default_factory=Counter,
        metadata=_labelled("code", "Sockets closed by the server, by close code."),
    )

    commit_seconds: Durations = field(
        default_factory=partial(Durations, COMMIT_BUCKETS_S),
        metadata=_durations("How long commits took."),
    )
    fold_seconds: Durations = field(
        default_factory=partial(Durations, FOLD_BUCKETS_S),
        metadata=_durations("How long folding journals into snapshots took."),
    )
    folds: int = _counter("Journals folded into snapshots.")

    _registry: CollectorRegistry = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Exporter(self))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def refused(self, code: str) -> None:
        """`code` is one of a fixed set: each is a time series of its own."""
        self.refusals[code] += 1

    def closed(self, code: int) -> None:
        """The server closed a socket with this close code."""
        self.closes[code] += 1

    def committed(self, duration_s: float) -> None:
        """One commit succeeded."""
        self.commits += 1
        self.commit_seconds.observe(duration_s)

    @contextmanager
    def folding(self) -> Iterator[None]:
        """Times a fold; one that fails is not counted."""
        started_s = time.perf_counter()
        yield
        self.folds += 1
        self.fold_seconds.observe(time.perf_counter() - started_s)

    def render(self) -> bytes:
        """All of it in Prometheus's text format, the process's CPU and memory included."""
        return generate_latest(self._registry)


class _Exporter(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        for each in fields(self._metrics):
            if not each.metadata:
                continue
            name, text = _EXPORTED.get(each.name, f"coflow_{each.name}"), each.metadata["help"]
            value = getattr(self._metrics, each.name)
            match each.metadata["kind"]:
                case "gauge":
                    yield GaugeMetricFamily(name, text, value=value)
                case "counter":
                    yield CounterMetricFamily(name, text, value=value)
                case "labelled":
                    family = CounterMetricFamily(name, text, labels=[each.metadata["label"]])
                    for label, count in value.items():
                        family.add_metric([str(label)], count)
                    yield family
                case _:
                    yield HistogramMetricFamily(
                        name, text, buckets=value.cumulative(), sum_value=value.sum_s
                    )


_EXPORTED = {"refusals": "coflow_refused"}
