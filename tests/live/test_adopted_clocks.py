"""Clients that were shown their own awareness entry, and count on from the server's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from crdt_store.ids import ClientId, UserId
from server.live import messages
from server.live import presence as presence_module
from server.live.claims import Claims
from server.live.messages import MalformedMessage, awareness, read_body, read_var_uint, var_uint
from server.live.presence import Presence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from server.live.messages import Frame

SHOWN = 2**24


class Socket:
    """An Owner: one connection of a user."""

    def __init__(self, id: int, user: str, *, may_edit: bool = True) -> None:
        self.id = id
        self.user_id = UserId(user)
        self.shown_user: dict[str, Any] = {"id": user, "name": user.title()}
        self.may_edit = may_edit


class Tab:
    """y-protocols' Awareness and y-websocket's handling of it, by their own rules."""

    def __init__(self, server: Server, user: str, client_id: int) -> None:
        self.server = server
        self.user = user
        self.client_id = client_id
        self.meta: dict[int, int] = {client_id: 0}
        self.states: dict[int, Any] = {client_id: {}}
        self.neighbours: list[Tab] = []
        """Other tabs of the browser, on the same BroadcastChannel."""
        self.socket = server.connect(self, user)
        self._publish([client_id])

    def reconnect(self) -> None:
        """A new socket, while the server has not heard of the old one's end."""
        self.server.tabs.pop(self.socket)
        self.socket = self.server.connect(self, self.user)
        self.server.receive(self.socket, self._encode([self.client_id]))

    def move(self, x: int) -> None:
        self.set({**self.states[self.client_id], "x": x})

    def renew(self) -> None:
        self.set(self.states[self.client_id])

    def set(self, state: dict[str, Any] | None) -> None:
        """setLocalState"""
        self.meta[self.client_id] += 1
        if state is None:
            del self.states[self.client_id]
        else:
            self.states[self.client_id] = state
        self._publish([self.client_id])

    def time_out(self, client_id: int) -> None:
        """removeAwarenessStates of another, by the tab's own timer"""
        if self.states.pop(client_id, None) is not None:
            self._publish([client_id])

    def apply(self, payload: bytes) -> None:
        """applyAwarenessUpdate, and the update handler's relay"""
        added: list[int] = []
        updated: list[int] = []
        removed: list[int] = []
        for client_id, shown_clock, state in items(payload):
            clock = shown_clock
            known = client_id in self.meta
            current = self.meta.get(client_id, 0)
            if not (
                current < clock or (current == clock and state is None and client_id in self.states)
            ):
                continue
            if state is not None:
                self.states[client_id] = state
            elif client_id == self.client_id and client_id in self.states:
                clock += 1
            else:
                self.states.pop(client_id, None)
            self.meta[client_id] = clock
            if not known and state is not None:
                added.append(client_id)
            elif known and state is None:
                removed.append(client_id)
            elif state is not None:
                updated.append(client_id)
        if added or updated or removed:
            self._publish([*added, *updated, *removed])

    def sees(self, other: Tab) -> Any:
        state = self.states.get(other.client_id)
        return None if state is None else state.get("x")

    def _publish(self, client_ids: list[int]) -> None:
        payload = self._encode(client_ids)
        self.server.receive(self.socket, payload)
        for neighbour in self.neighbours:
            neighbour.apply(payload)

    def _encode(self, client_ids: list[int]) -> bytes:
        return message((of, self.meta[of], self.states.get(of)) for of in client_ids)


