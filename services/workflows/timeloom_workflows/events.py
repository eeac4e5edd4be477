"""What the service tells the others, and live clients."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom.events.v1 import events_pb2
from timeloom.workflows.v1 import workflows_pb2
from timeloom_workflows.model import Status

EXECUTION_TOPICS: Final = "workflows/executions/*"
_PREFIX: Final = "workflows/executions/"


def execution_changed(
    execution_id: UUID, *, workflow_id: str, status: Status, history_length: int, has_inbox: bool
) -> events_pb2.Event:
    """Tells that an execution got on, or that something came for it from outside."""
    event = events_pb2.Event(topic=f"{_PREFIX}{execution_id}")
    changed = event.workflow_execution_changed
    changed.execution_id = str(execution_id)
    changed.workflow_id = workflow_id
    changed.status = workflows_pb2.WorkflowExecutionStatus.ValueType(status)
    changed.history_length = history_length
    changed.has_inbox = has_inbox
    return event
