"""Workflows that begin by themselves, in few words."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.workflows.service import Replica
from timeloom.workflows.v1 import workflow_triggers_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2, workflows_service_pb2
from timeloom_workflows.model import Execution
from timeloom_workflows.storage.rows import EXECUTION_COLUMNS, execution_of

NOTHING_TO_DO = [{"id": "done", "type": "transform", "value": "${ input }"}]


async def put(replica: Replica, workflow_id: str = "greet", **definition: Any) -> workflows_pb2.Workflow:
    """Makes a workflow, or a new version of it."""
    document = {"id": workflow_id, "steps": NOTHING_TO_DO, **definition}
    response = await replica.workflows.UpdateWorkflow(
        workflows_service_pb2.UpdateWorkflowRequest(
            workflow_id=workflow_id, definition=json.dumps(document).encode()
        ),
        metadata=replica.metadata,
    )
    return response.workflow


async def publish(
    replica: Replica, name: str, data: Any = None, *, event_id: str = ""
) -> workflows_pb2.WorkflowEvent:
    """Publishes an event."""
    event = workflows_pb2.WorkflowEvent(id=event_id, name=name, data=json.dumps(data).encode())
    response = await replica.triggers.PublishEvents(
        messages.PublishEventsRequest(events=[event]), metadata=replica.metadata
    )
    (published,) = response.events
    return published


async def executions(replica: Replica, workflow_id: str = "greet") -> list[Execution]:
    """Reads all executions of a workflow, oldest first."""
    async with replica.rows() as connection:
        rows = await connection.fetch(
            f"SELECT {EXECUTION_COLUMNS} FROM executions WHERE workflow_id = $1 ORDER BY create_time, id",
            workflow_id,
        )
    return [execution_of(row) for row in rows]


async def triggers(replica: Replica, workflow_id: str = "greet") -> list[workflows_pb2.Trigger]:
    """Lists the triggers of a workflow."""
    response = await replica.triggers.ListTriggers(
        messages.ListTriggersRequest(workflow_id=workflow_id), metadata=replica.metadata
    )
    return list(response.triggers)
