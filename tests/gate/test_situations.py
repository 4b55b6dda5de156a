"""The situations of locking that are worth knowing, one each, with pycrdt documents."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from pycrdt import Doc, Map, Text

from crdt_store.ids import ClientId
from crdt_store.item_index import ItemIndex, Owner, Slot
from crdt_store.structs import CLOCK_BITS, read_structs, write_update
from server.core.access import Mode, Resource, ResourceType
from server.core.close_codes import CloseCode
from server.live.gate import Refuse
from tests.gate.gated import WHOLE, Frame, Gated
from tests.gate.people import Made, content, new_node, tokens

if TYPE_CHECKING:
    from tests.gate.people import Person

N1 = Resource(ResourceType.NODE, "n1")
N2 = Resource(ResourceType.NODE, "n2")
N9 = Resource(ResourceType.NODE, "n9")
RNG = Random(0)


@pytest.fixture
def gated() -> Gated:
    """Two nodes, `n1` and `n2`, and an edge; nobody is there yet."""
    gated = Gated(Random(1))
    [maker] = gated.meet("dan")
    maker.create("n1", "dan1")
    maker.create("n2", "dan2")
    with maker.at_once():
        maker.edges["e0"] = new_node("e0", "dan0")
    gated.send(maker)
    gated.people.clear()
    return gated


def shown(gated: Gated, node: str) -> Any:
    return content(gated.document.doc)["nodes"].get(node)


def refused(reason: str, *resources: Resource, holder: str | None, reset: bool = False) -> Refuse:
    code = CloseCode.RESET_NEEDED if reset else None
    return Refuse(reason, code, resources, holder)  # type: ignore[arg-type]


def everybody_reads(gated: Gated) -> None:
    for person in gated.people:
        person.receive()


def test_crdt_2_a_leaf_violation_is_taken_back_and_shared_types_stay_themselves(
    gated: Gated,
) -> None:
    ann, bob = gated.meet("ann", "bob")
    gated.lock(N1, "ann")
    anns_text = ann.text("n1")
    before = shown(gated, "n1")
    bob.move("n1", 7)
    bob.set_label("n1", "mine")
    bob.set_label("n1", None)
    bob.type_token("n1", "<bob1>", RNG)
    refusal = refused("locked", N1, holder="ann")
    # The third deletes a value that has been taken back already.
    assert gated.send(bob) == [refusal, refusal, None, refusal]
    assert shown(gated, "n1") == before
    everybody_reads(gated)
    assert content(bob.doc) == content(gated.document.doc), "he is repaired without a reset"
    # The holder goes on in the very text that she had.
    assert anns_text is not None
    ann.type_token("n1", "<ann1>", RNG)
    assert gated.send(ann) == [None]
    assert "<ann1>" in str(anns_text)
    gated.settle()


def test_crdt_1_what_is_taken_back_is_one_update_for_the_others(gated: Gated) -> None:
    ann, bob = gated.meet("ann", "bob")
    gated.lock(N1, "ann")
    seen: list[object] = []
    ann.nodes.observe_deep(lambda events: seen.append(ann.nodes["n1"]["position"]["x"]))
    bob.move("n1", 7)
    gated.send(bob)
    [update] = ann.inbox
    ann.receive()
    assert 7 not in seen
    assert update


def test_crdt_2_the_deletion_of_a_locked_node_does_not_happen(gated: Gated) -> None:
    """Restored by value it would be another node, and what its holder types meanwhile lost."""
    ann, bob = gated.meet("ann", "bob")
    gated.lock(N1, "ann")
    bob.delete("n1")
    ann.type_token("n1", "<ann1>", RNG)
    frames = gated.take(bob) + gated.take(ann)
    assert gated.deliver(frames) == [refused("locked", N1, holder="ann", reset=True), None]
    assert "<ann1>" in shown(gated, "n1")["data"]["prompt"]
    gated.settle()
    assert bob.has("n1"), "he began anew"


def test_crdt_2_a_replaced_text_of_a_locked_node_is_not_replaced(gated: Gated) -> None:
    ann, bob = gated.meet("ann", "bob")
    gated.lock(N1, "ann")
    bob.replace_text("n1", "bob1")
    assert gated.send(bob) == [refused("locked", N1, holder="ann", reset=True)]
    assert shown(gated, "n1")["data"]["prompt"] == "<dan1>"
    gated.settle()
    assert ann.text("n1") is not None


def test_crdt_2_permitted_parts_of_a_mixed_update_happen_as_they_are(gated: Gated) -> None:
    ann, bob = gated.meet("ann", "bob")
    gated.lock(N1, "ann")
    with bob.at_once():
        bob.type_token("n2", "<bob1>", RNG)
        bob.delete("n1")
        bob.create("n3", "bob2")
        bob.move("n2", 5)
    assert gated.send(bob) == [refused("locked", N1, holder="ann", reset=True)]
    assert shown(gated, "n1") is not None
    assert set(tokens(shown(gated, "n2"))) == {"<dan2>", "<bob1>"}
    assert shown(gated, "n2")["position"] == {"x": 5, "y": 1}
    assert shown(gated, "n3")["data"]["prompt"] == "<bob2>"
    gated.settle()
    assert ann.has("n3")


def test_crdt_2_the_old_document_returns_and_brings_nothing_twice(gated: Gated) -> None:
    """Neither while the lock holds nor afterwards: what was refused is no wish of today."""
    _, bob = gated.meet("ann", "bob")
    gated.lock(N1, "ann")
    with bob.at_once():
        bob.type_token("n2", "<bob1>", RNG)
        bob.delete("n1")
    gated.send(bob)
    [(user, state)] = gated.old
    before = content(gated.document.doc)
    for _ in range(2):
        assert gated.bring_back(user, state) == [refused("locked", N1, holder="ann", reset=True)]
        assert content(gated.document.doc) == before
    gated.unlock(N1)
    assert gated.bring_back(user, state) == [refused("stale_document", N1, holder=None, reset=True)]
    assert content(gated.document.doc) == before
    assert set(tokens(shown(gated, "n2"))) == {"<dan2>", "<bob1>"}
    gated.settle()


def test_crdt_2_what_was_typed_beside_a_refused_deletion_stands_once(gated: Gated) -> None:
    """In one and the same text: carried over by value it came twice with the old document."""
    _, bob = gated.meet("ann", "bob")
    gated.lock(N1, "ann")
    bob.erase("n1", RNG)
    bob.type_token("n2", "<bob1>", RNG)
    update = bob.doc.get_update(gated.document.state_vector())
    bob.made.clear()
    [refusal] = gated.deliver([Frame("bob", Made(update), "step_2", bob)])
    assert refusal is not None
    assert refusal.close_code is CloseCode.RESET_NEEDED
    gated.unlock(N1)
    gated.bring_back(*gated.old[0])
    assert shown(gated, "n2")["data"]["prompt"].count("<bob1>") == 1
    gated.settle()


def test_acc_1_a_new_node_under_a_locked_id_is_refused_with_all_that_is_in_it(
    gated: Gated,
) -> None:
    ann, bob = gated.meet("ann", "bob")
    gated.lock(N9, "ann")
    bob.create("n9", "bob1")
    bob.type_token("n9", "<bob2>", RNG)
    first, second = gated.send(bob)
    assert first == refused("locked", N9, holder="ann", reset=True)
    assert second == refused("stale_document", WHOLE, holder=None, reset=True)
    assert shown(gated, "n9") is None
    gated.settle()
    ann.create("n9", "ann1")
    assert gated.send(ann) == [None]
    gated.settle()
    assert bob.has("n9")


def test_acc_1_in_mode_locked_a_new_node_is_its_creators_within_the_same_tick(
    gated: Gated,
) -> None:
    ann, bob = gated.meet("ann", "bob")
    gated.set_mode(Mode.LOCKED)
    ann.create("n9", "ann1")
    ann.type_token("n9", "<ann2>", RNG)
    bob.create("n9", "bob1")
    refusals = gated.deliver(gated.take(ann) + gated.take(bob))
    assert refusals == [None, None, refused("locked", N9, holder="ann", reset=True)]
    assert gated.locks[N9].holder == "ann"
    bob.move("n1", 3)
    assert gated.send(bob) == [refused("lock_required", N1, holder=None)]
    gated.settle()


def test_acc_1_in_mode_locked_nobody_creates_what_is_there_already(gated: Gated) -> None:
    """Nor after a refused node has stood there, for the document, for the length of a tick."""
    ann, bob = gated.meet("ann", "bob")
    gated.set_mode(Mode.LOCKED)
    for attempt in range(4):
        bob.create("n1", f"bob{attempt}")
        assert gated.send(bob) == [refused("lock_required", N1, holder=None, reset=True)]
        assert shown(gated, "n1")["born"] == "dan1"
        gated.reconnect(ann)
        gated.settle()
    assert gated.locks == {}


def test_acc_1_values_overwritten_many_times_and_merged_since_still_say_where_they_lay(
    gated: Gated,
) -> None:
    """Consecutive values of one entry are, once overwritten, one item of several clocks. Who was
    away since builds on a clock in the midst of it."""
    ann, bob = gated.meet("ann", "bob")
    for step in range(6):
        ann.set_label("n1", f"ann{step}")
        if step == 2:
            gated.send(ann)
            bob.receive()
    gated.send(ann)
    merged = read_structs(gated.document.diff(b"\0"))
    assert any(struct.kind == 1 and struct.length > 3 for struct in merged), "they are one item"
    gated.lock(N1, "ann")  # the index is read from the merged state
    bob.set_label("n1", "bob1")
    assert gated.send(bob) == [refused("locked", N1, holder="ann")]
    assert shown(gated, "n1")["data"]["label"] == "ann5"
    gated.settle()


def test_acc_1_clients_that_wait_for_each_other_in_one_step_2_are_all_looked_at(
    gated: Gated,
) -> None:
    """bob's two devices typed in turns, offline: no order by client fits, one by clocks does."""
    phone, laptop = gated.meet("bob", "bob")
    [ann] = gated.meet("ann")
    gated.lock(N1, "ann")
    for turn in range(6):
        writer, other = (phone, laptop) if turn % 2 else (laptop, phone)
        for node in ("n2", "n1") if turn < 4 else ("n2",):
            text = writer.text(node)
            assert text is not None
            text.insert(len(str(text)), f"<bob{turn}>")  # beside what the other device typed last
        other.doc.apply_update(writer.doc.get_update(other.doc.get_state()))
    for device in (phone, laptop):
        device.made.clear()
    update = phone.doc.get_update(gated.document.state_vector())
    by_client = read_structs(update).by_client
    assert len(by_client) == 2
    refusals = gated.deliver([Frame("bob", Made(update), "step_2", phone)])
    assert refusals == [refused("locked", N1, holder="ann")]
    assert shown(gated, "n1")["data"]["prompt"] == "<dan1>"
    assert shown(gated, "n2")["data"]["prompt"] == "<dan2>" + "".join(f"<bob{t}>" for t in range(6))
    laptop.is_online = False
    gated.settle()
    assert content(ann.doc) == content(laptop.doc)


