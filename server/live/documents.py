"""REST's way to live documents: the same rooms, the same write turn, the same gate [ACC-2]."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from crdt_store.errors import CommitFailed
from server.core.documents import Graph
from server.live.batch import Edit
from server.live.room import Room, RoomGone

if TYPE_CHECKING:
    from collections.abc import Callable

    from crdt_store.ids import Seq, WorkflowId
    from crdt_store.workflow import Workflow
    from server.core.identity import Identity
    from server.live.rooms import Rooms

T = TypeVar("T")

_TRIES = 3


class LiveDocuments:
    """Implements server.core.documents.Documents over the registry."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def graph(self, workflow_id: WorkflowId) -> Graph:
        return await self._read(workflow_id, _graph)

    async def state(self, workflow_id: WorkflowId) -> tuple[Seq, bytes]:
        return await self._read(
            workflow_id, lambda room: (room.document.seq, room.document.diff(b"\x00"))
        )

    async def edit(
        self,
        workflow_id: WorkflowId,
        identity: Identity,
        change: Callable[[Workflow], None],
        *,
        expected_seq: Seq | None = None,
    ) -> Graph:
        room = await self._rooms.get_room(workflow_id)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        edit = Edit(
            identity=identity,
            permissions=lambda: room.access.permissions_of(identity, workflow_id),
            change=change,
            expected_seq=expected_seq,
            done=done,
        )
        try:
            room.submit_edit(edit)
            await done
        except RoomGone as gone:
            raise CommitFailed(f"the change was not saved: {gone}; try again") from gone
        return await self.graph(workflow_id)

    async def close(self, workflow_id: WorkflowId) -> None:
        self._rooms.close_workflow(workflow_id)

    def access_changed(self, workflow_id: WorkflowId) -> None:
        self._rooms.access_changed(workflow_id)

    async def _read(self, workflow_id: WorkflowId, look: Callable[[Room], T]) -> T:
        """Look at a room when nothing uncommitted is in it [DUR-1]."""
        for _ in range(_TRIES):
            room = await self._rooms.get_room(workflow_id)
            seen: asyncio.Future[T] = asyncio.get_running_loop().create_future()

            def show(room: Room = room, seen: asyncio.Future[T] = seen) -> None:
                if seen.done():
                    return
                if room.is_gone:
                    seen.set_exception(RoomGone("the room was closed"))
                    return
                try:
                    seen.set_result(look(room))
                except Exception as error:
                    seen.set_exception(error)

            room.answers.when_settled(show)
            try:
                return await seen
            except RoomGone:
                # Closed while we waited: a failed commit, or idleness. The store has the truth.
                continue
        raise CommitFailed("the document is being reloaded; try again")


def _graph(room: Room) -> Graph:
    """Listed once per seq: it takes about 20 ms per 1,000 nodes and edges."""
    if room.listed is None or room.listed.seq != room.document.seq:
        listed = room.document.workflow.to_json()
        room.listed = Graph(room.document.seq, listed["nodes"], listed["edges"], listed["meta"])
    return room.listed
