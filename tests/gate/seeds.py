"""How many seeds the random tests of the gate run: 200, or COFLOW_TEST_GATE_SEEDS."""

from __future__ import annotations

import os

SEEDS = int(os.environ.get("COFLOW_TEST_GATE_SEEDS", "200"))


def chunks(size: int) -> list[range]:
    """All seeds in parts of this size; a failure names its seed."""
    return [range(start, min(start + size, SEEDS)) for start in range(0, SEEDS, size)]
