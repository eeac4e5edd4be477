"""What workers say of the executions that they have: taken in its order, committed, and answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, Protocol
from uuid import UUID

from msgspec.structs import replace

from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2 as pb
from timeloom_platform.database import Database
from timeloom_workflows import limits
from timeloom_workflows.engine.commands import (
    Advanced,
    Ended,
    NewExecution,
    Outcome,
    Parked,
    Requeued,
    Running,
)
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.model import Failure, Stage, Status, Step, StepStage, StepStatus, WaitReason
from timeloom_workflows.storage import working
from timeloom_workflows.workers import records
from timeloom_workflows.workers.children import Children
from timeloom_workflows.workers.commits import Commits
from timeloom_workflows.workers.errands import Errands
from timeloom_workflows.workers.held import Held
from timeloom_workflows.workers.holding import Holding
from timeloom_workflows.workers.news import News
from timeloom_workflows.workers.records import Refusal
from timeloom_workflows.workers.session import Session

_WAIT_TYPES: Final = (
    pb.STEP_TYPE_WAIT,
    pb.STEP_TYPE_HUMAN_APPROVAL,
    pb.STEP_TYPE_WORKFLOW,
    pb.STEP_TYPE_ACTION,
)


class Signals(Protocol):
    """Signals that came before a step waited for them."""

    async def settle(self, project_id: UUID, execution_id: UUID) -> Sequence[Step]:
        """Gives them to the steps that wait now; returns these."""
        ...


class Events(Protocol):
    """Events that came before a step waited for them."""

    async def look_back(self, project_id: UUID, execution_id: UUID, step: Step) -> bool:
        """Ends a step that waits for an event which has come since its execution was created."""
        ...


class Progress:
    """Takes the messages of workers, those of one execution in their order."""

    def __init__(
        self,
        *,
        engine: Engine,
        database: Database,
        children: Children,
        signals: Signals,
        events: Events | None,
        commits: Commits,
        held: Held,
        errands: Errands,
        news: News,
    ) -> None:
        self._engine = engine
        self._database = database
        self._children = children
        self._signals = signals
        self._events = events
        self._commits = commits
        self._held = held
        self._errands = errands
        self._news = news

    def progressed(self, session: Session, progress: messages.ExecutionProgress) -> None:
        """Takes what an execution did."""
        try:
            holding = self._held.get(UUID(progress.execution_id))
        except ValueError:
            holding = None
        if holding is None or holding.token != progress.token or holding.session is not session:
            _tell(session, progress, committed=False)
            return
        if progress.number <= holding.received:
            if progress.number <= holding.committed:
                _tell(session, progress, committed=True)
            return
        holding.received = progress.number
        holding.queue.append(progress)
        if not holding.is_busy:
            self._work(holding)

    def _work(self, holding: Holding) -> None:
        """Works off messages of an execution in their order; one that takes a look keeps the rest waiting."""
        while holding.queue and self._held.has(holding):
            progress = holding.queue.popleft()
            try:
                steps = self._steps_of(holding, progress)
            except Refusal as refusal:
                self._refuse(holding, progress, refusal.failure)
                return
            if self._children.are_among(steps) or _seen_among(progress) or _looks_back(steps):
                holding.is_busy = True
                self._errands.spawn(holding, self._take_slowly(holding, progress, steps))
                return
            self._commit(holding, progress, steps)

    async def _take_slowly(
        self, holding: Holding, progress: messages.ExecutionProgress, steps: list[Step]
    ) -> None:
        """Takes a message that needs more than one commit."""
        try:
            await self._reorder(holding, steps)
            steps = [step for step in steps if step.id not in holding.slept]
            steps, children = await self._children.begun(holding.execution, steps)
            settled = self._children.settled(steps)
            if _looks_back(steps):
                first = self._commits.advance(holding, Running(), steps=steps, children=children, is_new=True)
                advanced = await first
                if not advanced.committed or not self._held.has(holding):
                    self._held.forget(holding)
                    _tell(holding.session, progress, committed=False)
                    return
                settled += await self._look_back(holding, steps)
                steps, children = [], []
            self._commit(holding, progress, steps, children=children, settled=settled)
        finally:
            holding.is_busy = False
        self._work(holding)

    async def _look_back(self, holding: Holding, steps: Sequence[Step]) -> list[Step]:
        """Looks for what came before steps waited for it, and returns those that have ended by it.

        An event that is found raises the inbox, so that a rest that does not know of it is none.
        """
        settled: list[Step] = []
        if any(step.waiting_for is WaitReason.SIGNAL for step in steps):
            settled += await self._signals.settle(holding.project_id, holding.id)
        for step in steps:
            if step.waiting_for is WaitReason.EVENT and self._events is not None:
                await self._events.look_back(holding.project_id, holding.id, step)
        for step in settled:
            holding.open.pop(step.id, None)
        return settled

    async def _reorder(self, holding: Holding, steps: Sequence[Step]) -> None:
        """Notes when the code saw steps end that others had ended before."""
        ends = [
            (step.id, step.end_time) for step in steps if records.is_wait(step) and step.end_time is not None
        ]
        if not ends:
            return
        for step in steps:
            if step.id not in holding.slept or step.end_time is None:
                continue
            if step.status is StepStatus.CANCELLED:
                del holding.slept[step.id]
            else:
                holding.slept[step.id] = replace(holding.slept[step.id], end_time=step.end_time)
        async with self._database.transaction(str(holding.project_id)) as connection:
            await working.reorder(connection, holding.project_id, holding.id, token=holding.token, ends=ends)

    def _steps_of(self, holding: Holding, progress: messages.ExecutionProgress) -> list[Step]:
        """Returns the rows of what a message tells.

        Raises:
            Refusal: They cannot be kept.
        """
        now = self._engine.clock.now()
        worker_id = holding.session.worker_id
        steps: list[Step] = []
        for record in progress.steps:
            known = holding.open.get(record.id)
            step = records.step_of(
                record, holding.id, worker_id=worker_id, now=now, input_of=lambda: holding.execution.input
            )
            if known is not None and records.is_wait(step):
                if not step.status.has_ended:
                    continue  # it is told again, after its stream broke
                # It only gives up what it waits for: what that is stays as it is.
                step = _given_up(known, step)
            elif known is None and not (records.is_wait(step) and step.status.has_ended):
                holding.step_count += 1
            holding.state_bytes += len(step.output or b"")
            steps.append(step)
        if holding.step_count > limits.STEPS_PER_EXECUTION_MAX:
            raise Refusal(
                "TooManyStepsError",
                f"it has more than {limits.STEPS_PER_EXECUTION_MAX:,} steps: let it begin another execution",
            )
        if holding.state_bytes > limits.STATE_BYTES_MAX:
            raise Refusal(
                "TooLargeError",
                f"the outputs of all its steps have more than {limits.STATE_BYTES_MAX:,} bytes",
            )
        return steps

    def _refuse(self, holding: Holding, progress: messages.ExecutionProgress, failure: Failure) -> None:
        ended = Ended(status=Status.FAILED, failure=failure, knows_cancelling=holding.cancelling)
        answer = self._commits.advance(holding, ended)
        answer.add_done_callback(
            lambda _: _tell(
                holding.session, progress, committed=False, refusal=records.failure_message(failure)
            )
        )
        self._held.forget(holding)

    def _commit(
        self,
        holding: Holding,
        progress: messages.ExecutionProgress,
        steps: list[Step],
        *,
        children: Sequence[NewExecution] = (),
        settled: Sequence[Step] = (),
    ) -> None:
        all_seen = holding.seen(progress.news)
        holding.untold.update((step.id, step) for step in settled)
        try:
            outcome = self._outcome_of(holding, progress, knows=holding.cancelling and all_seen)
        except Refusal as refusal:
            self._refuse(holding, progress, refusal.failure)
            return
        holding.take_steps(steps)
        if isinstance(outcome, Parked):
            outcome = holding.parked(all_seen=all_seen)
        answer = self._commits.advance(holding, outcome, steps=steps, children=children, is_new=True)
        answer.add_done_callback(partial(self._committed, holding, progress, outcome))

    def _outcome_of(  # noqa: PLR0911 - one for each outcome
        self, holding: Holding, progress: messages.ExecutionProgress, *, knows: bool
    ) -> Outcome:
        match progress.WhichOneof("outcome"):
            case "running":
                return Running()
            case "parked":
                return holding.parked()
            case "succeeded":
                # Code that knows of a cancellation does not succeed: this was on its way when it was told.
                output = records.checked(progress.succeeded.output, "output")
                return Ended(status=Status.SUCCEEDED, output=output)
            case "failed":
                failure = records.failure_of(progress.failed.error)
                return Ended(status=Status.FAILED, failure=failure, knows_cancelling=knows)
            case "cancelled" if holding.is_failing:
                failure = Failure(type="TimeoutError", message="it took longer than it may", is_final=True)
                return Ended(status=Status.FAILED, failure=failure, knows_cancelling=knows)
            case "cancelled":
                return Ended(status=Status.CANCELLED)
            case "returned":
                return Requeued(is_forgiven=True)
            case _:
                raise Refusal("InvalidProgressError", "it does not say how it goes on")

    def _committed(
        self,
        holding: Holding,
        progress: messages.ExecutionProgress,
        outcome: Outcome,
        answer: asyncio.Future[Advanced],
    ) -> None:
        """Answers a worker's message."""
        session = holding.session
        if answer.cancelled() or answer.exception() is not None:
            # Nobody knows what was committed; the engine has it looked at anew.
            self._held.forget(holding)
            _tell(session, progress, committed=False)
            return
        advanced = answer.result()
        holding.committed = max(holding.committed, progress.number)
        if not advanced.committed:
            self._held.forget(holding)
            _tell(session, progress, committed=False)
        elif isinstance(outcome, Running):
            self._tell_running(holding, progress, advanced)
        elif advanced.stage is Stage.OWNED:
            self._end_was_not_taken(holding, progress, advanced)
        else:
            self._held.forget(holding)
            if isinstance(outcome, Parked) and progress.parked.is_kept and session.is_attached:
                self._held.keep(holding)
            _tell(session, progress, committed=True)

    def _tell_running(
        self, holding: Holding, progress: messages.ExecutionProgress, advanced: Advanced
    ) -> None:
        if progress.steps:
            holding.session.suspects.release(holding.id)
        holding.cancelling |= advanced.cancelling
        holding.is_told_pause |= advanced.paused
        untold = list(holding.untold.values())
        is_news = bool(untold) or holding.learned_flags()
        if is_news:
            holding.news += 1
        ack = messages.ProgressAck(
            execution_id=progress.execution_id,
            token=progress.token,
            number=progress.number,
            committed=True,
            pause=advanced.paused,
            news=holding.news if is_news else 0,
            steps=[records.record_of(step, now=holding.execution.update_time) for step in untold],
            cancelling=holding.cancelling or holding.is_failing,
        )
        holding.session.acks.append(ack)
        holding.session.wake()
        if advanced.inbox > holding.inbox:
            self._news.look_at(holding)
        if holding.open:
            self._news.plan_wake(holding)

    def _end_was_not_taken(
        self, holding: Holding, progress: messages.ExecutionProgress, advanced: Advanced
    ) -> None:
        """Lets an execution rest that has ended for its worker, but was paused or is to be cancelled before.

        It runs again from its memory when it is given next, and ends then as it has to.
        """
        self._held.forget(holding)
        resting = holding.parked() if advanced.paused else Requeued(is_forgiven=True)
        self._commits.advance(holding, resting)
        _tell(holding.session, progress, committed=True, stop=True)


def _tell(
    session: Session,
    progress: messages.ExecutionProgress,
    *,
    committed: bool,
    stop: bool = False,
    refusal: Any = None,
) -> None:
    session.acks.append(
        messages.ProgressAck(
            execution_id=progress.execution_id,
            token=progress.token,
            number=progress.number,
            committed=committed,
            stop=stop,
            refusal=refusal,
        )
    )
    session.wake()


def _given_up(known: Step, told: Step) -> Step:
    return replace(
        known,
        status=told.status,
        stage=StepStage.NONE,
        waiting_for=WaitReason.NONE,
        wake_time=None,
        end_time=told.end_time,
    )


def _seen_among(progress: messages.ExecutionProgress) -> bool:
    """Whether a message tells of a wait's end, which is never the worker's to bring about."""
    return any(
        record.type in _WAIT_TYPES and record.status >= StepStatus.SUCCEEDED for record in progress.steps
    )


def _looks_back(steps: Sequence[Step]) -> bool:
    """Whether something that steps begin to wait for may have come before."""
    return any(step.waiting_for in (WaitReason.EVENT, WaitReason.SIGNAL) for step in steps)
