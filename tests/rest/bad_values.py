"""From the schema of a body or a parameter: values that it should not let through."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, Any]
OVER_LONG = "x" * 12_000
"""Longer than any string of ours may be, but for the content of a document."""
_OF_OTHER_TYPES: dict[str, list[Any]] = {
    "string": [7, 1.5, True, [], {}],
    "integer": [1.5, "5", "five", True, [], {}],
    "number": ["1.5", "many", True, [], {}],
    "boolean": [1, 0, "true", "yes", [], {}],
    "array": ["text", 7, {}],
    "object": ["text", 7, True, []],
}
_HUGE = (10**30, -(10**30), 1e300, -1e300)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


class Schemas:
    """Schemas of one OpenAPI document, whose references lead into it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._named: dict[str, Schema] = document["components"]["schemas"]

    def options(self, schema: Schema) -> list[Schema]:
        """What a value may be, without references: one schema, or several of a union."""
        if "$ref" in schema:
            return self.options(self._named[schema["$ref"].rsplit("/", 1)[1]])
        if "anyOf" in schema:
            return [each for option in schema["anyOf"] for each in self.options(option)]
        return [schema]

    def plain(self, schema: Schema) -> Schema:
        """The one option that is not null; `{}` for whatever may be anything."""
        options = [each for each in self.options(schema) if each.get("type") != "null"]
        return {**options[0], **{k: v for k, v in schema.items() if k not in ("anyOf", "$ref")}}

    def is_nullable(self, schema: Schema) -> bool:
        return any(each.get("type") == "null" for each in self.options(schema))

    def sample(self, schema: Schema) -> Any:
        """Something that the schema lets through."""
        plain = self.plain(schema)
        if "enum" in plain:
            return plain["enum"][0]
        match plain.get("type"):
            case "object":
                properties = plain.get("properties", {})
                return {name: self.sample(each) for name, each in properties.items()}
            case "array":
                return [self.sample(plain["items"])] if plain.get("items") else []
            case "boolean":
                return True
            case "integer" | "number":
                return plain.get("minimum", 1)
            case _:
                return "text"

    def bad_bodies(self, schema: Schema, valid: Any) -> Iterator[tuple[str, Any]]:
        """JSON pointers, and the valid body with something wrong just there."""
        plain = self.plain(schema)
        if plain.get("type") == "array":
            for at, item in enumerate(valid):
                for path, wrong in self.bad_bodies(plain["items"], item):
                    yield f"/{at}{path}", [*valid[:at], wrong, *valid[at + 1 :]]
            return
        for name, of_property in plain.get("properties", {}).items():
            for value in self.bad_values(of_property):
                yield f"/{name}", {**valid, name: value}
            inner = valid.get(name, self.sample(of_property))
            if isinstance(inner, dict):
                for path, wrong in self.bad_bodies(of_property, inner):
                    yield f"/{name}{path}", {**valid, name: wrong}
        for name in plain.get("required", []):
            yield f"/{name}", {key: value for key, value in valid.items() if key != name}

    def bad_values(self, schema: Schema) -> Iterator[Any]:
        plain = self.plain(schema)
        kind = plain.get("type")
        if kind is None and "enum" not in plain:
            return
        if not self.is_nullable(schema):
            yield None
        yield from _OF_OTHER_TYPES[kind or "string"]
        if kind != "array":
            yield nested(500)
        if "enum" in plain:
            yield "nonsense"
        elif kind == "string":
            yield "a\0b"
            yield OVER_LONG
            if "maxLength" in plain:
                yield "x" * (plain["maxLength"] + 1)
            if plain.get("minLength"):
                yield ""
        elif kind in ("integer", "number"):
            yield from _beyond(plain)
            if kind == "integer" or "maximum" in plain:
                yield from _HUGE

    def bad_queries(self, schema: Schema) -> Iterator[str]:
        """Values of a query parameter, as text."""
        plain = self.plain(schema)
        match plain.get("type"):
            case "integer":
                yield from ("", "five", "1.5", "1e3", "9" * 30, "\0")
                yield from (str(value) for value in _beyond(plain))
            case "boolean":
                yield from ("", "maybe", "2", "\0")
            case _ if "enum" in plain:
                yield from ("", "nonsense", "\0")
            case _ if plain.get("format") == "date-time":
                yield from ("", "yesterday", "2026-01-01T00:00:00", "0000-01-01T00:00:00Z")
                yield from ("0001-01-01T00:00:00+14:00", "9" * 30, "\0")
            case _:
                yield "a\0b"
                if "maxLength" in plain:
                    yield "x" * (plain["maxLength"] + 1)
                if plain.get("minLength"):
                    yield ""


def bad_cursors() -> Iterator[str]:
    """What no list has ever given out."""
    yield from ("!", "AAAA", "ä", "x" * 5_000)
    for text in (b"{}", b"[]", b"[1]", b"[[]]", b'["a","b","c","d"]', b'["\\u0000"]', b"[" * 1_000):
        yield urlsafe_b64encode(text).decode()


def _beyond(schema: Schema) -> Iterator[float]:
    if "minimum" in schema:
        yield schema["minimum"] - 1
    if "maximum" in schema:
        yield schema["maximum"] + 1
    if "exclusiveMinimum" in schema:
        yield schema["exclusiveMinimum"]
