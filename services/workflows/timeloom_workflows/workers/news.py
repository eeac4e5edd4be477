"""What comes from outside for executions that workers have: looked for, decided, and told."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom_platform.database import Database
from timeloom_workflows.engine.commands import Running
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.model import Step, StepStatus
from timeloom_workflows.storage import working
from timeloom_workflows.workers import records
from timeloom_workflows.workers.commits import Commits
from timeloom_workflows.workers.errands import Errands
from timeloom_workflows.workers.held import Held
from timeloom_workflows.workers.holding import Holding
from timeloom_workflows.workers.waits import Waits

LOOK_SECONDS_MIN: Final = 0.002
"""What lies between two looks at an execution whose time, by the database, has not quite come."""


class News:
    """Finds out what came for executions, now and when the time of a wait or a deadline has come."""

    def __init__(
        self,
        *,
        engine: Engine,
        database: Database,
        waits: Waits,
        commits: Commits,
        held: Held,
        errands: Errands,
    ) -> None:
        self._engine = engine
        self._database = database
        self._waits = waits
        self._commits = commits
        self._held = held
        self._errands = errands

    def look_at(self, holding: Holding) -> None:
        """Looks at an execution as soon as nobody does."""
        if holding.is_looked_at:
            holding.look_again = True
            return
        holding.is_looked_at = True
        self._errands.spawn(holding, self._look(holding))

    async def settle(self, holding: Holding, now: datetime) -> None:
        """Writes what the engine decides about waits: those that took too long, and tries of tasks."""
        steps = self._waits.changed(holding.open.values(), now)
        await self._commits.advance(holding, Running(), steps=steps, is_new=True)

    async def whole(self, holding: Holding) -> tuple[working.Look, list[Step]] | None:
        """Returns an execution with all its steps."""
        async with self._database.reading(str(holding.project_id)) as connection:
            look = await working.look(
                connection, holding.project_id, holding.id, token=holding.token, step_ids=()
            )
            steps = await working.select_steps(connection, holding.project_id, holding.id)
        return None if look is None else (look, steps)

    def plan_wake(self, holding: Holding) -> None:
        """Looks at an execution again when the first of its waits is over, while its worker has it."""
        if holding.timer is not None:
            holding.timer.cancel()
            holding.timer = None
        wake = holding.next_wake()
        if wake is not None and self._held.has(holding):
            holding.timer = self._call_at(wake, holding)

    def plan_deadline(self, holding: Holding) -> None:
        """Looks at an execution again when its time is over."""
        if holding.deadline_timer is not None:
            holding.deadline_timer.cancel()
            holding.deadline_timer = None
        deadline = holding.execution.deadline
        if deadline is not None and not holding.is_failing and self._held.has(holding):
            holding.deadline_timer = self._call_at(deadline, holding)

    async def _look(self, holding: Holding) -> None:
        """Finds out what came for an execution, and tells its worker."""
        try:
            holding.look_again = True
            while holding.look_again and self._held.has(holding):
                holding.look_again = False
                await self._look_once(holding)
        finally:
            holding.is_looked_at = False

    async def _look_once(self, holding: Holding) -> None:
        look = await self._looked(holding)
        if look is not None and self._waits.have_changed(look.steps, look.now):
            await self.settle(holding, look.now)
            look = await self._looked(holding)
        if not self._held.has(holding):
            return
        if look is None:
            self._held.forget(holding)
            holding.session.revoke(execution_id=holding.key, token=holding.token, reason="taken over")
            return
        self._tell_news(holding, look)

    def _tell_news(self, holding: Holding, look: working.Look) -> None:
        news = [step for step in look.steps if step.id in holding.open and _is_news(step, look.now)]
        news.sort(key=lambda step: records.order_of(step, look.now))
        for step in news:
            holding.state_bytes += len(step.output or b"")
            holding.untold[step.id] = holding.open.pop(step.id)
            if not step.status.has_ended and not is_to_run(step, look.now):
                holding.slept[step.id] = records.slept(step)
        holding.inbox = max(holding.inbox, look.inbox)
        holding.cancelling |= look.cancelling
        holding.is_failing |= is_late(holding, look.now)
        holding.is_told_pause |= look.paused
        if holding.learned_flags() or news:
            holding.news += 1
            holding.session.acks.append(
                messages.ProgressAck(
                    execution_id=holding.key,
                    token=holding.token,
                    number=holding.committed,
                    committed=True,
                    steps=[records.record_of(step, now=look.now) for step in news],
                    cancelling=holding.cancelling or holding.is_failing,
                    pause=look.paused,
                    news=holding.news,
                )
            )
            holding.session.wake()
        self.plan_wake(holding)
        self.plan_deadline(holding)

    async def _looked(self, holding: Holding) -> working.Look | None:
        async with self._database.reading(str(holding.project_id)) as connection:
            return await working.look(
                connection, holding.project_id, holding.id, token=holding.token, step_ids=list(holding.open)
            )

    def _call_at(self, time: datetime, holding: Holding) -> asyncio.TimerHandle:
        left = (time - self._engine.clock.now()).total_seconds()
        return asyncio.get_running_loop().call_later(max(left, LOOK_SECONDS_MIN), self.look_at, holding)


def is_late(holding: Holding, now: datetime) -> bool:
    """Whether an execution's time is over."""
    deadline = holding.execution.deadline
    return deadline is not None and deadline <= now


def is_to_run(step: Step, now: datetime) -> bool:
    """Whether a step is to be tried again by its worker now."""
    return (
        step.status is StepStatus.RETRYING
        and not records.is_wait(step)
        and step.wake_time is not None
        and step.wake_time <= now
    )


def _is_news(step: Step, now: datetime) -> bool:
    return step.status.has_ended or records.is_over(step, now) or is_to_run(step, now)
