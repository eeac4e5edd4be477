"""From the nouns of the service to the messages of the contract: statistics and dead letters."""

from __future__ import annotations

from timeloom.workflows.v1 import workflows_pb2, workflows_service_pb2
from timeloom_platform.times import timestamp
from timeloom_workflows.answers import failure_message
from timeloom_workflows.control.stats import Statistics
from timeloom_workflows.storage.dead_letters import DeadLetter
from timeloom_workflows.storage.stats import StatsLine


def dead_letter_message(letter: DeadLetter) -> workflows_pb2.DeadLetter:
    """Returns a dead letter."""
    message = workflows_pb2.DeadLetter(
        id=str(letter.id),
        workflow_id=letter.workflow_id,
        execution_id=str(letter.execution_id or ""),
        step_id=letter.step_id,
        event_id=letter.event_id or "",
        error=failure_message(letter.error),
        create_time=timestamp(letter.create_time),
    )
    if letter.redrive_time is not None:
        message.redrive_time.CopyFrom(timestamp(letter.redrive_time))
    return message


def stats_response(statistics: Statistics) -> workflows_service_pb2.GetWorkflowStatsResponse:
    """Returns statistics."""
    return workflows_service_pb2.GetWorkflowStatsResponse(
        total=_line(statistics.total),
        workflows=map(_line, statistics.workflows),
        steps=map(_line, statistics.steps),
        worker_ids=statistics.worker_ids,
    )


def _line(line: StatsLine) -> workflows_pb2.WorkflowStats:
    return workflows_pb2.WorkflowStats(
        workflow_id=line.workflow_id,
        workflow_version=line.workflow_version,
        step_id=line.step_id,
        pending_count=line.pending,
        running_count=line.running,
        waiting_count=line.waiting,
        paused_count=line.paused,
        succeeded_count=line.succeeded,
        failed_count=line.failed,
        cancelled_count=line.cancelled,
        retry_count=line.retries,
        failure_rate=line.failure_rate,
        duration_p50_ms=line.duration_p50_ms,
        duration_p95_ms=line.duration_p95_ms,
        duration_p99_ms=line.duration_p99_ms,
        queue_p50_ms=line.queue_p50_ms,
        queue_p99_ms=line.queue_p99_ms,
    )
