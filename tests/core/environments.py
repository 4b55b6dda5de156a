"""An environment of a test's own, whatever the developer has exported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from server.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

JWT_SECRET = "a-secret-for-tests-that-is-long-enough"


@pytest.fixture
def clean_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable that coflow reads is set."""
    for name in list(os.environ):
        if name.upper().startswith("COFLOW_") or name in ("PORT", "DATABASE_URL"):
            monkeypatch.delenv(name)


@pytest.fixture
def set_variables(clean_environ: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets exactly these variables, given as keywords."""

    def set_them(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_them


def dev_settings(**settings: object) -> Settings:
    return Settings.model_validate({"auth_mode": "dev", **settings})


def jwt_settings(**settings: object) -> Settings:
    return Settings.model_validate({"auth_mode": "jwt", "jwt_secret": JWT_SECRET, **settings})
