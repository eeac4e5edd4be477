"""What the engine itself decides about the waits of a worker's code: timeouts, and the tries of tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from timeloom_workflows.engine.commands import Advanced
from timeloom_workflows.engine.tasks import DirectTask, TaskDesk, TaskOutcome
from timeloom_workflows.model import Failure, Step, StepStage, StepStatus, StepType, WaitReason
from timeloom_workflows.retries import is_tried_again, wait_after
from timeloom_workflows.workers.holding import Holding
from timeloom_workflows.workers.records import NULL, TaskDetails

_ANSWERED_WITH_NOTHING: Final = (WaitReason.EVENT, WaitReason.SIGNAL, WaitReason.APPROVAL)
_UNKNOWN: Final = Failure(type="UnknownError", message="the try failed")


class Waits:
    """Decides about waits, and has the tasks run that steps wait for."""

    def __init__(self, tasks: TaskDesk, *, engine_id: Callable[[], UUID]) -> None:
        self._tasks = tasks
        self._engine_id = engine_id

    def have_changed(self, steps: Iterable[Step], now: datetime) -> bool:
        """Whether there is anything to decide about steps."""
        return any(_decided(step, now) is not None for step in steps)

    def changed(self, steps: Iterable[Step], now: datetime) -> list[Step]:
        """Returns the steps that there is something to decide about, as they are to be."""
        decided = (_decided(step, now) for step in steps)
        return [step for step in decided if step is not None]

    def reserved(self, holding: Holding, steps: Sequence[Step]) -> Sequence[Step]:
        """Returns steps with those as owned that a worker of this replica has room for."""
        if not any(step.stage is StepStage.QUEUED for step in steps):
            return steps
        return [self._reserved(holding, step) for step in steps]

    def dispatch_after(
        self, answer: asyncio.Future[Advanced], holding: Holding, steps: Sequence[Step]
    ) -> None:
        """Has tasks run as soon as their steps are committed, and those stopped that nobody waits for."""
        about = [step for step in steps if step.task is not None]
        if about:
            answer.add_done_callback(partial(self._dispatch, holding, about))

    def _reserved(self, holding: Holding, step: Step) -> Step:
        if step.stage is not StepStage.QUEUED or step.task is None:
            return step
        if not self._tasks.reserve(holding.project_id, step.task):
            return step
        return replace(
            step,
            status=StepStatus.RUNNING,
            stage=StepStage.OWNED,
            owner=self._engine_id(),
            token=step.token + 1,
            waiting_for=WaitReason.NONE,
            start_time=step.ready_time,
        )

    def _dispatch(self, holding: Holding, steps: Sequence[Step], answer: asyncio.Future[Advanced]) -> None:
        is_committed = not answer.cancelled() and answer.exception() is None and answer.result().committed
        for step in steps:
            assert step.task is not None
            if step.stage is StepStage.OWNED:
                if is_committed:
                    self._tasks.dispatch(_direct(holding, step))
                else:
                    self._tasks.give_back(holding.project_id, step.task)
            elif step.stage is StepStage.QUEUED and is_committed:
                self._tasks.queued(holding.project_id, step.task)
            elif step.status.has_ended and is_committed:
                self._tasks.revoke(holding.id, step.id, reason="nobody waits for it any more")


def _decided(step: Step, now: datetime) -> Step | None:
    """Returns a step as the engine decides that it is to be; None if there is nothing to decide."""
    if step.type is StepType.ACTION:
        return _task_decided(step, now)
    if step.status is not StepStatus.WAITING or step.wake_time is None or step.wake_time > now:
        return None
    if step.waiting_for in _ANSWERED_WITH_NOTHING:
        return _ended(step, now, status=StepStatus.SUCCEEDED, output=NULL)
    if step.waiting_for is WaitReason.EXECUTION:
        failure = Failure(type="TimeoutError", message="it did not end in time", step_id=step.id)
        return _ended(step, now, status=StepStatus.FAILED, error=msgspec.json.encode(failure))
    return None


def _task_decided(step: Step, now: datetime) -> Step | None:
    """Says what becomes of a task whose try has failed, or whose next one is due."""
    if step.status is not StepStatus.RETRYING:
        return None
    if step.wake_time is not None:
        return None if step.wake_time > now else _tried_again(step, now)
    details = msgspec.json.decode(step.details or b"{}", type=TaskDetails)
    failure = _UNKNOWN if step.error is None else msgspec.json.decode(step.error, type=Failure)
    if not is_tried_again(details.retry, failure, attempt=step.attempt):
        return _ended(step, now, status=StepStatus.FAILED, error=step.error)
    wait = wait_after(details.retry, attempt=step.attempt, seed=f"{step.execution_id}/{step.id}")
    return replace(step, waiting_for=WaitReason.TIME, wake_time=now + wait)


def _tried_again(step: Step, now: datetime) -> Step:
    return replace(
        step,
        status=StepStatus.PENDING,
        stage=StepStage.QUEUED,
        waiting_for=WaitReason.WORKER,
        attempt=step.attempt + 1,
        ready_time=now,
        wake_time=None,
    )


def _ended(
    step: Step,
    now: datetime,
    *,
    status: StepStatus,
    output: bytes | None = None,
    error: bytes | None = None,
) -> Step:
    return replace(
        step,
        status=status,
        waiting_for=WaitReason.NONE,
        wake_time=None,
        end_time=now,
        output=output,
        error=error,
    )


def _direct(holding: Holding, step: Step) -> DirectTask:
    details = msgspec.json.decode(step.details or b"{}", type=TaskDetails)
    began = step.start_time or step.create_time
    return DirectTask(
        project_id=holding.project_id,
        workflow_id=holding.execution.workflow_id,
        step=step,
        deadline=None if details.timeout is None else began + details.timeout,
        traceparent=holding.execution.traceparent,
        done=_into_the_database,
    )


def _into_the_database(_: TaskOutcome) -> asyncio.Future[bool]:
    """Has a task's outcome written as what comes from outside: its worker is told as of all that does."""
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    answer.set_result(False)
    return answer
