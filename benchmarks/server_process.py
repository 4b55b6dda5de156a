"""The server under test as a process of its own: start, pin, read CPU and memory, kill."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import jwt
import psutil

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

_HOST = "127.0.0.1"
_SECRET = "benchmark-secret-of-at-least-32-bytes"
_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 15.0
SERVER_CORE, GENERATOR_CORE = 0, 1


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """How a server is started and addressed. `{port}` in the command is filled in.

    A `plain` server is a peer: rooms at `/{workflow}`, made by connecting, no tokens, no REST.
    """

    command: tuple[str, ...]
    plain: bool = False
    env: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def coflow(cls) -> ServerSpec:
        return cls((sys.executable, "-m", "server.cli", "serve"))

    @classmethod
    def parse(cls, command: str, *, plain: bool) -> ServerSpec:
        return cls(tuple(shlex.split(command)), plain)


class ServerFailed(Exception):
    """The server did not start, or died. The message ends with the last lines of its log."""


class ServerProcess:
    """One server on a fresh SQLite file, in jwt mode, all else at its default but for `env`."""

    def __init__(self, spec: ServerSpec, directory: Path, env: Mapping[str, str]) -> None:
        self.spec = spec
        self.host = _HOST
        self.port = _free_port()
        directory.mkdir(parents=True)
        self._log_path = directory / "server.log"
        self._env = _environment(directory, self.port, {**spec.env, **env})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start on the server's core and wait until it is ready. Raises ServerFailed."""
        command = [part.format(port=self.port) for part in self.spec.command]
        with self._log_path.open("ab") as log, _on_core(SERVER_CORE):
            self._process = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs yet
                command, env=self._env, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        deadline = time.monotonic() + _START_TIMEOUT_S
        async with httpx.AsyncClient(trust_env=False) as http:
            while not await self._is_ready(http):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.kill()
                    raise ServerFailed(f"{shlex.join(command)} did not start:\n{self.log_tail()}")
                await asyncio.sleep(0.05)

    async def _is_ready(self, http: httpx.AsyncClient) -> bool:
        try:
            response = await http.get(f"http://{self.host}:{self.port}/readyz")
        except httpx.HTTPError:
            return False
        return self.spec.plain or response.status_code == 200

    def kill(self) -> None:
        """SIGKILL, as a crash or the kernel's memory killer would."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    async def stop(self) -> int | None:
        """SIGTERM; the exit code, or None if it had to be killed."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.to_thread(self._process.wait, _STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def cpu_s(self) -> float:
        """User + system CPU time of the process so far, ended threads included (ns resolution)."""
        try:
            # Linux: the clock id of another process's CPU time, as clock_getcpuclockid(3) makes it.
            return time.clock_gettime(~self.pid << 3 | 2)
        except OSError:
            times = psutil.Process(self.pid).cpu_times()
            return times.user + times.system

    def rss_bytes(self) -> int:
        return psutil.Process(self.pid).memory_info().rss

    def log_tail(self, lines: int = 20) -> str:
        return "\n".join(self._log_path.read_text(errors="replace").splitlines()[-lines:])

    def sync_path(self, workflow: str, user: str, **params: str) -> str:
        """Where `user` opens `workflow`'s socket: path, token included."""
        if self.spec.plain:
            return f"/{workflow}"
        extra = "".join(f"&{name}={value}" for name, value in params.items())
        return f"/sync/{workflow}?token={token_for(user)}{extra}"

    async def create_workflows(self, workflows: list[str]) -> None:
        """Make empty workflows through the REST door."""
        if self.spec.plain:
            return
        headers = {"Authorization": f"Bearer {token_for('owner')}"}
        url = f"http://{self.host}:{self.port}/api/workflows"
        async with httpx.AsyncClient(trust_env=False, headers=headers, timeout=30) as http:
            for workflow in workflows:
                response = await http.post(url, json={"id": workflow})
                if response.status_code != 201:
                    raise ServerFailed(
                        f"POST /api/workflows: {response.status_code} {response.text}"
                    )


@asynccontextmanager
async def running_server(
    spec: ServerSpec, directory: Path, env: Mapping[str, str]
) -> AsyncIterator[ServerProcess]:
    """A started server, stopped at the end. Raises ServerFailed if it died on the way."""
    server = ServerProcess(spec, directory, env)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def token_for(user: str) -> str:
    """A token that makes `user` an editor of every benchmark workflow for an hour."""
    claims = {
        "sub": user,
        "name": user,
        "exp": int(time.time()) + 3600,
        "workflows": {"bench-*": "editor"},
    }
    return jwt.encode(claims, _SECRET, algorithm="HS256")


def pin_generator() -> bool:
    """Move this process to its own core; False where the system cannot, or has only one."""
    return _pin(GENERATOR_CORE)


def _pin(core: int) -> bool:
    if not hasattr(os, "sched_setaffinity") or (os.cpu_count() or 1) < 2:
        return False
    os.sched_setaffinity(0, {core})
    return True


@contextmanager
def _on_core(core: int) -> Iterator[None]:
    """Children inherit the core of the thread that starts them, threads of theirs included."""
    _pin(core)
    try:
        yield
    finally:
        pin_generator()


def _environment(directory: Path, port: int, extra: Mapping[str, str]) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("COFLOW_") and name not in ("PORT", "DATABASE_URL")
    }
    return {
        **inherited,
        "COFLOW_HOST": _HOST,
        "PORT": str(port),
        "DATABASE_URL": f"sqlite+aiosqlite:///{directory / 'coflow.db'}",
        "COFLOW_AUTH_MODE": "jwt",
        "COFLOW_JWT_SECRET": _SECRET,
        "COFLOW_SECRET": _SECRET,
        **extra,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
