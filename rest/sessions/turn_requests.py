"""What participants do with the turn: ask for it, pass it on, take it over from who is idle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crdt_store.ids import UserId
from rest.audit.service import record
from rest.errors import InvalidInput, NotSequential, TurnHeld, TurnNotYours
from rest.sessions import turns
from rest.sessions.models import CollaborationRules, TurnRequest
from rest.sessions.service import take_part
from rest.sessions.signs import last_edits
from server.core.access import Mode
from server.core.roles import Permission

if TYPE_CHECKING:
    from rest.sessions.circle import Circle
    from rest.sessions.service import Held


async def request(held: Held) -> None:
    """The caller has the turn at once if nobody does, or who does is gone; else waits for it.

    Raises NotSequential or SessionFull.
    """
    rules, _ = await _begin(held)
    me = (held.caller.user_id, held.caller.name)
    if rules.turn_holder is None:
        await _give(held, rules, me, action="turn.granted")
    elif rules.turn_holder != held.caller.user_id:
        asked = await held.db.get(TurnRequest, (held.workflow_id, held.caller.user_id))
        if asked is not None:
            return
        held.db.add(
            TurnRequest(
                workflow_id=held.workflow_id,
                user_id=held.caller.user_id,
                user_name=held.caller.name,
                requested_at=held.now,
            )
        )
        await record(
            held.db,
            held.workflow_id,
            held.caller,
            "turn.requested",
            session_id=held.row.session_id,
            details={"holder": rules.turn_holder},
        )
        await turns.tell_turn(held.db, held.services.bus, rules, held.now)


async def pass_turn(held: Held, to: UserId | None) -> None:
    """To who is named, else the first in the queue, else nobody.

    Raises NotSequential, TurnNotYours, or InvalidInput for one who is not here or may not edit.
    """
    rules, circle = await _begin(held)
    if rules.turn_holder != held.caller.user_id:
        raise TurnNotYours(None if rules.turn_holder is None else UserId(rules.turn_holder))
    if to is None:
        await turns.pass_on(
            held.services,
            held.db,
            rules,
            circle,
            held.now,
            session_id=held.row.session_id,
            by=held.caller,
        )
    elif to != held.caller.user_id:
        has_asked = await held.db.get(TurnRequest, (held.workflow_id, to)) is not None
        if not circle.is_here(to) or not circle.may_edit(to, if_unknown=has_asked):
            raise InvalidInput("/to", "must be someone who takes part and may edit")
        await _give(held, rules, (to, circle.name_of(to)), action="turn.passed")


async def take_over(held: Held) -> None:
    """The caller has the turn, if its holder is idle or gone, or the caller is an owner.

    Raises NotSequential, SessionFull, or TurnHeld, which says how long the holder has been idle.
    """
    rules, circle = await _begin(held)
    me = (held.caller.user_id, held.caller.name)
    if rules.turn_holder is None:
        await _give(held, rules, me, action="turn.granted")
        return
    holder = UserId(rules.turn_holder)
    if holder == held.caller.user_id:
        return
    idle_s = await _idle_s(held, rules, circle)
    needed_s = held.services.settings.turn_idle_s
    if idle_s < needed_s and Permission.MANAGE not in held.permissions:
        raise TurnHeld(holder, rules.turn_holder_name or holder, idle_s=idle_s, needed_s=needed_s)
    await _give(held, rules, me, action="turn.taken_over", idle_s=round(idle_s))


async def _begin(held: Held) -> tuple[CollaborationRules, Circle]:
    """Who asks is here; a holder who is gone has lost the turn before it is asked for."""
    rules = await turns.read_rules(held.db, held.workflow_id)
    if rules is None or rules.mode != Mode.SEQUENTIAL:
        raise NotSequential(Mode.PARALLEL if rules is None else Mode(rules.mode))
    await take_part(held)
    settled, circle = await turns.settle(held.services, held.db, held.row, held.now)
    assert settled is not None
    return settled, circle


async def _give(
    held: Held,
    rules: CollaborationRules,
    to: tuple[UserId, str],
    *,
    action: str,
    **details: int,
) -> None:
    await turns.give(
        held.db,
        held.services.bus,
        rules,
        to,
        held.now,
        session_id=held.row.session_id,
        by=held.caller,
        action=action,
        **details,
    )


async def _idle_s(held: Held, rules: CollaborationRules, circle: Circle) -> float:
    """Since when the holder has neither edited, nor sent a heartbeat, nor asked for anything.

    That a socket of his is open is no sign: it says so by itself.
    """
    holder = UserId(rules.turn_holder or "")
    row = circle.rows.get(holder)
    signs = [
        rules.turn_since,
        None if row is None else row.asked_at,
        (await last_edits(held.db, held.workflow_id, [holder])).get(holder),
    ]
    last = max((sign for sign in signs if sign is not None), default=held.now)
    return max(0.0, (held.now - last).total_seconds())
