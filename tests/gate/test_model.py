"""Seeded, in this process: people edit as they like while others lock, and nothing is damaged.

`Gated.deliver` checks every tick: [ACC-1] row by row that nobody changes what is locked to him;
[CRDT-2] that nobody's text is lost, doubled or overwritten by somebody else's refused edit, and
that the permitted parts of a mixed update survive; that the item index is right. At the end all
replicas and the replayed journal are equal [CRDT-1].
"""

from __future__ import annotations

from itertools import count
from random import Random
from typing import TYPE_CHECKING

import pytest

from server.core.access import Mode, Resource, ResourceType
from tests.gate.gated import USERS, WHOLE, Frame, Gated
from tests.gate.people import Made, new_node
from tests.gate.seeds import chunks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.gate.people import Person

NODES = ("n0", "n1", "n2", "n3", "n9")
"""The last one is not there at the beginning."""
LOCKABLE = (
    Resource(ResourceType.NODE, "n0"),
    Resource(ResourceType.NODE, "n1"),
    Resource(ResourceType.NODE, "n9"),
    Resource(ResourceType.EDGE, "e0"),
)


class Scenario:
    """One seed's story."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.is_gentle = seed % 3 == 0
        """Nobody deletes or replaces anything: then nothing typed is ever lost."""
        self.gated = Gated(self.rng)
        self._numbers: Iterator[int] = count(1)
        [first] = self.gated.meet("ann")
        for node in NODES[:-1]:
            first.create(node, f"ann{next(self._numbers)}")
        first.edges["e0"] = new_node("e0", "ann0")
        self.gated.deliver([Frame("ann", Made(first.doc.get_update()), "step_2", first)])
        first.made.clear()
        self.gated.meet(*USERS[1:])

    def run(self) -> None:
        for _ in range(self.rng.randint(20, 60)):
            for person in self.gated.people:
                if self.rng.random() < 0.6:
                    self._edit_some(person)
            self._change_rules()
            self._connect_or_not()
            self._traffic()
        self.gated.settle()

    def _edit_some(self, person: Person) -> None:
        edits = self.rng.randint(1, 3)
        if self.rng.random() < 0.2:
            with person.at_once():
                for _ in range(edits):
                    self._edit(person)
        else:
            for _ in range(edits):
                self._edit(person)

    def _edit(self, person: Person) -> None:
        name = f"{person.user}{next(self._numbers)}"
        node = self.rng.choice(NODES)
        match self._choose_edit():
            case "move":
                person.move(node, next(self._numbers))
            case "label":
                person.set_label(node, name)
            case "setting":
                person.set_setting(node, name)
            case "unlabel":
                person.set_label(node, None)
            case "type":
                person.type_token(node, f"<{name}>", self.rng)
            case "erase":
                person.erase(node, self.rng)
            case "delete":
                person.delete(node)
            case "create":
                person.create(node, name)
            case "replace_text":
                person.replace_text(node, name)
            case "rename":
                person.rename(name)
            case _:
                person.rewire("e0", node)

    def _choose_edit(self) -> str:
        weights = {
            "move": 30,
            "label": 10,
            "setting": 10,
            "unlabel": 5,
            "type": 20,
            "rename": 3,
            "rewire": 4,
        }
        if not self.is_gentle:
            weights |= {"erase": 8, "delete": 6, "create": 6, "replace_text": 3}
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def _change_rules(self) -> None:
        gated, rng = self.gated, self.rng
        drawn = rng.random()
        holder = rng.choice(USERS[:2])
        if drawn < 0.15:
            resource = rng.choice(LOCKABLE)
            if resource not in gated.locks and WHOLE not in gated.locks:
                gated.lock(resource, holder)
        elif drawn < 0.25 and gated.locks:
            gated.unlock(rng.choice(list(gated.locks)))
        elif drawn < 0.28 and not gated.locks:
            gated.lock(WHOLE, holder)
        elif drawn < 0.33:
            gated.set_mode(rng.choice(list(Mode)), rng.choice([None, *USERS[:2]]))

    def _connect_or_not(self) -> None:
        for person in self.gated.people:
            if person.is_online and self.rng.random() < 0.08:
                person.is_online = False
            elif not person.is_online and self.rng.random() < 0.3:
                if person.made and self.rng.random() < 0.5:
                    self.gated.arrive_early(person)
                self.gated.reconnect(person)
        if self.gated.old and self.rng.random() < 0.2:
            self.gated.bring_back(*self.rng.choice(self.gated.old))

    def _traffic(self) -> None:
        frames: list[Frame] = []
        for person in self.gated.people:
            if person.is_online and self.rng.random() < 0.7:
                frames += self.gated.take(person, self.rng.randint(0, len(person.made)))
        if frames:
            self.gated.deliver(frames)
        for person in self.gated.people:
            if person.is_online and self.rng.random() < 0.6:
                person.receive()


@pytest.mark.parametrize("seeds", chunks(25), ids=str)
def test_acc_1_crdt_2_locks_hold_and_nobodys_work_is_damaged(seeds: range) -> None:
    tested = {"compensated": 0, "reset": 0, "returned": 0, "holders_sets": 0, "permitted_tokens": 0}
    for seed in seeds:
        scenario = Scenario(seed)
        try:
            scenario.run()
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
        for name in tested:
            tested[name] += getattr(scenario.gated.tally, name)
    assert all(times > len(seeds) for times in tested.values()), tested
