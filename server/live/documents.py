"""REST's way to live documents: the same rooms, the same write turn, the same gate [ACC-2].

Nothing that takes long per node is done in the write turn, nor in the event loop [LIVE-2].
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread

from crdt_store.errors import CommitFailed, InvalidPatch, PatchTestFailed
from crdt_store.footprint import Footprint
from crdt_store.graph_patch import plan_patch
from server.core.documents import StaleSeq
from server.live.changes import Edit, PlanOutdated
from server.live.listing import ListingAt, list_raw
from server.live.room import Room, RoomGone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crdt_store.graph_changes import Change
    from crdt_store.graph_listing import ListedGraph, RawGraph
    from crdt_store.ids import Seq, WorkflowId
    from crdt_store.workflow import Workflow
    from server.core.documents import Graph
    from server.core.identity import Identity
    from server.live.listing import Listed
    from server.live.rooms import Rooms

T = TypeVar("T")

_TRIES = 3


class LiveDocuments:
    """Implements server.core.documents.Documents over the registry."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        # One at a time: several would keep the interpreter from the event loop in turns.
        self._thread = anyio.CapacityLimiter(1)

    async def graph(self, workflow_id: WorkflowId) -> Graph:
        listing = await self._read(workflow_id, self._listing)
        return (await asyncio.shield(listing.done)).graph

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
    ) -> Seq:
        room = await self._rooms.get_room(workflow_id)
        return await _submit(room, identity, change, expected_seq=expected_seq)

    async def patch(
        self,
        workflow_id: WorkflowId,
        identity: Identity,
        operations: Sequence[Mapping[str, Any]],
        *,
        expected_seq: Seq | None = None,
    ) -> Graph:
        for _ in range(_TRIES):
            room, listing = await self._read(workflow_id, lambda it: (it, self._listing(it)))
            if not (room.answers.is_settled and listing.is_current(room.document)):
                continue  # between the look and now
            if expected_seq is not None and listing.seq > expected_seq:
                raise StaleSeq(expected_seq, listing.seq)
            with listing.watch.following():
                try:
                    await self._patch(room, listing, identity, operations, expected_seq)
                except PlanOutdated:
                    continue
            return await self.graph(workflow_id)
        await self.edit(
            workflow_id,
            identity,
            lambda workflow: workflow.apply_json_patch(operations),
            expected_seq=expected_seq,
        )
        return await self.graph(workflow_id)

    async def _patch(
        self,
        room: Room,
        listing: ListingAt,
        identity: Identity,
        operations: Sequence[Mapping[str, Any]],
        expected_seq: Seq | None,
    ) -> None:
        """Raises PlanOutdated, beside what `patch` does."""
        listed = await asyncio.shield(listing.done)
        change, footprint = await anyio.to_thread.run_sync(
            _plan,
            listed.listing,
            operations,
            listing.document.workflow.max_entities,
            limiter=self._thread,
        )
        await _submit(
            room,
            identity,
            change,
            expected_seq=expected_seq,
            fits=lambda at: listing.fits(at, room.document, footprint),
        )

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

    def _listing(self, room: Room) -> ListingAt:
        """The graph as it stands: read at once, listed in a thread, and once per seq."""
        if room.listed is None or not room.listed.is_current(room.document):
            done: asyncio.Future[Listed] = asyncio.get_running_loop().create_future()
            # Nobody may be left to hear of a failure.
            done.add_done_callback(lambda done: done.cancelled() or done.exception())
            document = room.document
            before = room.listed and room.listed.known_edges(document)
            raw = document.workflow.raw(known_edges=before.listing.edges if before else None)
            edges_json = before.graph.edges_json if before else None
            room.start_task(self._list(raw, document.seq, edges_json, done))
            room.listed = ListingAt(document, done)
        return room.listed

    async def _list(
        self, raw: RawGraph, seq: Seq, edges_json: bytes | None, done: asyncio.Future[Listed]
    ) -> None:
        try:
            done.set_result(
                await anyio.to_thread.run_sync(list_raw, raw, seq, edges_json, limiter=self._thread)
            )
        except BaseException:
            # The request does not end as a task of ours does, by a cancellation or a bug.
            done.set_exception(CommitFailed("the document could not be listed; try again"))
            raise


async def _submit(
    room: Room,
    identity: Identity,
    change: Callable[[Workflow], None],
    *,
    expected_seq: Seq | None,
    fits: Callable[[Seq], bool] | None = None,
) -> Seq:
    """The seq at which the change stands committed. Raises what `Documents.edit` does, and
    PlanOutdated."""
    edit = Edit(
        identity=identity,
        change=change,
        expected_seq=expected_seq,
        done=asyncio.get_running_loop().create_future(),
        fits=fits,
    )
    try:
        room.submit_edit(edit)
        await edit.done
    except RoomGone as gone:
        raise CommitFailed(f"the change was not saved: {gone}; try again") from gone
    assert edit.seq is not None
    return edit.seq


def _plan(
    listing: ListedGraph, operations: Sequence[Mapping[str, Any]], max_entities: int
) -> tuple[Callable[[Workflow], None], Footprint]:
    """For a thread: what will be done in the write turn, a refusal too, as the gate goes first."""
    footprint = Footprint()
    changes: list[Change] = []
    refusal: Exception | None = None
    try:
        changes = plan_patch(listing, operations, max_entities=max_entities, footprint=footprint)
    except (InvalidPatch, PatchTestFailed) as error:
        refusal = error

    def change(workflow: Workflow) -> None:
        if refusal is not None:
            raise refusal
        workflow.carry_out(changes)

    return change, footprint
