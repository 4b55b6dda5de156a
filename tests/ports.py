"""Ports for the servers of tests: none is taken while a server starts, or is down for a moment."""

from __future__ import annotations

import os
import random
import socket
from itertools import count

# Below those that Linux gives to connections, which begin at 32768.
_FIRST, _PAST_LAST = 10_000, 26_000
_WORKERS = 8
_SHARE = (_PAST_LAST - _FIRST) // _WORKERS

# Not from its start: another run on this machine may be at it.
_numbers = count(random.randrange(_SHARE))


def free_port() -> int:
    """A port that this worker has not used, and that no other worker of this run will."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    for _ in range(_SHARE):
        port = _FIRST + worker * _SHARE + next(_numbers) % _SHARE
        with socket.socket() as probe:
            # As servers do: what an earlier one closed, and the system still remembers, is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"all {_SHARE} ports of this worker are taken")
