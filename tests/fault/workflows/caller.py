"""One who begins executions and looks at them, and does not mind when an engine is away for a while."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar
from uuid import uuid4

import grpc.aio

from timeloom.workflows.v1 import (
    workflow_executions_service_pb2,
    workflow_executions_service_pb2_grpc,
    workflow_triggers_service_pb2,
    workflow_triggers_service_pb2_grpc,
    workflow_worker_service_pb2_grpc,
    workflows_pb2,
    workflows_service_pb2,
    workflows_service_pb2_grpc,
)
from timeloom_platform.testing import eventually

T = TypeVar("T")

CALL_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 0.05
END_SECONDS: Final = 25.0
PAGE_SIZE: Final = 1_000

UNKNOWN_OUTCOME: Final = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.INTERNAL,
}
SUCCEEDED: Final = workflows_pb2.WORKFLOW_EXECUTION_STATUS_SUCCEEDED
FAILED: Final = workflows_pb2.WORKFLOW_EXECUTION_STATUS_FAILED
CANCELLED: Final = workflows_pb2.WORKFLOW_EXECUTION_STATUS_CANCELLED
STEP_SUCCEEDED: Final = workflows_pb2.HISTORY_EVENT_TYPE_STEP_SUCCEEDED

RECONNECT: Final = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200)]


class Caller:
    """Calls one engine as one who may do everything in a project."""

    def __init__(self, channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...]) -> None:
        self.workflows = workflows_service_pb2_grpc.WorkflowsServiceStub(channel)
        self.executions = workflow_executions_service_pb2_grpc.WorkflowExecutionsServiceStub(channel)
        self.triggers = workflow_triggers_service_pb2_grpc.WorkflowTriggersServiceStub(channel)
        self.worker = workflow_worker_service_pb2_grpc.WorkflowWorkerServiceStub(channel)
        self.metadata = metadata

    @classmethod
    @asynccontextmanager
    async def to(cls, address: str, metadata: tuple[tuple[str, str], ...]) -> AsyncGenerator[Caller]:
        """Lends a caller of the engine at an address."""
        async with grpc.aio.insecure_channel(address, options=RECONNECT) as channel:
            yield cls(channel, metadata)

    async def define(self, definition: dict[str, Any]) -> None:
        """Makes a workflow of a definition."""
        request = workflows_service_pb2.CreateWorkflowRequest(definition=json.dumps(definition).encode())
        await self.workflows.CreateWorkflow(request, metadata=self.metadata, timeout=CALL_SECONDS)

    async def execute(self, workflow_id: str, given: Any = None) -> str:
        """Begins an execution, for certain, and returns its id."""
        request = workflow_executions_service_pb2.ExecuteWorkflowRequest(
            workflow_id=workflow_id,
            input=b"" if given is None else json.dumps(given).encode(),
            idempotency_key=str(uuid4()),
        )
        answer = await self.certainly(lambda: self._call(self.executions.ExecuteWorkflow, request))
        return str(answer.execution.id)

    async def execute_all(self, workflow_id: str, inputs: Sequence[Any]) -> list[str]:
        """Begins executions at once, and returns their ids."""
        return list(await asyncio.gather(*(self.execute(workflow_id, given) for given in inputs)))

    async def get(self, execution_id: str) -> workflows_pb2.WorkflowExecution:
        """Returns an execution."""
        request = workflow_executions_service_pb2.GetWorkflowExecutionRequest(execution_id=execution_id)
        answer = await self.certainly(lambda: self._call(self.executions.GetWorkflowExecution, request))
        found: workflows_pb2.WorkflowExecution = answer.execution
        return found

    async def ended(self, execution_id: str) -> workflows_pb2.WorkflowExecution:
        """Waits for the end of an execution, and returns it."""

        async def look() -> workflows_pb2.WorkflowExecution | None:
            execution = await self.get(execution_id)
            return execution if execution.HasField("end_time") else None

        found = await eventually(look, timeout_seconds=END_SECONDS, describe=f"{execution_id} has ended")
        assert found is not None
        return found

    async def output(self, execution_id: str) -> Any:
        """Waits for the end of an execution, which succeeds, and returns what it returned."""
        execution = await self.ended(execution_id)
        assert execution.status == SUCCEEDED, execution
        return json.loads(execution.output) if execution.output else None

    async def waits(self, execution_id: str, reason: workflows_pb2.WaitReason.ValueType) -> None:
        """Returns when an execution waits for something."""

        async def look() -> bool:
            return bool((await self.get(execution_id)).waiting_for == reason)

        await eventually(look, timeout_seconds=END_SECONDS, describe=f"{execution_id} waits for {reason}")

    async def history(self, execution_id: str) -> Sequence[workflows_pb2.HistoryEvent]:
        """Returns what happened to an execution."""
        request = workflow_executions_service_pb2.ListHistoryRequest(
            execution_id=execution_id, page_size=PAGE_SIZE
        )
        answer = await self.certainly(lambda: self._call(self.executions.ListHistory, request))
        assert not answer.next_page_token
        return list(answer.events)

    async def recorded(self, execution_id: str) -> Sequence[str]:
        """Returns the steps that succeeded, in order, and makes sure that nothing was recorded twice."""
        entries = await self.history(execution_id)
        assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
        steps = [entry.step_id for entry in entries if entry.type == STEP_SUCCEEDED]
        assert len(steps) == len(set(steps)), steps
        return steps

    async def publish(self, name: str, data: Any, *, event_id: str = "") -> workflows_pb2.WorkflowEvent:
        """Publishes an event."""
        event = workflows_pb2.WorkflowEvent(name=name, data=json.dumps(data).encode(), id=event_id)
        request = workflow_triggers_service_pb2.PublishEventsRequest(events=[event])
        answer = await self._call(self.triggers.PublishEvents, request)
        published: workflows_pb2.WorkflowEvent = answer.events[0]
        return published

    async def signal(self, execution_id: str, name: str, data: Any = None) -> None:
        """Sends a signal to an execution."""
        request = workflow_executions_service_pb2.SignalWorkflowExecutionRequest(
            execution_id=execution_id, name=name, data=json.dumps(data).encode()
        )
        await self._call(self.executions.SignalWorkflowExecution, request)

    async def dead_letters(self) -> Sequence[workflows_pb2.DeadLetter]:
        """Returns what was given up, the newest first."""
        request = workflow_executions_service_pb2.ListDeadLettersRequest()
        answer = await self.certainly(lambda: self._call(self.executions.ListDeadLetters, request))
        return list(answer.dead_letters)

    async def certainly(self, call: Callable[[], Awaitable[T]]) -> T:
        """Calls again and again until nobody says any more that he does not know."""
        while True:
            try:
                return await call()
            except grpc.aio.AioRpcError as error:
                if error.code() not in UNKNOWN_OUTCOME:
                    raise
                await asyncio.sleep(RETRY_SECONDS)

    async def _call(self, method: Any, request: Any) -> Any:
        return await method(request, metadata=self.metadata, timeout=CALL_SECONDS)
