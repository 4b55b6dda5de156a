"""Permissions, and the roles that are sets of them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Permission(StrEnum):
    VIEW = "view"
    COMMENT = "comment"
    EDIT = "edit"
    SHARE = "share"
    MANAGE = "manage"


class Role(StrEnum):
    """A role is a set of permissions; each holds all of the one before."""

    VIEWER = "viewer"
    COMMENTER = "commenter"
    EDITOR = "editor"
    OWNER = "owner"


PERMISSIONS_OF: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.VIEW}),
    Role.COMMENTER: frozenset({Permission.VIEW, Permission.COMMENT}),
    Role.EDITOR: frozenset(
        {Permission.VIEW, Permission.COMMENT, Permission.EDIT, Permission.SHARE}
    ),
    Role.OWNER: frozenset(Permission),
}

_BY_RANK = (Role.OWNER, Role.EDITOR, Role.COMMENTER, Role.VIEWER)


def highest_role(permissions: frozenset[Permission]) -> Role | None:
    """The highest role wholly contained in `permissions`; None without the right to view."""
    return next((role for role in _BY_RANK if PERMISSIONS_OF[role] <= permissions), None)


def listed(permissions: frozenset[Permission]) -> list[Permission]:
    """As they are told: in the order above."""
    return [each for each in Permission if each in permissions]
