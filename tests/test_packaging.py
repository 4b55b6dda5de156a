"""The image, the wheel, the locks and the npm locks agree with the repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
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


@pytest.mark.parametrize("folder", ["tests/clients", "web"])
def test_the_npm_lock_names_hashes_but_no_registry(folder: str) -> None:
    lock = json.loads((ROOT / folder / "package-lock.json").read_text())
    packages = {path: entry for path, entry in lock["packages"].items() if "node_modules/" in path}
    assert packages
    for entry in packages.values():
        if not entry.get("link"):
            assert entry["integrity"].startswith("sha512-")
            assert "resolved" not in entry


def test_the_npm_clients_are_pinned() -> None:
    folder = ROOT / "tests" / "clients"
    lock = json.loads((folder / "package-lock.json").read_text())
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    for name, version in wanted.items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version


def copied_into_the_image() -> set[str]:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copies = [words for words in map(str.split, lines) if words[:1] == ["COPY"]]
    return {path for words in copies if not words[1].startswith("--") for path in words[1:-1]}


def test_the_dockerfile_copies_what_exists_and_what_dockerignore_lets_through() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert copied_into_the_image() == {line[1:] for line in lines if line.startswith("!")}
    for path in copied_into_the_image():
        assert (ROOT / path).exists(), path


def test_the_image_builds_its_editor_itself() -> None:
    """Whatever lies in the checkout that it is built from."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {"server/editor", "**/node_modules", "web/*/dist"} <= set(ignored)
    image = (ROOT / "Dockerfile").read_text()
    stage = image.split("AS editor\n")[1].split("\nFROM ")[0]
    assert "npm ci" in stage
    workspace = re.search(r"npm run build --workspace (\S+)", stage)
    assert workspace
    editor = json.loads((ROOT / "web" / "editor" / "package.json").read_text())
    assert (editor["name"], "build" in editor["scripts"]) == (workspace[1], True)
    assert "COPY --from=editor /build/server/editor ./server/editor" in image


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


# The wheel


def build_wheel(project: Path) -> zipfile.ZipFile:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*command, "--directory", str(project / "dist")], cwd=project, check=True)
    (wheel,) = (project / "dist").glob("*.whl")
    return zipfile.ZipFile(wheel)


def test_the_wheel_holds_the_packages_and_the_built_editor(tmp_path: Path) -> None:
    for name in (".gitignore", "LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    leave_out = shutil.ignore_patterns("__pycache__", "editor")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=leave_out)
    editor = tmp_path / "server" / "editor"
    (editor / "assets").mkdir(parents=True)
    built = ("index.html", "icon.svg", "assets/index-Bq3x.js", "assets/index-C0ol.css")
    for name in (*built, ".stamp-sources"):
        (editor / name).write_text(name)

    with build_wheel(tmp_path) as wheel:
        names = set(wheel.namelist())

    sources = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in (".py", ".mako", ".ini")
    }
    assert len(sources) > 100
    held = {name for name in names if not name.startswith("coflow-")}
    assert held == sources | {f"server/editor/{name}" for name in built}
