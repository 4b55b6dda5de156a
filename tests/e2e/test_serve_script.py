"""scripts/serve starts the server of its checkout with the defaults that the README promises."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.ports import free_port
from tests.servers import READY_WITHIN_S, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose environment is installed already, as at every start but the first."""
    root = tmp_path / "checkout"
    root.mkdir()
    shutil.copytree(REPOSITORY / "scripts", root / "scripts")
    for name in ("pyproject.toml", "server", "crdt_store", "rest"):
        (root / name).symlink_to(REPOSITORY / name)
    venv = root / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    site = next(venv.glob("lib/python*/site-packages"))
    (site / "installed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (site / "coflow.pth").write_text(f"{root}\n")
    (venv / "coflow-checkout").write_text(f"{root}\n")
    shutil.copy(root / "scripts" / "locks" / "runtime.txt", venv / "coflow-stamp-runtime")
    return root


@contextmanager
def serving(checkout: Path, **variables: str) -> Iterator[str]:
    """Run scripts/serve from another directory; yield its address once it is ready."""
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("COFLOW_") and key not in ("PORT", "DATABASE_URL")
    }
    port = free_port()
    log_path = checkout.parent / "serve.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [str(checkout / "scripts" / "serve")],
            cwd=checkout.parent,
            env={**environment, "PORT": str(port), **variables},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        address = f"http://127.0.0.1:{port}"
        while not answers(f"{address}/readyz"):
            assert process.poll() is None, log_path.read_text()
            assert time.monotonic() < deadline, log_path.read_text()
            time.sleep(0.05)
        yield address
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0, log_path.read_text()
    finally:
        process.kill()
        process.wait(10)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).status_code == 200
    except httpx.TransportError:
        return False


def test_serve_needs_no_setting_keeps_the_database_in_the_checkout_and_says_where_to_go(
    checkout: Path,
) -> None:
    with serving(checkout) as address:
        # Dev mode, open to all: no token, and an editor for everyone.
        created = httpx.post(f"{address}/api/workflows", json={"id": "demo"})
        assert created.status_code == 201, created.text
    assert address in (checkout.parent / "serve.log").read_text()
    assert (checkout / ".coflow" / "coflow.db").exists()
    with serving(checkout) as address:
        assert httpx.get(f"{address}/api/workflows/demo").status_code == 200


def test_serve_honours_the_database_url_and_coflow_variables(
    checkout: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    with serving(
        checkout, DATABASE_URL=f"sqlite+aiosqlite:///{elsewhere}", COFLOW_DEV_OPEN="0"
    ) as address:
        created = httpx.post(
            f"{address}/api/workflows", params={"user_id": "ada"}, json={"id": "hers"}
        )
        assert created.status_code == 201, created.text
        refused = httpx.get(f"{address}/api/workflows/hers", params={"user_id": "bob"})
        assert refused.status_code in (403, 404)
    assert elsewhere.exists()
    assert not (checkout / ".coflow" / "coflow.db").exists()
