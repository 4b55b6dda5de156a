"""The `coflow` command as people run it: a process with arguments, an environment and an exit code.

It runs from the checkout as `python -m server.cli`; the console script calls the same function.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from server import migrations
from server.app import create_app
from server.core.auth import create_authenticator
from server.core.roles import Role
from server.core.settings import Settings
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.postgres_cluster import Cluster

REPOSITORY = Path(__file__).parent.parent
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
SECRET = "a-secret-for-tests-that-is-long-enough"
COMMAND_WITHIN_S = 60


def environment(variables: dict[str, str]) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("COFLOW_") and name not in ("PORT", "DATABASE_URL")
    }
    return {**inherited, "PYTHONPATH": str(REPOSITORY), **variables}


def coflow(
    *arguments: str, cwd: Path = REPOSITORY, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server.cli", *arguments],
        cwd=cwd,
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=COMMAND_WITHIN_S,
        check=False,
    )


@contextmanager
def serving(port: int, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """`coflow serve`, ready; what it says goes to this test's own output."""
    process = subprocess.Popen(
        [sys.executable, "-m", "server.cli", "serve", *arguments],
        cwd=REPOSITORY,
        env=environment(variables),
    )
    try:
        anyio.run(_ready, process, port)
        yield process
    finally:
        process.kill()
        process.wait(10)


async def _ready(process: subprocess.Popen[bytes], port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        with anyio.fail_after(COMMAND_WITHIN_S):
            while process.poll() is None:
                try:
                    if (await client.get("/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    # Not listening yet: give the processor to the process that starts.
                    os.sched_yield()
    pytest.fail(f"the server ended with {process.returncode}")


def test_the_console_script_is_this_command() -> None:
    module, _, function = PROJECT["scripts"]["coflow"].partition(":")

    assert module == "server.cli"
    assert callable(getattr(import_module(module), function))


def test_version_is_the_projects() -> None:
    done = coflow("--version")

    assert (done.returncode, done.stdout) == (0, f"coflow {PROJECT['version']}\n")


def test_without_a_command_the_usage_is_shown() -> None:
    done = coflow()

    assert done.returncode == 2
    assert done.stderr.startswith("usage: coflow")


# openapi


def test_openapi_prints_what_the_server_says_of_itself() -> None:
    with_settings = coflow("openapi", COFLOW_AUTH_MODE="dev", COFLOW_DEV_OPEN="1")
    without = coflow("openapi")

    assert (without.returncode, without.stderr) == (0, "")
    assert without.stdout == with_settings.stdout
    document = json.loads(without.stdout)
    assert document["info"]["version"] == PROJECT["version"]
    assert document == create_app(Settings(auth_mode="dev")).openapi()


# check-config


def test_check_config_shows_every_setting_and_no_secret() -> None:
    done = coflow(
        "check-config",
        COFLOW_JWT_SECRET=SECRET,
        COFLOW_TICK_MS="7",
        DATABASE_URL="postgresql://me:hunter2@db/coflow",
    )

    assert (done.returncode, done.stderr) == (0, "")
    shown = {
        variable: value.strip()
        for variable, _, value in (line.partition(" ") for line in done.stdout.splitlines())
    }
    assert len(shown) == len(Settings.model_fields)
    assert shown["COFLOW_TICK_MS"] == "7"
    assert shown["COFLOW_JWT_SECRET"] == "(set)"
    assert shown["COFLOW_SECRET"] == ""
    assert shown["DATABASE_URL"] == "postgresql+asyncpg://me:[redacted]@db/coflow"
    assert SECRET not in done.stdout


def test_check_config_warns_on_standard_error() -> None:
    done = coflow("check-config", COFLOW_JWT_JWKS_URL="http://id.example.org/keys")

    assert done.returncode == 0
    assert done.stderr.startswith("coflow: warning: COFLOW_JWT_JWKS_URL is plain http")


@pytest.mark.parametrize("command", [("check-config",), ("serve",), ("token", "alice")])
def test_wrong_settings_are_one_block_and_exit_code_2(command: tuple[str, ...]) -> None:
    done = coflow(*command, COFLOW_AUTH_MODE="dev", COFLOW_TICK_MS="5000", COFLOW_LOG_LEVL="info")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "coflow: 2 settings are wrong:\n"
        "  COFLOW_LOG_LEVL: there is no such setting, did you mean COFLOW_LOG_LEVEL?\n"
        "  COFLOW_TICK_MS=5000: expected a number from 0 to 1000 (milliseconds)\n"
        "See docs/configuration.md, or `coflow serve --help`.\n"
    )


# token


async def test_a_token_of_the_command_line_is_accepted() -> None:
    done = coflow(
        "token",
        "alice",
        "--name=Alice A.",
        "--workflow=w=1=editor",
        "--workflow=team-*=viewer",
        "--expires-in=2h",
        COFLOW_JWT_SECRET=SECRET,
    )

    assert (done.returncode, done.stderr) == (0, "")
    settings = Settings.model_validate({"auth_mode": "jwt", "jwt_secret": SECRET})
    identity = await create_authenticator(settings).identify(done.stdout.strip())
    assert (identity.user_id, identity.name) == ("alice", "Alice A.")
    assert identity.grants == {"w=1": Role.EDITOR, "team-*": Role.VIEWER}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--workflow=w=admin",), "'w=admin' is not ID=ROLE with one of viewer, commenter"),
        (("--workflow=owner",), "'owner' is not ID=ROLE"),
        (("--workflow=a*b=owner",), "expected a workflow id, or a prefix that ends in *"),
        (("--expires-in=soon",), "'soon' is not a time such as 90, 15m, 12h or 7d"),
        (("--expires-in=0",), "'0' is not a time"),
        (("--name=\n",), "the claim name must be a printable string"),
    ],
)
def test_a_wrong_argument_of_token_is_explained(arguments: tuple[str, ...], complaint: str) -> None:
    done = coflow("token", "alice", *arguments, COFLOW_JWT_SECRET=SECRET)

    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr


