"""From stored bytes to a live Doc."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrdt import Doc

from crdt_store.errors import DocumentCorrupt

if TYPE_CHECKING:
    from crdt_store.ids import WorkflowId
    from crdt_store.journal import StoredDocument


def load_doc(workflow_id: WorkflowId, stored: StoredDocument) -> Doc[Any]:
    """Build the document in one transaction, in the calling thread, where it must stay.

    Holds the GIL for about 10 ms per 1,000 nodes. Raises DocumentCorrupt, naming the seq of the
    bytes that pycrdt refuses; the Doc that saw them is dropped, as a panic leaves it undefined.
    """
    doc: Doc[Any] = Doc()
    failure = _apply(doc, stored)
    if failure is not None:
        # Raised outside the handler, without the original: its traceback would keep the Doc alive
        # and let another thread drop it, which pycrdt does not allow.
        del doc
        raise DocumentCorrupt(workflow_id, failure)
    return doc


def _apply(doc: Doc[Any], stored: StoredDocument) -> str | None:
    what = f"the snapshot at seq {stored.snapshot_seq}"
    try:
        with doc.transaction():
            if stored.snapshot is not None:
                doc.apply_update(stored.snapshot)
            for row in stored.tail:
                what = f"the row at seq {row.seq}"
                doc.apply_update(row.update)
    except BaseException as error:
        # A panic in Rust is a BaseException of a class that cannot be imported.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            return f"{what}: {type(error).__name__}: {error}"
        raise
    return None
