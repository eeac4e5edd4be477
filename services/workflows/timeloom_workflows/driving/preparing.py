"""What the driver adds to a plan before it is committed: who does what, and which executions begin."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from timeloom_platform.errors import TimeloomError
from timeloom_workflows.actions.webhooks import CALLBACK_PATH, CallbackTarget
from timeloom_workflows.dag.changes import entry_of
from timeloom_workflows.dag.endings import failed, succeeded
from timeloom_workflows.dag.plan import Plan, Work
from timeloom_workflows.definitions.model import Leaf, WorkflowStep
from timeloom_workflows.driving.drafts import Draft
from timeloom_workflows.driving.losses import begun_again
from timeloom_workflows.driving.surroundings import Surroundings
from timeloom_workflows.limits import NESTING_MAX
from timeloom_workflows.model import (
    Execution,
    Failure,
    Step,
    StepRef,
    StepStage,
    StepStatus,
    WaitReason,
)
from timeloom_workflows.storage import driving
from timeloom_workflows.storage.rows import failure_of

_LOOKED_BACK_FOR: Final = frozenset({WaitReason.EVENT, WaitReason.SIGNAL})


class Preparation:
    """Prepares the drafts of one execution."""

    def __init__(self, execution: Execution, surroundings: Surroundings) -> None:
        self._execution = execution
        self._surroundings = surroundings

    async def prepare(
        self, draft: Draft, plan: Plan, *, running: frozenset[str], now: datetime
    ) -> list[Step]:
        """Adds to a draft what a plan wants done, and returns the rows that became others by it.

        Args:
            draft: What is to be committed.
            plan: The last one.
            running: The steps that this run is doing.
            now: The time.
        """
        found = [work for work in plan.found if work.step.id not in running]
        changed = [await self._found(draft, work, now) for work in found]
        changed += [await self._begun(draft, work, now) for work in plan.begun]
        changed += [self._overdue(draft, row, now) for row in plan.overdue]
        return [row for row in changed if row is not None]

    async def _begun(self, draft: Draft, work: Work, now: datetime) -> Step | None:
        step = work.step
        if step.task is not None:
            return self._task(draft, work, now)
        if work.action is not None:
            draft.works[step.id] = work
            return None
        if isinstance(work.spec, WorkflowStep):
            return await self._child(draft, work, work.spec, now)
        if step.waiting_for is WaitReason.WEBHOOK:
            return self._callback(draft, step)
        if step.waiting_for in _LOOKED_BACK_FOR:
            draft.looks_back[step.id] = step
        return None

    async def _found(self, draft: Draft, work: Work, now: datetime) -> Step | None:
        """Goes on with a step that had begun when the execution was last left."""
        step = work.step
        if step.status is StepStatus.RETRYING:
            return None if step.wake_time is not None else self._failed_elsewhere(draft, work, now)
        if step.status is StepStatus.WAITING:
            if step.waiting_for in _LOOKED_BACK_FOR:
                draft.looks_back[step.id] = step
            return None
        if step.stage is not StepStage.NONE:
            return None  # a worker has it, or will
        # What ran is run again: whether it was done to its end, nobody knows.
        attempt = step.attempt + 1 if step.status is StepStatus.RUNNING else max(step.attempt, 1)
        if step.task is None:
            if step.status is StepStatus.RUNNING:
                step = begun_again(step)
            step = replace(step, status=StepStatus.RUNNING, attempt=attempt, start_time=now)
            draft.write(step, entry_of(step))
        else:
            step = replace(step, attempt=attempt)
        again = await self._begun(draft, replace(work, step=step), now)
        return again or step

    def _failed_elsewhere(self, draft: Draft, work: Work, now: datetime) -> Step:
        """Decides about a try that failed at a worker of another replica."""
        row = failed_elsewhere(work.step, work.spec, now)
        draft.write(row, entry_of(row))
        return row

    def _task(self, draft: Draft, work: Work, now: datetime) -> Step:
        """Gives a task to a worker of this replica, or to whoever has room."""
        step, desk = work.step, self._surroundings.desk
        assert step.task is not None, "it is a task"
        timeout = work.spec.timeout
        common = {
            "token": step.token + 1,
            "priority": self._execution.priority,
            "worker_id": "",
            "details": None if timeout is None else msgspec.json.encode({"timeout": timeout}),
        }
        if desk is not None and desk.reserve(self._execution.project_id, step.task):
            row = replace(
                step,
                **common,
                status=StepStatus.RUNNING,
                waiting_for=WaitReason.NONE,
                stage=StepStage.OWNED,
                owner=self._surroundings.engine.id,
                ready_time=now,
                start_time=now,
                wake_time=None if timeout is None else now + timeout,
            )
            draft.direct[step.id] = replace(work, step=row)
            draft.write(row, entry_of(row))
        else:
            row = replace(
                step,
                **common,
                status=StepStatus.PENDING,
                waiting_for=WaitReason.WORKER,
                stage=StepStage.QUEUED,
                owner=None,
                ready_time=now,
                wake_time=None,
            )
            draft.queued[step.id] = replace(work, step=row)
            draft.write(row)
        return row

    def _overdue(self, draft: Draft, step: Step, now: datetime) -> Step | None:
        """Gives up a task that takes longer than it may."""
        work = draft.open.get(step.id)
        if work is None:
            return None
        draft.stopped[step.id] = step
        failure = Failure(type="TimeoutError", message="The worker did not end it in time")
        row = failed(step, work.spec, failure, now)
        draft.write(row, entry_of(row))
        return row

    def _callback(self, draft: Draft, step: Step) -> Step:
        target = CallbackTarget(
            project_id=self._execution.project_id, execution_id=step.execution_id, step_id=step.id
        )
        url = (
            self._surroundings.public_url.rstrip("/")
            + CALLBACK_PATH
            + self._surroundings.callbacks.token(target)
        )
        row = replace(step, waiting_name=url)
        draft.write(row)
        return row

    async def _child(self, draft: Draft, work: Work, spec: WorkflowStep, now: datetime) -> Step:
        step = work.step
        try:
            child = await self._surroundings.children.child(
                self._execution.project_id,
                spec.workflow,
                step.input,
                parent=StepRef(step.execution_id, step.id),
                priority=self._execution.priority,
                traceparent=self._execution.traceparent,
            )
            await self._check_depth(step)
        except TimeloomError as error:
            is_final = error.status in {"NOT_FOUND", "INVALID_ARGUMENT", "FAILED_PRECONDITION"}
            failure = Failure(type="ChildError", message=error.message, is_final=is_final)
            row = failed(step, spec, failure, now)
        else:
            draft.children[step.id] = replace(child, parent=None) if spec.detached else child
            row = replace(step, waiting_name=str(child.id))
            if spec.detached:
                row = succeeded(row, msgspec.json.encode({"executionId": str(child.id)}), now)
        draft.write(row, entry_of(row) if row.status is not step.status else None)
        return row

    async def _check_depth(self, step: Step) -> None:
        project_id = self._execution.project_id
        async with self._surroundings.database.reading(str(project_id)) as connection:
            depth = await driving.select_depth(connection, project_id, step.execution_id)
        if depth >= NESTING_MAX:
            raise TooDeepError(f"Executions lie within one another at most {NESTING_MAX} deep.")


def failed_elsewhere(step: Step, spec: Leaf, now: datetime) -> Step:
    """Return a step whose try has failed at a worker, or as another execution, as it is to be."""
    failure = failure_of(step.error) or Failure(type="Error")
    if isinstance(spec, WorkflowStep):
        # What was final for a step within the other execution need not be for the whole of it.
        failure = replace(failure, is_final=False)
    return failed(step, spec, failure, now)


class TooDeepError(TimeloomError):
    """An execution would begin another one, and lies too deep within others for that."""

    status = "FAILED_PRECONDITION"
    reason = "INVALID_FIELD"