def _one_by_one(person: Person, *steps: str) -> list[Made]:
    for step in steps:
        person.set_label("n1" if step == "locked" else "n2", step)
    made, person.made = person.made, []
    return made


def test_acc_1_a_gap_that_is_filled_later_does_not_slip_past_the_rules(gated: Gated) -> None:
    """pycrdt applies structs behind a gap in their client's clocks if none builds on the gap."""
    [bob] = gated.meet("bob")
    gated.lock(N1, "ann")
    first, hidden, last = _one_by_one(bob, "first", "locked", "last")
    # As a step 2 with a Skip struct would have it: the first and the last edit without the middle.
    with_gap = _with_skip(first.update, last.update)
    gated.document.pull([with_gap], gated.document.seq)
    gated.replica.apply_update(with_gap)
    [refusal] = gated.deliver([Frame("bob", hidden, "update", bob)])
    assert refusal == refused("locked", N1, holder="ann")
    assert shown(gated, "n1")["data"]["label"] == "dan1"


def _with_skip(first: bytes, last: bytes) -> bytes:
    [(client, [one])] = read_structs(first).by_client.items()
    [(_, [other])] = read_structs(last).by_client.items()
    skipped = other.clock - one.clock - one.length
    assert 0 < skipped < 128
    parts = [
        (one.clock, first[one.start : one.end] + bytes((10, skipped))),
        (other.clock, last[other.start : other.end]),
    ]
    update = bytearray(write_update({ClientId(client): parts}, {}))
    update[1] += 1  # the Skip is a struct of its own
    return bytes(update)


