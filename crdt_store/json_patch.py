"""RFC 6902: the operations of a JSON Patch on a JSON tree of our own, in place.

Not the jsonpatch package, which copies and prints whole documents on the way: here an operation
costs what it touches, its errors hold no content, what is copied is bounded, and objects that
others share are copied before the first change inside them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import cast

import orjson

from crdt_store.errors import InvalidGraph, InvalidPatch, PatchTestFailed
from crdt_store.json_values import Json, checked_copy, json_equal

MAX_COPIED_VALUES = 100_000
"""JSON values that the `copy` operations of one patch may make: each could double the document."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_BAD_ESCAPE = re.compile(r"~(?![01])")
_MISSING = object()

_Parts = tuple[str, ...]


class _Refused(Exception):
    """An operation cannot be carried out; `apply` adds the index."""

    def __init__(self, path: str, detail: str) -> None:
        self.path = path
        self.detail = detail


class PatchTarget:
    """A tree under a patch. `root` is the tree; values that operations bring are copied.

    `shared` holds the `id()` of objects inside the tree, none inside another, that are not to be
    changed: before an operation changes something in one, a copy takes its place, and `originals`
    tells by the `id()` of the copy what it was. The caller keeps them alive. All around them
    may be changed. Of shared objects, the outcome depends on those in `visited` alone, unless
    `visited_all`.
    """

    def __init__(self, root: Json, *, shared: Collection[int] = ()) -> None:
        self.root = root
        self.originals: dict[int, Json] = {}
        self.visited: set[int] = set()
        self.visited_all = False
        self._shared = shared
        self._copies: list[Json] = []
        self._may_copy = MAX_COPIED_VALUES

    def apply(self, index: int, operation: Json) -> None:
        """Carry out one operation. Raises InvalidPatch or PatchTestFailed, with its `index`."""
        path = operation.get("path") if isinstance(operation, dict) else None
        try:
            self._apply(operation, index)
        except _Refused as refused:
            raise InvalidPatch(refused.path, refused.detail, index=index) from None
        except InvalidGraph as error:
            where = error.path if isinstance(path, str) else ""
            raise InvalidPatch(where, error.detail, index=index) from error

    def _apply(self, operation: Json, index: int) -> None:
        if not isinstance(operation, Mapping):
            raise _Refused("", "an operation must be an object")
        path = _pointer_of(operation, "path")
        parts = _parse(path)
        match operation.get("op"):
            case "add":
                self._add(path, parts, _value_of(operation, path))
            case "remove":
                self._remove(path, parts)
            case "replace":
                self._replace(path, parts, _value_of(operation, path))
            case "move":
                self._move(_pointer_of(operation, "from"), path, parts)
            case "copy":
                source = _pointer_of(operation, "from")
                self._add(path, parts, self._copied(source))
            case "test":
                if "value" not in operation:
                    raise _Refused(path, "the operation has no 'value'")
                found = self._find(parts)
                if found is _MISSING or not json_equal(found, operation["value"]):
                    raise PatchTestFailed(path, index=index)
            case other:
                name = other if isinstance(other, str) else type(other).__name__
                raise _Refused(path, f"unknown op {name[:32]!r}; see RFC 6902")

    def _add(self, path: str, parts: _Parts, value: Json) -> None:
        if not parts:
            self.root = value
            return
        parent, key = self._parent(path, parts), parts[-1]
        if isinstance(parent, dict):
            parent[key] = value
        elif key == "-":
            parent.append(value)
        else:
            parent.insert(_index(path, key, len(parent)), value)

    def _remove(self, path: str, parts: _Parts) -> Json:
        if not parts:
            raise _Refused(path, "the whole document cannot be removed or moved")
        parent, key = self._parent(path, parts), parts[-1]
        if isinstance(parent, dict):
            if key not in parent:
                raise _Refused(path, "there is nothing at this path")
            value = parent.pop(key)
        else:
            value = parent.pop(_index(path, key, len(parent) - 1))
        if not self._is_shared(value) and len(parts) == 1:
            # A whole list: where it may be moved to, its content counts.
            self.visited_all = True
        return value

    def _replace(self, path: str, parts: _Parts, value: Json) -> None:
        if not parts:
            self.root = value
            return
        parent, key = self._parent(path, parts), parts[-1]
        if isinstance(parent, dict):
            if key not in parent:
                raise _Refused(path, "there is nothing at this path")
            parent[key] = value
        else:
            parent[_index(path, key, len(parent) - 1)] = value

    def _move(self, source: str, path: str, parts: _Parts) -> None:
        from_parts = _parse(source)
        if from_parts == parts:
            if self._find(parts) is _MISSING:
                raise _Refused(source, "there is nothing at this path")
            return
        if parts[: len(from_parts)] == from_parts:
            raise _Refused(path, "a value cannot be moved into itself")
        self._add(path, parts, self._remove(source, from_parts))

    def _copied(self, source: str) -> Json:
        value = self._find(_parse(source))
        if value is _MISSING:
            raise _Refused(source, "there is nothing at this path")
        count = _count(value, self._may_copy)
        if count > self._may_copy:
            raise _Refused(source, f"a patch copies at most {MAX_COPIED_VALUES} values")
        self._may_copy -= count
        return checked_copy(value, source)

    def _parent(self, path: str, parts: _Parts) -> Json:
        """The object or list that holds the last part, free to be changed."""
        value = self.root
        if id(value) in self._shared:
            value = self.root = self._own(value)
        for part in parts[:-1]:
            holder, value = value, _child(value, part)
            if value is _MISSING:
                raise _Refused(path, "the path leads through something that is not there")
            if id(value) in self._shared:
                value = self._own(value)
                holder[part if isinstance(holder, dict) else int(part)] = value
        if not isinstance(value, dict | list):
            raise _Refused(path, "the path leads into a value that is neither object nor list")
        return value

    def _own(self, original: Json) -> Json:
        # What can be read is what orjson made, and at most as deep as it writes.
        copy = orjson.loads(orjson.dumps(original))
        # Kept, so that no other object gets its `id()`.
        self._copies.append(copy)
        self.visited.add(id(original))
        self.originals[id(copy)] = original
        return copy

    def _find(self, parts: _Parts) -> Json:
        value = self.root
        inside = self._is_shared(value)
        for part in parts:
            value = _child(value, part)
            if value is _MISSING:
                break
            inside = self._is_shared(value) or inside
        if not inside:
            self.visited_all = True
        return value

    def _is_shared(self, value: Json) -> bool:
        """True for a shared object, which is then visited, and for the copy of one."""
        if id(value) in self._shared:
            self.visited.add(id(value))
            return True
        return id(value) in self.originals