class Server:
    """A Presence, and the way a room drives one."""

    def __init__(self, wall_s: float = 1_800_000_000.0) -> None:
        self.claims = Claims(ClientId(1))
        self.presence: Presence[Socket] = Presence(
            self.claims, max_state_bytes=16_384, wall_s=wall_s
        )
        self.now_s = 1_000.0
        self.tabs: dict[Socket, Tab | None] = {}
        self.sockets: list[Socket] = []

    def connect(self, tab: Tab | None, user: str, *, may_edit: bool = True) -> Socket:
        socket = Socket(len(self.sockets) + 1, user, may_edit=may_edit)
        self.sockets.append(socket)
        everyone = self.presence.everyone(but=socket)
        self.tabs[socket] = tab
        if tab is not None and everyone is not None:
            tab.socket = socket
            tab.apply(everyone.payload)
        return socket

    def receive(self, socket: Socket, payload: bytes) -> None:
        if not self.presence.is_echo(payload, socket):
            self.presence.receive(payload, socket, self.now_s)

    def close(self, socket: Socket) -> None:
        self.tabs.pop(socket, None)
        self.claims.release(socket.id, self.now_s)
        self.presence.leave(socket)

    def tick(self) -> Frame | None:
        if not self.presence.has_changes:
            return None
        shared, owners = self.presence.take_changes()
        for socket, tab in list(self.tabs.items()):
            frame = owners.get(socket, shared)
            if tab is not None and frame is not None:
                tab.apply(frame.payload)
        return shared

    def settle(self) -> None:
        """Tick until all is quiet; a state that goes in circles would never be."""
        for _ in range(20):
            if self.tick() is None:
                return
        raise AssertionError("echoes go in circles")


def message(states: Iterable[tuple[int, int, Any]]) -> bytes:
    parts: list[bytes] = []
    for client_id, clock, state in states:
        json = orjson.dumps(state)
        parts.append(var_uint(client_id) + var_uint(clock) + var_uint(len(json)) + json)
    return awareness(var_uint(len(parts)) + b"".join(parts))


def items(payload: bytes) -> list[tuple[int, int, Any]]:
    body = read_body(payload, 1)
    count, position = read_var_uint(body, 0)
    found: list[tuple[int, int, Any]] = []
    for _ in range(count):
        client_id, position = read_var_uint(body, position)
        clock, position = read_var_uint(body, position)
        length, position = read_var_uint(body, position)
        found.append((client_id, clock, orjson.loads(body[position : position + length])))
        position += length
    return found


def browser(server: Server, user: str, *client_ids: int) -> list[Tab]:
    tabs = [Tab(server, user, client_id) for client_id in client_ids]
    for tab in tabs:
        tab.neighbours = [other for other in tabs if other is not tab]
    return tabs


def test_two_tabs_of_one_browser_stay_visible_while_they_relay_each_other() -> None:
    server = Server()
    first, second = browser(server, "ann", 5, 6)
    carl = Tab(server, "carl", 7)
    server.settle()
    for x in range(1, 6):
        first.move(x)
        server.settle()
        second.move(10 + x)
        server.settle()
        assert carl.sees(first) == x
        assert carl.sees(second) == 10 + x
    # The case is the one that is meant: a relayed entry carried the server's clock.
    assert first.meta[5] >= SHOWN
    first.set(None)
    server.settle()
    assert carl.sees(first) is None
    assert carl.sees(second) == 15


def test_a_reconnect_beside_a_hanging_socket_stays_visible() -> None:
    server = Server()
    ann, carl = Tab(server, "ann", 5), Tab(server, "carl", 7)
    ann.move(1)
    server.settle()
    hanging = ann.socket
    ann.reconnect()
    assert ann.meta[5] >= SHOWN
    ann.move(2)
    server.settle()
    assert carl.sees(ann) == 2
    server.close(hanging)
    server.settle()
    ann.move(3)
    server.settle()
    assert carl.sees(ann) == 3


def test_a_hanging_socket_that_closes_first_takes_nobody_along() -> None:
    server = Server()
    ann, carl = Tab(server, "ann", 5), Tab(server, "carl", 7)
    ann.move(1)
    server.settle()
    hanging = ann.socket
    server.tabs.pop(hanging)
    ann.socket = server.connect(ann, "ann")
    # The removal reaches the new socket before it has said anything.
    server.close(hanging)
    server.settle()
    assert carl.sees(ann) == 1
    ann.move(2)
    server.settle()
    assert carl.sees(ann) == 2


def test_a_client_that_adopted_the_clock_is_visible_at_once_after_each_reconnect() -> None:
    server = Server()
    ann, carl = Tab(server, "ann", 5), Tab(server, "carl", 7)
    server.settle()
    ann.reconnect()
    for x in range(1, 4):
        ann.move(x)
        server.settle()
        server.close(ann.socket)
        server.settle()
        assert carl.sees(ann) is None
        ann.socket = server.connect(ann, "ann")
        # The state is sent again with an unchanged clock, below that of the removal.
        server.receive(ann.socket, message([(5, ann.meta[5], ann.states[5])]))
        server.settle()
        assert carl.sees(ann) == x


