"""What the service tells the others. Documents stay out of events: they are read where they are kept."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom.events.v1 import events_pb2
from timeloom_snapshots.answers import execution_message
from timeloom_snapshots.model import Execution, Snapshot

EXECUTION_TOPICS: Final = "executions/*"
_PREFIX: Final = "executions/"


def execution_created(execution: Execution) -> events_pb2.Event:
    """Tells that an execution was created."""
    event = _event(execution.id)
    event.execution_created.execution.CopyFrom(execution_message(execution, with_documents=False))
    return event


def execution_updated(execution: Execution) -> events_pb2.Event:
    """Tells that an execution's own fields changed."""
    event = _event(execution.id)
    event.execution_updated.execution.CopyFrom(execution_message(execution, with_documents=False))
    return event


def execution_deleted(execution_id: UUID) -> events_pb2.Event:
    """Tells that an execution is gone."""
    event = _event(execution_id)
    event.execution_deleted.execution_id = str(execution_id)
    return event


def snapshot_updated(snapshot: Snapshot) -> events_pb2.Event:
    """Tells that a snapshot was given another label or other tags."""
    event = _event(snapshot.execution_id)
    updated = event.snapshot_updated
    updated.execution_id = str(snapshot.execution_id)
    updated.sequence = snapshot.sequence
    updated.label = snapshot.label
    updated.tags.extend(snapshot.tags)
    return event


def snapshots_recorded(
    execution_id: UUID, *, first: int, last: int, step_name: str, traceparent: str
) -> events_pb2.Event:
    """Tells that snapshots were committed."""
    event = _event(execution_id)
    event.traceparent = traceparent
    recorded = event.snapshots_recorded
    recorded.execution_id = str(execution_id)
    recorded.first_sequence = first
    recorded.last_sequence = last
    recorded.step_name = step_name
    return event


def snapshots_deleted(execution_id: UUID, *, first: int, last: int, count: int) -> events_pb2.Event:
    """Tells that snapshots are gone: so many from the first to the last, which need not be all of these."""
    event = _event(execution_id)
    deleted = event.snapshots_deleted
    deleted.execution_id = str(execution_id)
    deleted.first_sequence = first
    deleted.last_sequence = last
    deleted.snapshot_count = count
    return event


def merged(earlier: events_pb2.Event, later: events_pb2.Event) -> events_pb2.Event | None:
    """Returns one event for two, if both tell of snapshots with no gap in between."""
    before, after = earlier.snapshots_recorded, later.snapshots_recorded
    if not before.execution_id or before.last_sequence + 1 != after.first_sequence:
        return None
    both = events_pb2.Event()
    both.CopyFrom(later)
    both.snapshots_recorded.first_sequence = before.first_sequence
    return both


def subject_ids(event: events_pb2.Event) -> tuple[UUID, UUID] | None:
    """Returns the project and execution that an event is about; None if it is none of ours."""
    try:
        return UUID(event.project_id), UUID(event.topic.removeprefix(_PREFIX))
    except ValueError:
        return None


def _event(execution_id: UUID) -> events_pb2.Event:
    return events_pb2.Event(topic=f"{_PREFIX}{execution_id}")
