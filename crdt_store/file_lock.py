"""A lock that admits one process, and in it one Database, to an SQLite file."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from crdt_store.errors import DatabaseInUse

if TYPE_CHECKING:
    from pathlib import Path


class FileLock:
    """Held from construction to `release`; the kernel releases it when the process is killed.

    The lock lives on `<file>.lock` beside the database and not on the database itself, whose own
    locks belong to SQLite. The lock file is never removed: a new one could be locked beside it.
    """

    def __init__(self, database_path: Path) -> None:
        """Raises DatabaseInUse, naming the file and the process that holds it."""
        self.path = database_path.with_name(database_path.name + ".lock")
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._fd)
            raise DatabaseInUse(
                f"{database_path} is in use by process {holder} (it holds {self.path}); "
                "an SQLite file serves one process, use PostgreSQL for more"
            ) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode("ascii"), 0)

    def release(self) -> None:
        """Let others in; safe to call twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