def test_a_client_that_adopted_the_clock_is_visible_after_a_restart() -> None:
    server = Server()
    ann, carl = Tab(server, "ann", 5), Tab(server, "carl", 7)
    server.settle()
    ann.reconnect()
    ann.move(1)
    server.settle()
    seen_of_carl = message([(7, ann.meta[7], ann.states[7])])
    restarted = Server(wall_s=1_800_000_060.0)
    for tab in (carl, ann):
        tab.server = restarted
        tab.socket = restarted.connect(tab, tab.user)
    # What another tab relays of the time before is not taken for the sender's own.
    restarted.receive(ann.socket, seen_of_carl)
    assert len(restarted.presence) == 0
    restarted.receive(ann.socket, message([(5, ann.meta[5], ann.states[5])]))
    restarted.settle()
    ann.move(2)
    restarted.settle()
    assert carl.sees(ann) == 2


def test_who_adopted_an_older_clock_is_heard_again() -> None:
    server = Server()
    ann, carl = Tab(server, "ann", 5), Tab(server, "carl", 7)
    for x in range(1, 4):
        ann.move(x)
    server.settle()
    # It was shown its second move only after it had made the third.
    ann.meta[5] = carl.meta[5] - 1
    ann.move(4)
    server.settle()
    assert carl.sees(ann) == 4


def test_renewals_count_from_an_older_clock_too() -> None:
    server = Server()
    ann, carl = Tab(server, "ann", 5), Tab(server, "carl", 7)
    for x in range(1, 6):
        ann.move(x)
    server.settle()
    ann.meta[5] = carl.meta[5] - 4
    for _ in range(6):
        server.now_s += 15
        server.presence.expire(server.now_s)
        before = carl.meta[5]
        ann.renew()
        server.settle()
        assert carl.meta[5] > before
    assert carl.sees(ann) == 5


def test_another_browser_of_the_user_does_not_take_over_what_it_echoes() -> None:
    server = Server()
    ann = Tab(server, "ann", 5)
    server.settle()
    ann.reconnect()
    ann.move(1)
    server.settle()
    elsewhere = server.connect(None, "ann")
    everyone = server.presence.everyone(but=elsewhere)
    assert everyone is not None
    server.receive(elsewhere, everyone.payload)
    assert elsewhere.id not in server.claims.holders(ClientId(5))
    server.close(elsewhere)
    assert len(server.presence) == 1


def test_an_adopted_state_is_renewed_and_expires() -> None:
    server = Server()
    ann, carl = Tab(server, "ann", 5), Tab(server, "carl", 7)
    server.settle()
    ann.reconnect()
    for _ in range(8):
        server.now_s += 15
        server.presence.expire(server.now_s)
        before = carl.meta[5]
        ann.renew()
        carl.renew()
        server.settle()
        assert carl.meta[5] > before
    own_clock = ann.meta[5]
    server.now_s += 61
    server.presence.expire(server.now_s)
    server.settle()
    assert carl.sees(ann) is None
    assert 5 not in carl.states
    # Its owner is not sent the removal.
    assert ann.meta[5] == own_clock


def test_a_removal_that_another_timer_invents_is_not_believed_after_an_adoption() -> None:
    server = Server()
    first, second = browser(server, "ann", 5, 6)
    carl = Tab(server, "carl", 7)
    server.settle()
    first.move(1)
    server.settle()
    second.neighbours = []
    second.time_out(5)
    carl.time_out(5)
    server.settle()
    # One by a connection of the same user that is not the owner, above what was shown.
    stranger = server.connect(None, "ann")
    server.receive(stranger, message([(5, carl.meta[5] + 1, None)]))
    assert len(server.presence) == 3
    first.move(2)
    server.settle()
    assert carl.sees(first) == 2


def test_a_clock_far_ahead_does_not_use_the_numbers_up() -> None:
    server = Server()
    squatter = server.connect(None, "ann")
    server.receive(squatter, message([(5, 2**31 - 1, {"x": 1})]))
    shared = server.tick()
    assert shared is not None
    assert items(shared.payload)[0][1] < 2**27