def test_an_index_gives_the_clocks_of_a_gap_their_owner_when_they_come() -> None:
    doc: Doc[Any] = Doc(client_id=7)
    made: list[bytes] = []
    subscription = doc.observe(lambda event: made.append(event.update))
    nodes: Map[Any] = doc.get("nodes", type=Map)
    for number in range(5):
        nodes[f"n{number}"] = number
    doc.unobserve(subscription)
    index = ItemIndex()
    for number in (0, 4):
        index.add(read_structs(made[number]))
    assert index.owner(7 << CLOCK_BITS | 2) is None
    for number in (2, 1, 3):
        index.add(read_structs(made[number]))
    for number in range(5):
        assert index.owner(7 << CLOCK_BITS | number) == Owner("nodes", f"n{number}")
        assert index.slot(7 << CLOCK_BITS | number) == Slot("nodes", f"n{number}")


@pytest.mark.parametrize(("before", "value"), [("dan1", "ann1"), ("dan1", None), (None, "ann1")])
def test_crdt_2_a_holders_value_that_an_undone_one_would_hide_is_the_last_word(
    gated: Gated, before: str | None, value: str | None
) -> None:
    """bob's value was made before he knew of the lock, and is undone. In the CRDT's order its
    undoing stands above what ann sets at the same time, if only the client ids are right."""
    for _ in range(6):
        ann, bob = gated.meet("ann", "bob")
        ann.set_label("n1", before)
        gated.settle()
        gated.lock(N1, "ann")
        bob.set_label("n1", "bob1")
        # Where there was nothing, nothing may stay that stands in the way.
        assert gated.send(bob) == [refused("locked", N1, holder="ann", reset=before is None)]
        ann.set_label("n1", value)  # and has read nothing of it
        assert gated.send(ann) == [None]
        assert shown(gated, "n1")["data"].get("label") == value
        gated.unlock(N1)
        gated.settle()


