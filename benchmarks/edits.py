"""Edits made beforehand: real Yjs updates of writers, so that sending one costs a memcpy."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

from pycrdt import Doc, Map, Text

from benchmarks.update_ranges import clock_ranges
from benchmarks.websocket_frames import client_frame
from benchmarks.wire import STEP_2, UPDATE, read_state_vector, sync_message

Json = Any


def base_update(*, nodes: int, edges: int, seed: int) -> bytes:
    """A workflow document as one update: `nodes` with a Y.Text each, and `edges` between them."""
    doc: Doc[Any] = Doc(client_id=_client_id(random.Random(f"base-{seed}")))
    node_map: Map[Any] = doc.get("nodes", type=Map)
    edge_map: Map[Any] = doc.get("edges", type=Map)
    with doc.transaction():
        for index in range(nodes):
            node_map[f"node-{index}"] = _node(index)
        for index in range(edges):
            edge_map[f"edge-{index}"] = _edge(index, nodes)
    return doc.get_update()


def _node(index: int) -> Map[Any]:
    data = {"label": f"Step {index}", "prompt": Text("Why? ")}
    return Map(
        {
            "id": f"node-{index}",
            "type": "http",
            "position": {"x": float(index % 70 * 220), "y": float(index // 70 * 140)},
            "data": Map(data),
            "order": float(index),
        }
    )


def _edge(index: int, nodes: int) -> Map[Any]:
    return Map(
        {
            "id": f"edge-{index}",
            "source": f"node-{index % nodes}",
            "target": f"node-{(index + 1) % nodes}",
            "data": Map({}),
            "order": float(index),
        }
    )


@dataclass(slots=True)
class Script:
    """One writer's updates in order, and when each of them left.

    `ends[i]` is the writer's clock after update i; `sent_at[i]` the time (perf_counter, s).
    """

    client_id: int
    updates: list[bytes]
    frames: list[bytes]
    ends: list[int]
    sent_at: list[float] = field(default_factory=list)

    @property
    def sent(self) -> int:
        return len(self.sent_at)


def write_script(base: bytes, *, writer: int, count: int, seed: int) -> Script:
    """`count` updates of one writer under a client id of its own: it drags a node and types.

    Every second update sets the node's position, every other one types a character into its text.
    Two writers never touch the same node as long as the document has as many nodes as writers.
    """
    generator = random.Random(f"writer-{seed}-{writer}")
    client_id = _client_id(generator)
    doc: Doc[Any] = Doc(client_id=client_id)
    doc.apply_update(base)
    node_map: Map[Any] = doc.get("nodes", type=Map)
    node = node_map[f"node-{writer % len(node_map)}"]
    text: Text = node["data"]["prompt"]
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    for index in range(count):
        if index % 2:
            text += generator.choice("abcdefghij ")
        else:
            x, y = generator.uniform(0, 5000), generator.uniform(0, 5000)
            node["position"] = {"x": round(x, 1), "y": round(y, 1)}
    doc.unobserve(subscription)
    ends = [_end_of(update, client_id) for update in updates]
    frames = [client_frame(sync_message(UPDATE, update)) for update in updates]
    return Script(client_id, updates, frames, ends)


def step_2_frame(update: bytes) -> bytes:
    return client_frame(sync_message(STEP_2, update))


def _end_of(update: bytes, client_id: int) -> int:
    ((found, _, end),) = clock_ranges(update)
    if found != client_id:
        raise ValueError(f"an edit of {client_id} came out under {found}")
    return end


def _client_id(generator: random.Random) -> int:
    """A client id as Yjs draws it: 32 random bits."""
    return generator.getrandbits(32)


@dataclass(frozen=True, slots=True)
class Replica:
    """What two replicas must agree on: clocks, and the content as JSON."""

    clocks: dict[int, int]
    content: dict[str, Json]


def replica_of(updates: list[bytes]) -> Replica:
    """The document after `updates`, applied in that order."""
    doc: Doc[Any] = Doc()
    roots = {name: doc.get(name, type=Map) for name in ("nodes", "edges")}
    with doc.transaction():
        for update in updates:
            doc.apply_update(update)
    content = {name: json.loads(str(root)) for name, root in roots.items()}
    return Replica(read_state_vector(doc.get_state()), content)
