"""People with pycrdt documents, who note what they do so that a test can tell what became of it.

Texts consist of tokens such as `<ann7>` and every token is typed once, so that a lost or a doubled
one is seen. A node and a text carry in plain values (`born`, `text_born`) which of the nodes and
texts that were ever under that key they are.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pycrdt import Doc, Map, Text, TransactionEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from random import Random

Json = Any
ROOTS = ("nodes", "edges", "meta")
_TOKEN = re.compile(r"<[a-z]+\d+>")


@dataclass(frozen=True, slots=True)
class Typed:
    """A token was typed into this text of this node."""

    node: str
    born: str
    text_born: str | None
    token: str


@dataclass(frozen=True, slots=True)
class WasSet:
    """`position`, the label or the setting was set; None: deleted."""

    node: str
    born: str
    key: str
    value: Json


@dataclass(frozen=True, slots=True)
class Put:
    """A node, or its text, was put where it is; what others put there at once may give way."""

    node: str


Note = Typed | WasSet | Put


@dataclass(frozen=True, slots=True)
class Made:
    """One update, as a client sends it, and what it means."""

    update: bytes
    notes: tuple[Note, ...] = ()


@dataclass
class Deeds:
    """What a user has ever taken away, with whichever document, and where something was put."""

    erased: set[str] = field(default_factory=set)
    ended: set[str | None] = field(default_factory=set)
    put: set[str] = field(default_factory=set)


class Person:
    """A user's document. What it makes is in `made`, what is sent to it waits in `inbox`."""

    def __init__(self, user: str, client_ids: Iterator[int], deeds: Deeds, state: bytes) -> None:
        self.user = user
        self.deeds = deeds
        self.is_online = True
        self.inbox: list[bytes] = []
        self._client_ids = client_ids
        self._captured: bytes | None = None
        self._gathered: list[Note] | None = None
        self.begin_anew(state)

    def begin_anew(self, state: bytes) -> None:
        """What docs/protocol.md asks for after 4409: another document."""
        self.doc: Doc[Any] = Doc(client_id=next(self._client_ids))
        self.doc.apply_update(state)
        self.made: list[Made] = []
        self.inbox.clear()
        self.nodes: Map[Any] = self.doc.get("nodes", type=Map)
        self.edges: Map[Any] = self.doc.get("edges", type=Map)
        self.meta: Map[Any] = self.doc.get("meta", type=Map)
        self._subscription = self.doc.observe(self._capture)

    def _capture(self, event: TransactionEvent) -> None:
        self._captured = event.update

    def receive(self) -> None:
        for update in self.inbox:
            self.doc.apply_update(update)
        self.inbox.clear()

    def has(self, node: str) -> bool:
        return isinstance(self.nodes.get(node), Map)

    def shows(self, note: Note) -> bool:
        """False for what has been overwritten or deleted here since, by whomever."""
        if isinstance(note, Put):
            return True
        node = self.nodes.get(note.node)
        if not isinstance(node, Map) or node.get("born") != note.born:
            return False
        if isinstance(note, Typed):
            return note.token in str(node["data"].get("prompt"))
        return bool(holder_of(node, note.key).get(note.key) == note.value)

    # What people do. Each is one update.

    def move(self, node: str, x: int) -> None:
        self._set(node, "position", {"x": x, "y": 1})

    def set_label(self, node: str, value: str | None) -> None:
        self._set(node, "label", value)

    def set_setting(self, node: str, value: str) -> None:
        self._set(node, "setting", value)

    def type_token(self, node: str, token: str, rng: Random) -> None:
        text = self.text(node)
        if text is None:
            return
        ends = [0, *(found.end() for found in _TOKEN.finditer(str(text)))]
        shown = self.nodes[node]
        note = Typed(node, shown["born"], shown["data"].get("text_born"), token)
        self._do(lambda: text.insert(rng.choice(ends), token), note)

    def erase(self, node: str, rng: Random) -> None:
        """Delete one token, or two in a row."""
        text = self.text(node)
        found = [] if text is None else list(_TOKEN.finditer(str(text)))
        if text is None or not found:
            return
        first = rng.randrange(len(found))
        last = min(first + rng.randint(0, 1), len(found) - 1)
        self.deeds.erased.update(each.group() for each in found[first : last + 1])

        def delete() -> None:
            del text[found[first].start() : found[last].end()]

        self._do(delete)

    def delete(self, node: str) -> None:
        if node in self.nodes:
            self._end(node)
            self._do(lambda: self.nodes.pop(node))

    def create(self, node: str, name: str) -> None:
        """A new node, also where one is."""
        self._end(node)
        token = f"<{name}>"
        self._put(
            node,
            lambda: self.nodes.__setitem__(node, new_node(node, name)),
            Typed(node, name, name, token),
        )

    def replace_text(self, node: str, name: str) -> None:
        if not self.has(node):
            return
        data = self.nodes[node]["data"]
        self.deeds.ended.add(data.get("text_born"))
        token = f"<{name}>"

        def replace() -> None:
            data["text_born"] = name
            data["prompt"] = Text(token)

        self._put(node, replace, Typed(node, self.nodes[node]["born"], name, token))

    def rename(self, name: str) -> None:
        self._do(lambda: self.meta.__setitem__("name", name))

    def rewire(self, edge: str, target: str) -> None:
        if edge in self.edges:
            self._do(lambda: self.edges[edge].__setitem__("target", target))

    @contextmanager
    def at_once(self) -> Iterator[list[Note]]:
        """What is done in the block is one update."""
        gathered: list[Note] = []
        self._gathered = gathered
        self._captured = None
        try:
            with self.doc.transaction():
                yield gathered
            if self._captured is not None:
                self.made.append(Made(self._captured, tuple(gathered)))
        finally:
            self._gathered = None

    # Inside

    def text(self, node: str) -> Text | None:
        text = self.nodes[node]["data"].get("prompt") if self.has(node) else None
        return text if isinstance(text, Text) else None

    def _set(self, node: str, key: str, value: Json) -> None:
        if not self.has(node):
            return
        shown = self.nodes[node]
        at = holder_of(shown, key)
        note = WasSet(node, shown["born"], key, value)
        if value is not None:
            self._do(lambda: at.__setitem__(key, value), note)
        elif key in at:
            self._do(lambda: at.pop(key), note)

    def _put(self, node: str, action: Callable[[], object], note: Note) -> None:
        self.deeds.put.add(node)
        self._do(action, note, Put(node))

    def _end(self, node: str) -> None:
        if self.has(node):
            self.deeds.ended.add(self.nodes[node]["born"])

    def _do(self, action: Callable[[], object], *notes: Note) -> None:
        if self._gathered is not None:
            action()
            self._gathered.extend(notes)
            return
        with self.at_once() as gathered:
            action()
            gathered += notes


def new_node(node: str, name: str) -> Map[Any]:
    inputs: Map[Any] = Map({"setting": name})
    texts = {"label": name, "text_born": name, "prompt": Text(f"<{name}>")}
    data: Map[Any] = Map({**texts, "inputs": inputs})
    return Map({"id": node, "born": name, "position": {"x": 0, "y": 0}, "data": data})


def holder_of(node: Any, key: str) -> Any:
    """Where in a node, shared or as JSON, `position`, the label or the setting lies."""
    if key == "position":
        return node
    return node["data"]["inputs"] if key == "setting" else node["data"]


def content(doc: Doc[Any]) -> dict[str, Json]:
    """All that a document says, as JSON."""
    return {root: json.loads(str(doc.get(root, type=Map))) for root in ROOTS}


def tokens(node: Mapping[str, Json]) -> list[str]:
    return _TOKEN.findall(str(node["data"].get("prompt", "")))
