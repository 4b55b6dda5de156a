"""Pure: what the locks and the mode of a workflow keep one user from changing.

Made from an AccessSnapshot, asked for every entity that a change touches, whichever door the
change came through [ACC-2].
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from crdt_store.item_index import NOTHING, REFUSED, Owner
from server.core.access import AccessSnapshot, Mode, Resource, ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crdt_store.ids import UserId, WorkflowId

LOCK_REQUIRED: Final = "lock_required"
_TYPES: Final = {"nodes": ResourceType.NODE, "edges": ResourceType.EDGE}


@dataclass(frozen=True, slots=True)
class Denial:
    """Why something may not be changed: `reason` is stable, `holder` is who may, if somebody."""

    reason: str
    holder: UserId | None = None


STALE: Final = Denial("stale_document")
"""The change builds on one that was refused: the document is from before that refusal."""


class Restriction(Protocol):
    """What one user may not change."""

    @property
    def may_create(self) -> bool:
        """A new node or edge is allowed where none is, and becomes the creator's: mode `locked`."""
        ...

    def denial(self, owner: Owner) -> Denial | None: ...


@dataclass(frozen=True, slots=True)
class _Free:
    """Nothing is closed but what was refused before."""

    may_create: bool = False

    def denial(self, owner: Owner) -> Denial | None:
        return STALE if owner is REFUSED else None


FREE: Final[Restriction] = _Free()


@dataclass(frozen=True, slots=True)
class _SomeLocked:
    """All may be changed but what others have locked."""

    user_id: UserId
    locks: Mapping[Owner, Denial]
    """Whose each entity is; shared by all users."""
    may_create: bool = False

    def denial(self, owner: Owner) -> Denial | None:
        if owner is REFUSED:
            return STALE
        lock = self.locks.get(owner)
        return None if lock is None or lock.holder == self.user_id else lock


@dataclass(frozen=True, slots=True)
class _AllLocked:
    """Nothing may be changed; in the mode `locked`, nothing but what the user has locked."""

    user_id: UserId
    why: Denial
    locks: Mapping[Owner, Denial] = field(default_factory=dict)
    may_create: bool = False

    def denial(self, owner: Owner) -> Denial | None:
        if owner is NOTHING:
            return None
        if owner is REFUSED:
            return STALE
        lock = self.locks.get(owner, self.why)
        return None if lock.holder == self.user_id else lock


@dataclass(frozen=True, slots=True)
class WithCreated:
    """A restriction, and what the present tick has created and will give to its creators."""

    rest: Restriction
    user_id: UserId
    created: Mapping[Owner, UserId]

    @property
    def may_create(self) -> bool:
        return self.rest.may_create

    def denial(self, owner: Owner) -> Denial | None:
        creator = self.created.get(owner)
        if creator is None:
            return self.rest.denial(owner)
        return None if creator == self.user_id else Denial("locked", creator)


class Rules:
    """The rules of one workflow at one access epoch; what it has told once it keeps."""

    def __init__(self, access: AccessSnapshot, workflow_id: WorkflowId) -> None:
        self._access = access
        self._whole = Resource(ResourceType.WORKFLOW, workflow_id)
        self._locks = {
            owner_of(resource): Denial("locked", lock.holder)
            for resource, lock in access.locks.items()
            if resource.type is not ResourceType.WORKFLOW
        }
        self._counts = Counter(denial.holder for denial in self._locks.values())
        self._told: dict[UserId, Restriction | None] = {}
        self._holders = {lock.holder for lock in access.locks.values()}
        if access.mode is Mode.SEQUENTIAL and access.turn_holder is not None:
            self._holders.add(access.turn_holder)
        self.restrict_somebody = access.mode is not Mode.PARALLEL or bool(access.locks)
        """Whether changes must be looked into at all."""

    @property
    def grants_what_is_created(self) -> bool:
        return self._access.mode is Mode.LOCKED

    def holds_something(self, user_id: UserId) -> bool:
        """Whether anything is this user's alone to change."""
        return user_id in self._holders

    def is_holder(self, user_id: UserId, owner: Owner) -> bool:
        """Whether this is the user's alone to change: by a lock, or by the turn."""
        restriction = self.restriction(user_id)
        if restriction is not None and restriction.denial(owner) is not None:
            return False
        access = self._access
        whole = access.locks.get(self._whole)
        if whole is not None:
            return whole.holder == user_id
        if access.mode is Mode.SEQUENTIAL and access.turn_holder == user_id:
            return True
        lock = self._locks.get(owner)
        return lock is not None and lock.holder == user_id

    def restriction(self, user_id: UserId) -> Restriction | None:
        """What a user may not change; None if nothing is closed to them."""
        if not self.restrict_somebody:
            return None
        if user_id not in self._told:
            self._told[user_id] = self._restriction(user_id)
        return self._told[user_id]

    def _restriction(self, user_id: UserId) -> Restriction | None:
        access = self._access
        whole = access.locks.get(self._whole)
        if whole is not None and whole.holder != user_id:
            return _AllLocked(user_id, Denial("locked", whole.holder))
        if access.mode is Mode.SEQUENTIAL and access.turn_holder != user_id:
            return _AllLocked(user_id, Denial("not_your_turn", access.turn_holder))
        if access.mode is Mode.LOCKED and whole is None:
            return _AllLocked(user_id, Denial(LOCK_REQUIRED), self._locks, may_create=True)
        if self._counts.total() > self._counts[user_id]:
            return _SomeLocked(user_id, self._locks)
        return None

    def resource(self, owner: Owner) -> Resource:
        """What is named to a user of an owner: the entity, or the workflow for all else."""
        kind = _TYPES.get(owner.root)
        return self._whole if kind is None else Resource(kind, owner.key)


def owner_of(resource: Resource) -> Owner:
    """A node's or an edge's place in the document."""
    return Owner("nodes" if resource.type is ResourceType.NODE else "edges", resource.id)
