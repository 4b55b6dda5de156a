"""Pure: may this change of a document happen, and if not, what follows.

Every door asks here, inside the write turn: a Yjs update, a JSON event, a REST edit [ACC-2].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from server.core.close_codes import CloseCode
from server.core.roles import Permission

if TYPE_CHECKING:
    from collections.abc import Collection

    from crdt_store.ids import ClientId

Arrival = Literal["step_2", "update", "rest"]
"""How a change came: what a client had when it connected, an edit just made, a REST request."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a change would do, as far as the rules need to know."""

    arrival: Arrival
    brings_news: bool
    """It holds structs or deletions that the document does not have yet."""
    grows: bool
    """It holds structs that the document does not have yet."""
    foreign_clients: Collection[ClientId]
    """Client ids with new structs that another user, or the server, has claimed."""


@dataclass(frozen=True, slots=True)
class Allow:
    pass


@dataclass(frozen=True, slots=True)
class Refuse:
    """`close_code` is None where the connection may stay."""

    reason: str
    close_code: CloseCode | None


ALLOW = Allow()


def decide(
    change: Change, permissions: frozenset[Permission], *, document_is_full: bool
) -> Allow | Refuse:
    """The decision of design §5: what is known already is accepted from anyone."""
    if not change.brings_news:
        return ALLOW
    if Permission.EDIT not in permissions:
        # A stock client answers with all it has when it connects; that alone is no offence.
        final = CloseCode.FORBIDDEN if change.arrival == "update" else None
        return Refuse("permission_denied", final)
    if change.foreign_clients:
        return Refuse("foreign_client_id", CloseCode.FORBIDDEN)
    if document_is_full and change.grows:
        return Refuse("document_full", CloseCode.TOO_LARGE)
    return ALLOW
