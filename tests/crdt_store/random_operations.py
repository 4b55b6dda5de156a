"""JSON Patch operations drawn for a document, most of which make sense."""

from __future__ import annotations

from typing import Any

import jsonpointer
from hypothesis import strategies as st

from tests.crdt_store.graph_examples import edge, json_values, node

Json = Any


@st.composite
def operations_on(draw: st.DrawFn, document: Json) -> Json:
    """An operation that more often than not makes sense for `document`."""
    paths = _pointers(document)
    path = draw(st.sampled_from(paths))
    match draw(st.sampled_from(["add", "add_entity", "remove", "replace", "move", "copy", "test"])):
        case "add":
            key = draw(st.sampled_from(["label", "prompt", "-", "0", "parentId", "selected"]))
            return {"op": "add", "path": f"{path}/{key}", "value": draw(json_values)}
        case "add_entity":
            index = draw(st.sampled_from(["-", "0", "1"]))
            if draw(st.booleans()):
                return {"op": "add", "path": f"/nodes/{index}", "value": node(draw(_names))}
            new = edge(draw(_names), draw(_names), draw(_names))
            return {"op": "add", "path": f"/edges/{index}", "value": new}
        case "replace":
            return {"op": "replace", "path": path, "value": draw(json_values)}
        case "move" | "copy" as name:
            return {"op": name, "from": path, "path": draw(st.sampled_from(paths))}
        case "test":
            value = jsonpointer.resolve_pointer(document, path)
            return {"op": "test", "path": path, "value": value}
        case _:
            return {"op": "remove", "path": path}


_names = st.sampled_from(["a", "b", "new1", "new2", "new3"])


def _pointers(document: Json, path: str = "") -> list[str]:
    if isinstance(document, dict):
        inner = {str(key): value for key, value in document.items()}
    elif isinstance(document, list):
        inner = {str(index): value for index, value in enumerate(document)}
    else:
        return [path]
    found = [path] if path else []
    for key, value in sorted(inner.items()):  # a map lists its keys in no particular order
        found += _pointers(value, f"{path}/{key.replace('~', '~0').replace('/', '~1')}")
    return found
