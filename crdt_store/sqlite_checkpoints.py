"""Checkpoints of an SQLite file in a thread of their own: no commit pays for one."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from typing import TYPE_CHECKING, BinaryIO

from crdt_store.engines import sqlite_pragmas

if TYPE_CHECKING:
    from pathlib import Path

CHECKPOINT_BYTES = 4 * 1024 * 1024
RESTART_BYTES = 64 * 1024 * 1024
"""Beyond it a checkpoint keeps writers and readers away for a moment: else the log may never end"""

_LOOK_EVERY_S = 0.1
_RETRY_AFTER_S = 1.0
_RESTART_WAITS_MS = 100
_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24

logger = logging.getLogger(__name__)


class SqliteCheckpoints:
    """Copies the write-ahead log into the file whenever it has grown by `CHECKPOINT_BYTES`.

    PASSIVE, beside readers and writers. But a log starts anew only if a checkpoint reaches its end,
    which under steady writing none does: from `RESTART_BYTES` on, a RESTART follows, which takes
    SQLite's write lock for the few pages that came in meanwhile, and waits 100 ms at most for
    readers. So the log is bounded unless a reader stays; then it grows until that one has gone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wal = path.with_name(path.name + "-wal")
        self._progress = WalProgress()
        self._committed = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="coflow-checkpoints", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def note_commit(self) -> None:
        """Something was committed. Costs next to nothing: the thread looks ten times a second."""
        if not self._committed.is_set():
            self._committed.set()

    async def close(self) -> None:
        """Close after all other connections: the whole log goes into the file and is removed."""
        self._closing.set()
        self._committed.set()
        await asyncio.shield(asyncio.to_thread(self._thread.join))

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        try:
            while True:
                self._committed.wait()
                if self._closing.is_set():
                    break
                self._committed.clear()
                try:
                    connection = connection or self._connect()
                    self._checkpoint_if_due(connection)
                except (sqlite3.Error, OSError) as error:
                    # The commits are in the log and stay there: nothing is lost, it only grows.
                    logger.warning("the checkpoint failed and will be tried again: %s", error)
                    self._committed.set()
                    self._closing.wait(_RETRY_AFTER_S)
                self._closing.wait(_LOOK_EVERY_S)
            if connection is not None:
                self._finish(connection)
        finally:
            if connection is not None:
                connection.close()

    def _finish(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            logger.warning("the last checkpoint failed; the next start repeats it: %s", error)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None)
        for pragma in sqlite_pragmas():
            connection.execute(pragma)
        connection.execute(f"PRAGMA busy_timeout = {_RESTART_WAITS_MS}")
        return connection

    def _checkpoint_if_due(self, connection: sqlite3.Connection) -> None:
        try:
            with self._wal.open("rb") as wal:
                if not self._progress.is_due(wal):
                    return
        except FileNotFoundError:
            return
        frames = self._checkpoint(connection, "PASSIVE")
        if frames * self._progress.frame_bytes >= RESTART_BYTES:
            self._checkpoint(connection, "RESTART")

    def _checkpoint(self, connection: sqlite3.Connection, mode: str) -> int:
        """Return how many frames the log holds, copied or not."""
        frames: int
        _busy, frames, _copied = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        if frames < 0:  # the lock was not to be had: another tool is at a checkpoint
            return 0
        self._progress.checkpointed_at(frames)
        return frames


class WalProgress:
    """Tells from the log's file whether it has grown by `CHECKPOINT_BYTES` since a checkpoint.

    The file's size does not tell: a log that starts anew writes over the old one. But then its
    header has another salt, and a frame is of this log if it repeats the header's salt:
    https://sqlite.org/fileformat2.html#the_write_ahead_log
    """

    def __init__(self) -> None:
        self.frame_bytes = _FRAME_HEADER_BYTES + 4096
        self._salt = b""
        self._frames = 0

    def checkpointed_at(self, frames: int) -> None:
        """A checkpoint found the log with that many frames."""
        self._frames = frames

    def is_due(self, wal: BinaryIO) -> bool:
        header = wal.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            return False
        salt = header[16:24]
        self.frame_bytes = _FRAME_HEADER_BYTES + int.from_bytes(header[8:12], "big")
        if salt != self._salt:
            self._salt = salt
            self._frames = 0
        due = self._frames + CHECKPOINT_BYTES // self.frame_bytes
        wal.seek(_HEADER_BYTES + due * self.frame_bytes + 8)
        return wal.read(len(salt)) == salt
