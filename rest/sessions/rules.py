"""How a workflow is edited together: its mode, and how many may take part. [ACC-1]"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest.access.changes import change_access
from rest.audit.service import record
from rest.sessions import turns
from rest.sessions.announcements import tell
from rest.sessions.models import CollaborationRules
from server.core.access import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest.sessions.service import Held


async def set_rules(held: Held, changes: Mapping[str, Any]) -> None:
    """Set `mode` or `max_users`, as far as `changes` has them; what is so already changes nothing.

    Outside of the mode `sequential` nobody has the turn, and within it nobody has until it is
    asked for.
    """
    db, workflow_id = held.db, held.workflow_id
    rules = await turns.read_rules(db, workflow_id)
    before = {
        "mode": Mode.PARALLEL if rules is None else Mode(rules.mode),
        "max_users": None if rules is None else rules.max_users,
    }
    now = {**before, **changes}
    if now == before:
        return
    if rules is None:
        rules = CollaborationRules(workflow_id=workflow_id, last_fence=0)
        db.add(rules)
    rules.mode = Mode(now["mode"]).value
    rules.max_users = now["max_users"]
    held.row.last_activity = held.now
    await db.flush()
    await change_access(db, held.services.bus, workflow_id)
    await record(
        db,
        workflow_id,
        held.caller,
        "session.mode_changed",
        session_id=held.row.session_id,
        details={"from": before, "to": now},
    )
    tell(
        db,
        held.services.bus,
        workflow_id,
        "mode_changed",
        held.now,
        collaboration_mode=rules.mode,
        max_users=rules.max_users,
        changed_by=held.caller.user_id,
    )
    if rules.mode != Mode.SEQUENTIAL:
        await turns.clear(held.services, db, workflow_id, held.now)