def test_crdt_2_a_node_that_the_holder_has_not_seen_yet_is_not_deleted_with_the_old_one(
    gated: Gated,
) -> None:
    """dan replaced it just before the lock; to delete what was there before does not mean his."""
    ann, dan = gated.meet("ann", "dan")
    dan.create("n1", "dan3")
    assert gated.send(dan) == [None]
    gated.lock(N1, "ann")
    ann.delete("n1")
    assert gated.send(ann) == [None]
    assert shown(gated, "n1")["data"]["prompt"] == "<dan3>"
    gated.settle()


def test_crdt_2_a_holder_may_replace_a_text_and_a_whole_node(gated: Gated) -> None:
    ann, bob = gated.meet("ann", "bob")
    gated.lock(N1, "ann")
    ann.replace_text("n1", "ann1")
    assert gated.send(ann) == [None]
    assert shown(gated, "n1")["data"]["prompt"] == "<ann1>"
    ann.create("n1", "ann2")
    assert gated.send(ann) == [None]
    assert shown(gated, "n1")["born"] == "ann2"
    gated.settle()
    assert isinstance(bob.nodes["n1"]["data"]["prompt"], Text)


def test_crdt_2_what_a_holder_saw_overwritten_stays_overwritten_when_he_reconnects(
    gated: Gated,
) -> None:
    """His step 2 brings his own value as a deleted one; that is no wish to have none."""
    for _ in range(6):
        ann, bob = gated.meet("ann", "bob")
        ann.move("n1", 1)
        bob.move("n1", 2)
        gated.send(bob)
        ann.receive()
        wanted = ann.nodes["n1"]["position"]
        gated.lock(N1, "ann")
        gated.reconnect(ann)
        assert shown(gated, "n1")["position"] == wanted
        gated.unlock(N1)
        gated.settle()


