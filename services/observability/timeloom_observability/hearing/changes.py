"""What the services tell one another, as events of the type CHANGE.

Whatever is told of the course of things becomes one: that an execution, a workflow execution or a migration
has another status, that memories changed, that an alert fired, that a score was given. Single snapshots do
not, and telemetry itself does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias
from uuid import UUID

import msgspec
from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from timeloom.events.v1 import events_pb2
from timeloom.memory.v1.memory_pb2 import MemoryChange
from timeloom.migration.v1.migration_pb2 import MigrationStatus
from timeloom.observability.v1.alerts_service_pb2 import AlertStatus
from timeloom.observability.v1.observability_pb2 import ScoreSource
from timeloom.observability.v1.observability_pb2 import Severity as SeverityMessage
from timeloom.snapshots.v1.snapshots_pb2 import ExecutionStatus
from timeloom.workflows.v1.workflows_pb2 import WorkflowExecutionStatus
from timeloom_observability.ids import Names, execution_of
from timeloom_observability.limits import MESSAGE_LENGTH_MAX, WORD_LENGTH_MAX
from timeloom_observability.model import Event, EventKind, EventStatus, EventType, Severity

SNAPSHOTS: Final = "timeloom-snapshots"
WORKFLOWS: Final = "timeloom-workflows"
EXECUTING: Final = frozenset({SNAPSHOTS, WORKFLOWS})
"""What tells of executions, and again of the same status."""

_OK: Final = {"succeeded": EventStatus.OK, "failed": EventStatus.ERROR}

_Maker: TypeAlias = Callable[[events_pb2.Event], dict[str, Any] | None]


def is_heard(fact: events_pb2.Event) -> bool:
    """Whether what was told may become an event."""
    return fact.WhichOneof("payload") in _MAKERS


def change_of(project_id: UUID, fact: events_pb2.Event) -> Event | None:
    """Returns the event that tells of a fact; None if it says nothing new of the course of things."""
    kind = fact.WhichOneof("payload")
    values = _MAKERS[kind](fact) if kind in _MAKERS else None
    if values is None:
        return None
    start_ns = _ns(values.pop("time", fact.create_time))
    key = values.pop("key", fact.id)
    values.setdefault("severity", _severity(values.get("status")))
    values["attributes"] = msgspec.json.encode(values.get("attributes", {}))
    identifier = Names(project_id).content(start_ns, b"change", key.encode())
    return Event(id=identifier, type=EventType.CHANGE, start_ns=start_ns, **values)


def _execution(fact: events_pb2.Event) -> dict[str, Any] | None:
    told = fact.execution_created if fact.HasField("execution_created") else fact.execution_updated
    execution = told.execution
    if execution.trace_id and execution.id == str(execution_of(UUID(fact.project_id), execution.trace_id)):
        # It was made of a trace, whose events are here.
        return None
    state = _state(ExecutionStatus.DESCRIPTOR, execution.status)
    return {
        "name": f"execution.{state}",
        "kind": EventKind.AGENT,
        "status": _OK.get(state, EventStatus.UNSPECIFIED),
        "message": execution.error.message[:MESSAGE_LENGTH_MAX],
        "error_type": execution.error.type[:WORD_LENGTH_MAX],
        "execution_id": UUID(execution.id),
        "agent_id": execution.agent_id[:WORD_LENGTH_MAX],
        "session_id": execution.session_id[:WORD_LENGTH_MAX],
        "service_name": SNAPSHOTS,
        "attributes": {"execution.name": execution.name} if execution.name else {},
    }


def _execution_deleted(fact: events_pb2.Event) -> dict[str, Any]:
    return {
        "name": "execution.deleted",
        "kind": EventKind.AGENT,
        "execution_id": UUID(fact.execution_deleted.execution_id),
        "service_name": SNAPSHOTS,
    }


def _workflow_execution(fact: events_pb2.Event) -> dict[str, Any]:
    changed = fact.workflow_execution_changed
    state = _state(WorkflowExecutionStatus.DESCRIPTOR, changed.status)
    return {
        "name": f"workflow_execution.{state}",
        "kind": EventKind.WORKFLOW,
        "status": _OK.get(state, EventStatus.UNSPECIFIED),
        "execution_id": UUID(changed.execution_id),
        "service_name": WORKFLOWS,
        "attributes": {"workflow.id": changed.workflow_id},
    }


def _workflow_execution_deleted(fact: events_pb2.Event) -> dict[str, Any]:
    deleted = fact.workflow_execution_deleted
    return {
        "name": "workflow_execution.deleted",
        "kind": EventKind.WORKFLOW,
        "execution_id": UUID(deleted.execution_id),
        "service_name": WORKFLOWS,
        "attributes": {"workflow.id": deleted.workflow_id},
    }


def _memories(fact: events_pb2.Event) -> dict[str, Any]:
    """Where something changed is for those who may read there, so that it is not said here."""
    changed = fact.memories_changed
    return {
        "name": f"memories.{_state(MemoryChange.DESCRIPTOR, changed.change)}",
        "kind": EventKind.MEMORY,
        "service_name": "timeloom-memory",
        "attributes": {"memory.count": len(changed.memory_ids)} if changed.memory_ids else {},
    }


def _migration(fact: events_pb2.Event) -> dict[str, Any] | None:
    """A migration tells of each of its steps: here are its beginning and its end."""
    migration = fact.migration_updated.migration
    state = _state(MigrationStatus.DESCRIPTOR, migration.status)
    if migration.HasField("end_time"):
        time = migration.end_time
    elif state == "running":
        time = migration.start_time
    else:
        return None
    return {
        "key": f"{migration.id} {state}",
        "time": time,
        "name": f"migration.{state}",
        "status": _OK.get(state, EventStatus.UNSPECIFIED),
        "message": migration.error[:MESSAGE_LENGTH_MAX],
        "service_name": "timeloom-migration",
        "attributes": {"migration.id": migration.id},
    }


def _alert(fact: events_pb2.Event) -> dict[str, Any]:
    alert = fact.alert_changed.alert
    return {
        "name": f"alert.{_state(AlertStatus.DESCRIPTOR, alert.status)}",
        "severity": Severity(alert.severity) if alert.severity in SeverityMessage.values() else Severity.INFO,
        "message": alert.rule_name[:MESSAGE_LENGTH_MAX],
        "service_name": "timeloom-observability",
        "attributes": {"alert.id": alert.id, "alert.rule_id": alert.rule_id, "alert.value": alert.value},
    }


def _score(fact: events_pb2.Event) -> dict[str, Any] | None:
    score = fact.score_created.score
    if score.source == ScoreSource.SCORE_SOURCE_TELEMETRY:
        # What it came with is an event.
        return None
    return {
        "name": "score.created",
        "kind": EventKind.EVALUATOR,
        "message": score.name[:MESSAGE_LENGTH_MAX],
        "execution_id": UUID(score.execution_id) if score.execution_id else None,
        "session_id": score.session_id[:WORD_LENGTH_MAX],
        "service_name": "timeloom-observability",
        "attributes": {"score.id": score.id, "score.name": score.name, "trace.id": score.trace_id},
    }


_MAKERS: Final[Mapping[str | None, _Maker]] = {
    "execution_created": _execution,
    "execution_updated": _execution,
    "execution_deleted": _execution_deleted,
    "workflow_execution_changed": _workflow_execution,
    "workflow_execution_deleted": _workflow_execution_deleted,
    "memories_changed": _memories,
    "migration_updated": _migration,
    "alert_changed": _alert,
    "score_created": _score,
}


def _state(enum: EnumDescriptor, number: int) -> str:
    """Returns what a number of an enum is called, without the enum's own name in front."""
    common = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    value = enum.values_by_number.get(number)
    return value.name.removeprefix(common).lower() if value is not None else str(number)


def _severity(status: EventStatus | None) -> Severity:
    return Severity.ERROR if status is EventStatus.ERROR else Severity.INFO


def _ns(time: Timestamp) -> int:
    return time.seconds * 1_000_000_000 + time.nanos
