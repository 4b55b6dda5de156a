"""The seed's `CollaborationService`: its usage examples, its names, and the rules beneath it."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crdt_store.errors import WorkflowNotFound
from crdt_store.ids import UserId, WorkflowId
from crdt_store.shared_values import DEFAULT_KEYS
from rest.access.service import Access
from rest.collaboration_service import CollaborationService
from rest.embedding.services import embedded_services
from rest.errors import (
    CommentNotFound,
    Forbidden,
    InvalidInput,
    LockHeld,
    LockNotYours,
    SessionFull,
    SessionNotFound,
    ShareEnded,
    ShareNotFound,
)
from rest.members.service import put_member
from rest.shares.schemas import Share
from rest.workflows.drafts import draft
from rest.workflows.service import create
from server.core.auth import Unauthenticated
from server.core.bus import AccessChanged, Announced, Event, InProcessBus
from server.core.colors import PALETTE
from server.core.identity import Identity
from server.core.roles import Role
from server.core.settings import Settings

if TYPE_CHECKING:
    from crdt_store.database import Database

WF = "workflow-123"
OWNER = "user-456"
NODES = [{"id": "n1", "position": {"x": 10, "y": 20}, "data": {}}]
SEEDS_METHODS = """
create_collaboration_session get_active_session update_session_activity
cleanup_inactive_participants add_participant_to_session remove_participant_from_session
update_participant_heartbeat get_session_participants _generate_user_color acquire_edit_lock
release_edit_lock get_active_locks cleanup_expired_locks create_workflow_share get_workflow_share
revoke_workflow_share add_comment get_workflow_comments resolve_comment get_audit_log _audit_action
""".split()


class Embedding:
    """An application that has the service, a workflow, and ears on the bus."""

    def __init__(self, database: Database, **settings: Any) -> None:
        self.database = database
        self.bus = InProcessBus()
        self.told: list[Event] = []
        self.bus.subscribe(self.told.append)
        self.settings = Settings(auth_mode="dev", **settings)
        self.service = CollaborationService(database, bus=self.bus, settings=self.settings)

    async def begin(self, **members: Role) -> None:
        """Make the workflow, with its owner and these members."""
        owner = Identity(UserId(OWNER), name="Olga")
        drafted = await draft({"nodes": NODES}, keys=DEFAULT_KEYS, max_document_bytes=10_000)
        async with self.database.writing() as db:
            await create(db, WorkflowId(WF), owner, drafted)
            for user_id, role in members.items():
                await put_member(
                    db,
                    InProcessBus(),
                    WorkflowId(WF),
                    UserId(user_id),
                    role=role,
                    name=None,
                    actor=owner,
                )

    async def epoch(self) -> int:
        access = Access(self.database, settings=self.settings, bus=self.bus)
        return (await access.snapshot(WorkflowId(WF))).access_epoch

    def announced(self) -> list[str]:
        return [event.message["type"] for event in self.told if isinstance(event, Announced)]

    async def actions(self) -> list[str]:
        return [each.action for each in reversed(await self.service.get_audit_log(WF, OWNER))]


@pytest.fixture
def embedding(database: Database) -> Embedding:
    return Embedding(database)


# The usage examples, but for `await`, and an import path of this repository


async def test_the_example_creating_a_collaboration_session(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    db = database
    service = CollaborationService(db)

    # Create session
    session = await service.create_collaboration_session(
        workflow_id="workflow-123", user_id="user-456", collaboration_mode="parallel", max_users=5
    )

    print(f"Session created: {session.session_id}")  # noqa: T201

    assert capsys.readouterr().out == f"Session created: {session.session_id}\n"
    assert (session.collaboration_mode, session.max_users) == ("parallel", 5)
    assert [(each.user_id, each.role) for each in session.participants] == [("user-456", "owner")]


async def test_the_example_sharing_workflow(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    db = database
    service = CollaborationService(db)

    share = await service.create_workflow_share(
        workflow_id="workflow-123",
        user_id="user-456",
        permissions={
            "can_view": True,
            "can_edit": False,
            "can_comment": True,
            "can_share": False,
        },
        expires_in_days=7,
    )

    print(f"Share link: /share/{share.share_id}")  # noqa: T201

    assert capsys.readouterr().out == f"Share link: {share.url}\n"
    assert share.permissions.model_dump() == {
        "can_view": True,
        "can_edit": False,
        "can_comment": True,
        "can_share": False,
    }
    assert share.expires_at is not None
    assert timedelta(days=6) < share.expires_at - datetime.now(UTC) <= timedelta(days=7)


@pytest.mark.parametrize("name", SEEDS_METHODS)
def test_the_service_has_the_seeds_method(name: str) -> None:
    method = inspect.getattr_static(CollaborationService, name)
    # A colour is worked out at once; all others ask the database.
    assert isinstance(method, staticmethod) or inspect.iscoroutinefunction(method)


# What each method does


async def test_sessions_and_participants(embedding: Embedding) -> None:
    await embedding.begin(bob=Role.EDITOR)
    service = embedding.service
    assert await service.get_active_session(WF, "bob") is None
    session = await service.create_collaboration_session(WF, OWNER, "sequential", 5)
    assert (session.collaboration_mode, session.max_users) == ("sequential", 5)
    again = await service.create_collaboration_session(WF, "bob", "parallel", 99)
    assert again.session_id == session.session_id
    assert (again.collaboration_mode, again.max_users) == ("sequential", 5), "bob manages nothing"
    active = await service.get_active_session(WF, "bob")
    assert active is not None
    assert active.session_id == session.session_id

    ident = session.session_id
    here = await service.get_session_participants(ident, OWNER)
    assert [(each.user_id, each.role) for each in here] == [("bob", "editor"), (OWNER, "owner")]
    assert here[0].user_color == service._generate_user_color("bob")
    assert here[0].user_color in PALETTE
    moved = await service.update_participant_heartbeat(ident, "bob", {"x": 3, "y": 4}, "n1")
    assert (moved.cursor_position, moved.selected_node) == ({"x": 3, "y": 4}, "n1")
    kept = await service.update_participant_heartbeat(ident, "bob", selected_node=None)
    assert (kept.cursor_position, kept.selected_node) == ({"x": 3, "y": 4}, None)
    later = await service.update_session_activity(ident, "bob")
    assert later.last_activity > session.last_activity
    assert await service.remove_participant_from_session(ident, "bob") is True
    assert [each.user_id for each in await service.get_session_participants(ident, OWNER)] == [
        OWNER
    ]
    back = await service.add_participant_to_session(ident, "bob")
    assert (back.user_id, back.cursor_position) == ("bob", None)
    assert embedding.announced() == [
        *("user_joined", "mode_changed", "user_joined", "cursor_update", "cursor_update"),
        *("user_left", "user_joined"),
    ]


async def test_inactive_participants_are_cleaned_up(database: Database) -> None:
    embedding = Embedding(database, presence_timeout_s=0.1)
    await embedding.begin(bob=Role.EDITOR)
    service = embedding.service
    session = await service.create_collaboration_session(WF, OWNER)
    await service.acquire_edit_lock(WF, OWNER, "node", "n1", session_id=session.session_id)
    await service.acquire_edit_lock(WF, OWNER, "node", "n2")
    seen = [*session.participants]
    while seen:
        await service.cleanup_inactive_participants()
        seen = await service.get_session_participants(session.session_id, "bob")
    await service.cleanup_inactive_participants()
    left = await service.get_active_locks(WF, OWNER)
    assert [lock.resource_id for lock in left] == ["n2"], "it was taken without a session"
    assert {"user_left", "lock_released"} <= set(embedding.announced())


async def test_acc_1_a_lock_bumps_the_epoch_is_announced_and_audited(embedding: Embedding) -> None:
    await embedding.begin(bob=Role.EDITOR)
    service = embedding.service
    before = await embedding.epoch()
    lock = await service.acquire_edit_lock(WF, OWNER, "node", "n1", reason="Rewording")
    assert (lock.locked_by, lock.reason, lock.fence) == (OWNER, "Rewording", 1)
    assert embedding.told[0] == AccessChanged(WorkflowId(WF), before + 1)
    with pytest.raises(LockHeld) as held:
        await service.acquire_edit_lock(WF, "bob", "node", "n1")
    assert held.value.lock["locked_by"] == OWNER
    with pytest.raises(LockNotYours):
        await service.release_edit_lock(WF, "bob", "node", "n1", force=True)
    assert await service.get_active_locks(WF, "bob") == [lock]
    await service.release_edit_lock(WF, OWNER, "node", "n1")
    assert await service.get_active_locks(WF, "bob") == []
    assert await embedding.epoch() == before + 2
    assert embedding.announced() == ["lock_acquired", "lock_released"]
    assert (await embedding.actions())[-2:] == ["lock.acquired", "lock.released"]


async def test_expired_locks_are_cleaned_up(embedding: Embedding) -> None:
    await embedding.begin()
    service = embedding.service
    second = 1 / 60
    await service.acquire_edit_lock(WF, OWNER, "node", "n1", duration_minutes=second)
    while "lock.expired" not in await embedding.actions():
        await service.cleanup_expired_locks()
    assert await service.get_active_locks(WF, OWNER) == []


async def test_shares_are_shown_and_revoked(embedding: Embedding) -> None:
    await embedding.begin(vera=Role.VIEWER)
    service = embedding.service
    share = await service.create_workflow_share(WF, OWNER, {"can_comment": True}, max_uses=3)
    assert await service.get_workflow_share(share.share_id, OWNER) == share
    shown = await service.get_workflow_share(share.share_id)
    assert not isinstance(shown, Share)
    assert shown.workflow_id == WF
    assert shown.permissions == share.permissions
    row_id = share.share_id.partition("~")[0]
    assert await service.get_workflow_share(row_id, OWNER) == share
    for refused in (
        service.get_workflow_share(row_id, "vera"),
        service.revoke_workflow_share(share.share_id, "vera"),
    ):
        with pytest.raises(Forbidden):
            await refused
    for hidden in (
        service.get_workflow_share(row_id),
        service.get_workflow_share(row_id, "stranger"),
        service.revoke_workflow_share(share.share_id, "stranger"),
    ):
        with pytest.raises(ShareNotFound):
            await hidden
    await service.revoke_workflow_share(share.share_id, OWNER)
    with pytest.raises(ShareEnded):
        await service.get_workflow_share(share.share_id)
    of_owner = await service.get_workflow_share(share.share_id, OWNER)
    assert isinstance(of_owner, Share)
    assert of_owner.revoked
    assert (await embedding.actions())[-2:] == ["share.created", "share.revoked"]


async def test_comments_are_threads_on_what_is_in_the_document(embedding: Embedding) -> None:
    await embedding.begin(cora=Role.COMMENTER)
    service = embedding.service
    first = await service.add_comment(WF, "cora", "Why?", context_type="node", context_id="n1")
    assert (first.anchor_exists, first.author) == (True, "cora")
    assert first.point is not None
    assert (first.point.x, first.point.y) == (10, 20)
    reply = await service.add_comment(WF, OWNER, "Because", first.comment_id)
    assert reply.thread_id == first.comment_id
    on_canvas = await service.add_comment(
        WF, "cora", "Here", context_type="canvas", point={"x": 1.0, "y": 2.0}
    )
    listed = await service.get_workflow_comments(WF, "cora")
    assert [each.content for each in listed] == ["Why?", "Because", "Here"]
    resolved = await service.resolve_comment(reply.comment_id, "cora")
    assert (resolved.comment_id, resolved.resolved_by) == (first.comment_id, "cora")
    open_ones = await service.get_workflow_comments(WF, "cora", resolved=False)
    assert [each.comment_id for each in open_ones] == [on_canvas.comment_id]
    of_node = await service.get_workflow_comments(WF, "cora", "node", "n1")
    assert [each.content for each in of_node] == ["Why?", "Because"]
    assert embedding.announced() == [*["new_comment"] * 3, "comment_resolved"]
    with pytest.raises(CommentNotFound):
        await service.resolve_comment(first.comment_id, "stranger")


async def test_the_audit_tells_what_the_application_did_beside_the_rest(
    embedding: Embedding,
) -> None:
    await embedding.begin(bob=Role.EDITOR)
    service = embedding.service
    await service._audit_action(
        WF, "bob", "run.started", ("run", "r1"), details={"trigger": "schedule"}
    )
    entry = (await service.get_audit_log(WF, OWNER, limit=1))[0]
    assert (entry.action, entry.user_id, entry.details) == (
        *("run.started", "bob"),
        {"trigger": "schedule"},
    )
    assert (entry.resource_type, entry.resource_id) == ("run", "r1")
    older = await service.get_audit_log(WF, OWNER, before=entry.audit_id)
    assert [each.audit_id for each in older] == list(range(entry.audit_id - 1, 0, -1))
    assert [each.action for each in await service.get_audit_log(WF, OWNER, action="run.*")] == [
        "run.started"
    ]
    with pytest.raises(Forbidden):
        await service.get_audit_log(WF, "bob")


# Who may do what


async def test_acc_2_the_actor_may_do_what_its_role_says_and_nothing_else(
    embedding: Embedding,
) -> None:
    await embedding.begin(vera=Role.VIEWER, cora=Role.COMMENTER)
    service = embedding.service
    session = await service.create_collaboration_session(WF, OWNER)
    for refused in (
        service.acquire_edit_lock(WF, "vera", "workflow"),
        service.add_comment(WF, "vera", "Hello"),
        service.create_workflow_share(WF, "cora"),
        service.get_audit_log(WF, "cora"),
        service.create_collaboration_session(WF, "stranger"),
        service.get_active_session(WF, "stranger"),
        service.get_active_locks(WF, "stranger"),
        service.get_workflow_comments(WF, "stranger"),
        service._audit_action(WF, "stranger", "run.started"),
    ):
        with pytest.raises(Forbidden):
            await refused
    for hidden in (
        service.get_session_participants(session.session_id, "stranger"),
        service.add_participant_to_session(session.session_id, "stranger"),
        service.update_session_activity(session.session_id, "stranger"),
        service.remove_participant_from_session(session.session_id, "stranger"),
    ):
        with pytest.raises(SessionNotFound):
            await hidden
    assert await embedding.actions() == [
        *("workflow.created", "member.added", "member.added"),
        *("session.created", "session.joined"),
    ]


async def test_a_full_session_is_full(embedding: Embedding) -> None:
    await embedding.begin(bob=Role.EDITOR, vera=Role.VIEWER)
    service = embedding.service
    await service.create_collaboration_session(WF, OWNER, max_users=2)
    await service.create_collaboration_session(WF, "bob")
    with pytest.raises(SessionFull) as full:
        await service.create_collaboration_session(WF, "vera")
    assert (full.value.participants, full.value.max_users) == (2, 2)


async def test_an_identity_may_stand_for_the_user_id_with_its_name_and_grants(
    embedding: Embedding,
) -> None:
    await embedding.begin()
    zoe = Identity(UserId("zoe"), name="Zoë", grants={"workflow-*": Role.EDITOR})
    lock = await embedding.service.acquire_edit_lock(WF, zoe, "edge", "e1")
    assert lock.locked_by_name == "Zoë"
    with pytest.raises(Forbidden):
        await embedding.service.acquire_edit_lock(WF, "zoe", "edge", "e2")


async def test_bad_input_is_named_and_nothing_is_written(embedding: Embedding) -> None:
    await embedding.begin()
    service = embedding.service
    for refused, where in (
        (service.acquire_edit_lock(WF, OWNER, "sheet", "s"), "/resource_type"),
        (service.acquire_edit_lock(WF, OWNER, "node"), "/resource_id"),
        (service.create_collaboration_session(WF, OWNER, max_users=0), "/max_users"),
        (service.create_workflow_share(WF, OWNER, {"can_view": False}), "/permissions/can_view"),
        (service.add_comment(WF, OWNER, "  "), "/content"),
        (service.add_comment(WF, OWNER, "x", context_type="node"), "/context_id"),
        (service.get_workflow_comments(WF, OWNER, "sheet"), "/context_type"),
        (service.get_workflow_comments(WF, OWNER, "node", "\0"), "/context_id"),
        (service.get_audit_log(WF, OWNER, action="\0"), "/action"),
        (service._audit_action(WF, OWNER, "run.started", ("run", "\0")), "/resource"),
        (service.acquire_edit_lock(WF, OWNER, "node", "\0"), "/resource_id"),
    ):
        with pytest.raises(InvalidInput) as invalid:
            await refused
        assert invalid.value.path == where
    for user_id in ("", "guest:me", "a\nb"):
        with pytest.raises(Unauthenticated):
            await service.get_active_locks(WF, user_id)
    with pytest.raises(WorkflowNotFound):
        await service.create_collaboration_session("no workflow id", OWNER)
    with pytest.raises(SessionNotFound):
        await service.get_session_participants("\0", OWNER)
    with pytest.raises(ShareNotFound):
        await service.get_workflow_share("\0", OWNER)
    with pytest.raises(CommentNotFound):
        await service.resolve_comment("\0", OWNER)
    assert await embedding.actions() == ["workflow.created"]
    assert embedding.told == []


async def test_outside_of_dev_mode_an_unknown_workflow_stays_unknown(database: Database) -> None:
    settings = Settings(auth_mode="jwt", jwt_secret="a-secret-for-tests-that-is-long-enough")
    service = CollaborationService(database, settings=settings)
    for refused in (
        service.create_collaboration_session(WF, OWNER),
        service.acquire_edit_lock(WF, OWNER, "node", "n1"),
        service.create_workflow_share(WF, OWNER),
        service.add_comment(WF, OWNER, "Hello"),
    ):
        with pytest.raises(WorkflowNotFound):
            await refused


async def test_the_service_of_a_server_tells_the_servers_bus(embedding: Embedding) -> None:
    await embedding.begin()
    services = embedded_services(
        embedding.database,
        bus=embedding.bus,
        settings=embedding.settings,
        participants=None,
        documents=None,
    )
    service = CollaborationService.of(services, base_url="https://coflow.example.org/")
    share = await service.create_workflow_share(WF, OWNER)
    assert share.url == f"https://coflow.example.org/share/{share.share_id}"
    assert [type(event) for event in embedding.told] == [AccessChanged]