def test_crdt_2_a_live_edit_that_comes_before_the_step_2_takes_nothing_of_the_holders_back(
    gated: Gated,
) -> None:
    """Whoever edits before the handshake is through: the update waits for what he made offline."""
    [ann] = gated.meet("ann")
    gated.lock(N1, "ann")
    ann.is_online = False
    ann.rename("offline")
    ann.made.clear()
    ann.move("n1", 1)
    ann.move("n1", 2)
    early = [Frame("ann", Made(made.update), person=ann) for made in ann.made]
    assert gated.deliver(early) == [None, None]
    assert shown(gated, "n1")["position"] == {"x": 0, "y": 0}, "it waits"
    assert gated.reconnect(ann) == [None]
    assert shown(gated, "n1")["position"] == {"x": 2, "y": 1}
    gated.deliver([])  # now what waited has all that it builds on
    assert shown(gated, "n1")["position"] == {"x": 2, "y": 1}
    gated.settle()


def test_crdt_2_an_old_document_does_not_delete_what_was_typed_into_what_it_replaced(
    gated: Gated,
) -> None:
    """In it that is deleted like the rest, though no refused update ever named it."""
    ann, bob = gated.meet("ann", "bob")
    gated.lock(N1, "ann")
    bob.create("n1", "bob1")
    # He is not told yet: the lock's end, and what ann has typed, come first.
    frames = [Frame(each.user, each.made) for each in gated.take(bob)]
    assert gated.deliver(frames) == [refused("locked", N1, holder="ann", reset=True)]
    ann.type_token("n1", "<ann1>", RNG)
    assert gated.send(ann) == [None]
    bob.receive()
    gated.unlock(N1)
    bob.is_online = False
    assert gated.reconnect(bob) == [refused("stale_document", N1, holder=None, reset=True)]
    assert set(tokens(shown(gated, "n1"))) == {"<dan1>", "<ann1>"}
    gated.settle()


@pytest.mark.parametrize("order", range(4))
def test_crdt_1_a_document_that_was_never_told_of_its_reset_is_told_when_it_returns(
    gated: Gated, order: int
) -> None:
    """The socket died before the 4409, and the lock has ended since: nobody has what it shows."""
    gated.meet(*["dan"] * order)  # other client ids, another order
    ann, bob = gated.meet("ann", "bob")
    gated.lock(N9, "ann")
    bob.create("n9", "bob1")
    frames = [Frame(each.user, each.made) for each in gated.take(bob)]
    assert gated.deliver(frames) == [refused("locked", N9, holder="ann", reset=True)]
    bob.is_online = False
    gated.unlock(N9)
    ann.create("n9", "ann1")
    assert gated.send(ann) == [None]
    [refusal] = gated.reconnect(bob)
    gated.settle()
    assert content(bob.doc) == content(ann.doc)
    assert refusal is not None