def _pointer_of(operation: Mapping[str, Json], member: str) -> str:
    value = operation.get(member)
    if not isinstance(value, str):
        raise _Refused("", f"the operation needs a '{member}' that is a JSON pointer")
    return value


def _value_of(operation: Mapping[str, Json], path: str) -> Json:
    if "value" not in operation:
        raise _Refused(path, "the operation has no 'value'")
    return checked_copy(operation["value"], path)


def _parse(path: str) -> _Parts:
    if path == "":
        return ()
    if path[0] != "/":
        raise _Refused(path, "a JSON pointer is empty or starts with '/'")
    if _BAD_ESCAPE.search(path):
        raise _Refused(path, "in a JSON pointer '~' is written '~0', and '/' in a key '~1'")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/"))


def _child(value: Json, part: str) -> Json:
    if isinstance(value, dict):
        return cast("Json", value.get(part, _MISSING))
    if isinstance(value, list) and _INDEX.fullmatch(part) and int(part) < len(value):
        return value[int(part)]
    return _MISSING


def _index(path: str, key: str, highest: int) -> int:
    if not _INDEX.fullmatch(key) or int(key) > highest:
        raise _Refused(path, "there is no such place in the list")
    return int(key)


def _count(value: Json, limit: int) -> int:
    """The number of values inside `value`, itself included; counting stops beyond `limit`."""
    count, waiting = 0, [value]
    while waiting and count <= limit:
        item = waiting.pop()
        count += 1
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return count