def test_token_says_why_this_server_signs_none() -> None:
    dev = coflow("token", "alice", COFLOW_AUTH_MODE="dev")
    jwks = coflow("token", "alice", COFLOW_JWT_JWKS_URL="https://id.example.org/keys")

    assert (dev.returncode, jwks.returncode) == (2, 2)
    assert "dev mode needs no tokens: connect with user_id=" in dev.stderr
    assert "signs only with COFLOW_JWT_SECRET" in jwks.stderr


# migrate and serve


def test_migrate_needs_only_the_database_and_may_be_repeated(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    head = migrations.head()

    first = coflow("migrate", DATABASE_URL=url)
    second = coflow("migrate", "--database-url", url)

    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == f"The database went from nothing to revision {head}.\n"
    assert second.stdout == f"The database was already at revision {head}.\n"


def test_a_database_that_cannot_be_had_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    nowhere = coflow("migrate", DATABASE_URL=f"sqlite:///{tmp_path / 'absent' / 'a.db'}")
    refused = coflow("migrate", DATABASE_URL=f"postgresql://me:hunter2@127.0.0.1:{free_port()}/d")
    unknown = coflow("migrate", DATABASE_URL="mysql://me:hunter2@db/d")

    assert (nowhere.returncode, refused.returncode, unknown.returncode) == (1, 1, 2)
    for done in (nowhere, refused, unknown):
        assert done.stderr.startswith("coflow: ")
        assert "Traceback" not in done.stderr
        assert "hunter2" not in done.stderr


def test_serve_makes_the_embedded_database_and_ends_with_0_on_sigterm(tmp_path: Path) -> None:
    port = free_port()
    database = tmp_path / "new.db"
    arguments = (f"--port={port}", f"--database-url=sqlite:///{database}", "--dev-open")

    # The options win over the environment; this PORT could not even be bound.
    with serving(port, *arguments, "--auth-mode=dev", PORT="1", COFLOW_AUTH_MODE="jwt") as server:
        assert database.exists()
        in_use = coflow("migrate", DATABASE_URL=f"sqlite:///{database}")
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0

    assert in_use.returncode == 1
    assert f"is in use by process {server.pid}" in in_use.stderr


def test_serve_refuses_an_old_schema_that_it_may_not_migrate(tmp_path: Path) -> None:
    done = coflow(
        "serve",
        "--migrate-on-start=0",
        COFLOW_AUTH_MODE="dev",
        PORT="0",
        DATABASE_URL=f"sqlite:///{tmp_path / 'new.db'}",
    )

    assert done.returncode == 1
    assert done.stderr == (
        f"coflow: the database is at revision none, this version needs {migrations.head()}: run "
        "`coflow migrate`, or set COFLOW_MIGRATE_ON_START=1\n"
    )


def test_serve_never_changes_a_postgresql_schema_by_itself(postgres_cluster: Cluster) -> None:
    name = postgres_cluster.create_database()
    url = postgres_cluster.url(name)
    port = free_port()

    refused = coflow("serve", COFLOW_AUTH_MODE="dev", PORT=str(port), DATABASE_URL=url)
    assert refused.returncode == 1
    assert "run `coflow migrate`" in refused.stderr

    assert coflow("migrate", DATABASE_URL=url).returncode == 0
    with serving(port, COFLOW_AUTH_MODE="dev", PORT=str(port), DATABASE_URL=url) as server:
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0
