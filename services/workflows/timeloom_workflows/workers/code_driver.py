"""Drives executions of workers' code: the worker runs the function, and this commits what it says.

Messages of one execution are worked off in their order, and what they say goes through the engine's
committer. What comes from outside reaches the worker as part of an answer, or as one of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol
from uuid import UUID

import structlog
from msgspec.structs import replace

from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2 as pb
from timeloom_platform.database import Database
from timeloom_platform.errors import TimeloomError
from timeloom_workflows import limits
from timeloom_workflows.engine.commands import (
    Advance,
    Advanced,
    Ended,
    NewExecution,
    Outcome,
    Parked,
    Requeued,
    Running,
)
from timeloom_workflows.engine.drivers import Claimed, Places
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.engine.tasks import TaskDesk
from timeloom_workflows.model import (
    Execution,
    Failure,
    HistoryEntry,
    HistoryType,
    Stage,
    Status,
    Step,
    StepStage,
    StepStatus,
    StepType,
    WaitReason,
)
from timeloom_workflows.storage import working
from timeloom_workflows.workers import records
from timeloom_workflows.workers.children import Children
from timeloom_workflows.workers.dispatching import dispatched
from timeloom_workflows.workers.holding import Holding, Kept
from timeloom_workflows.workers.places import Room
from timeloom_workflows.workers.records import Refusal
from timeloom_workflows.workers.session import Session
from timeloom_workflows.workers.waits import Waits

KEPT_MAX: Final = 100_000
"""Executions that workers keep, as far as the engine remembers."""

LOOK_SECONDS_MIN: Final = 0.002
"""What lies between two looks at an execution whose time, by the database, has not quite come."""

logger = structlog.get_logger(__name__)


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


class CodeDriver:
    """The driver of executions whose code workers have."""

    def __init__(
        self,
        *,
        engine: Engine,
        database: Database,
        children: Children,
        tasks: TaskDesk,
        signals: Signals,
        events: Events | None,
        deliveries_max: int,
    ) -> None:
        self.room = Room(of_tasks=False)
        self._engine = engine
        self._database = database
        self._children = children
        self._waits = Waits(tasks, engine_id=lambda: engine.id)
        self._signals = signals
        self._events = events
        self._deliveries_max = deliveries_max
        self._held: dict[UUID, Holding] = {}
        self._kept: dict[UUID, tuple[Session, Kept]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # -- What the engine wants of a driver ---------------------------------------------------

    def reserve(self, project_id: UUID, workflow_id: str) -> bool:
        """Keeps a place for one execution that is about to come; False if there is none."""
        return self.room.keep((project_id, workflow_id))

    def offer(self, limit: int) -> Sequence[Places]:
        """Keeps all places that are free for executions of the queue, at most `limit` of them."""
        return [
            Places(count=count, project_id=project_id, workflow_id=workflow_id)
            for (project_id, workflow_id), count in self.room.offer(limit)
        ]

    def give_back(self, places: Places) -> None:
        """Frees places that were kept and are not needed."""
        assert places.project_id is not None, "they were offered for a project"
        assert places.workflow_id is not None, "they were offered for a workflow"
        self.room.give_back((places.project_id, places.workflow_id), places.count)

    def drive(self, claimed: Claimed) -> None:
        """Takes an execution, for which a place was kept."""
        execution = claimed.execution
        session, kept = self._kept.pop(execution.id, (None, None))
        key = (execution.project_id, execution.workflow_id)
        taker = self.room.take(key, rather=session)
        if session is not None and session is not taker and kept is not None:
            session.revoke(
                execution_id=str(execution.id), token=kept.token, reason="another worker goes on with it"
            )
        if taker is None:
            self._advance_unheld(execution, Requeued(is_forgiven=True))
            return
        holding = Holding(execution, taker)
        if taker is not session or (kept is not None and kept.token + 1 != execution.token):
            kept = None
        self._held[execution.id] = holding
        self._begin(holding, claimed.steps, kept)

    def poke(self, execution_id: UUID) -> None:
        """Something came from outside for an execution that it drives."""
        holding = self._held.get(execution_id)
        if holding is not None:
            self._look_at(holding)

    def drop(self, execution_id: UUID) -> None:
        """Forgets an execution at once: somebody else goes on with it."""
        holding = self._held.get(execution_id)
        if holding is not None:
            self._forget(holding)
            holding.session.revoke(execution_id=holding.key, token=holding.token, reason="taken over")

    # -- Workers -----------------------------------------------------------------------------

    def held_by(self, session: Session) -> list[Holding]:
        """Returns what a worker holds."""
        return [each for each in self._held.values() if each.session is session]

    def get(self, execution_id: UUID) -> Holding | None:
        """Returns an execution that a worker here holds."""
        return self._held.get(execution_id)

    def adopt(self, claimed: Claimed, session: Session) -> None:
        """Takes an execution that the engine has just taken over, and that the worker has whole."""
        holding = self._held[claimed.execution.id] = Holding(claimed.execution, session)
        self._note_steps(holding, claimed.steps)
        self._plan_deadline(holding)
        self._look_at(holding)

    def lose(self, holding: Holding, *, is_forgiven: bool) -> None:
        """Gives an execution to others whose worker is gone, or does not know it."""
        is_forgiven |= holding.session.suspects.is_waiting(holding.id)
        self._forget(holding)
        entries = [] if is_forgiven else [HistoryEntry(type=HistoryType.EXECUTION_TAKEN_OVER)]
        self._advance(holding, Requeued(is_forgiven=is_forgiven), entries=entries)

    def forget_kept(self, session: Session) -> None:
        """A worker keeps nothing any more."""
        for execution_id in [each for each, (keeper, _) in self._kept.items() if keeper is session]:
            del self._kept[execution_id]

    async def close(self) -> None:
        """Stops what is under way."""
        for holding in self._held.values():
            holding.stop_timers()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- Beginning ---------------------------------------------------------------------------

    def _begin(self, holding: Holding, steps: Sequence[Step], kept: Kept | None) -> None:
        execution = holding.execution
        if execution.delivery > self._deliveries_max:
            self._give_up(holding)
            return
        if execution.delivery > 1 and not holding.session.suspects.admit(
            holding.id, lambda: self._begin(holding, steps, kept)
        ):
            return
        self._note_steps(holding, steps)
        now = execution.update_time
        if self._waits.have_changed(holding.open.values(), now):
            self._spawn(holding, self._settle_then_dispatch(holding, kept))
            return
        self._dispatch(holding, steps, kept, now)

    def _note_steps(self, holding: Holding, steps: Iterable[Step]) -> None:
        for step in steps:
            holding.state_bytes += len(step.output or b"")
            if not step.status.has_ended:
                holding.open[step.id] = step

    def _dispatch(self, holding: Holding, steps: Iterable[Step], kept: Kept | None, now: datetime) -> None:
        """Sends an execution to its worker."""
        holding.is_failing = _is_late(holding, now)
        holding.learned_flags()
        self._plan_deadline(holding)
        for step in tuple(holding.open.values()):
            if records.is_over(step, now):
                del holding.open[step.id]
                holding.slept[step.id] = records.slept(step)
        holding.session.executions.append(dispatched(holding, steps, kept, now=now))
        holding.session.wake()
        self._plan_wake(holding)

    async def _settle_then_dispatch(self, holding: Holding, kept: Kept | None) -> None:
        """Writes what the engine decides about waits, and goes on with how the steps are then."""
        await self._settle(holding, holding.execution.update_time)
        claimed = await self._whole(holding)
        if claimed is None or self._held.get(holding.id) is not holding:
            return
        look, steps = claimed
        holding.open.clear()
        holding.state_bytes = 0
        self._note_steps(holding, steps)
        news = any(
            step.status.has_ended or records.is_over(step, look.now) or _is_to_run(step, look.now)
            for step in steps
            if kept is None or step.id in kept.open
        )
        if not news and not look.cancelling and steps and holding.execution.start_time is not None:
            self._park_again(holding, kept)
            return
        holding.cancelling |= look.cancelling
        self._dispatch(holding, steps, kept, look.now)

    def _park_again(self, holding: Holding, kept: Kept | None) -> None:
        """Lets an execution rest of which the engine alone had something to do."""
        self._forget(holding)
        self.room_freed(holding.session)
        answer = self._advance(holding, self._parked(holding))
        if kept is not None:
            answer.add_done_callback(lambda done: self._kept_again(holding, done))

    def _kept_again(self, holding: Holding, answer: asyncio.Future[Advanced]) -> None:
        if not answer.cancelled() and answer.exception() is None and answer.result().committed:
            self._keep(holding)

    def room_freed(self, session: Session) -> None:
        """A place is not needed that a worker gave."""
        session.execution_credits += 1
        self._engine.room_grew()

    def _give_up(self, holding: Holding) -> None:
        """Ends an execution whose workers are lost again and again."""
        self._forget(holding)
        self.room_freed(holding.session)
        failure = Failure(
            type="PoisonError",
            message=f"its workers were lost {self._deliveries_max} times, and no step ended between",
            is_final=True,
        )
        self._advance(
            holding,
            Ended(status=Status.FAILED, failure=failure, knows_cancelling=holding.cancelling),
        )

    # -- What a worker says ------------------------------------------------------------------

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
        while holding.queue and self._held.get(holding.id) is holding:
            progress = holding.queue.popleft()
            try:
                steps = self._steps_of(holding, progress)
            except Refusal as refusal:
                self._refuse(holding, progress, refusal.failure)
                return
            if self._children.are_among(steps) or _seen_among(progress) or _looks_back(steps):
                holding.is_busy = True
                self._spawn(holding, self._take_slowly(holding, progress, steps))
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
                first = self._advance(holding, Running(), steps=steps, children=children, is_new=True)
                advanced = await first
                if not advanced.committed or self._held.get(holding.id) is not holding:
                    self._forget(holding)
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
        answer = self._advance(holding, ended)
        answer.add_done_callback(
            lambda _: _tell(
                holding.session, progress, committed=False, refusal=records.failure_message(failure)
            )
        )
        self._forget(holding)

    # -- Commits -------------------------------------------------------------------------------

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
            outcome = self._parked(holding, all_seen=all_seen)
        answer = self._advance(holding, outcome, steps=steps, children=children, is_new=True)
        answer.add_done_callback(partial(self._committed, holding, progress, outcome))

    def _outcome_of(  # noqa: PLR0911 - one for each outcome
        self, holding: Holding, progress: messages.ExecutionProgress, *, knows: bool
    ) -> Outcome:
        match progress.WhichOneof("outcome"):
            case "running":
                return Running()
            case "parked":
                return self._parked(holding)
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

    def _parked(self, holding: Holding, *, all_seen: bool = True) -> Parked:
        return Parked(
            inbox=holding.seen_inbox(all_seen=all_seen),
            due_time=holding.due_time(),
            waiting_for=holding.waiting_for(),
        )

    def _advance(
        self,
        holding: Holding,
        outcome: Outcome,
        *,
        steps: Sequence[Step] = (),
        children: Sequence[NewExecution] = (),
        entries: Sequence[HistoryEntry] = (),
        is_new: bool = False,
    ) -> asyncio.Future[Advanced]:
        """Commits steps, with the sleeps that are over, and tells tasks to begin."""
        if holding.slept and not isinstance(outcome, Requeued):
            steps = [*holding.slept.values(), *steps]
            holding.slept.clear()
        if is_new:
            steps = self._waits.reserved(holding, steps)
            holding.take_steps(tuple(steps))
        answer = self._engine.advance(
            Advance(
                project_id=holding.project_id,
                execution_id=holding.id,
                token=holding.token,
                outcome=outcome,
                steps=steps,
                entries=[*_entries_of(steps), *entries],
                children=children,
            )
        )
        if is_new:
            self._waits.dispatch_after(answer, holding, steps)
        return answer

    def _advance_unheld(self, execution: Execution, outcome: Outcome) -> None:
        self._engine.advance(
            Advance(
                project_id=execution.project_id,
                execution_id=execution.id,
                token=execution.token,
                outcome=outcome,
            )
        )

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
            self._forget(holding)
            _tell(session, progress, committed=False)
            return
        advanced = answer.result()
        holding.committed = max(holding.committed, progress.number)
        if not advanced.committed:
            self._forget(holding)
            _tell(session, progress, committed=False)
        elif isinstance(outcome, Running):
            self._tell_running(holding, progress, advanced)
        elif advanced.stage is Stage.OWNED:
            self._end_was_not_taken(holding, progress, advanced)
        else:
            self._forget(holding)
            if isinstance(outcome, Parked) and progress.parked.is_kept and session.is_attached:
                self._keep(holding)
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
            self._look_at(holding)
        if holding.open:
            self._plan_wake(holding)

    def _end_was_not_taken(
        self, holding: Holding, progress: messages.ExecutionProgress, advanced: Advanced
    ) -> None:
        """Lets an execution rest that has ended for its worker, but was paused or is to be cancelled before.

        It runs again from its memory when it is given next, and ends then as it has to.
        """
        self._forget(holding)
        resting = self._parked(holding) if advanced.paused else Requeued(is_forgiven=True)
        self._advance(holding, resting)
        _tell(holding.session, progress, committed=True, stop=True)

    def _keep(self, holding: Holding) -> None:
        """Remembers that its worker keeps an execution, so that next time only what is new is sent."""
        self._kept[holding.id] = (
            holding.session,
            Kept(token=holding.token, open={**holding.open, **holding.untold}),
        )
        while len(self._kept) > KEPT_MAX:
            del self._kept[next(iter(self._kept))]

    def _forget(self, holding: Holding) -> None:
        holding.stop_timers()
        if self._held.get(holding.id) is holding:
            del self._held[holding.id]
        holding.session.suspects.release(holding.id)

    # -- What comes from outside ---------------------------------------------------------------

    def _look_at(self, holding: Holding) -> None:
        if holding.is_looked_at:
            holding.look_again = True
            return
        holding.is_looked_at = True
        self._spawn(holding, self._look(holding))

    async def _look(self, holding: Holding) -> None:
        """Finds out what came for an execution, and tells its worker."""
        try:
            holding.look_again = True
            while holding.look_again and self._held.get(holding.id) is holding:
                holding.look_again = False
                await self._look_once(holding)
        finally:
            holding.is_looked_at = False

    async def _look_once(self, holding: Holding) -> None:
        look = await self._looked(holding)
        if look is not None and self._waits.have_changed(look.steps, look.now):
            await self._settle(holding, look.now)
            look = await self._looked(holding)
        if self._held.get(holding.id) is not holding:
            return
        if look is None:
            self._forget(holding)
            holding.session.revoke(execution_id=holding.key, token=holding.token, reason="taken over")
            return
        self._tell_news(holding, look)

    def _tell_news(self, holding: Holding, look: working.Look) -> None:
        news = [step for step in look.steps if step.id in holding.open and _is_news(step, look.now)]
        news.sort(key=lambda step: records.order_of(step, look.now))
        for step in news:
            holding.state_bytes += len(step.output or b"")
            holding.untold[step.id] = holding.open.pop(step.id)
            if not step.status.has_ended and not _is_to_run(step, look.now):
                holding.slept[step.id] = records.slept(step)
        holding.inbox = max(holding.inbox, look.inbox)
        holding.cancelling |= look.cancelling
        holding.is_failing |= _is_late(holding, look.now)
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
        self._plan_wake(holding)
        self._plan_deadline(holding)

    async def _looked(self, holding: Holding) -> working.Look | None:
        async with self._database.reading(str(holding.project_id)) as connection:
            return await working.look(
                connection, holding.project_id, holding.id, token=holding.token, step_ids=list(holding.open)
            )

    async def _whole(self, holding: Holding) -> tuple[working.Look, list[Step]] | None:
        """Returns an execution with all its steps."""
        async with self._database.reading(str(holding.project_id)) as connection:
            look = await working.look(
                connection, holding.project_id, holding.id, token=holding.token, step_ids=()
            )
            steps = await working.select_steps(connection, holding.project_id, holding.id)
        return None if look is None else (look, steps)

    async def _settle(self, holding: Holding, now: datetime) -> None:
        """Writes what the engine decides about waits: those that took too long, and tries of tasks."""
        steps = self._waits.changed(holding.open.values(), now)
        await self._advance(holding, Running(), steps=steps, is_new=True)

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

    # -- Time ----------------------------------------------------------------------------------

    def _plan_wake(self, holding: Holding) -> None:
        """Looks at an execution again when the first of its waits is over, while its worker has it."""
        if holding.timer is not None:
            holding.timer.cancel()
            holding.timer = None
        wake = holding.next_wake()
        if wake is not None and self._held.get(holding.id) is holding:
            holding.timer = self._call_at(wake, holding)

    def _plan_deadline(self, holding: Holding) -> None:
        if holding.deadline_timer is not None:
            holding.deadline_timer.cancel()
            holding.deadline_timer = None
        deadline = holding.execution.deadline
        if deadline is not None and not holding.is_failing and self._held.get(holding.id) is holding:
            holding.deadline_timer = self._call_at(deadline, holding)

    def _call_at(self, time: datetime, holding: Holding) -> asyncio.TimerHandle:
        left = (time - self._engine.clock.now()).total_seconds()
        return asyncio.get_running_loop().call_later(max(left, LOOK_SECONDS_MIN), self._look_at, holding)

    def _spawn(self, holding: Holding, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guarded(holding, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, holding: Holding, work: Coroutine[Any, Any, None]) -> None:
        """Does something about an execution; what fails lets another worker have it."""
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - see below
            # The worker is told, and the execution is given out anew: nothing may be left without a driver.
            level = logger.warning if isinstance(error, TimeloomError) else logger.exception
            level("execution given up", execution=holding.key, error=error)
            self._forget(holding)
            self._engine.give_up(holding.id, holding.token)
            holding.session.revoke(
                execution_id=holding.key, token=holding.token, reason="it could not be committed"
            )


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


def _entries_of(steps: Sequence[Step]) -> list[HistoryEntry]:
    return [records.entry_of(step) for step in steps if step.type is not StepType.PATCH]


def _given_up(known: Step, told: Step) -> Step:
    return replace(
        known,
        status=told.status,
        stage=StepStage.NONE,
        waiting_for=WaitReason.NONE,
        wake_time=None,
        end_time=told.end_time,
    )


def _is_late(holding: Holding, now: datetime) -> bool:
    deadline = holding.execution.deadline
    return deadline is not None and deadline <= now


def _is_to_run(step: Step, now: datetime) -> bool:
    """Whether a step is to be tried again by its worker now."""
    return (
        step.status is StepStatus.RETRYING
        and not records.is_wait(step)
        and step.wake_time is not None
        and step.wake_time <= now
    )


def _is_news(step: Step, now: datetime) -> bool:
    return step.status.has_ended or records.is_over(step, now) or _is_to_run(step, now)


def _seen_among(progress: messages.ExecutionProgress) -> bool:
    """Whether a message tells of a wait's end, which is never the worker's to bring about."""
    return any(
        record.type in _WAIT_TYPES and record.status >= StepStatus.SUCCEEDED for record in progress.steps
    )


def _looks_back(steps: Sequence[Step]) -> bool:
    """Whether something that steps begin to wait for may have come before."""
    return any(step.waiting_for in (WaitReason.EVENT, WaitReason.SIGNAL) for step in steps)


_WAIT_TYPES: Final = (
    pb.STEP_TYPE_WAIT,
    pb.STEP_TYPE_HUMAN_APPROVAL,
    pb.STEP_TYPE_WORKFLOW,
    pb.STEP_TYPE_ACTION,
)
