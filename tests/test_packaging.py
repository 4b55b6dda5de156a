"""The image, the locks and the lock of the npm clients agree with the repository."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PINNED = re.compile(r"^([a-z0-9._-]+)==([^\s;]+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    return dict(PINNED.findall((ROOT / "scripts" / "locks" / lock).read_text()))


def test_the_development_lock_holds_the_runtime_lock() -> None:
    runtime, dev = pins("runtime.txt"), pins("dev.txt")
    assert runtime
    assert {name: dev.get(name) for name in runtime} == runtime


def test_every_package_of_the_locks_is_pinned_by_hash() -> None:
    for lock in ("runtime.txt", "dev.txt"):
        text = (ROOT / "scripts" / "locks" / lock).read_text()
        entries = [entry for entry in re.split(r"\n(?=\S)", text) if PINNED.match(entry)]
        assert len(entries) == len(pins(lock))
        assert all("--hash=sha256:" in entry for entry in entries)


def test_the_npm_lock_names_versions_and_hashes_but_no_registry() -> None:
    folder = ROOT / "tests" / "clients"
    lock = json.loads((folder / "package-lock.json").read_text())
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    packages = {path: entry for path, entry in lock["packages"].items() if path}
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    for entry in packages.values():
        assert entry["integrity"].startswith("sha512-")
        assert "resolved" not in entry


def copied_into_the_image() -> set[str]:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copies = [words for words in map(str.split, lines) if words[:1] == ["COPY"]]
    return {path for words in copies if not words[1].startswith("--") for path in words[1:-1]}


def test_the_dockerfile_copies_what_exists_and_what_dockerignore_lets_through() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert copied_into_the_image() == {line[1:] for line in lines if line.startswith("!")}
    for path in copied_into_the_image():
        assert (ROOT / path).exists(), path


def test_what_the_image_holds_is_enough_to_run(tmp_path: Path) -> None:
    for path in copied_into_the_image():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).symlink_to(ROOT / path)
    # The checkout itself is importable in the environment that scripts/test makes: leave it out.
    program = f"""
import sys
sys.path = [{str(tmp_path)!r}, *(path for path in sys.path if path != {str(ROOT)!r})]
import server.app
from server.cli import main
sys.exit(main())
"""
    environment = {
        "PATH": os.environ["PATH"],
        "COFLOW_AUTH_MODE": "jwt",
        "COFLOW_HOST": "0.0.0.0",
        "COFLOW_JWT_SECRET": "a-secret-for-tests-that-is-long-enough",
        "COFLOW_LOG_FORMAT": "json",
        "DATABASE_URL": "sqlite+aiosqlite:////data/coflow.db",
        "PORT": "8000",
    }
    for arguments in (["--version"], ["check-config"]):
        subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=tmp_path,
            env=environment,
            check=True,
            timeout=60,
        )


def test_the_image_runs_as_nobody_special_in_jwt_mode_and_is_checked() -> None:
    image = (ROOT / "Dockerfile").read_text().split("\nFROM ")[-1]
    assert "COFLOW_AUTH_MODE=jwt" in image
    assert "\nUSER coflow\n" in image
    assert "\nSTOPSIGNAL SIGTERM\n" in image
    check = re.search(r"HEALTHCHECK[^\[]*(\[.*\])", image)
    assert check
    command = json.loads(check[1])
    assert "/healthz" in command[-1]
    compile(command[-1], "HEALTHCHECK", "exec")
