"""The schema's history, and the few commands that bring a database to its head.

Usable from an installed wheel: nothing here reads an alembic.ini.
"""

from server.migrations.runner import check, current, head, upgrade

__all__ = ["check", "current", "head", "upgrade"]
