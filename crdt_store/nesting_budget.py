"""How deep the shared types of one document are nested, bounded over all of its updates."""

from crdt_store.errors import UpdateTooLarge
from crdt_store.scan_result import Scan


class NestingBudget:
    """An upper bound of one document's nesting, kept without remembering any type.

    A scan bounds the chain of types inside one update. But each update may hang its chain into the
    one before, and yrs recurses when it prints or deletes: some 15,000 levels end the process. So
    every update that hangs types into a type which it does not bring raises the bound by its
    `grafted_depth`, whether or not the document became deeper. Above `soft_limit` the document
    is to be measured, which lowers the bound to the truth again: an ordinary one has 4 levels,
    and needs measuring after some hundred nodes created anew. A loaded document counts as
    `soft_limit` deep until then.

    To measure: `begin_measuring()`, scan the document's full update in slices with a `max_depth`
    of `hard_limit`, `end_measuring(scan.depth)`; edits may go on meanwhile.
    """

    def __init__(self, *, soft_limit: int = 256, hard_limit: int = 512) -> None:
        self._soft_limit = soft_limit
        self._hard_limit = hard_limit
        self._bound = soft_limit
        self._measured: int | None = None
        self._grafted_since: int | None = None

    @property
    def bound(self) -> int:
        """Levels that the document has at most."""
        return self._bound

    @property
    def is_measuring_due(self) -> bool:
        return self._bound > self._soft_limit and self._grafted_since is None

    def admit(self, scan: Scan) -> None:
        """Refuse an update that could nest too deep, before it is applied; changes nothing.

        Raises UpdateTooLarge (`too_deep`).
        """
        grafted = scan.grafted_depth
        if grafted and (
            self._bound + grafted > self._hard_limit
            or (self._measured is not None and self._measured > self._soft_limit)
        ):
            raise UpdateTooLarge("too_deep", "the document's shared types are nested too deep")

    def count(self, scan: Scan) -> None:
        """Take note of an admitted update that was applied."""
        self._bound = max(self._bound + scan.grafted_depth, scan.depth)
        if self._grafted_since is not None:
            self._grafted_since += scan.grafted_depth

    def begin_measuring(self) -> None:
        self._grafted_since = 0

    def end_measuring(self, depth: int) -> None:
        """`depth` is what the document had when measuring began."""
        self._measured = depth
        self._bound = depth + (self._grafted_since or 0)
        self._grafted_since = None
