"""A room's graph as JSON: read from the document at one seq, all the rest of it in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from crdt_store.graph_listing import list_graph
from server.core.documents import Graph
from server.live.document_watch import DocumentWatch

if TYPE_CHECKING:
    import asyncio

    from crdt_store.footprint import Footprint
    from crdt_store.graph_listing import ListedGraph, RawGraph
    from crdt_store.ids import Seq
    from server.live.live_document import LiveDocument


@dataclass(frozen=True, slots=True)
class Listed:
    """One graph for those who read it, and for those who plan a patch of it."""

    graph: Graph
    listing: ListedGraph


class ListingAt:
    """The listing of a document as it stands at one seq; `done` when a thread has made it."""

    def __init__(self, document: LiveDocument, done: asyncio.Future[Listed]) -> None:
        """To be made when all in the document is committed."""
        self.document = document
        self.seq: Seq = document.seq
        self._edges_changes = document.edges_changes
        self.done = done
        self.watch = DocumentWatch(document.workflow)

    def is_current(self, document: LiveDocument) -> bool:
        """Whether it shows `document` as it stands; not if making it failed."""
        has_failed = self.done.done() and not self._is_made
        return document is self.document and document.seq == self.seq and not has_failed

    def known_edges(self, document: LiveDocument) -> Listed | None:
        """The listing, if it is made and the edges in it are those of `document` as it stands."""
        same = document is self.document and document.edges_changes == self._edges_changes
        return self.done.result() if same and self._is_made else None

    @property
    def _is_made(self) -> bool:
        return self.done.done() and self.done.exception() is None

    def fits(self, at: Seq, document: LiveDocument, footprint: Footprint) -> bool:
        """Whether a plan made from it holds for `document`, which will be at seq `at`.

        To be asked in the write turn, while the plan's maker is `following` the watch.
        """
        if at == self.seq:
            return True
        return document is self.document and self.watch.spared(footprint)


def list_raw(raw: RawGraph, seq: Seq, edges_json: bytes | None) -> Listed:
    """For a thread: of the 40 ms that 5,000 nodes and edges take, no call holds the interpreter
    longer than 10 ms (orjson, which parses or writes one list at a time).

    `edges_json` are the edges as they were encoded, if `raw` has them as they were listed.
    """
    listing = list_graph(raw)
    graph = Graph(
        seq,
        nodes_json=orjson.dumps(listing.nodes.entities),
        edges_json=edges_json or orjson.dumps(listing.edges.entities),
        meta=listing.meta,
    )
    return Listed(graph, listing)
