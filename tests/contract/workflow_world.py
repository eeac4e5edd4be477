"""What a project has in the workflows service, made as a caller makes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import grpc.aio

from timeloom.workflows.v1 import workflow_executions_service_pb2 as executions
from timeloom.workflows.v1 import workflow_executions_service_pb2_grpc as execution_services
from timeloom.workflows.v1 import workflows_pb2
from timeloom.workflows.v1 import workflows_service_pb2 as workflows
from timeloom.workflows.v1 import workflows_service_pb2_grpc as workflow_services
from timeloom_platform.database import Database
from timeloom_platform.ids import uuid7
from timeloom_platform.testing import eventually
from timeloom_workflows.model import Failure
from timeloom_workflows.storage import dead_letters

WORKFLOW_ID: Final = "greet"
STEP_ID: Final = "ask"
DEFINITION: Final = {
    "id": WORKFLOW_ID,
    "triggers": [{"type": "webhook"}],
    "steps": [{"id": STEP_ID, "type": "human_approval", "question": "Shall Ada be greeted?"}],
}

NEEDS: Final = ("workflow", "run", "cancelled", "deadLetter")


async def make(
    channel: grpc.aio.Channel, headers: Mapping[str, str], needs: str, *, database: Database, project_id: str
) -> dict[str, str]:
    """Makes a workflow, and what is needed besides; returns their ids.

    Args:
        channel: To the services.
        headers: Those of a caller who may do everything in the project.
        needs: One of `NEEDS`; a `run` waits for a person.
        database: The service's: work that is given up cannot be asked for.
        project_id: The caller's.
    """
    world = _World(channel, headers)
    await world.make_workflow()
    made = {"workflow": WORKFLOW_ID}
    if needs == "run":
        made["run"] = await world.run()
    elif needs == "cancelled":
        made["cancelled"] = await world.cancelled()
    elif needs == "deadLetter":
        made["deadLetter"] = await _give_up(database, UUID(project_id), await world.cancelled())
    return made


class _World:
    def __init__(self, channel: grpc.aio.Channel, headers: Mapping[str, str]) -> None:
        self._metadata = tuple(headers.items())
        self._workflows: Any = workflow_services.WorkflowsServiceStub(channel)
        self._executions: Any = execution_services.WorkflowExecutionsServiceStub(channel)

    async def make_workflow(self) -> None:
        request = workflows.CreateWorkflowRequest(definition=json.dumps(DEFINITION).encode())
        await self._workflows.CreateWorkflow(request, metadata=self._metadata)

    async def run(self) -> str:
        """Begins an execution, and returns when its step asks."""
        request = executions.ExecuteWorkflowRequest(workflow_id=WORKFLOW_ID)
        answer = await self._executions.ExecuteWorkflow(request, metadata=self._metadata)
        execution_id = str(answer.execution.id)

        async def asks() -> bool:
            found = await self._get(execution_id)
            return any(step.status == workflows_pb2.STEP_STATUS_WAITING for step in found.steps)

        await eventually(asks)
        return execution_id

    async def cancelled(self) -> str:
        """Begins an execution, and returns when it is cancelled: one that has ended."""
        execution_id = await self.run()
        request = executions.CancelWorkflowExecutionRequest(execution_id=execution_id)
        await self._executions.CancelWorkflowExecution(request, metadata=self._metadata)

        async def has_ended() -> bool:
            found = await self._get(execution_id)
            status: int = found.execution.status
            return status == workflows_pb2.WORKFLOW_EXECUTION_STATUS_CANCELLED

        await eventually(has_ended)
        return execution_id

    async def _get(self, execution_id: str) -> executions.GetWorkflowExecutionResponse:
        request = executions.GetWorkflowExecutionRequest(execution_id=execution_id, include_steps=True)
        answer: executions.GetWorkflowExecutionResponse = await self._executions.GetWorkflowExecution(
            request, metadata=self._metadata
        )
        return answer


async def _give_up(database: Database, project_id: UUID, execution_id: str) -> str:
    dead_letter_id = uuid7()
    async with database.transaction(str(project_id)) as connection:
        await dead_letters.insert(
            connection,
            project_id,
            dead_letter_id,
            workflow_id=WORKFLOW_ID,
            execution_id=UUID(execution_id),
            error=Failure(type="PoisonError"),
        )
    return str(dead_letter_id)
