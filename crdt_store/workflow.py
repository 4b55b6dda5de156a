"""The graph schema of a workflow document: typed access, React Flow JSON in and out.

INTERFACE AGREED, TO BE IMPLEMENTED.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pycrdt import Doc, Map

ROOTS = ("nodes", "edges", "meta", "breakpoints")
DEFAULT_TEXT_KEYS = frozenset({"prompt", "code", "description", "instructions"})

Json = Any


class Workflow:
    """A typed view on one workflow's Doc; holds no state of its own beside the root maps.

    Must be used in the Doc's thread. Reading tolerates anything a Yjs client may have written
    (a node that is no map is left out); writing refuses what the schema does not allow.
    """

    def __init__(self, doc: Doc[Any], *, text_keys: frozenset[str] = DEFAULT_TEXT_KEYS) -> None:
        self.doc = doc
        self.nodes: Map[Any]
        self.edges: Map[Any]
        self.meta: Map[Any]
        raise NotImplementedError

    def to_json(self) -> dict[str, Json]:
        """`{nodes: [...], edges: [...], meta: {...}}`: parents first, then by `order`, then by id.

        Must be cheap for 5,000 nodes (`str(map)` + orjson, see pitfalls). Integral floats come out
        as ints, Y.Text as strings; `order` is left out of the nodes and edges listed.
        """
        raise NotImplementedError

    def import_graph(self, graph: Mapping[str, Json]) -> None:
        """Fill an empty document from React Flow JSON. Validates first; raises InvalidGraph."""
        raise NotImplementedError

    def apply_json_patch(self, operations: Sequence[Mapping[str, Json]]) -> None:
        """RFC 6902 on `to_json()`, turned into the smallest in-place changes of the document.

        Validates everything before the first write; raises InvalidPatch or PatchTestFailed, and
        the document is then untouched.
        """
        raise NotImplementedError
