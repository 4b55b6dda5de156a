"""Entity tags: a workflow's ETag is its seq, and conditions are compared by it.

A weak tag counts as the strong one: proxies that compress weaken tags on their way, and what a
seq names is one state of the document, in whatever encoding it travels.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rest.errors import Stale

if TYPE_CHECKING:
    from crdt_store.ids import Seq

_TAG = re.compile(r'(?:W/)?"([0-9]{1,19})"')


def etag(seq: Seq) -> str:
    return f'"{seq}"'


def is_unchanged(if_none_match: str | None, seq: Seq) -> bool:
    """Whether the client has this state already, so that 304 is the answer."""
    return if_none_match is not None and _names(if_none_match, seq)


def expected_seq(if_match: str | None, seq: Seq) -> Seq | None:
    """The seq that an edit must find; None without a condition. Raises Stale.

    `seq` is where the workflow stands now; the edit checks again in its write turn.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    if not _names(if_match, seq):
        raise Stale(seq)
    return seq


def _names(header: str, seq: Seq) -> bool:
    return header.strip() == "*" or str(seq) in _TAG.findall(header)
