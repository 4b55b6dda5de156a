"""Real server processes for tests: started, killed, restarted, and asked how they are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import anyio
import anyio.to_thread
import httpx
import jwt
import psutil
import pytest

from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from tests.postgres_cluster import Cluster

REPOSITORY = Path(__file__).parent.parent
READY_WITHIN_S = 60.0
DRAIN_WITHIN_S = 10.0
JWT_SECRET = "a-secret-for-tests-that-is-long-enough"


class ServerFailed(Exception):
    """The process ended, or did not get ready or end in time. The message holds its log's end."""


class ServerProcess:
    """One `coflow serve` on a database and a port of its own; both survive a restart.

    `settings` are environment variables without their COFLOW_ prefix, in any case.
    """

    def __init__(
        self, *, database_url: str, log_path: Path, settings: Mapping[str, object]
    ) -> None:
        self.database_url = database_url
        self.port = free_port()
        self._log_path = log_path
        self._settings = {key.upper(): str(value) for key, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sync_url(self) -> str:
        """What a WebsocketProvider takes as its server URL."""
        return f"ws://127.0.0.1:{self.port}/sync"

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log(self) -> str:
        """All that the process wrote so far, over all its starts."""
        return self._log_path.read_text(errors="replace") if self._log_path.exists() else ""

    def rss_bytes(self) -> int:
        """The memory that the process holds at the moment."""
        rss: int = psutil.Process(self.pid).memory_info().rss
        return rss

    # Who asks.

    def params(self, user_id: str, **claims: Any) -> dict[str, str]:
        """The query parameters with which a client is `user_id`, in either auth mode."""
        if self._settings.get("AUTH_MODE") == "dev":
            return {"user_id": user_id}
        return {"token": self.token(user_id, **claims)}

    def token(
        self, sub: str, *, name: str | None = None, expires_in_s: float = 3600, **claims: Any
    ) -> str:
        """A token that a host application would sign; `claims` go in as they are."""
        expires = datetime.now(UTC) + timedelta(seconds=expires_in_s)
        payload = {"sub": sub, "name": name or sub.capitalize(), "exp": expires, **claims}
        return jwt.encode(payload, JWT_SECRET, algorithm="HS256")

    def http(self, user_id: str, **claims: Any) -> httpx.AsyncClient:
        """A client for the REST door as `user_id`; close it, or use it as a context."""
        if self._settings.get("AUTH_MODE") == "dev":
            return httpx.AsyncClient(base_url=self.base_url, params={"user_id": user_id})
        headers = {"Authorization": f"Bearer {self.token(user_id, **claims)}"}
        return httpx.AsyncClient(base_url=self.base_url, headers=headers)

    # Its life. The waits run in a thread, so that clients in this process go on meanwhile.

    async def start(self) -> None:
        """Return once /readyz says so. Raises ServerFailed."""
        await anyio.to_thread.run_sync(self.start_blocking)

    async def kill(self) -> None:
        """SIGKILL: nothing of the process gets another turn."""
        process = self._running()
        process.kill()
        await anyio.to_thread.run_sync(process.wait, 10)

    async def terminate(self, *, within_s: float = DRAIN_WITHIN_S) -> int:
        """SIGTERM; return the exit code. Raises ServerFailed if it takes longer than promised."""
        return await anyio.to_thread.run_sync(self.terminate_blocking, within_s)

    async def restart(self) -> None:
        """Start again on the same port and database; a running process is drained first."""
        if self.is_running:
            await self.terminate()
        await self.start()

    def start_blocking(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server.cli", "serve"],
                cwd=REPOSITORY,
                env=self._environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        while not self._is_ready():
            if self._process.poll() is not None:
                raise ServerFailed(f"ended with {self._process.returncode}\n{self.log()[-4000:]}")
            if time.monotonic() > deadline:
                self.stop_at_once()
                raise ServerFailed(f"not ready in {READY_WITHIN_S} s\n{self.log()[-4000:]}")
            time.sleep(0.02)

    def terminate_blocking(self, within_s: float) -> int:
        process = self._running()
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.stop_at_once()
            raise ServerFailed(
                f"still there {within_s} s after SIGTERM\n{self.log()[-4000:]}"
            ) from None

    def stop_at_once(self) -> None:
        """Make sure that the process is gone; for the end of a test."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            raise ServerFailed(f"the server is not running\n{self.log()[-4000:]}")
        return self._process

    def _is_ready(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.base_url}/readyz", timeout=1.0).status_code == 200
        return False

    def _environment(self) -> dict[str, str]:
        # What a developer has exported must not change what a test means; and without stored
        # bytecode every start of the many would compile everything anew.
        left_out = ("PORT", "DATABASE_URL", "PYTHONDONTWRITEBYTECODE")
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("COFLOW_") and key not in left_out
        }
        return {
            **inherited,
            "PORT": str(self.port),
            "DATABASE_URL": self.database_url,
            **{f"COFLOW_{key}": value for key, value in self._settings.items()},
        }


class StartServer(Protocol):
    """Starts a server; `database_url` defaults to a SQLite file in the test's directory."""

    async def __call__(
        self,
        *,
        database_url: str | None = None,
        auth_mode: str = "dev",
        may_log_errors: bool = False,
        **settings: object,
    ) -> ServerProcess: ...


def _settings(auth_mode: str, settings: Mapping[str, object]) -> dict[str, object]:
    defaults: dict[str, object] = {
        "auth_mode": auth_mode,
        "secret": "a-secret-for-share-links-long-enough",
    }
    match auth_mode:
        case "dev":
            defaults["dev_open"] = 1
        case _:
            defaults["jwt_secret"] = JWT_SECRET
    return {**defaults, **settings}


def _end(server: ServerProcess, *, may_log_errors: bool) -> None:
    """Stop it, show its log beside the test's failure, and fail on errors nobody expected."""
    server.stop_at_once()
    log = server.log()
    sys.stdout.write(f"--- the server on port {server.port} said\n{log[-8000:]}\n")
    if not may_log_errors:
        assert "Traceback" not in log, "the server logged an error that nobody expected"


@pytest.fixture
async def start_server(tmp_path: Path) -> AsyncIterator[StartServer]:
    """A factory of server processes; those still running end with the test."""
    started: list[tuple[ServerProcess, bool]] = []

    async def start(
        *,
        database_url: str | None = None,
        auth_mode: str = "dev",
        may_log_errors: bool = False,
        **settings: object,
    ) -> ServerProcess:
        number = len(started) + 1
        if database_url is None:
            database_url = f"sqlite+aiosqlite:///{tmp_path / f'coflow-{number}.db'}"
        server = ServerProcess(
            database_url=database_url,
            log_path=tmp_path / f"server-{number}.log",
            settings=_settings(auth_mode, settings),
        )
        started.append((server, may_log_errors))
        await server.start()
        return server

    yield start
    for server, may_log_errors in started:
        _end(server, may_log_errors=may_log_errors)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One dev server for all cheap tests of a session: use a workflow id of your own."""
    directory = tmp_path_factory.mktemp("shared-server")
    shared = ServerProcess(
        database_url=f"sqlite+aiosqlite:///{directory / 'coflow.db'}",
        log_path=directory / "server.log",
        settings=_settings("dev", {}),
    )
    shared.start_blocking()
    yield shared
    _end(shared, may_log_errors=False)


@pytest.fixture(scope="session")
def sqlite_jwt_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    directory = tmp_path_factory.mktemp("jwt-server")
    yield from _running_jwt_server(directory, f"sqlite+aiosqlite:///{directory / 'coflow.db'}")


@pytest.fixture(scope="session")
def postgresql_jwt_server(
    postgres_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    database_url = postgres_cluster.url(postgres_cluster.create_database())
    yield from _running_jwt_server(tmp_path_factory.mktemp("jwt-server"), database_url)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def jwt_server(request: pytest.FixtureRequest) -> ServerProcess:
    """One server in jwt mode on each kind of database, for all cheap tests of a session."""
    # Each is a fixture of its own: one with both would start anew at every change between them.
    server: ServerProcess = request.getfixturevalue(f"{request.param}_jwt_server")
    return server


def _running_jwt_server(directory: Path, database_url: str) -> Iterator[ServerProcess]:
    server = ServerProcess(
        database_url=database_url,
        log_path=directory / "server.log",
        settings={"auth_mode": "jwt", "jwt_secret": JWT_SECRET, "migrate_on_start": 1},
    )
    try:
        server.start_blocking()
        yield server
        assert "Traceback" not in server.log(), server.log()[-4000:]
    finally:
        server.stop_at_once()
