"""Every table of coflow on one metadata, whichever feature declares it."""

from __future__ import annotations

from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING

import rest
from crdt_store.models import Base

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def all_tables() -> MetaData:
    """Import the store's models and every `rest/**/models.py`, so that none can be forgotten."""
    for module in walk_packages(rest.__path__, "rest."):
        if module.name.endswith(".models"):
            import_module(module.name)
    return Base.metadata
