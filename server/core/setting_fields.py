"""How a setting is declared, and what can be said about it: its variable, unit and expectation."""

from __future__ import annotations

from dataclasses import dataclass
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import Field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

_WITHOUT_PREFIX = {"port": "PORT", "database_url": "DATABASE_URL"}
_UNITS = {
    "_ms": "milliseconds",
    "_s": "seconds",
    "_bytes": "bytes",
    "_bytes_per_workflow": "bytes",
    "_per_second": "per second",
    "_rows": "rows",
}


def variable_of(field_name: str) -> str:
    """The environment variable that sets this field."""
    return _WITHOUT_PREFIX.get(field_name, f"COFLOW_{field_name.upper()}")


def setting(
    default: object,
    group: str,
    description: str,
    *,
    expects: str | None = None,
    secret: bool = False,
    ge: float | None = None,
    le: float | None = None,
) -> Any:
    """A field of Settings. `expects` completes "expected …" where the type cannot say it.

    The value of a `secret` one is never shown, neither in errors nor in `repr`.
    """
    return Field(
        default,
        description=description,
        ge=ge,
        le=le,
        repr=not secret,
        json_schema_extra={"group": group, "secret": secret, "expects": expects},
    )


@dataclass(frozen=True, slots=True)
class SettingText:
    """What people read about one setting; `default` is as one would write it, "" for none."""

    name: str
    variable: str
    group: str
    type: str
    unit: str
    default: str
    expects: str
    description: str
    secret: bool


def describe(fields: Mapping[str, FieldInfo]) -> dict[str, SettingText]:
    """The text of each field, by field name, in order of declaration."""
    return {name: _describe(name, field) for name, field in fields.items()}


def shown(value: object) -> str:
    """`value` as one would write it into the environment."""
    match value:
        case None:
            return ""
        case bool():
            return str(int(value))
        case tuple():
            return ",".join(value)
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _describe(name: str, field: FieldInfo) -> SettingText:
    extra: Any = field.json_schema_extra
    kind = _kind(field.annotation)
    unit = next((unit for suffix, unit in _UNITS.items() if name.endswith(suffix)), "")
    return SettingText(
        name=name,
        variable=variable_of(name),
        group=extra["group"],
        type=kind,
        unit=unit,
        default=shown(field.default),
        expects=extra["expects"] or _expectation(kind, field),
        description=field.description or "",
        secret=extra["secret"],
    )


def _kind(annotation: Any) -> str:
    if get_origin(annotation) in (UnionType, Union):
        [annotation] = [each for each in get_args(annotation) if each is not NoneType]
    if get_origin(annotation) is Literal:
        return " or ".join(", ".join(get_args(annotation)).rsplit(", ", 1))
    if get_origin(annotation) is tuple:
        return "list"
    names: dict[object, str] = {bool: "switch", int: "whole number", float: "number", str: "text"}
    return names[annotation]


def _expectation(kind: str, field: FieldInfo) -> str:
    match kind:
        case "switch":
            return "1 or 0"
        case "whole number" | "number":
            low = next((each.ge for each in field.metadata if isinstance(each, Ge)), None)
            high = next((each.le for each in field.metadata if isinstance(each, Le)), None)
            bounds = f" from {low} to {high}" if high is not None else f" of at least {low}"
            return f"a {kind}{bounds}"
        case _:
            return kind
