"""Values of the workflows client and messages of the contract have the same fields; nothing is lost."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest
from google.protobuf.message import Message

from timeloom import workflow_resources as resources
from timeloom._messages import read, write
from timeloom.workflows.v1 import workflow_executions_service_pb2 as executions
from timeloom.workflows.v1 import workflow_triggers_service_pb2 as triggers
from timeloom.workflows.v1 import workflows_pb2 as nouns
from timeloom.workflows.v1 import workflows_service_pb2 as service

NOW = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)

PAIRS: list[tuple[type[Any], type[Message]]] = [
    (resources.Workflow, nouns.Workflow),
    (resources.WorkflowFailure, nouns.WorkflowError),
    (resources.StepRef, nouns.StepRef),
    (resources.WorkflowExecution, nouns.WorkflowExecution),
    (resources.Step, nouns.Step),
    (resources.HistoryEvent, nouns.HistoryEvent),
    (resources.ExecutionChange, executions.WatchWorkflowExecutionResponse),
    (resources.WorkflowEvent, nouns.WorkflowEvent),
    (resources.Trigger, nouns.Trigger),
    (resources.WebhookSecret, triggers.GetWebhookSecretResponse),
    (resources.DeadLetter, nouns.DeadLetter),
    (resources.WorkflowTemplate, nouns.WorkflowTemplate),
    (resources.DefinitionProblem, nouns.DefinitionProblem),
    (resources.WorkflowExecutionFilter, nouns.WorkflowExecutionFilter),
    (resources.Controlled, executions.ControlWorkflowExecutionsResponse),
    (resources.WorkflowStats, nouns.WorkflowStats),
    (resources.WorkflowsStats, service.GetWorkflowStatsResponse),
]
ENUMS: list[tuple[type[StrEnum], Any, str]] = [
    (resources.WorkflowKind, nouns.WorkflowKind, "WORKFLOW_KIND_"),
    (resources.WorkflowExecutionStatus, nouns.WorkflowExecutionStatus, "WORKFLOW_EXECUTION_STATUS_"),
    (resources.StepStatus, nouns.StepStatus, "STEP_STATUS_"),
    (resources.StepType, nouns.StepType, "STEP_TYPE_"),
    (resources.WaitReason, nouns.WaitReason, "WAIT_REASON_"),
    (resources.TriggerType, nouns.TriggerType, "TRIGGER_TYPE_"),
    (resources.HistoryEventType, nouns.HistoryEventType, "HISTORY_EVENT_TYPE_"),
    (resources.ApprovalDecision, nouns.ApprovalDecision, "APPROVAL_DECISION_"),
    (resources.ControlAction, executions.ControlAction, "CONTROL_ACTION_"),
]


@pytest.mark.parametrize(("kind", "message"), PAIRS)
def test_the_names_are_the_contracts(kind: type[Any], message: type[Message]) -> None:
    assert {each.name for each in fields(kind)} == set(message.DESCRIPTOR.fields_by_name)
    assert isinstance(read(kind, message()), kind)


@pytest.mark.parametrize(("kind", "enum", "prefix"), ENUMS)
def test_the_members_are_the_contracts(kind: type[StrEnum], enum: Any, prefix: str) -> None:
    names = {name.removeprefix(prefix) for name in enum.keys()} - {"UNSPECIFIED"}  # noqa: SIM118 - no dict
    assert {member.value for member in kind} == names


def test_an_execution_is_read_as_it_was_sent() -> None:
    message = nouns.WorkflowExecution(
        id="e",
        status=nouns.WORKFLOW_EXECUTION_STATUS_FAILED,
        input=b'{"n":1}',
        error=nouns.WorkflowError(type="TimeoutError", message="too slow", step_id="fetch"),
        parent=nouns.StepRef(execution_id="p", step_id="call"),
        priority=-3,
    )
    message.create_time.FromDatetime(NOW)
    execution = read(resources.WorkflowExecution, message)
    assert (execution.status, execution.has_ended) == (resources.WorkflowExecutionStatus.FAILED, True)
    assert (execution.input, execution.output, execution.waiting_for) == ({"n": 1}, None, None)
    assert str(execution.error) == "TimeoutError: too slow"
    assert execution.parent == resources.StepRef(execution_id="p", step_id="call")
    assert (execution.create_time, execution.end_time, execution.priority) == (NOW, None, -3)


def test_a_filter_says_only_what_it_was_given() -> None:
    wanted = resources.WorkflowExecutionFilter(
        statuses=[resources.WorkflowExecutionStatus.RUNNING],
        attributes={"customer": "ann"},
        waiting_for=resources.WaitReason.APPROVAL,
    )
    message = write(wanted, nouns.WorkflowExecutionFilter)
    assert list(message.statuses) == [nouns.WORKFLOW_EXECUTION_STATUS_RUNNING]
    assert (message.attributes, message.waiting_for) == (b'{"customer":"ann"}', nouns.WAIT_REASON_APPROVAL)
    assert write(resources.WorkflowExecutionFilter(), nouns.WorkflowExecutionFilter).ByteSize() == 0
