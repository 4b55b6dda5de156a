"""Load the settings from the environment, and say in one block what is wrong with them."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from crdt_store.database_url import parse_database_url
from server.core.errors import InvalidSettings
from server.core.setting_fields import SettingText, describe
from server.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

SETTING_TEXTS: Mapping[str, SettingText] = describe(Settings.model_fields)
"""By field name, in the order of the documentation."""

_VARIABLES = {text.variable for text in SETTING_TEXTS.values()}

# Kubernetes and old Docker links announce a service that is called coflow by variables like these.
_SERVICE_LINK = re.compile(
    r"COFLOW_(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)"
)
_SERVICE_LINK_PORT = re.compile(r"(tcp|udp)://")
_TESTS_PREFIX = "COFLOW_TEST_"  # the test suite's own, never a setting


def load_settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """Settings from os.environ; `overrides` (by field name) win over the environment.

    Raises InvalidSettings, which holds every wrong variable: unknown COFLOW_* ones too, as a
    misspelt limit would silently not apply.
    """
    problems = _unknown_variables(os.environ)
    try:
        settings = Settings(**dict[str, Any](overrides or {}))
    except ValidationError as error:
        for details in error.errors(include_url=False):
            problems += _problems_of(details)
    else:
        if not problems:
            return settings
    raise InvalidSettings(problems)


def load_database_url(override: str | None = None) -> str:
    """DATABASE_URL alone, for commands that need nothing else. Raises InvalidSettings."""
    text = SETTING_TEXTS["database_url"]
    url = override or os.environ.get(text.variable) or text.default
    try:
        return parse_database_url(url).render_as_string(hide_password=False)
    except ValueError as error:
        raise InvalidSettings([f"{text.variable}: {error}"]) from None


def _problems_of(details: ErrorDetails) -> list[str]:
    reason = (
        str(details.get("ctx", {}).get("error", "")) if details["type"] == "value_error" else ""
    )
    if not details["loc"]:
        # A rule about several settings; each of its lines names its variables.
        return reason.splitlines()
    text = SETTING_TEXTS.get(str(details["loc"][0]))
    if text is None:
        return [f"{details['loc'][0]}: there is no such setting"]
    value = details["input"]
    given = text.variable
    if not text.secret and isinstance(value, str | int | float):
        given += f"={value}"
    if "expected " in reason:
        return [f"{given}: {reason}"]
    because = f"{reason}; " if reason else ""
    unit = f" ({text.unit})" if text.unit else ""
    return [f"{given}: {because}expected {text.expects}{unit}"]


def _unknown_variables(environ: Mapping[str, str]) -> list[str]:
    problems = []
    for name in sorted(environ):
        if not name.upper().startswith("COFLOW_") or name in _VARIABLES:
            continue
        if name.startswith(_TESTS_PREFIX) or _is_service_link(name, environ[name]):
            continue
        problems.append(f"{name}: there is no such setting{_suggestion(name)}")
    return problems


def _is_service_link(name: str, value: str) -> bool:
    if name == "COFLOW_PORT":
        return _SERVICE_LINK_PORT.match(value) is not None
    return _SERVICE_LINK.fullmatch(name) is not None


def _suggestion(name: str) -> str:
    unprefixed = name.upper().removeprefix("COFLOW_")
    if unprefixed in _VARIABLES:
        return f", did you mean {unprefixed}?"
    nearest = get_close_matches(name.upper(), _VARIABLES, n=1, cutoff=0.75)
    return f", did you mean {nearest[0]}?" if nearest else ""
