"""Beginning executions by a call."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc.aio
import pytest

from tests.integration.snapshots.service import refused
from tests.integration.workflows.conftest import Replicas
from tests.integration.workflows.service import Replica
from timeloom.workflows.v1 import workflow_executions_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2
from timeloom_platform.testing import eventually
from timeloom_workflows.engine.commands import Ended
from timeloom_workflows.model import Status, TriggerType

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "ages": {"type": "array", "items": {"type": "integer"}}},
    "required": ["name"],
}


async def make_workflow(replica: Replica, workflow_id: str = "greet", **definition: Any) -> None:
    """Makes a workflow, or its next version, as the tables have it."""
    text = json.dumps({"id": workflow_id, "steps": [], **definition})
    async with replica.rows() as connection:
        version = await connection.fetchval(
            """
            INSERT INTO workflows (
                project_id, id, version, kind, enabled, description, tags, revision, create_time, update_time
            )
            VALUES ($1, $2, 1, 1, true, '', '{}', 1, now(), now())
            ON CONFLICT (project_id, id) DO UPDATE SET version = workflows.version + 1
            RETURNING version
            """,
            replica.project_id,
            workflow_id,
        )
        await connection.execute(
            """
            INSERT INTO workflow_versions (
                project_id, workflow_id, version, kind, definition, definition_hash, create_time
            )
            VALUES ($1, $2, $3, 1, $4, '', now())
            """,
            replica.project_id,
            workflow_id,
            version,
            text,
        )


def executing(replica: Replica, **fields: Any) -> Any:
    """Calls ExecuteWorkflow; documents are given as values."""
    for name in ("input", "attributes"):
        if name in fields:
            fields[name] = json.dumps(fields[name]).encode()
    request = messages.ExecuteWorkflowRequest(**{"workflow_id": "greet", **fields})
    return replica.executions.ExecuteWorkflow(request, metadata=replica.metadata)


async def execute(replica: Replica, **fields: Any) -> workflows_pb2.WorkflowExecution:
    response: messages.ExecuteWorkflowResponse = await executing(replica, **fields)
    return response.execution


async def test_an_execution_begins_as_the_call_says(workflows_service: Replica) -> None:
    await make_workflow(workflows_service, input=SCHEMA, timeouts={"execution": "2h"})

    answered = await execute(
        workflows_service,
        input={"name": "Ada"},
        priority=7,
        tags=["a", "b", "a"],
        attributes={"customer": "c1", "n": 1, "vip": True},
    )

    execution = await workflows_service.execution(UUID(answered.id))
    assert (execution.workflow_id, execution.workflow_version) == ("greet", 1)
    assert (execution.trigger, execution.priority) == (TriggerType.MANUAL, 7)
    assert json.loads(execution.input or b"") == {"name": "Ada"}
    assert json.loads(execution.attributes or b"") == {"customer": "c1", "n": 1, "vip": True}
    assert list(execution.tags) == ["a", "b"]
    assert execution.deadline == execution.create_time + timedelta(hours=2)
    assert answered.status == workflows_pb2.WORKFLOW_EXECUTION_STATUS_RUNNING
    assert answered.deadline.ToDatetime(tzinfo=UTC) == execution.deadline
    assert UUID(answered.id).version == 7


async def test_a_new_version_is_begun_with_at_once(
    workflows_service: Replica, another_replica: Replicas
) -> None:
    await make_workflow(workflows_service)
    async with another_replica() as other:
        for version in (1, 2, 3):
            for replica in (workflows_service, other):
                assert (await execute(replica)).workflow_version == version
            await make_workflow(workflows_service)
    assert (await execute(workflows_service, version=2)).workflow_version == 2


async def test_a_workflow_that_is_gone_begins_no_more(workflows_service: Replica) -> None:
    await make_workflow(workflows_service)
    await execute(workflows_service)
    await execute(workflows_service, version=1)
    async with workflows_service.rows() as connection:
        await connection.execute("DELETE FROM workflows")

    for version in (0, 1):
        refusal = await refused(executing(workflows_service, version=version))
        assert (refusal.status, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": 7}, "input.name"),
        ({"name": "Ada", "ages": [1, "2"]}, "input.ages[1]"),
        ({}, "input"),
        ([], "input"),
    ],
)
async def test_an_input_that_is_not_what_the_schema_asks_for_is_refused(
    workflows_service: Replica, given: Any, field: str
) -> None:
    await make_workflow(workflows_service, input=SCHEMA)

    refusal = await refused(executing(workflows_service, input=given))

    assert (refusal.status, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert refusal.message.startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("fields", "reason", "text"),
    [
        ({"workflow_id": "unknown"}, "NOT_FOUND", "unknown"),
        ({"version": 9}, "NOT_FOUND", "9"),
        ({"attributes": []}, "INVALID_FIELD", "attributes"),
        ({"attributes": {"a": {}}}, "INVALID_FIELD", "attributes.a"),
        ({"attributes": {"a": "\0"}}, "INVALID_FIELD", "attributes.a"),
        ({"attributes": {str(n): n for n in range(51)}}, "INVALID_FIELD", "50"),
        ({"tags": [""]}, "INVALID_FIELD", "tags[0]"),
        ({"priority": 101}, "INVALID_FIELD", "priority"),
        ({"start_time": datetime.now(UTC) + timedelta(days=36600)}, "INVALID_FIELD", "startTime"),
        ({"idempotency_key": "a\0b"}, "INVALID_FIELD", "idempotencyKey"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_field_and_the_reason(
    workflows_service: Replica, fields: dict[str, Any], reason: str, text: str
) -> None:
    await make_workflow(workflows_service)

    refusal = await refused(executing(workflows_service, **fields))

    assert refusal.reason == reason
    assert text in refusal.message


async def test_an_input_that_is_not_json_is_refused(workflows_service: Replica) -> None:
    await make_workflow(workflows_service)
    request = messages.ExecuteWorkflowRequest(workflow_id="greet", input=b"{")

    refusal = await refused(
        workflows_service.executions.ExecuteWorkflow(request, metadata=workflows_service.metadata)
    )

    assert refusal.reason == "MALFORMED_JSON"


async def test_the_same_key_answers_with_the_same_execution(workflows_service: Replica) -> None:
    await make_workflow(workflows_service)

    answered = [
        await execute(workflows_service, idempotency_key="k", input=number, tags=[str(number)])
        for number in (1, 2)
    ]

    assert answered[0].id == answered[1].id
    assert list(answered[1].tags) == ["1"]


async def test_a_call_waits_for_the_end(workflows_service: Replica) -> None:
    await make_workflow(workflows_service)
    call = asyncio.ensure_future(execute(workflows_service, wait_seconds=60))
    (claimed,) = await eventually(lambda: list(workflows_service.ping.claimed.values()))

    await workflows_service.advance(claimed, Ended(status=Status.SUCCEEDED, output=b'"hello"'))

    answered = await call
    assert answered.status == workflows_pb2.WORKFLOW_EXECUTION_STATUS_SUCCEEDED
    assert answered.output == b'"hello"'


async def test_a_call_waits_for_an_end_that_comes_from_elsewhere(
    workflows_service: Replica, another_replica: Replicas
) -> None:
    await make_workflow(workflows_service)
    workflows_service.ping.places = 0
    async with another_replica() as other:
        call = asyncio.ensure_future(execute(workflows_service, wait_seconds=60, idempotency_key="k"))
        again = asyncio.ensure_future(execute(other, wait_seconds=60, idempotency_key="k"))
        (claimed,) = await eventually(lambda: list(other.ping.claimed.values()))
        await other.advance(claimed, Ended(status=Status.SUCCEEDED, output=b'"hello"'))

        answered = await asyncio.gather(call, again)

    assert [each.output for each in answered] == [b'"hello"'] * 2
    assert answered[0].id == answered[1].id


async def test_a_wait_that_is_over_answers_with_how_it_stands(workflows_service: Replica) -> None:
    await make_workflow(workflows_service)

    answered = await execute(workflows_service, wait_seconds=1)

    assert answered.status == workflows_pb2.WORKFLOW_EXECUTION_STATUS_RUNNING
    assert len(workflows_service.engine.waiters) == 0


async def test_an_execution_begins_when_its_time_has_come(workflows_service: Replica) -> None:
    await make_workflow(workflows_service)
    start_time = datetime.now(UTC) + timedelta(milliseconds=300)

    answered = await execute(workflows_service, start_time=start_time)

    assert answered.status == workflows_pb2.WORKFLOW_EXECUTION_STATUS_PENDING
    assert answered.waiting_for == workflows_pb2.WAIT_REASON_TIME
    claimed = await workflows_service.claimed(UUID(answered.id))
    assert claimed.execution.start_time is not None
    assert claimed.execution.start_time >= start_time


async def test_many_begin_with_one_call(workflows_service: Replica) -> None:
    await make_workflow(workflows_service, input={"type": "integer"})
    request = messages.BatchExecuteWorkflowRequest(
        workflow_id="greet", inputs=json.dumps(list(range(1000))).encode(), tags=["batch"]
    )

    response = await workflows_service.executions.BatchExecuteWorkflow(
        request, metadata=workflows_service.metadata
    )

    async with workflows_service.rows() as connection:
        rows = await connection.fetch("SELECT id, input FROM executions WHERE tags = '{batch}'")
    inputs = {row["id"]: row["input"] for row in rows}
    assert [inputs[UUID(each)] for each in response.execution_ids] == [str(n) for n in range(1000)]


@pytest.mark.parametrize(
    ("inputs", "reason", "text"),
    [
        (b"{}", "INVALID_FIELD", "inputs"),
        (b"[]", "INVALID_FIELD", "inputs"),
        (b"[1", "MALFORMED_JSON", "inputs"),
        (b'[1, "2"]', "INVALID_FIELD", "inputs[1]"),
        (json.dumps([1] * 1001).encode(), "INVALID_FIELD", "inputs"),
    ],
)
async def test_a_batch_begins_as_a_whole_or_not_at_all(
    workflows_service: Replica, inputs: bytes, reason: str, text: str
) -> None:
    await make_workflow(workflows_service, input={"type": "integer"})
    request = messages.BatchExecuteWorkflowRequest(workflow_id="greet", inputs=inputs)

    refusal = await refused(
        workflows_service.executions.BatchExecuteWorkflow(request, metadata=workflows_service.metadata)
    )

    assert refusal.reason == reason
    assert text in refusal.message
    async with workflows_service.rows() as connection:
        assert await connection.fetchval("SELECT count(*) FROM executions") == 0


async def test_another_project_has_no_such_workflow(
    workflows_service: Replica, another_replica: Replicas
) -> None:
    await make_workflow(workflows_service)
    async with another_replica(project_id=uuid4()) as stranger:
        refusal = await refused(executing(stranger))
    assert refusal.reason == "NOT_FOUND"
