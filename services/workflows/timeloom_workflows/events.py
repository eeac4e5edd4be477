"""What the service tells the others, and live clients."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom.events.v1 import events_pb2
from timeloom.workflows.v1 import workflows_pb2
from timeloom_platform.ids import stamp_now, uuid7
from timeloom_platform.telemetry import is_sampled
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


def batch_of_change(
    project_id: UUID,
    execution_id: UUID,
    *,
    workflow_id: str,
    status: Status,
    history_length: int,
    traceparent: str = "",
) -> bytes:
    """Returns the `OutboxBatch` that tells that an execution got on, ready to be stored."""
    own_id = str(execution_id)
    event = events_pb2.Event(
        id=str(uuid7()),
        project_id=str(project_id),
        topic=f"{_PREFIX}{own_id}",
        traceparent=traceparent if is_sampled(traceparent) else "",
        workflow_execution_changed=events_pb2.WorkflowExecutionChanged(
            execution_id=own_id,
            workflow_id=workflow_id,
            status=workflows_pb2.WorkflowExecutionStatus.ValueType(status),
            history_length=history_length,
        ),
    )
    stamp_now(event.create_time)
    return events_pb2.OutboxBatch(events=(event,)).SerializeToString()


def merged(earlier: events_pb2.Event, later: events_pb2.Event) -> events_pb2.Event | None:
    """Returns one event for two, if both tell that the same execution got on."""
    if earlier.WhichOneof("payload") != "workflow_execution_changed" or earlier.topic != later.topic:
        return None
    if later.WhichOneof("payload") != "workflow_execution_changed":
        return None
    if later.workflow_execution_changed.has_inbox or not earlier.workflow_execution_changed.has_inbox:
        return later
    both = events_pb2.Event()
    both.CopyFrom(later)
    both.workflow_execution_changed.has_inbox = True
    return both
