"""The client of tasks, environments, preferences and agent sessions against the real service."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from tests.integration.sdk.workspace_service import WorkspaceService
from timeloom import AsyncTimeloom, Timeloom, errors
from timeloom.records import AgentSessionType, TaskMode, TaskPriority, TaskStatus


def test_a_task_goes_its_way(workspace_client: Timeloom) -> None:
    tasks, user = workspace_client.tasks, uuid.uuid4().hex
    made = tasks.create(
        "Water the plants",
        priority=TaskPriority.HIGH,
        mode=TaskMode.ASK,
        user_id=user,
        messages=[{"role": "user", "data": {"text": "Please."}}],
        pull_request={"number": 7},
        tags=["home"],
        metadata={"pots": 3},
    )
    assert tasks.get(made.id) == made
    assert (made.status, made.priority, made.mode) == (
        TaskStatus.PENDING,
        TaskPriority.HIGH,
        TaskMode.ASK,
    )
    assert made.messages == [{"role": "user", "data": {"text": "Please."}}]
    assert (made.pull_request, made.tags, made.metadata) == ({"number": 7}, ("home",), {"pots": 3})
    done = tasks.update(
        made.id,
        status=TaskStatus.COMPLETED,
        without_pull_request=True,
        tags=[],
        metadata={"pots": None, "cans": 1},
        etag=made.etag,
    )
    assert (done.status, done.pull_request, done.tags) == (TaskStatus.COMPLETED, None, ())
    assert (done.title, done.metadata) == (made.title, {"cans": 1})
    with pytest.raises(errors.EtagMismatchError):
        tasks.update(made.id, title="Late", etag=made.etag)
    assert [each.id for each in tasks.list(user_id=user, statuses=[TaskStatus.COMPLETED])] == [made.id]
    assert list(tasks.list(user_id=user, query="please water")) == [done]
    assert list(tasks.list(user_id=user, archived=True)) == []
    tasks.delete(made.id, etag=done.etag)
    with pytest.raises(errors.NotFoundError):
        tasks.get(made.id)


def test_lists_come_page_by_page(workspace_client: Timeloom) -> None:
    user = uuid.uuid4().hex
    made = [workspace_client.tasks.create(f"Task {n}", user_id=user).id for n in range(7)]
    found = workspace_client.tasks.list(user_id=user, order_by="create_time", page_size=3)
    assert [each.id for each in found] == made
    assert len(list(workspace_client.tasks.list(user_id=user, limit=4, page_size=3))) == 4


def test_an_environment_hides_its_secrets(workspace_client: Timeloom) -> None:
    environments, name = workspace_client.environments, uuid.uuid4().hex
    made = environments.create(name, variables={"PORT": "8080"}, secrets={"TOKEN": "hidden"})
    assert (made.variables, made.secret_names) == ({"PORT": "8080"}, ("TOKEN",))
    assert "hidden" not in repr(made)
    with pytest.raises(errors.AlreadyExistsError):
        environments.create(name)
    changed = environments.update(
        made.id, variables={}, secrets={"TOKEN": "", "OTHER": "hidden"}, description="Where it is warm."
    )
    assert (changed.variables, changed.secret_names) == ({}, ("OTHER",))
    assert environments.get(made.id) == changed
    assert list(environments.list(name=name)) == [changed]
    environments.delete(made.id)
    assert list(environments.list(name=name)) == []


def test_a_preference_is_set_and_set_again(workspace_client: Timeloom) -> None:
    preferences, user = workspace_client.preferences, uuid.uuid4().hex
    made = preferences.set("theme", "dark", user_id=user)
    changed = preferences.set("theme", None, user_id=user)
    assert (made.value, changed.value, changed.id) == ("dark", None, made.id)
    assert preferences.get(made.id) == changed
    assert preferences.create("font", {"size": 12}, user_id=user).value == {"size": 12}
    assert [each.key for each in preferences.list(user_id=user)] == ["font", "theme"]
    assert [each.key for each in preferences.list(user_id=user, key_prefix="th")] == ["theme"]
    preferences.delete(made.id, etag=changed.etag)
    assert [each.key for each in preferences.list(user_id=user)] == ["font"]


def test_an_agent_session_ends(workspace_client: Timeloom) -> None:
    sessions, user = workspace_client.agent_sessions, uuid.uuid4().hex
    start = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    made = sessions.create(
        type=AgentSessionType.MULTI_AGENT,
        title="Dinner",
        user_id=user,
        data={"guests": ["Ada"]},
        active=True,
        start_time=start,
    )
    assert (made.type, made.data, made.start_time, made.end_time) == (
        AgentSessionType.MULTI_AGENT,
        {"guests": ["Ada"]},
        start,
        None,
    )
    ended = sessions.update(made.id, active=False, end_time=start, data={"guests": []})
    assert (ended.active, ended.end_time, ended.data) == (False, start, {"guests": []})
    assert sessions.get(made.id) == ended
    assert list(sessions.list(user_id=user, types=[AgentSessionType.MULTI_AGENT], active=False)) == [ended]
    sessions.delete(made.id)
    assert list(sessions.list(user_id=user)) == []


async def test_the_asynchronous_client_does_the_same(workspace_service: WorkspaceService) -> None:
    async with AsyncTimeloom(
        api_key=workspace_service.api_key, grpc_address=workspace_service.address
    ) as client:
        made = await client.tasks.create("Water the plants", user_id="async")
        assert [each async for each in client.tasks.list(user_id="async")] == [made]
        await client.tasks.delete(made.id)
