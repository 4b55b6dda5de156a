"""A model of everyday life: people edit, drop, come back, the server restarts and folds.

Whatever the order: at the end all replicas are equal, and so is what the journal holds.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pycrdt import Doc, Map, Text

from crdt_store import snapshots
from crdt_store.loading import load_doc
from tests.live.rooms import WORKFLOW, House, Peer, open_house

PEOPLE = ("ann", "bob", "bob")
KEYS = st.sampled_from(["a", "b", "c"])
WHO = st.integers(0, len(PEOPLE) - 1)


class Collaboration(RuleBasedStateMachine):
    """Each person has one Doc for good, and a socket now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.docs: list[Doc[Any]] = [Doc() for _ in PEOPLE]
        self.peers: list[Peer | None] = [None] * len(PEOPLE)
        self.life: asyncio.Task[None] | None = None
        self.closing: asyncio.Event
        self.house: House

    @initialize()
    def start(self) -> None:
        self.runner.run(self._open(create=True))

    def teardown(self) -> None:
        try:
            if self.life is not None:
                self.runner.run(self._converge())
        finally:
            if self.life is not None:
                self.runner.run(self._close())
            self.runner.close()
            self.folder.cleanup()

    async def _open(self, *, create: bool) -> None:
        opened = asyncio.Event()
        self.closing = asyncio.Event()

        async def live() -> None:
            # In one task of its own: a task group is left where it was entered.
            async with open_house(
                Path(self.folder.name), create=create, fold_after_rows=5
            ) as house:
                self.house = house
                opened.set()
                await self.closing.wait()

        self.life = asyncio.create_task(live())
        await asyncio.wait_for(opened.wait(), 30)

    async def _close(self) -> None:
        life, self.life = self.life, None
        assert life is not None
        self.closing.set()
        await asyncio.wait_for(life, 30)

    def nodes(self, who: int) -> Map[Any]:
        root: Map[Any] = self.docs[who].get("nodes", type=Map)
        return root

    # What people do

    @rule(who=WHO, key=KEYS, value=st.integers(0, 9))
    def create_node(self, who: int, key: str, value: int) -> None:
        self.nodes(who)[key] = Map({"value": value, "text": Text(f"{value}")})

    @rule(who=WHO, key=KEYS, value=st.integers(0, 9))
    def change_node(self, who: int, key: str, value: int) -> None:
        if key in self.nodes(who):
            self.nodes(who)[key]["value"] = value

    @rule(who=WHO, key=KEYS, at=st.integers(0, 5), words=st.sampled_from(["x", "é", "😀", "yy"]))
    def type_text(self, who: int, key: str, at: int, words: str) -> None:
        if key in self.nodes(who):
            text = self.nodes(who)[key]["text"]
            offsets = [len(str(text)[:end].encode()) for end in range(len(str(text)) + 1)]
            text.insert(offsets[min(at, len(offsets) - 1)], words)

    @rule(who=WHO, key=KEYS)
    def erase_text(self, who: int, key: str) -> None:
        if key in self.nodes(who):
            text = self.nodes(who)[key]["text"]
            if len(str(text)) > 1:
                del text[: len(str(text)[0].encode())]

    @rule(who=WHO, key=KEYS)
    def delete_node(self, who: int, key: str) -> None:
        if key in self.nodes(who):
            del self.nodes(who)[key]

    # What networks and servers do

    @rule(who=WHO)
    def connect(self, who: int) -> None:
        self.runner.run(self._connect(who))

    async def _connect(self, who: int) -> None:
        if self.peers[who] is None:
            room = await self.house.room()
            self.peers[who] = Peer(room, PEOPLE[who], doc=self.docs[who]).join()

    @rule(who=WHO)
    def send(self, who: int) -> None:
        if (peer := self.peers[who]) is not None:
            self.runner.run(self._send(peer))

    async def _send(self, peer: Peer) -> None:
        peer.send_made()

    @rule(who=WHO)
    def read(self, who: int) -> None:
        if (peer := self.peers[who]) is not None:
            self.runner.run(self._read(peer))

    async def _read(self, peer: Peer) -> None:
        peer.read()

    @rule(who=WHO)
    def drop(self, who: int) -> None:
        """The network goes; what was made since is sent with the next step 2."""
        if (peer := self.peers[who]) is not None:
            peer.doc.unobserve(peer._subscription)
            self.peers[who] = None
            self.runner.run(self._drop(peer))

    async def _drop(self, peer: Peer) -> None:
        peer.connection.connection_closed()

    @rule(who=WHO, congested=st.booleans())
    def stall(self, who: int, congested: bool) -> None:
        if (peer := self.peers[who]) is not None:
            self.runner.run(self._stall(peer, congested))

    async def _stall(self, peer: Peer, congested: bool) -> None:
        peer.wire.is_congested = congested
        if not congested:
            peer.connection.drained()

    @rule()
    def tick(self) -> None:
        self.runner.run(self.house.settle())

    @rule(keep_rows=st.integers(0, 3))
    def fold(self, keep_rows: int) -> None:
        self.runner.run(self._fold(keep_rows))

    async def _fold(self, keep_rows: int) -> None:
        await snapshots.fold(self.house.database, self.house.journal, WORKFLOW, keep_rows=keep_rows)

    @rule()
    def restart(self) -> None:
        for who in range(len(PEOPLE)):
            self.drop(who)
        self.runner.run(self._close())
        self.runner.run(self._open(create=False))

    @precondition(lambda self: self.life is not None)
    @invariant()
    def nobody_was_refused(self) -> None:
        for peer in self.peers:
            if peer is not None:
                assert peer.wire.closed is None, peer.wire.closed
                assert not peer.reverted

    async def _converge(self) -> None:
        for who in range(len(PEOPLE)):
            await self._connect(who)
        peers = [peer for peer in self.peers if peer is not None]
        for peer in peers:
            await self._stall(peer, congested=False)
        for _ in range(30):
            for peer in peers:
                peer.send_made()
            await self.house.settle()
            if not any(peer.wire.sent for peer in peers):
                break
            for peer in peers:
                peer.read()
        else:
            raise AssertionError("the peers never stop talking")
        room = await self.house.room()
        stored = load_doc(WORKFLOW, await self.house.journal.load(WORKFLOW))
        truth = stored.get("nodes", type=Map).to_py()
        assert room.document.workflow.nodes.to_py() == truth
        for who in range(len(PEOPLE)):
            assert self.nodes(who).to_py() == truth, PEOPLE[who]
        for peer in peers:
            assert peer.saved == peer.frames_sent


TestCollaboration = Collaboration.TestCase
TestCollaboration.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