def test_nobody_is_sent_states_under_the_ids_that_they_claim() -> None:
    server = Server()
    ann, bob = server.connect(None, "ann"), server.connect(None, "bob")
    server.receive(ann, message([(5, 1, {"x": 1})]))
    server.receive(bob, message([(6, 1, {"x": 2})]))
    everyone = server.presence.everyone(but=ann)
    assert everyone is not None
    assert [item[0] for item in items(everyone.payload)] == [6]
    # What is sent back is recognised all the same.
    assert server.presence.is_echo(everyone.payload, ann)
    first, second = server.connect(None, "carl"), server.connect(None, "carl")
    assert server.presence.everyone(but=first) is server.presence.everyone(but=second)
    server.tick()
    server.now_s += 61
    server.presence.expire(server.now_s)
    shared, owners = server.presence.take_changes()
    assert {item[0] for item in items(shared.payload)} == {5, 6}
    frame = owners[ann]
    assert frame is not None
    assert items(frame.payload)[0][::2] == (6, None)


def test_sec_1_an_author_takes_a_squatted_id_back() -> None:
    server = Server()
    vic = server.connect(None, "vic", may_edit=False)
    carl = Tab(server, "carl", 7)
    server.receive(vic, message([(5, 900, {"x": 0})]))
    server.settle()
    assert not server.claims.is_foreign(ClientId(5), UserId("ann"))
    ann = Tab(server, "ann", 5)
    # Her first edit.
    assert server.claims.claim(ClientId(5), UserId("ann"), ann.socket.id)
    ann.move(3)
    server.settle()
    assert carl.sees(ann) == 3
    assert carl.states[5]["user"]["id"] == "ann"
    server.receive(vic, message([(5, 901, {"x": 0})]))
    server.receive(vic, message([(5, 902, None)]))
    server.close(vic)
    server.settle()
    assert carl.sees(ann) == 3


def test_one_claim_too_many_changes_nothing() -> None:
    server = Server()
    bad = server.connect(None, "ann")
    with pytest.raises(MalformedMessage):
        server.receive(bad, message([(10 + number, 1, {}) for number in range(17)]))
    assert len(server.presence) == 0
    assert len(server.claims) == 0
    assert not server.presence.has_changes


def test_a_merged_frame_of_a_thousand_others_is_no_offence() -> None:
    server = Server()
    for number in range(1_000):
        socket = server.connect(None, f"u{number}")
        server.receive(socket, message([(10 + number, 1, {"x": "y" * 100})]))
    ann = server.connect(None, "ann")
    everyone = server.presence.everyone(but=ann)
    assert everyone is not None
    assert len(everyone.payload) > 64 * 1024
    server.presence.take_changes()
    assert not server.presence.is_echo(everyone.payload)
    server.receive(ann, everyone.payload)
    assert not server.presence.has_changes


def test_states_of_one_message_beyond_a_bound_are_not_looked_into() -> None:
    server = Server()
    ann = server.connect(None, "ann")
    # 64 removals of ids that she shows are impossible; so are 64 new ids, of which none is taken.
    broken = var_uint(200) + b"\x01\x01["
    entries = b"".join(var_uint(300 + number) + b"\x01\x02{}" for number in range(64))
    with pytest.raises(MalformedMessage, match="more client ids"):
        server.receive(ann, awareness(b"\x41" + entries + broken))


def test_the_last_clocks_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence_module, "_CLOCKS_KEPT", 10)
    server = Server()
    ann, carl = Tab(server, "ann", 5), Tab(server, "carl", 7)
    server.settle()
    for number in range(50):
        socket = server.connect(None, "bob")
        server.receive(socket, message([(100 + number, 1, {})]))
        server.close(socket)
    server.presence.expire(server.now_s)
    server.settle()
    # Those that are still shown are no worse for it: an echo is an echo, and news are news.
    echo = message([(5, carl.meta[5], carl.states[5]), (7, 0, {})])
    server.receive(carl.socket, echo)
    assert not server.presence.has_changes
    before = carl.meta[5]
    ann.move(1)
    server.settle()
    assert carl.meta[5] == before + 1
    assert carl.sees(ann) == 1


def test_empty_frames_are_taken() -> None:
    server = Server()
    server.receive(server.connect(None, "ann"), messages.EMPTY_AWARENESS)
    assert not server.presence.has_changes
