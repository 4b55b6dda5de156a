"""The documentation says what the code does, at least where a machine can tell."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from server.core.environment import SETTING_TEXTS

REPOSITORY = Path(__file__).parent.parent
GENERATOR = REPOSITORY / "scripts" / "make_configuration_docs.py"
CONFIGURATION = REPOSITORY / "docs" / "configuration.md"

NOT_OURS = re.compile(r"COFLOW_(TEST_)?\*?")
"""`COFLOW_*` and `COFLOW_TEST_*`, as the documentation writes them."""


def documentation() -> list[Path]:
    return [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def test_every_setting_has_a_documented_row() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|", CONFIGURATION.read_text(), re.MULTILINE)

    assert rows == [text.variable for text in SETTING_TEXTS.values()]


def test_the_rows_of_settings_hold_their_defaults_and_descriptions() -> None:
    rows = {
        row.split("`")[1]: row
        for row in CONFIGURATION.read_text().splitlines()
        if row.startswith("| `")
    }

    for text in SETTING_TEXTS.values():
        assert text.description in rows[text.variable]
        assert not text.default or f"| `{text.default}` |" in rows[text.variable]


def test_the_page_of_the_settings_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(GENERATOR), "--check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", documentation(), ids=lambda page: page.name)
def test_every_variable_that_the_documentation_names_exists(page: Path) -> None:
    known = {text.variable for text in SETTING_TEXTS.values()}
    named = {
        name
        for name in re.findall(r"\bCOFLOW_[A-Z_]*\*?", page.read_text())
        if not NOT_OURS.fullmatch(name)
    }

    assert named <= known
