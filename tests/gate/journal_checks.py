"""What a workflow's journal must say, row by row, about the times at which something was closed."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from pycrdt import Doc

from server.core.access import Mode
from tests.gate.people import content, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.gate.people import Deeds
    from tests.servers import ServerProcess

Json = Any


class Row(NamedTuple):
    seq: int
    author: str
    origin: str
    update: bytes


def read_journal(server: ServerProcess, workflow_id: str) -> list[Row]:
    """All rows of a workflow, from the file beside the server that writes it."""
    path = server.database_url.partition("///")[2]
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
    try:
        found = connection.execute(
            "SELECT seq, author, origin, content FROM journal_entries"
            " WHERE workflow_id = ? ORDER BY seq",
            (workflow_id,),
        ).fetchall()
    finally:
        connection.close()
    rows = [Row(*each) for each in found]
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1)), "dense, and none was folded"
    return rows


@dataclass(slots=True)
class Closed:
    """From the row after `after` to the row `until`, at the least, only `holder` may change it.

    `kind` is `node` or `edge` (and `id` which), or `workflow`. From the row after `maybe_after` to
    the row `maybe_until` he may have held it, which the mode `locked` asks for.
    """

    kind: str
    id: str
    holder: str | None
    maybe_after: int
    after: int
    until: int = 0
    maybe_until: int = 0


@dataclass(slots=True)
class InMode:
    mode: Mode
    after: int
    until: int = 0


@dataclass(slots=True)
class History:
    """What a test knows about one workflow's past. Seqs are durable ones that it read itself."""

    closed: list[Closed] = field(default_factory=list)
    modes: list[InMode] = field(default_factory=list)
    deeds: dict[str, Deeds] = field(default_factory=dict)


def check(rows: Sequence[Row], history: History) -> Json:
    """Replay the rows; raises AssertionError at the first that may not be. Returns the content."""
    doc: Doc[Any] = Doc()
    before = content(doc)
    for row in rows:
        doc.apply_update(row.update)
        after = content(doc)
        _check_closed(row, history, before, after)
        _check_mode_locked(row, history, before, after)
        _check_losses(row, history.deeds, before, after)
        counted = Counter(token for node in after["nodes"].values() for token in tokens(node))
        doubled = [token for token, times in counted.items() if times > 1]
        assert not doubled, f"twice since row {row.seq}: {doubled}"
        before = after
    return before


def _check_closed(row: Row, history: History, before: Json, after: Json) -> None:
    for closed in history.closed:
        if row.author == closed.holder or not closed.after < row.seq <= closed.until:
            continue
        look = _LOOK[closed.kind]
        was, now = look(before, closed.id), look(after, closed.id)
        assert was == now, f"{row.author} ({row.origin}) in row {row.seq}: {closed}: {was} -> {now}"


_LOOK: Mapping[str, Callable[[Json, str], Json]] = {
    "node": lambda shown, name: shown["nodes"].get(name),
    "edge": lambda shown, name: shown["edges"].get(name),
    "workflow": lambda shown, _: shown,
}


def _check_mode_locked(row: Row, history: History, before: Json, after: Json) -> None:
    """Whoever changes what is there has its lock, or has created it in that mode."""
    for span in history.modes:
        if span.mode is not Mode.LOCKED or not span.after < row.seq <= span.until:
            continue
        for kind, root in (("node", "nodes"), ("edge", "edges")):
            for key, was in before[root].items():
                if after[root].get(key) != was:
                    assert _may_have_held(row, kind, key, history), (
                        f"{row.author} ({row.origin}) in row {row.seq}: "
                        f"{key}: {was} -> {after[root].get(key)}"
                    )
        for key in after["nodes"].keys() - before["nodes"].keys():
            # From now on it is his, for longer than any of these tests lasts.
            history.closed.append(Closed("node", key, row.author, row.seq - 1, 0, 0, 1 << 62))


def _may_have_held(row: Row, kind: str, key: str, history: History) -> bool:
    return any(
        closed.holder == row.author
        and (closed.kind, closed.id) in ((kind, key), ("workflow", closed.id))
        and closed.maybe_after < row.seq <= closed.maybe_until
        for closed in history.closed
    )


def _check_losses(row: Row, deeds: Mapping[str, Deeds], before: Json, after: Json) -> None:
    """What a row takes away of texts, its author took away himself."""
    mine = deeds[row.author]
    for key, node in before["nodes"].items():
        now = after["nodes"].get(key)
        gone = set(tokens(node)) - (set() if now is None else set(tokens(now)))
        ended = {node["data"].get("born"), node["data"].get("text_born")} & mine.ended
        if not ended and key not in mine.put:
            assert gone <= mine.erased, f"{row.author} took {gone} from {key} in row {row.seq}"
