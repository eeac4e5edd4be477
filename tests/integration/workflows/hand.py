"""The hand on executions, for tests that speak to it in few words."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

import msgspec
from google.protobuf.message import Message

from tests.integration.snapshots.service import Refusal, refused
from tests.integration.workflows.service import Replica
from timeloom.workflows.v1 import workflow_executions_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2
from timeloom_workflows.engine.commands import Running
from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.model import HistoryType, Step, StepStatus, StepType, WaitReason

__all__ = ["Caller", "Refusal", "approval", "run_step", "signal_wait", "types_of"]

M = TypeVar("M", bound=Message)


class Caller:
    """Calls a replica's executions service, and takes and gives values."""

    def __init__(self, replica: Replica) -> None:
        self._stub = replica.executions
        self._metadata = replica.metadata

    async def pause(self, execution_id: UUID | str, reason: str = "") -> workflows_pb2.WorkflowExecution:
        request = messages.PauseWorkflowExecutionRequest(execution_id=str(execution_id), reason=reason)
        return (await self._stub.PauseWorkflowExecution(request, metadata=self._metadata)).execution

    async def resume(self, execution_id: UUID | str) -> workflows_pb2.WorkflowExecution:
        request = messages.ResumeWorkflowExecutionRequest(execution_id=str(execution_id))
        return (await self._stub.ResumeWorkflowExecution(request, metadata=self._metadata)).execution

    async def cancel(self, execution_id: UUID | str) -> workflows_pb2.WorkflowExecution:
        request = messages.CancelWorkflowExecutionRequest(execution_id=str(execution_id))
        return (await self._stub.CancelWorkflowExecution(request, metadata=self._metadata)).execution

    async def retry(self, execution_id: UUID | str, **fields: Any) -> workflows_pb2.WorkflowExecution:
        request = messages.RetryWorkflowExecutionRequest(execution_id=str(execution_id), **fields)
        return (await self._stub.RetryWorkflowExecution(request, metadata=self._metadata)).execution

    async def fork(self, execution_id: UUID | str, **fields: Any) -> workflows_pb2.WorkflowExecution:
        for name in {"input", "outputs"} & fields.keys():
            fields[name] = msgspec.json.encode(fields[name])
        request = messages.ForkWorkflowExecutionRequest(execution_id=str(execution_id), **fields)
        return (await self._stub.ForkWorkflowExecution(request, metadata=self._metadata)).execution

    async def signal(
        self, execution_id: UUID | str, name: str, data: Any = None, **fields: Any
    ) -> workflows_pb2.WorkflowExecution:
        request = messages.SignalWorkflowExecutionRequest(
            execution_id=str(execution_id),
            name=name,
            data=b"" if data is None else msgspec.json.encode(data),
            **fields,
        )
        return (await self._stub.SignalWorkflowExecution(request, metadata=self._metadata)).execution

    async def approve(
        self,
        execution_id: UUID | str,
        by: str = "",
        *,
        approved: bool = True,
        data: Any = None,
        **fields: Any,
    ) -> workflows_pb2.Step:
        verdict = (
            workflows_pb2.APPROVAL_DECISION_APPROVED if approved else workflows_pb2.APPROVAL_DECISION_REJECTED
        )
        request = messages.ApproveStepRequest(
            execution_id=str(execution_id),
            decided_by=by,
            decision=verdict,
            data=b"" if data is None else msgspec.json.encode(data),
            **fields,
        )
        return (await self._stub.ApproveStep(request, metadata=self._metadata)).step

    async def delete(self, execution_id: UUID | str) -> None:
        request = messages.DeleteWorkflowExecutionRequest(execution_id=str(execution_id))
        await self._stub.DeleteWorkflowExecution(request, metadata=self._metadata)

    async def control(
        self, action: messages.ControlAction.ValueType, **fields: Any
    ) -> messages.ControlWorkflowExecutionsResponse:
        fields.setdefault("filter", workflows_pb2.WorkflowExecutionFilter())
        request = messages.ControlWorkflowExecutionsRequest(action=action, **fields)
        return await self._stub.ControlWorkflowExecutions(request, metadata=self._metadata)

    async def get(self, execution_id: UUID | str, **fields: Any) -> messages.GetWorkflowExecutionResponse:
        request = messages.GetWorkflowExecutionRequest(execution_id=str(execution_id), **fields)
        return await self._stub.GetWorkflowExecution(request, metadata=self._metadata)

    async def list(self, **fields: Any) -> messages.ListWorkflowExecutionsResponse:
        request = messages.ListWorkflowExecutionsRequest(**fields)
        return await self._stub.ListWorkflowExecutions(request, metadata=self._metadata)

    async def steps(self, execution_id: UUID | str, **fields: Any) -> messages.ListStepsResponse:
        request = messages.ListStepsRequest(execution_id=str(execution_id), **fields)
        return await self._stub.ListSteps(request, metadata=self._metadata)

    async def step(self, execution_id: UUID | str, step_id: str) -> workflows_pb2.Step:
        request = messages.GetStepRequest(execution_id=str(execution_id), step_id=step_id)
        return (await self._stub.GetStep(request, metadata=self._metadata)).step

    async def history(self, execution_id: UUID | str, **fields: Any) -> messages.ListHistoryResponse:
        request = messages.ListHistoryRequest(execution_id=str(execution_id), **fields)
        return await self._stub.ListHistory(request, metadata=self._metadata)

    def watch(self, execution_id: UUID | str, after_sequence: int = 0) -> Any:
        request = messages.WatchWorkflowExecutionRequest(
            execution_id=str(execution_id), after_sequence=after_sequence
        )
        return self._stub.WatchWorkflowExecution(request, metadata=self._metadata)

    async def dead_letters(self, **fields: Any) -> messages.ListDeadLettersResponse:
        request = messages.ListDeadLettersRequest(**fields)
        return await self._stub.ListDeadLetters(request, metadata=self._metadata)

    async def redrive(self, letter_id: str) -> workflows_pb2.DeadLetter:
        request = messages.RedriveDeadLetterRequest(dead_letter_id=letter_id)
        return (await self._stub.RedriveDeadLetter(request, metadata=self._metadata)).dead_letter

    async def delete_dead_letter(self, letter_id: str) -> None:
        request = messages.DeleteDeadLetterRequest(dead_letter_id=letter_id)
        await self._stub.DeleteDeadLetter(request, metadata=self._metadata)

    async def refused(self, call: Any) -> Refusal:
        """Awaits a call that must fail, and returns what its caller is told."""
        return await refused(call)


def signal_wait(name: str) -> dict[str, Any]:
    """The fields of a step that waits for a signal."""
    return {
        "type": StepType.WAIT,
        "status": StepStatus.WAITING,
        "waiting_for": WaitReason.SIGNAL,
        "waiting_name": name,
    }


def approval(**details: Any) -> dict[str, Any]:
    """The fields of a step that asks people."""
    return {
        "type": StepType.HUMAN_APPROVAL,
        "status": StepStatus.WAITING,
        "waiting_for": WaitReason.APPROVAL,
        "waiting_name": "Really?",
        "details": msgspec.json.encode(details),
    }


async def run_step(replica: Replica, claimed: Claimed, *steps: Step) -> None:
    """Commits steps of an execution that goes on."""
    advanced = await replica.advance(claimed, Running(), steps=steps)
    assert advanced.committed


async def types_of(replica: Replica, execution_id: UUID) -> list[HistoryType]:
    """What happened to an execution, and that nothing is missing in between."""
    history = await replica.history(execution_id)
    assert [entry.sequence for entry in history] == list(range(1, len(history) + 1))
    assert (await replica.execution(execution_id)).history_length == len(history)
    return [entry.type for entry in history]
