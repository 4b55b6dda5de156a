"""Metrics: what is counted is what Prometheus reads, one registry for each application."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from server.core.metrics import Metrics


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
    }


def test_attributes_are_exported_under_their_names() -> None:
    metrics = Metrics()
    metrics.connections += 3
    metrics.updates_received += 7
    metrics.bytes_sent += 1 << 40

    found = samples(metrics)

    assert found["coflow_connections", ()] == 3
    assert found["coflow_updates_received_total", ()] == 7
    assert found["coflow_bytes_sent_total", ()] == 1 << 40
    assert found["coflow_frames_sent_total", ()] == 0


def test_refusals_and_closes_are_counted_by_code() -> None:
    metrics = Metrics()
    metrics.refused("too_large")
    metrics.refused("too_large")
    metrics.closed(4403)

    found = samples(metrics)

    assert found["coflow_refused_total", (("code", "too_large"),)] == 2
    assert found["coflow_closes_total", (("code", "4403"),)] == 1


def test_durations_are_a_cumulative_histogram() -> None:
    metrics = Metrics()
    for duration_s in (0.0005, 0.001, 0.3, 99.0):
        metrics.committed(duration_s)

    found = samples(metrics)

    assert found["coflow_commits_total", ()] == 4
    assert found["coflow_commit_seconds_count", ()] == 4
    assert found["coflow_commit_seconds_sum", ()] == pytest.approx(99.3015)
    for bound, count in [("0.001", 2), ("0.25", 2), ("0.5", 3), ("10.0", 3), ("+Inf", 4)]:
        assert found["coflow_commit_seconds_bucket", (("le", bound),)] == count


def test_a_fold_is_counted_unless_it_fails() -> None:
    metrics = Metrics()
    with metrics.folding():
        pass
    with pytest.raises(RuntimeError), metrics.folding():
        raise RuntimeError

    assert samples(metrics)["coflow_folds_total", ()] == 1
    assert samples(metrics)["coflow_fold_seconds_count", ()] == 1


def test_two_applications_share_nothing() -> None:
    one, other = Metrics(), Metrics()
    one.refused("x")
    one.rooms = 5

    assert samples(other)["coflow_rooms", ()] == 0
    assert ("coflow_refused_total", (("code", "x"),)) not in samples(other)


def test_the_process_itself_is_exported_too() -> None:
    assert samples(Metrics())["process_resident_memory_bytes", ()] > 0
