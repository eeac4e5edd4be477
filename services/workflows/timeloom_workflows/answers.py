"""From the nouns of the service to the messages of the contract."""

from __future__ import annotations

from timeloom.workflows.v1 import workflows_pb2
from timeloom_platform.times import write_time
from timeloom_workflows.model import Execution, Failure, HistoryRecord, Step
from timeloom_workflows.storage.rows import failure_of


def execution_message(execution: Execution) -> workflows_pb2.WorkflowExecution:
    """Returns an execution with those of its documents that were read."""
    message = workflows_pb2.WorkflowExecution(
        id=str(execution.id),
        workflow_id=execution.workflow_id,
        workflow_version=execution.workflow_version,
        status=workflows_pb2.WorkflowExecutionStatus.ValueType(execution.status),
        input=execution.input or b"",
        output=execution.output or b"",
        priority=execution.priority,
        tags=execution.tags,
        attributes=execution.attributes or b"",
        trigger=workflows_pb2.TriggerType.ValueType(execution.trigger),
        trigger_id=execution.trigger_id,
        cancelling=execution.cancelling,
        retry_count=execution.retry_count,
        history_length=execution.history_length,
        step_count=execution.step_count,
        succeeded_step_count=execution.succeeded_step_count,
        failed_step_count=execution.failed_step_count,
    )
    if execution.error is not None:
        _write_failure(message.error, failure_of(execution.error))
    if execution.parent_id is not None:
        message.parent.execution_id = str(execution.parent_id)
        message.parent.step_id = execution.parent_step_id or ""
    if execution.forked_from_id is not None:
        message.forked_from.execution_id = str(execution.forked_from_id)
        message.forked_from.step_id = execution.forked_from_step_id or ""
    if not execution.status.has_ended:
        message.waiting_for = workflows_pb2.WaitReason.ValueType(execution.waiting_for)
        write_time(message.wake_time, execution.due_time)
    write_time(message.create_time, execution.create_time)
    write_time(message.start_time, execution.start_time)
    write_time(message.update_time, execution.update_time)
    write_time(message.end_time, execution.end_time)
    write_time(message.deadline, execution.deadline)
    return message


def step_message(step: Step) -> workflows_pb2.Step:
    """Returns a step with those of its documents that were read."""
    message = workflows_pb2.Step(
        execution_id=str(step.execution_id),
        id=step.id,
        type=workflows_pb2.StepType.ValueType(step.type),
        status=workflows_pb2.StepStatus.ValueType(step.status),
        parent_id=step.parent_id,
        position=step.position,
        attempt=step.attempt,
        input=step.input or b"",
        output=step.output or b"",
        waiting_for=workflows_pb2.WaitReason.ValueType(step.waiting_for),
        waiting_name=step.waiting_name or "",
        worker_id=step.worker_id,
        progress=step.progress or b"",
    )
    if step.error is not None:
        _write_failure(message.error, failure_of(step.error))
    if not step.status.has_ended:
        write_time(message.wake_time, step.wake_time)
    write_time(message.create_time, step.create_time)
    write_time(message.start_time, step.start_time)
    write_time(message.end_time, step.end_time)
    return message


def history_message(entry: HistoryRecord) -> workflows_pb2.HistoryEvent:
    """Returns an entry of the history."""
    message = workflows_pb2.HistoryEvent(
        sequence=entry.sequence,
        type=workflows_pb2.HistoryEventType.ValueType(entry.type),
        step_id=entry.step_id,
        attempt=entry.attempt,
        attributes=entry.attributes or b"",
    )
    write_time(message.time, entry.time)
    return message


def failure_message(failure: Failure) -> workflows_pb2.WorkflowError:
    """Returns why something failed."""
    message = workflows_pb2.WorkflowError()
    _write_failure(message, failure)
    return message


def _write_failure(message: workflows_pb2.WorkflowError, failure: Failure | None) -> None:
    if failure is None:
        return
    message.type = failure.type
    message.message = failure.message
    message.stack = failure.stack
    message.step_id = failure.step_id
    message.is_final = failure.is_final
