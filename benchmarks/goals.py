"""The marks to reach, and the best figure of a peer, per workload and figure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """`limit` is the most allowed, or the least wanted if `at_least`."""

    limit: float | None = None
    best_peer: str = ""
    at_least: bool = False

    def met_by(self, value: float) -> bool | None:
        if self.limit is None:
            return None
        return value >= self.limit if self.at_least else value <= self.limit


GOALS: dict[tuple[str, str], Goal] = {
    ("fanout50", "cpu_us_per_delivery"): Goal(12, "24.8 (yws)"),
    ("fanout50", "p50_ms"): Goal(None, "0.9 (yws)"),
    ("fanout50", "p99_ms"): Goal(40, "4.3 (yws)"),
    ("fanout200", "cpu_us_per_delivery"): Goal(7, "13.1 (yws)"),
    ("fanout200", "p50_ms"): Goal(None, "2.0 (hp)"),
    ("fanout200", "p99_ms"): Goal(40, "8.2 (hp)"),
    ("fanout1000", "cpu_us_per_delivery"): Goal(),
    ("fanout1000", "p50_ms"): Goal(),
    ("fanout1000", "p99_ms"): Goal(),
    ("documents", "cpu_us_per_update"): Goal(150, "128 (yws)"),
    ("documents", "p50_ms"): Goal(None, "0.13 (yws)"),
    ("documents", "p99_ms"): Goal(None, "2.7 (pws)"),
    ("cursors", "cpu_us_per_delivery"): Goal(5, "13.2 (yws)"),
    ("cursors", "p50_ms"): Goal(None, "0.6 (yws)"),
    ("cursors", "p99_ms"): Goal(None, "6.9 (yws)"),
    ("cursors-echo", "cpu_us_per_delivery"): Goal(),
    ("cursors-echo", "p50_ms"): Goal(),
    ("cursors-echo", "p99_ms"): Goal(),
    ("idle", "kib_per_connection"): Goal(40, "17.6 (yws)"),
    ("idle", "kib_per_connection_with_presence"): Goal(),
    ("idle", "connect_cpu_ms"): Goal(None, "0.43 (yws)"),
    ("idle", "idle_server_percent_of_core"): Goal(),
    ("join5000", "alone_cpu_ms"): Goal(5, "11 (pws)"),
    ("join5000", "after_an_edit_cpu_ms"): Goal(),
    ("join5000", "first_after_restart_ms"): Goal(),
    ("join5000", "crowd_all_done_ms"): Goal(None, "394 (pws)"),
    ("join5000", "crowd_cpu_ms_each"): Goal(5, "7.4 (pws)"),
    ("saturation", "updates_per_s_in"): Goal(15_000, "17,590 (hp)", at_least=True),
    ("saturation", "p99_at_limit_ms"): Goal(100),
    ("saturation", "beyond_offered_per_s"): Goal(),
    ("saturation", "beyond_delivered_per_s"): Goal(),
    ("saturation", "beyond_rss_growth_mib"): Goal(),
    ("saturation", "p99_after_recovery_ms"): Goal(),
    ("kill200", "seen_updates_lost"): Goal(0, "0 (pws + SQLite)"),
    ("kill200", "saved_updates_lost"): Goal(0),
    ("kill1000", "seen_updates_lost"): Goal(0, "1,785 (pws + SQLite)"),
    ("kill1000", "saved_updates_lost"): Goal(0),
    ("targets", "connect_p99_ms"): Goal(1000),
    ("targets", "cursor_p99_ms"): Goal(100),
    ("applypath", "apply_path_us"): Goal(40),
    ("lock", "acquire_p50_ms"): Goal(),
    ("lock", "acquire_p95_ms"): Goal(200),
    ("lock", "acquire_p99_ms"): Goal(25),
    ("lock", "release_p99_ms"): Goal(),
    ("lock", "cpu_ms_per_acquire_and_release"): Goal(),
    ("lock", "edits_p99_ms"): Goal(40),
    ("session", "join_p50_ms"): Goal(),
    ("session", "join_p95_ms"): Goal(500),
    ("session", "join_p99_ms"): Goal(),
    ("session", "cpu_ms_per_join_and_leave"): Goal(),
    ("rest", "p50_ms"): Goal(),
    ("rest", "p95_ms"): Goal(500),
    ("rest", "p99_ms"): Goal(),
    ("rest", "slowest_route_p95_ms"): Goal(500),
    ("rest", "cpu_ms_per_request"): Goal(),
    ("gate", "clean_0_locks_200_us"): Goal(50),
    ("gate", "clean_0_locks_5000_us"): Goal(50),
    ("gate", "clean_200_locks_200_us"): Goal(50),
    ("gate", "clean_200_locks_5000_us"): Goal(50),
    ("gate", "compensated_200_us"): Goal(250),
    ("gate", "compensated_5000_us"): Goal(250),
    ("gate", "deletion_200_us"): Goal(),
    ("gate", "deletion_5000_us"): Goal(),
    ("gate", "replacement_200_us"): Goal(),
    ("gate", "replacement_5000_us"): Goal(),
    ("gate", "first_lock_5000_cpu_ms"): Goal(),
    ("gate", "first_lock_5000_longest_hold_ms"): Goal(20),
}
