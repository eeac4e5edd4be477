"""What a worker is sent of an execution. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom_workflows.model import Step
from timeloom_workflows.workers import records
from timeloom_workflows.workers.holding import Holding, Kept
from timeloom_workflows.workers.times import duration, stamp


def dispatched(
    holding: Holding, steps: Iterable[Step], kept: Kept | None, *, now: datetime
) -> messages.ExecutionTask:
    """Returns the message that gives an execution to its worker.

    Args:
        holding: The execution.
        steps: All its steps.
        kept: What the worker knows of it; None if it keeps nothing.
        now: The database's time: what sleeps until then has slept.
    """
    execution = holding.execution
    every = list(steps)
    told = every if kept is None else [step for step in every if _is_new(step, kept, now)]
    told.sort(key=lambda step: records.order_of(step, now))
    task = messages.ExecutionTask(
        execution_id=holding.key,
        token=holding.token,
        workflow_id=execution.workflow_id,
        workflow_version=execution.workflow_version,
        input=execution.input or b"",
        steps=[records.record_of(step, now=now) for step in told],
        is_kept=kept is not None,
        cancelling=holding.cancelling or holding.is_failing,
        delivery=execution.delivery,
        next_position=max((step.position for step in every), default=0) + 1,
        traceparent=execution.traceparent,
    )
    task.start_time.CopyFrom(stamp(execution.start_time or execution.create_time))
    if execution.deadline is not None:
        task.deadline.CopyFrom(stamp(execution.deadline))
    return task


def step_task(
    step: Step, *, workflow_id: str, deadline: datetime | None, traceparent: str, now: datetime
) -> messages.StepTask:
    """Returns the message that gives a task to its worker."""
    task = messages.StepTask(
        execution_id=str(step.execution_id),
        step_id=step.id,
        token=step.token,
        task=step.task or "",
        input=step.input or b"",
        attempt=step.attempt,
        workflow_id=workflow_id,
        progress=step.progress or b"",
        traceparent=traceparent,
    )
    if deadline is not None:
        task.deadline.CopyFrom(stamp(deadline))
        task.timeout.CopyFrom(duration(deadline - now))
    return task


def _is_new(step: Step, kept: Kept, now: datetime) -> bool:
    """Whether a step that was open when its execution parked is not so any more, or is to be tried again."""
    if step.id not in kept.open:
        return False
    if step.status.has_ended or records.is_over(step, now):
        return True
    return not records.is_wait(step) and step.wake_time is not None and step.wake_time <= now
