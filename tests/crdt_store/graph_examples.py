"""Real and generated graphs, and what the document model promises to make of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from pycrdt import Doc, Map, MapEvent, TextEvent

from crdt_store.workflow import Workflow

Json = Any

REAL_WORKFLOWS = sorted((Path(__file__).parents[1] / "data" / "workflows").glob("*.json"))

_LEFT_OUT = {"selected", "dragging", "resizing", "measured", "positionAbsolute", "internals"}


def read_real(path: Path) -> dict[str, Json]:
    graph: dict[str, Json] = json.loads(path.read_text())
    return graph


def durable(graph: dict[str, Json]) -> dict[str, Json]:
    """A graph file as `to_json` must list it, parents standing before their children already."""
    nodes = []
    for node in graph.get("nodes", []):
        kept = {key: value for key, value in node.items() if key not in _LEFT_OUT}
        if "parentNode" in kept:
            kept["parentId"] = kept.pop("parentNode")
        nodes.append({"data": {}, **kept})
    edges = [
        {"data": {}, **{key: value for key, value in edge.items() if key != "selected"}}
        for edge in graph.get("edges", [])
    ]
    meta = {k: v for k, v in graph.items() if k not in ("nodes", "edges", "viewport")}
    return {"nodes": nodes, "edges": edges, "meta": meta}


def filled(graph: dict[str, Json]) -> Workflow:
    workflow = Workflow(Doc())
    workflow.import_graph(graph)
    return workflow


def node(node_id: str, **more: Json) -> dict[str, Json]:
    return {"id": node_id, "type": "step", "position": {"x": 0, "y": 0}, "data": {}, **more}


def edge(edge_id: str, source: str, target: str, **more: Json) -> dict[str, Json]:
    return {"id": edge_id, "source": source, "target": target, "data": {}, **more}


def fingerprint(workflow: Workflow) -> tuple[bytes, bytes]:
    """Equal before and after exactly if nothing at all was written."""
    return workflow.doc.get_state(), workflow.doc.get_update()


def replica(workflow: Workflow) -> Workflow:
    other = Workflow(Doc())
    other.doc.apply_update(workflow.doc.get_update())
    return other


def exchange(one: Workflow, other: Workflow) -> None:
    """Bring two replicas together, both ways."""
    to_other = one.doc.get_update(other.doc.get_state())
    to_one = other.doc.get_update(one.doc.get_state())
    other.doc.apply_update(to_other)
    one.doc.apply_update(to_one)


def writes(workflow: Workflow) -> list[tuple[str, ...]]:
    """Paths written from now on, as (root, …, key) or (root, …, "~text") for typing."""
    found: list[tuple[str, ...]] = []

    def watch(name: str, root: Map[Any]) -> None:
        def note(events: list[Any]) -> None:
            for event in events:
                path = (name, *map(str, event.path))
                if isinstance(event, TextEvent):
                    found.append((*path, "~text"))
                elif isinstance(event, MapEvent):
                    found.extend((*path, key) for key in event.keys)  # type: ignore[attr-defined]

        root.observe_deep(note)

    watch("nodes", workflow.nodes)
    watch("edges", workflow.edges)
    watch("meta", workflow.meta)
    return found


def example() -> Workflow:
    return filled(
        {
            "name": "Example",
            "nodes": [
                node("a", data={"label": "A", "prompt": "Be brief.", "inputs": {"x": [1, 2]}}),
                node("b", data={"label": "B"}),
                node("c"),
            ],
            "edges": [edge("ab", "a", "b"), edge("bc", "b", "c", sourceHandle=None)],
        }
    )


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.one_of(
    st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False, width=64)
)
json_values: st.SearchStrategy[Json] = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
positions = st.fixed_dictionaries({"x": numbers, "y": numbers})
long_texts = st.text("ab\n 😀", min_size=60, max_size=70)
setting_objects = st.dictionaries(
    st.one_of(st.sampled_from(["prompt", "label"]), texts),
    st.one_of(json_values, long_texts),
    max_size=4,
)
data_keys = st.one_of(st.sampled_from(["prompt", "code", "label", "inputs"]), texts)
_data: dict[str, st.SearchStrategy[Json]] = {"config": setting_objects, "inputs": setting_objects}
data_objects = st.builds(
    lambda plain, shared: {**plain, **shared},
    st.dictionaries(data_keys, json_values, max_size=3),
    st.fixed_dictionaries({}, optional=_data),
)

_optional_values: dict[str, st.SearchStrategy[Json]] = {
    "type": st.one_of(st.none(), texts),
    "width": numbers,
    "hidden": st.booleans(),
    "style": json_values,
}
_optional = st.fixed_dictionaries({}, optional=_optional_values)

_NODE_IDS = ["a", "b", "c", "d/e", "f~g", "ü😀"]


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Json]:
    """A valid graph; a parent, where there is one, stands before its children."""
    ids = draw(st.lists(st.sampled_from(_NODE_IDS), unique=True))
    nodes: list[dict[str, Json]] = []
    for index, node_id in enumerate(ids):
        item: dict[str, Json] = {
            "id": node_id,
            "position": draw(positions),
            "data": draw(data_objects),
        }
        item |= draw(_optional)
        if index and draw(st.booleans()):
            item["parentId"] = draw(st.sampled_from(ids[:index]))
        nodes.append(item)
    edges = [
        {
            "id": edge_id,
            "source": draw(st.sampled_from(_NODE_IDS)),
            "target": draw(st.sampled_from(_NODE_IDS)),
            "data": draw(data_objects),
            "animated": draw(st.booleans()),
        }
        for edge_id in draw(st.lists(st.sampled_from(["e1", "e2", "e3"]), unique=True))
    ]
    meta_keys = texts.filter(lambda key: key not in ("nodes", "edges", "viewport", "meta"))
    meta = draw(st.dictionaries(meta_keys, json_values, max_size=3))
    return {**meta, "nodes": nodes, "edges": edges}
