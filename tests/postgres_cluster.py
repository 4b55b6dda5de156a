"""A throwaway PostgreSQL cluster made from the system's own binaries."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_TIMEOUT_S = 60.0
_COMMAND_TIMEOUT_S = 60.0
_numbers = count(1)

# Only our own processes are killed in tests, never the cluster: fsync would protect nothing here.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "log_min_messages": "fatal",
}

# The server ends when the pipe to its standard input does, however this process dies.
_SUPERVISE = """
"$@" </dev/null &
server=$!
read -r _
kill -INT "$server"
wait "$server"
"""


class NoPostgres(Exception):
    """The system has no usable PostgreSQL; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Cluster:
    binaries: Path
    port: int

    def url(self, database: str) -> str:
        # Without TLS: asyncpg's request to cancel a query, if cut short while it asks for TLS,
        # leaves a future whose exception nobody reads, and that would fail some later test.
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def sql(self, statement: str) -> None:
        """Run one statement outside of any transaction."""
        psql = [str(self.binaries / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"]
        ran = subprocess.run(
            [*psql, "-d", self.url("postgres"), "-c", statement],
            capture_output=True,
            text=True,
            timeout=_COMMAND_TIMEOUT_S,
            check=False,
        )
        if ran.returncode != 0:
            raise RuntimeError(f"{statement}: {ran.stderr.strip()}")

    def create_database(self, template: str = "template1") -> str:
        """Create a database whose name no other of this process has, and return that name."""
        # A fixture may be set up more than once: pytest ends the one of another parameter first.
        name = f"coflow_{next(_numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop_database(self, name: str) -> None:
        """Drop it, whoever is still connected."""
        self.sql(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """Start a cluster with its data under `folder`, which is created; raises NoPostgres."""
    binaries = _find_binaries()
    user = _unprivileged_user()
    folder.mkdir(parents=True)
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust"]
    made = subprocess.run(
        [*initdb, "-E", "UTF8", "--locale=C", "--no-sync"],
        user=user,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_START_TIMEOUT_S,
        check=False,
    )
    if made.returncode != 0:
        raise NoPostgres(f"initdb failed: {made.stderr.strip()}")
    cluster = Cluster(binaries, free_port())
    settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
    command = [str(binaries / "postgres"), "-D", str(data), f"-p{cluster.port}", *settings]
    log = folder / "postgres.log"
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            ["/bin/sh", "-c", _SUPERVISE, "sh", *command],
            user=user,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
        )
    assert supervisor.stdin is not None
    try:
        _wait_until_ready(cluster, supervisor, log)
        yield cluster
    finally:
        supervisor.stdin.close()
        supervisor.wait(timeout=_START_TIMEOUT_S)


def _find_binaries() -> Path:
    candidates = [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if all((folder / name).exists() for name in ("initdb", "postgres", "psql", "pg_isready")):
            return folder
    raise NoPostgres("no initdb, postgres, psql and pg_isready on PATH or in /usr/lib/postgresql")


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise NoPostgres("running as root, and there is no user postgres or nobody")


def _wait_until_ready(cluster: Cluster, supervisor: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    ready = [str(cluster.binaries / "pg_isready"), "-q", "-t", "5", "-d", cluster.url("postgres")]
    while subprocess.run(ready, check=False, timeout=_COMMAND_TIMEOUT_S).returncode != 0:
        if supervisor.poll() is not None or time.monotonic() > deadline:
            raise NoPostgres(f"postgres did not start: {log.read_text(errors='replace').strip()}")
        time.sleep(0.05)
