"""The WorkspaceService over gRPC: records are made, found, changed and deleted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tests.integration.snapshots.service import Refusal, refused
from tests.integration.workspace.service import Service
from timeloom.workspace.v1 import workspace_pb2
from timeloom.workspace.v1 import workspace_service_pb2 as messages

SECRET = "ghp_a-token-that-nobody-may-see"


async def create_task(service: Service, **fields: Any) -> workspace_pb2.Task:
    given: dict[str, Any] = {"title": "Water the plants", **fields}
    request = messages.CreateTaskRequest(**given)
    return (await service.stub.CreateTask(request, metadata=service.metadata)).task


async def get_task(service: Service, task_id: str) -> workspace_pb2.Task:
    request = messages.GetTaskRequest(task_id=task_id)
    return (await service.stub.GetTask(request, metadata=service.metadata)).task


async def update_task(service: Service, task_id: str, **fields: Any) -> workspace_pb2.Task:
    request = messages.UpdateTaskRequest(task_id=task_id, **fields)
    return (await service.stub.UpdateTask(request, metadata=service.metadata)).task


async def list_tasks(service: Service, **fields: Any) -> messages.ListTasksResponse:
    return await service.stub.ListTasks(messages.ListTasksRequest(**fields), metadata=service.metadata)


async def titles(service: Service, **fields: Any) -> list[str]:
    return [task.title for task in (await list_tasks(service, **fields)).tasks]


async def create_environment(service: Service, **fields: Any) -> workspace_pb2.Environment:
    given: dict[str, Any] = {"name": "kitchen", **fields}
    request = messages.CreateEnvironmentRequest(**given)
    return (await service.stub.CreateEnvironment(request, metadata=service.metadata)).environment


async def update_environment(service: Service, environment_id: str, **fields: Any) -> Any:
    request = messages.UpdateEnvironmentRequest(environment_id=environment_id, **fields)
    return (await service.stub.UpdateEnvironment(request, metadata=service.metadata)).environment


async def test_a_task_is_as_it_was_made(service: Service) -> None:
    environment_id = str(uuid4())
    task = await create_task(
        service,
        description="All of them.",
        status=workspace_pb2.TASK_STATUS_IN_PROGRESS,
        priority=workspace_pb2.TASK_PRIORITY_HIGH,
        mode=workspace_pb2.TASK_MODE_ASK,
        user_id="ada",
        session_id="kitchen",
        environment_id=environment_id,
        repository="ada/house",
        branch="main",
        status_message="Half of them are done.",
        has_changes=True,
        archived=True,
        messages=b'[{"role":"user","type":"text","data":{"text":"Please."}}]',
        pull_request=b'{"number":7}',
        tags=["home"],
        metadata=b'{"pots":{"count":3}}',
    )
    assert await get_task(service, task.id) == task
    assert (task.status, task.priority, task.mode) == (
        workspace_pb2.TASK_STATUS_IN_PROGRESS,
        workspace_pb2.TASK_PRIORITY_HIGH,
        workspace_pb2.TASK_MODE_ASK,
    )
    assert (task.user_id, task.session_id, task.environment_id) == ("ada", "kitchen", environment_id)
    assert (task.has_changes, task.archived, list(task.tags)) == (True, True, ["home"])
    assert json.loads(task.messages) == [{"role": "user", "type": "text", "data": {"text": "Please."}}]
    assert json.loads(task.metadata) == {"pots": {"count": 3}}
    assert task.create_time == task.update_time


async def test_what_a_task_is_made_without_it_has_by_default(service: Service) -> None:
    task = await create_task(service)
    assert (task.status, task.priority, task.mode) == (
        workspace_pb2.TASK_STATUS_PENDING,
        workspace_pb2.TASK_PRIORITY_MEDIUM,
        workspace_pb2.TASK_MODE_CODE,
    )
    assert (task.messages, task.pull_request, task.metadata) == (b"[]", b"", b"{}")
    assert (task.environment_id, list(task.tags)) == ("", [])


async def test_an_update_changes_what_it_names_alone(service: Service) -> None:
    task = await create_task(
        service,
        description="All of them.",
        pull_request=b'{"number":7}',
        metadata=b'{"a":1,"b":{"c":2,"d":3}}',
    )
    changed = await update_task(
        service,
        task.id,
        description="",
        tags=workspace_pb2.WordList(words=["home"]),
        pull_request=b"null",
        metadata=b'{"a":null,"b":{"c":4},"e":[]}',
        archived=False,
    )
    assert (changed.title, changed.description, list(changed.tags)) == (task.title, "", ["home"])
    assert changed.pull_request == b""
    assert json.loads(changed.metadata) == {"b": {"c": 4, "d": 3}, "e": []}
    assert changed.etag != task.etag
    assert changed.update_time.ToDatetime() > task.update_time.ToDatetime()
    assert (await update_task(service, task.id)) == changed


async def test_an_environment_keeps_variables_and_hides_secrets(service: Service) -> None:
    made = await create_environment(
        service, variables={"PORT": "8080"}, secrets={"GITHUB_TOKEN": SECRET, "NOTHING": ""}
    )
    assert dict(made.variables) == {"PORT": "8080"}
    assert list(made.secret_names) == ["GITHUB_TOKEN"]
    changed = await update_environment(
        service,
        made.id,
        variables=workspace_pb2.Variables(values={}),
        secrets={"OTHER": SECRET, "ANOTHER": SECRET},
    )
    assert dict(changed.variables) == {}
    assert list(changed.secret_names) == ["ANOTHER", "GITHUB_TOKEN", "OTHER"]
    changed = await update_environment(service, made.id, secrets={"OTHER": "", "GITHUB_TOKEN": "another"})
    assert list(changed.secret_names) == ["ANOTHER", "GITHUB_TOKEN"]
    assert changed.name == "kitchen"


async def test_preferences_belong_to_users(service: Service) -> None:
    request = messages.CreatePreferenceRequest(user_id="ada", key="theme", value=b'"dark"')
    made = (await service.stub.CreatePreference(request, metadata=service.metadata)).preference
    again = await refused(service.stub.CreatePreference(request, metadata=service.metadata))
    assert again == Refusal(
        grpc.StatusCode.ALREADY_EXISTS,
        "ALREADY_EXISTS",
        "There is another preference of this key already.",
        {},
    )
    request = messages.CreatePreferenceRequest(user_id="bob", key="theme", value=b"null")
    await service.stub.CreatePreference(request, metadata=service.metadata)
    cases: list[tuple[dict[str, Any], Any]] = [
        ({"user_id": "ada"}, ["ada"]),
        ({"user_id": ""}, []),
        ({"key": "theme"}, ["ada", "bob"]),
        ({"key_prefix": "the"}, ["ada", "bob"]),
        ({"key_prefix": "them%"}, []),
    ]
    for filters, keys in cases:
        listing = messages.ListPreferencesRequest(**filters)
        found = await service.stub.ListPreferences(listing, metadata=service.metadata)
        assert sorted(each.user_id for each in found.preferences) == keys
    update = messages.UpdatePreferenceRequest(preference_id=made.id, value=b"[1.5]")
    changed = (await service.stub.UpdatePreference(update, metadata=service.metadata)).preference
    assert (changed.value, changed.key) == (b"[1.5]", "theme")


async def test_an_agent_session_knows_its_times(service: Service) -> None:
    start = Timestamp()
    start.FromDatetime(datetime(2026, 1, 2, 3, 4, 5, 678901, UTC))
    request = messages.CreateAgentSessionRequest(
        type=workspace_pb2.AGENT_SESSION_TYPE_MULTI_AGENT,
        title="Dinner",
        data=b'{"guests":["Ada"]}',
        start_time=start,
        total_stages=3,
        active=True,
    )
    made = (await service.stub.CreateAgentSession(request, metadata=service.metadata)).agent_session
    assert (made.start_time, made.HasField("end_time")) == (start, False)
    update = messages.UpdateAgentSessionRequest(agent_session_id=made.id, active=False, end_time=start)
    changed = (await service.stub.UpdateAgentSession(update, metadata=service.metadata)).agent_session
    assert (changed.active, changed.end_time, changed.total_stages) == (False, start, 3)
    cases: list[tuple[dict[str, Any], int]] = [
        ({"active": True}, 0),
        ({"active": False}, 1),
        ({"agent_id": "cook"}, 0),
    ]
    for filters, count in cases:
        listing = messages.ListAgentSessionsRequest(**filters)
        found = await service.stub.ListAgentSessions(listing, metadata=service.metadata)
        assert len(found.agent_sessions) == count


async def test_an_id_is_taken_once(service: Service) -> None:
    task_id = str(uuid4())
    assert (await create_task(service, task_id=task_id)).id == task_id
    request = messages.CreateTaskRequest(task_id=task_id, title="Again")
    found = await refused(service.stub.CreateTask(request, metadata=service.metadata))
    assert (found.reason, found.message) == ("ALREADY_EXISTS", f"There is a task {task_id} already.")


async def test_an_etag_guards_a_change(service: Service) -> None:
    task = await create_task(service)
    changed = await update_task(service, task.id, etag=task.etag, title="Water them all")
    late = messages.UpdateTaskRequest(task_id=task.id, etag=task.etag, title="Late")
    found = await refused(service.stub.UpdateTask(late, metadata=service.metadata))
    assert (found.status, found.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ETAG_MISMATCH")
    assert found.metadata == {"etag": changed.etag}
    deletion = messages.DeleteTaskRequest(task_id=task.id, etag=task.etag)
    assert (
        await refused(service.stub.DeleteTask(deletion, metadata=service.metadata))
    ).reason == "ETAG_MISMATCH"
    assert await get_task(service, task.id) == changed
    deletion = messages.DeleteTaskRequest(task_id=task.id, etag=changed.etag)
    await service.stub.DeleteTask(deletion, metadata=service.metadata)
    gone = await refused(
        service.stub.GetTask(messages.GetTaskRequest(task_id=task.id), metadata=service.metadata)
    )
    assert (gone.reason, gone.message) == ("NOT_FOUND", f"There is no task {task.id}.")


async def test_a_record_that_is_made_anew_has_another_etag(service: Service) -> None:
    task_id = str(uuid4())
    first = await create_task(service, task_id=task_id)
    await service.stub.DeleteTask(messages.DeleteTaskRequest(task_id=task_id), metadata=service.metadata)
    assert (await create_task(service, task_id=task_id)).etag != first.etag


async def test_of_changes_at_once_with_one_etag_one_is_made(service: Service) -> None:
    task = await create_task(service)
    calls = (update_task(service, task.id, etag=task.etag, title=f"Title {n}") for n in range(10))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    made = [each for each in outcomes if isinstance(each, workspace_pb2.Task)]
    assert len(made) == 1
    assert await get_task(service, task.id) == made[0]


async def test_changes_at_once_without_an_etag_are_all_made(service: Service) -> None:
    task = await create_task(service)
    await asyncio.gather(
        *(update_task(service, task.id, metadata=json.dumps({str(n): n}).encode()) for n in range(10))
    )
    assert json.loads((await get_task(service, task.id)).metadata) == {str(n): n for n in range(10)}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"title": ""}, "title is required"),
        ({"title": "\x00"}, "title must not contain the character U+0000"),
        ({"messages": b"{}"}, "messages must be a JSON array"),
        ({"messages": b"["}, "messages is no JSON document: Input data was truncated."),
        ({"messages": b'["\\u0000"]'}, "messages must not contain the character U+0000"),
        ({"messages": b'[{"\\u0000":1}]'}, "messages must not contain the character U+0000"),
        ({"messages": b'["\xff"]'}, "messages is no JSON document: it is not UTF-8."),
        ({"messages": b"[1e999]"}, "messages is no JSON document: Number out of range - at `$[0]`."),
        ({"messages": b"[" * 101 + b"]" * 101}, "messages is nested more than 100 levels deep"),
        ({"messages": b"[" * 9000 + b"]" * 9000}, "messages is nested more than 100 levels deep"),
        ({"metadata": b"[]"}, "metadata must be a JSON object"),
        ({"pull_request": b"7"}, "pullRequest must be a JSON object"),
        ({"tags": ["ok", ""]}, "tags[1] must have 1 to 100 characters"),
        ({"environment_id": "kitchen"}, "environmentId must be a UUID"),
    ],
)
async def test_what_is_wrong_is_named(service: Service, fields: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"title": "Water", **fields}
    request = messages.CreateTaskRequest(**given)
    found = await refused(service.stub.CreateTask(request, metadata=service.metadata))
    assert (found.status, found.message) == (grpc.StatusCode.INVALID_ARGUMENT, message)


async def test_what_a_change_would_make_wrong_is_refused(service: Service) -> None:
    task = await create_task(service, metadata=json.dumps({"a": "x" * 600_000}).encode())
    cases: list[tuple[dict[str, Any], str]] = [
        ({"title": ""}, "title is required"),
        ({"status": 0}, "status must be one of PENDING, IN_PROGRESS, PAUSED, COMPLETED, CANCELLED"),
        ({"metadata": json.dumps({"b": "x" * 600_000}).encode()}, "metadata has 1200015 bytes"),
        ({"metadata": b"7"}, "metadata must be a JSON object"),
    ]
    for fields, message in cases:
        request = messages.UpdateTaskRequest(task_id=task.id, **fields)
        found = await refused(service.stub.UpdateTask(request, metadata=service.metadata))
        assert found.message.startswith(message)
    assert await get_task(service, task.id) == task


async def test_secrets_that_cannot_be_are_refused_without_being_told(service: Service) -> None:
    for secrets in ({"": SECRET}, {"x" * 101: SECRET}, {"TOKEN": SECRET * 5000}):
        request = messages.CreateEnvironmentRequest(name="kitchen", secrets=secrets)
        found = await refused(service.stub.CreateEnvironment(request, metadata=service.metadata))
        assert found.reason == "INVALID_FIELD"
        assert SECRET not in repr(found)
    made = await create_environment(service, secrets={f"S{n}": "x" for n in range(30)})
    update = messages.UpdateEnvironmentRequest(
        environment_id=made.id, secrets={f"T{n}": "x" for n in range(21)}
    )
    found = await refused(service.stub.UpdateEnvironment(update, metadata=service.metadata))
    assert found.message == "secrets would be 51; at most 50 are allowed"


async def test_lists_are_filtered(service: Service) -> None:
    await create_task(service, title="One", status=workspace_pb2.TASK_STATUS_PAUSED, tags=["a", "b"])
    await create_task(service, title="Two", user_id="ada", archived=True, tags=["b"])
    await create_task(
        service, title="Three", priority=workspace_pb2.TASK_PRIORITY_HIGH, repository="ada/house"
    )
    cases: list[tuple[dict[str, Any], Any]] = [
        ({}, ["Three", "Two", "One"]),
        ({"statuses": [workspace_pb2.TASK_STATUS_PAUSED]}, ["One"]),
        ({"priority": workspace_pb2.TASK_PRIORITY_HIGH}, ["Three"]),
        ({"archived": False}, ["Three", "One"]),
        ({"user_id": "ada"}, ["Two"]),
        ({"user_id": ""}, ["Three", "One"]),
        ({"tags": ["b"]}, ["Two", "One"]),
        ({"tags": ["b", "a"]}, ["One"]),
        ({"repository": "ada/house"}, ["Three"]),
        ({"environment_id": str(uuid4())}, []),
        ({"order_by": "title"}, ["One", "Three", "Two"]),
        ({"order_by": "title desc"}, ["Two", "Three", "One"]),
        ({"order_by": "priority desc"}, ["Three"]),
        ({"order_by": "create_time"}, ["One", "Two", "Three"]),
    ]
    for filters, expected in cases:
        assert (await titles(service, **filters))[: len(expected) or None] == expected


async def test_words_are_found_wherever_they_are_said(service: Service) -> None:
    said = b'[{"role":"user","data":{"text":"Say \\"hi\\" to GR\\u00dcN, 100%"}}]'
    await create_task(service, title="Paint the door", description="In the GARDEN", messages=said)
    await create_task(service, title="Water", messages=b'[{"text":"door"}]')
    for query, expected in (
        ("door", ["Water", "Paint the door"]),
        ("garden PAINT", ["Paint the door"]),
        ("gr\u00fcn", ["Paint the door"]),
        ('"hi"', ["Paint the door"]),
        ("100%", ["Paint the door"]),
        ("text", []),
        ("door garden water", []),
        ("_ater", []),
    ):
        assert await titles(service, query=query) == expected, query
    many = messages.ListTasksRequest(query=" ".join(str(n) for n in range(21)))
    found = await refused(service.stub.ListTasks(many, metadata=service.metadata))
    assert found.message == "query has 21 words; at most 20 are allowed"


async def test_an_order_that_there_is_not_is_refused(service: Service) -> None:
    for order in ("color", "title up", "title; DROP TABLE tasks"):
        request = messages.ListTasksRequest(order_by=order)
        found = await refused(service.stub.ListTasks(request, metadata=service.metadata))
        assert found.message.startswith("orderBy must be one of update_time, create_time, priority, title")


async def pages(service: Service, **fields: Any) -> AsyncIterator[list[workspace_pb2.Task]]:
    token = ""
    while True:
        page = await list_tasks(service, page_token=token, **fields)
        yield list(page.tasks)
        token = page.next_page_token
        if not token:
            return


@pytest.mark.parametrize(
    "order", ["create_time", "create_time desc", "update_time", "title", "title desc", "priority desc"]
)
async def test_pages_have_every_task_that_stays(service: Service, order: str) -> None:
    staying = [(await create_task(service, title=f"Task {n % 3}")).id for n in range(25)]
    seen: list[str] = []
    async for page in pages(service, page_size=4, order_by=order):
        seen += [task.id for task in page]
        # Whatever comes, changes and goes meanwhile: nothing that stays is left out.
        made = await create_task(service, title=f"Task {len(seen) % 3}")
        await update_task(service, staying[len(seen) % 25], status_message=f"Seen {len(seen)}")
        if len(seen) % 2:
            await service.stub.DeleteTask(
                messages.DeleteTaskRequest(task_id=made.id), metadata=service.metadata
            )
        if len(seen) > 200:
            break
    assert set(staying) <= set(seen)
    if "update_time" not in order:
        assert len(seen) == len(set(seen))


async def test_pages_end_before_they_are_too_large(service: Service) -> None:
    large = json.dumps(["x" * 7_900_000]).encode()
    made = [(await create_task(service, title=f"Task {n}", messages=large)).id for n in range(6)]
    found = [[task.id for task in page] async for page in pages(service, order_by="create_time")]
    assert [len(page) for page in found] == [5, 1]
    assert [task_id for page in found for task_id in page] == made


async def test_a_page_token_is_good_for_its_list_alone(service: Service) -> None:
    for n in range(3):
        await create_task(service, title=f"Task {n}")
    token = (await list_tasks(service, page_size=1)).next_page_token
    others: list[dict[str, Any]] = [
        {"order_by": "title"},
        {"query": "task"},
        {"archived": False},
        {"tags": ["a"]},
    ]
    for fields in others:
        request = messages.ListTasksRequest(page_token=token, **fields)
        found = await refused(service.stub.ListTasks(request, metadata=service.metadata))
        assert found.reason == "INVALID_PAGE_TOKEN"


async def test_other_projects_see_and_change_nothing(service: Service) -> None:
    task = await create_task(service)
    stranger = service.metadata_of(uuid4())
    assert not (await service.stub.ListTasks(messages.ListTasksRequest(), metadata=stranger)).tasks
    for call in (
        service.stub.GetTask(messages.GetTaskRequest(task_id=task.id), metadata=stranger),
        service.stub.UpdateTask(messages.UpdateTaskRequest(task_id=task.id, title="Mine"), metadata=stranger),
        service.stub.DeleteTask(messages.DeleteTaskRequest(task_id=task.id), metadata=stranger),
    ):
        assert (await refused(call)).reason == "NOT_FOUND"
    # An id belongs to its project: whoever has another one may use it, too.
    request = messages.CreateTaskRequest(task_id=task.id, title="Theirs")
    assert (await service.stub.CreateTask(request, metadata=stranger)).task.title == "Theirs"
    assert await get_task(service, task.id) == task
