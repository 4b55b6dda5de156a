"""The workloads, one file each, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.workloads import (
    applypath,
    cursors,
    documents,
    fanout,
    features,
    gate,
    idle,
    join,
    kill,
    rest5000,
    saturation,
    targets,
)

if TYPE_CHECKING:
    from benchmarks.workload import Workload

WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for module in (
        fanout,
        documents,
        cursors,
        join,
        idle,
        saturation,
        kill,
        targets,
        applypath,
        rest5000,
        features,
        gate,
    )
    for workload in module.WORKLOADS
}

NOT_BY_DEFAULT = frozenset({"fanout1000"})
