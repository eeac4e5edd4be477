"""What is being done for one execution: by this engine, and by workers of this replica."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final
from uuid import UUID

import structlog

from timeloom_platform.errors import TimeloomError
from timeloom_workflows.dag.plan import Work
from timeloom_workflows.driving.doing import Result
from timeloom_workflows.driving.drafts import Draft
from timeloom_workflows.driving.mailbox import Arrival, Mailbox
from timeloom_workflows.driving.surroundings import Surroundings
from timeloom_workflows.engine.tasks import DirectTask, TaskOutcome
from timeloom_workflows.model import Execution, Step, StepStage, WaitReason

ACTIONS_PER_EXECUTION_MAX: Final = 100
"""Actions of one execution that the engine does at once; further ones wait for their turn."""

logger = structlog.get_logger(__name__)


class Hands:
    """Begins what was committed, and stops what is not to be gone on with. Results go into the mailbox."""

    def __init__(self, execution: Execution, surroundings: Surroundings, mailbox: Mailbox) -> None:
        self._execution = execution
        self._surroundings = surroundings
        self._mailbox = mailbox
        self._doing: dict[str, asyncio.Task[None]] = {}
        self._direct: dict[str, int] = {}
        self._room = asyncio.Semaphore(ACTIONS_PER_EXECUTION_MAX)

    def __bool__(self) -> bool:
        return bool(self._doing or self._direct)

    @property
    def busy_with(self) -> frozenset[str]:
        """The steps that are being done here."""
        return frozenset((*self._doing, *self._direct))

    def begin(self, draft: Draft) -> None:
        """Begins what a draft said that is committed now."""
        for step in draft.stopped.values():
            self._stop(step)
        for work in draft.works.values():
            self._doing[work.step.id] = asyncio.get_running_loop().create_task(self._do(work))
        desk = self._surroundings.desk
        if desk is None:
            return
        for work in draft.direct.values():
            self._direct[work.step.id] = work.step.token
            desk.dispatch(self._direct_task(work))
        for task in {work.step.task for work in draft.queued.values()}:
            desk.queued(self._execution.project_id, task or "")

    def forgo(self, draft: Draft) -> None:
        """Gives back what was kept for a draft that was not committed."""
        desk = self._surroundings.desk
        if desk is not None:
            for work in draft.direct.values():
                desk.give_back(self._execution.project_id, work.step.task or "")

    async def cancel_children(self, draft: Draft) -> None:
        """Cancels the executions that a draft does not wait for any more."""
        for step in draft.stopped.values():
            if step.waiting_for is WaitReason.EXECUTION and step.waiting_name:
                try:
                    await self._surroundings.controls.cancel(
                        self._execution.project_id,
                        UUID(step.waiting_name),
                        reason=f"The step {step.id} of {step.execution_id} does not wait for it any more",
                    )
                except TimeloomError as error:
                    # It has ended by itself; or else it goes on, which harms nobody.
                    logger.info("child not cancelled", execution_id=step.waiting_name, reason=error.reason)

    async def close(self) -> None:
        """Stops everything that this engine does; workers are left to their tasks."""
        doing = list(self._doing.values())
        for task in doing:
            task.cancel()
        await asyncio.gather(*doing, return_exceptions=True)

    def _stop(self, step: Step) -> None:
        doing = self._doing.pop(step.id, None)
        if doing is not None:
            doing.cancel()
        self._direct.pop(step.id, None)
        desk = self._surroundings.desk
        if desk is not None and step.stage is not StepStage.NONE:
            desk.revoke(step.execution_id, step.id, reason="cancelled")

    async def _do(self, work: Work) -> None:
        step_id = work.step.id
        async with self._room:
            result = await self._surroundings.doing.do(
                self._execution.project_id, self._execution.workflow_id, work
            )
        if self._doing.get(step_id) is asyncio.current_task():
            del self._doing[step_id]
            self._mailbox.put(Arrival(result=result))

    def _direct_task(self, work: Work) -> DirectTask:
        return DirectTask(
            project_id=self._execution.project_id,
            workflow_id=self._execution.workflow_id,
            step=work.step,
            deadline=work.step.wake_time,
            traceparent=self._execution.traceparent,
            done=partial(self._done, work.step),
        )

    def _done(self, step: Step, outcome: TaskOutcome) -> asyncio.Future[bool]:
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if self._direct.get(step.id) != outcome.token:
            answer.set_result(False)
            return answer
        del self._direct[step.id]
        result = Result(step_id=step.id, attempt=step.attempt, output=outcome.output, failure=outcome.failure)
        self._mailbox.put(
            Arrival(result=result, answer=answer, worker_id=outcome.worker_id, start_time=outcome.start_time)
        )
        return answer
