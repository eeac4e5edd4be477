"""Workflows and their versions, over the wire."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.snapshots.service import refused
from tests.integration.workflows.conftest import Replicas
from tests.integration.workflows.service import Replica
from timeloom.events.v1 import events_pb2
from timeloom.workflows.v1 import workflow_executions_service_pb2 as execution_messages
from timeloom.workflows.v1 import workflows_pb2
from timeloom.workflows.v1 import workflows_service_pb2 as messages
from timeloom_platform.pagination import Cursors
from timeloom_workflows.errors import InvalidDefinitionError
from timeloom_workflows.model import WorkflowKind
from timeloom_workflows.workflows import Workflows


def definition(workflow_id: str = "greet", *, value: object = 1, **fields: Any) -> bytes:
    steps = [{"id": "greeting", "type": "transform", "value": value}]
    return json.dumps({"id": workflow_id, "steps": steps, **fields}).encode()


async def create(replica: Replica, text: bytes, **fields: Any) -> workflows_pb2.Workflow:
    request = messages.CreateWorkflowRequest(definition=text, **fields)
    return (await replica.workflows.CreateWorkflow(request, metadata=replica.metadata)).workflow


async def put(replica: Replica, text: bytes, **fields: Any) -> workflows_pb2.Workflow:
    given: dict[str, Any] = {"workflow_id": json.loads(text)["id"], "definition": text, **fields}
    request = messages.UpdateWorkflowRequest(**given)
    return (await replica.workflows.UpdateWorkflow(request, metadata=replica.metadata)).workflow


async def get(replica: Replica, workflow_id: str, version: int = 0) -> workflows_pb2.Workflow:
    request = messages.GetWorkflowRequest(workflow_id=workflow_id, version=version)
    return (await replica.workflows.GetWorkflow(request, metadata=replica.metadata)).workflow


async def listed(replica: Replica, **fields: Any) -> list[str]:
    """Returns the ids on all pages."""
    ids: list[str] = []
    token = ""
    while True:
        request = messages.ListWorkflowsRequest(page_token=token, page_size=2, **fields)
        page = await replica.workflows.ListWorkflows(request, metadata=replica.metadata)
        ids += [each.id for each in page.workflows]
        token = page.next_page_token
        if not token:
            return ids


async def told(replica: Replica) -> list[tuple[str, int, bool]]:
    """Returns what was told of workflows, in order."""
    async with replica.database.system_transaction() as connection:
        rows = await connection.fetch("SELECT batch FROM outbox ORDER BY position")
    events = [event for row in rows for event in events_pb2.OutboxBatch.FromString(row["batch"]).events]
    return [
        (each.workflow_changed.workflow_id, each.workflow_changed.version, each.workflow_changed.enabled)
        for each in events
        if each.HasField("workflow_changed")
    ]


async def test_what_was_made_is_found(workflows_service: Replica) -> None:
    text = definition(description="Greets.")
    made = await create(workflows_service, text, tags=["b", "a"])
    assert (made.id, made.version, made.kind) == ("greet", 1, workflows_pb2.WORKFLOW_KIND_DAG)
    assert (made.description, made.enabled, list(made.tags)) == ("Greets.", True, ["b", "a"])
    assert made.definition == text
    assert await get(workflows_service, "greet") == made


async def test_an_id_is_taken_once(workflows_service: Replica) -> None:
    made = await create(workflows_service, definition())
    assert await create(workflows_service, definition()) == made
    assert (await refused(create(workflows_service, definition(value=2)))).reason == "ALREADY_EXISTS"


async def test_each_change_is_a_version_and_none_makes_none(workflows_service: Replica) -> None:
    first = await put(workflows_service, definition())
    same = b" " + definition().replace(b'"id": "greet", ', b"").replace(
        b'{"steps"', b'{"id": "greet", "steps"'
    )
    assert await put(workflows_service, same) == first
    second = await put(workflows_service, definition(value=2))
    assert (second.version, first.version) == (2, 1)
    assert second.etag != first.etag
    assert json.loads((await get(workflows_service, "greet", 1)).definition)["steps"][0]["value"] == 1
    request = messages.ListWorkflowVersionsRequest(workflow_id="greet", page_size=1)
    page = await workflows_service.workflows.ListWorkflowVersions(
        request, metadata=workflows_service.metadata
    )
    assert [each.version for each in page.versions] == [2]
    request.page_token = page.next_page_token
    page = await workflows_service.workflows.ListWorkflowVersions(
        request, metadata=workflows_service.metadata
    )
    assert [each.version for each in page.versions] == [1]
    assert page.next_page_token == ""


async def test_an_etag_that_is_old_is_refused(workflows_service: Replica) -> None:
    first = await put(workflows_service, definition())
    await put(workflows_service, definition(value=2), etag=first.etag)
    assert (
        await refused(put(workflows_service, definition(value=3), etag=first.etag))
    ).reason == "ETAG_MISMATCH"


async def test_changes_at_the_same_time_are_versions_one_after_another(workflows_service: Replica) -> None:
    made = await asyncio.gather(*(put(workflows_service, definition(value=n)) for n in range(12)))
    assert sorted(each.version for each in made) == list(range(1, 13))


async def test_a_wrong_definition_is_refused_with_its_places(workflows_service: Replica) -> None:
    wrong = json.dumps(
        {"id": "greet", "steps": [{"id": "a", "type": "transform", "value": "${ x }"}]}
    ).encode()
    for call in (create, put):
        assert (await refused(call(workflows_service, wrong))).reason == "INVALID_DEFINITION"
    request = messages.ValidateWorkflowRequest(definition=wrong)
    answer = await workflows_service.workflows.ValidateWorkflow(request, metadata=workflows_service.metadata)
    assert [(each.place, each.step_id, each.code) for each in answer.problems] == [
        ("steps[0].value", "a", "UNKNOWN_VARIABLE")
    ]
    assert (
        await refused(put(workflows_service, definition(), workflow_id="another"))
    ).reason == "INVALID_FIELD"


async def test_workflows_are_listed_by_id_tag_kind_and_text(workflows_service: Replica) -> None:
    for name in ("d", "b", "a", "c", "e"):
        await create(
            workflows_service, definition(name, description=f"Does {name.upper()}."), tags=[name, "all"]
        )
    assert await listed(workflows_service) == ["a", "b", "c", "d", "e"]
    assert await listed(workflows_service, tags=["all", "c"]) == ["c"]
    assert await listed(workflows_service, text="does d.") == ["d"]
    assert await listed(workflows_service, kind=workflows_pb2.WORKFLOW_KIND_CODE) == []


async def test_one_that_was_deleted_is_gone_and_its_numbers_go_on(workflows_service: Replica) -> None:
    await put(workflows_service, definition())
    await put(workflows_service, definition(value=2))
    request = messages.DeleteWorkflowRequest(workflow_id="greet")
    await workflows_service.workflows.DeleteWorkflow(request, metadata=workflows_service.metadata)
    assert (await refused(get(workflows_service, "greet"))).reason == "NOT_FOUND"
    assert (await create(workflows_service, definition(value=2))).version == 3
    assert await told(workflows_service) == [
        ("greet", 1, True),
        ("greet", 2, True),
        ("greet", 0, False),
        ("greet", 3, True),
    ]


async def test_switching_off_and_on_changes_the_etag_alone(workflows_service: Replica) -> None:
    made = await create(workflows_service, definition(), disabled=True)
    assert made.enabled is False
    enable = messages.EnableWorkflowRequest(workflow_id="greet")
    on = (
        await workflows_service.workflows.EnableWorkflow(enable, metadata=workflows_service.metadata)
    ).workflow
    assert (on.enabled, on.version, on.etag != made.etag) == (True, 1, True)
    again = await workflows_service.workflows.EnableWorkflow(enable, metadata=workflows_service.metadata)
    assert again.workflow == on
    disable = messages.DisableWorkflowRequest(workflow_id="greet")
    off = await workflows_service.workflows.DisableWorkflow(disable, metadata=workflows_service.metadata)
    assert off.workflow.enabled is False
    changed = await put(workflows_service, definition(value=2))
    assert changed.enabled is False


async def test_code_and_steps_do_not_take_one_anothers_place(workflows_service: Replica) -> None:
    replica = workflows_service
    workflows = Workflows(
        database=replica.database, cursors=Cursors("secret" * 8), clock=lambda: datetime.now(UTC)
    )
    code = json.dumps({"id": "coded", "retry": {"maxAttempts": 2}}).encode()
    made = await workflows.register_code(replica.project_id, code)
    assert (made.kind, made.version) == (WorkflowKind.CODE, 1)
    assert (await workflows.register_code(replica.project_id, code)).version == 1
    with pytest.raises(InvalidDefinitionError):
        await workflows.register_code(replica.project_id, definition("coded"))
    assert (await refused(put(replica, definition("coded")))).reason == "ALREADY_EXISTS"


async def test_another_project_sees_nothing_of_it(
    workflows_service: Replica, another_replica: Replicas
) -> None:
    await create(workflows_service, definition())
    async with another_replica(project_id=uuid4()) as other:
        assert await listed(other) == []
        assert (await create(other, definition(value=2))).version == 1
    assert (await get(workflows_service, "greet")).version == 1


async def test_schema_and_templates_are_there_and_a_template_runs(another_replica: Replicas) -> None:
    async with another_replica(with_ping=False) as replica:
        await _run_a_template(replica)


async def _run_a_template(replica: Replica) -> None:
    schema = await replica.workflows.GetWorkflowSchema(
        messages.GetWorkflowSchemaRequest(), metadata=replica.metadata
    )
    assert json.loads(schema.schema)["$schema"].endswith("2020-12/schema")
    all_of_them = await replica.workflows.ListTemplates(
        messages.ListTemplatesRequest(), metadata=replica.metadata
    )
    assert len(all_of_them.templates) == 8
    assert not any(each.definition for each in all_of_them.templates)
    request = messages.GetTemplateRequest(template_id="evaluation-run")
    template = (await replica.workflows.GetTemplate(request, metadata=replica.metadata)).template
    await create(replica, template.definition)
    execute = execution_messages.ExecuteWorkflowRequest(
        workflow_id="evaluation-run", input=template.example_input, wait_seconds=30
    )
    answer = await replica.executions.ExecuteWorkflow(execute, metadata=replica.metadata)
    assert json.loads(answer.execution.output)["judgement"] == "PASSED"
