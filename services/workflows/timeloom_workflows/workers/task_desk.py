"""Tasks of workers: given to those of this replica that have room; results go to whoever waits for them.

A task is fenced by its step's token, which grows with every hand-out. Its result goes to the driver if that
is here, and into the database else. A worker that is lost has failed the try, as one has that took too long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import replace

from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom_platform.database import Database
from timeloom_platform.errors import NotFoundError, TimeloomError, UnavailableError
from timeloom_workflows.control.changing import Changing
from timeloom_workflows.control.transitions import Change, woken
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.engine.tasks import DirectTask, TaskDone, TaskOutcome
from timeloom_workflows.model import Failure, Step, StepStatus
from timeloom_workflows.storage import working
from timeloom_workflows.storage.system import SystemConnection
from timeloom_workflows.storage.working import HeldStep
from timeloom_workflows.workers import records
from timeloom_workflows.workers.dispatching import step_task
from timeloom_workflows.workers.places import Room
from timeloom_workflows.workers.records import Refusal, TaskDetails
from timeloom_workflows.workers.session import Session
from timeloom_workflows.workers.times import moment

POLL_SECONDS: Final = 1.0
CLAIM_MAX: Final = 256
RETRY_SECONDS: Final = 0.5
RESULT_SECONDS_MAX: Final = 60.0
"""How long a result is tried to be written; its worker sends it again on its next stream."""

logger = structlog.get_logger(__name__)

StepKey = tuple[UUID, str]


class HeldTask(Struct, kw_only=True, eq=False):
    """A task that a worker has."""

    session: Session
    step: Step
    done: TaskDone | None
    timer: asyncio.TimerHandle | None = None
    is_over: bool = False

    @property
    def held_step(self) -> HeldStep:
        """The step, as the database is asked for it."""
        return HeldStep(self.step.execution_id, self.step.id, self.step.token)


class Tasks:
    """Gives tasks to workers, and takes what they come to."""

    def __init__(
        self, *, engine: Engine, database: Database, changing: Changing, connection: SystemConnection
    ) -> None:
        self.room = Room(of_tasks=True)
        self._engine = engine
        self._database = database
        self._changing = changing
        self._connection = connection
        self._held: dict[StepKey, HeldTask] = {}
        self._queue_grew = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()

    # -- What drivers want --------------------------------------------------------------------

    def reserve(self, project_id: UUID, task: str) -> bool:
        """Keeps a place with a worker of this replica for one task; False if none has room."""
        return self.room.keep((project_id, task))

    def give_back(self, project_id: UUID, task: str) -> None:
        """Frees a place that was kept: the step was not committed."""
        self.room.give_back((project_id, task), 1)

    def dispatch(self, task: DirectTask) -> None:
        """Sends a task, for which a place was kept, to a worker."""
        assert task.step.task is not None, "it is a task's step"
        session = self.room.take((task.project_id, task.step.task))
        if session is None:
            held_step = HeldStep(task.step.execution_id, task.step.id, task.step.token)
            self._spawn(self._requeue(task.project_id, held_step))
            return
        self._hand_out(
            session,
            task.step,
            workflow_id=task.workflow_id,
            deadline=task.deadline,
            traceparent=task.traceparent,
            done=task.done,
        )

    def queued(self, project_id: UUID, task: str) -> None:
        """A step was queued that any replica may take."""
        del project_id, task
        self._queue_grew.set()

    def revoke(self, execution_id: UUID, step_id: str, *, reason: str) -> None:
        """A task is not wanted any more: a worker of this replica that has it is told to stop."""
        held = self._held.get((execution_id, step_id))
        if held is not None:
            self._forget(held)
            _revoke(held, reason)

    def room_grew(self) -> None:
        """Workers have room that they had not."""
        self._queue_grew.set()

    # -- The queue ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Takes tasks from the queue for the workers of this replica, until it is cancelled."""
        try:
            while True:
                try:
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._queue_grew.wait()
                except TimeoutError:
                    pass  # it may have grown elsewhere
                self._queue_grew.clear()
                try:
                    await self._claim_all()
                except (UnavailableError, asyncpg.PostgresError) as error:
                    logger.warning("no tasks claimed", error=error)
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            for task in tuple(self._under_way):
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)
            await self._connection.close()

    async def _claim_all(self) -> None:
        if not self._engine.is_in_office or not await working.is_task_queued(self._connection):
            return
        while wanted := self.room.offer(CLAIM_MAX):
            engine_id = self._engine.id
            try:
                claimed = await working.claim_tasks(self._connection, engine_id, wanted)
            except BaseException:
                for key, count in wanted:
                    self.room.give_back(key, count)
                raise
            left = dict(wanted)
            for each in claimed:
                left[each.project_id, each.step.task or ""] -= 1
            for key, count in left.items():
                self.room.give_back(key, count)
            if engine_id != self._engine.id:
                return  # the lease was lost meanwhile: others take these over
            for each in claimed:
                self._hand_out_queued(each)
            if not claimed:
                return

    def _hand_out_queued(self, queued: working.QueuedTask) -> None:
        step = queued.step
        session = self.room.take((queued.project_id, step.task or ""))
        if session is None:
            self._spawn(self._requeue(queued.project_id, HeldStep(step.execution_id, step.id, step.token)))
            return
        self._hand_out(
            session,
            step,
            workflow_id=queued.workflow_id,
            deadline=_deadline_of(step),
            traceparent=queued.traceparent,
            done=None,
        )

    def _hand_out(
        self,
        session: Session,
        step: Step,
        *,
        workflow_id: str,
        deadline: datetime | None,
        traceparent: str,
        done: TaskDone | None,
    ) -> None:
        held = self._held[step.execution_id, step.id] = HeldTask(
            session=session, step=replace(step, worker_id=session.worker_id), done=done
        )
        now = self._engine.clock.now()
        self._plan_timeout(held, deadline, now)
        session.step_tasks.append(
            step_task(step, workflow_id=workflow_id, deadline=deadline, traceparent=traceparent, now=now)
        )
        session.wake()

    def _plan_timeout(self, held: HeldTask, deadline: datetime | None, now: datetime) -> None:
        if deadline is not None:
            seconds = max((deadline - now).total_seconds(), 0.0)
            held.timer = asyncio.get_running_loop().call_later(seconds, self._timed_out, held)

    # -- What workers say -------------------------------------------------------------------------

    def results(self, session: Session, results: Iterable[messages.TaskResult]) -> None:
        """Takes what tasks came to; each is answered when it is committed."""
        for result in results:
            try:
                key = (UUID(result.execution_id), result.step_id)
            except ValueError:
                continue
            held = self._held.get(key)
            if held is None or held.step.token != result.token:
                _acknowledge(session, result, committed=False)
                continue
            self._finish(held, _outcome_of(result, held), result)

    def heard(self, session: Session, progress: Sequence[messages.TaskProgress]) -> None:
        """Keeps what tasks said about their progress."""
        said: list[tuple[HeldStep, bytes]] = []
        for each in progress:
            try:
                held = self._held.get((UUID(each.execution_id), each.step_id))
                document = records.checked(each.progress, "progress")
            except (ValueError, Refusal):
                continue
            if held is not None and held.step.token == each.token and document is not None:
                said.append((held.held_step, document))
        if said:
            self._spawn(self._write_progress(session.project_id, said))

    def held_by(self, session: Session) -> list[HeldTask]:
        """Returns the tasks that a worker has."""
        return [held for held in self._held.values() if held.session is session]

    async def adopt(self, session: Session, held_steps: Sequence[HeldStep]) -> set[HeldStep]:
        """Takes tasks that a worker held for another engine; returns those that it may go on with."""
        if not held_steps:
            return set()
        steps = await working.adopt_tasks(self._connection, self._engine.id, session.project_id, held_steps)
        now = self._engine.clock.now()
        for step in steps:
            held = self._held[step.execution_id, step.id] = HeldTask(session=session, step=step, done=None)
            self._plan_timeout(held, _deadline_of(step), now)
        return {HeldStep(step.execution_id, step.id, step.token) for step in steps}

    def lose(self, held: HeldTask, *, has_begun: bool) -> None:
        """A worker is gone, or does not know a task that it was sent."""
        if not has_begun:
            self._forget(held)
            self._spawn(self._requeue(held.session.project_id, held.held_step))
            return
        failure = Failure(type="WorkerLostError", message="its worker was lost", step_id=held.step.id)
        self._finish(held, _failed(held, failure), None)

    def _timed_out(self, held: HeldTask) -> None:
        failure = Failure(type="TimeoutError", message="the task took too long", step_id=held.step.id)
        _revoke(held, "it took too long")
        self._finish(held, _failed(held, failure), None)

    # -- Results ----------------------------------------------------------------------------------

    def _finish(self, held: HeldTask, outcome: TaskOutcome, result: messages.TaskResult | None) -> None:
        if not held.is_over:
            held.is_over = True
            self._spawn(self._commit(held, outcome, result))

    async def _commit(self, held: HeldTask, outcome: TaskOutcome, result: messages.TaskResult | None) -> None:
        committed = False
        try:
            async with asyncio.timeout(RESULT_SECONDS_MAX):
                committed = held.done is not None and await held.done(outcome)
                if not committed:
                    committed = await self._write_in_time(held, outcome)
        finally:
            held.is_over = committed
        self._forget(held)
        if result is not None:
            _acknowledge(held.session, result, committed=committed)

    async def _write_in_time(self, held: HeldTask, outcome: TaskOutcome) -> bool:
        while True:
            try:
                return await self._write(held, outcome)
            except UnavailableError as error:
                logger.warning("result of a task not written", step=held.step.id, error=error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _write(self, held: HeldTask, outcome: TaskOutcome) -> bool:
        """Writes what a task came to as what comes from outside; False if it is somebody else's by now."""
        project_id, step = held.session.project_id, held.step
        has_failed = outcome.failure is not None
        try:
            async with self._changing.locked(project_id, step.execution_id) as locked:
                written = await working.finish_task(
                    locked.connection,
                    project_id,
                    held.held_step,
                    status=StepStatus.RETRYING if has_failed else StepStatus.SUCCEEDED,
                    start_time=outcome.start_time,
                    worker_id=outcome.worker_id,
                    output=outcome.output,
                    error=msgspec.json.encode(outcome.failure) if has_failed else None,
                )
                if written is None:
                    return False
                execution = locked.execution
                told = replace(
                    execution,
                    inbox=execution.inbox + 1,
                    succeeded_step_count=execution.succeeded_step_count + (not has_failed),
                )
                await locked.write(Change(woken(told, now=locked.now), [records.entry_of(written)]))
        except NotFoundError:
            return False
        return True

    async def _write_progress(self, project_id: UUID, said: Sequence[tuple[HeldStep, bytes]]) -> None:
        async with self._database.transaction(str(project_id)) as connection:
            await working.write_progress(connection, project_id, said)

    async def _requeue(self, project_id: UUID, held: HeldStep) -> None:
        await working.requeue_task(self._connection, project_id, held, engine_id=self._engine.id)
        self._queue_grew.set()

    def _forget(self, held: HeldTask) -> None:
        if held.timer is not None:
            held.timer.cancel()
        key = (held.step.execution_id, held.step.id)
        if self._held.get(key) is held:
            del self._held[key]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_logged(work))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)


def _deadline_of(step: Step) -> datetime | None:
    """When a try must have ended that began when its step says; None if it may take for ever."""
    details = msgspec.json.decode(step.details or b"{}", type=TaskDetails)
    began = step.start_time or step.create_time
    return None if details.timeout is None else began + details.timeout


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except (TimeloomError, TimeoutError, asyncpg.PostgresError) as error:
        # Nobody waits: a result is sent again by its worker, and a step that nobody ends is taken over.
        logger.warning("work about a task failed", error=error)


def _outcome_of(result: messages.TaskResult, held: HeldTask) -> TaskOutcome:
    start_time = moment(result.start_time) if result.HasField("start_time") else None
    output, failure = None, None
    if result.WhichOneof("outcome") == "error":
        failure = records.failure_of(result.error, step_id=held.step.id)
    else:
        try:
            output = records.checked(result.output, "output", step_id=held.step.id) or records.NULL
        except Refusal as refusal:
            failure = refusal.failure
    return TaskOutcome(
        token=held.step.token,
        output=output,
        failure=failure,
        worker_id=held.session.worker_id,
        start_time=start_time,
    )


def _failed(held: HeldTask, failure: Failure) -> TaskOutcome:
    return TaskOutcome(token=held.step.token, failure=failure, worker_id=held.session.worker_id)


def _revoke(held: HeldTask, reason: str) -> None:
    held.session.revoke(
        execution_id=str(held.step.execution_id),
        step_id=held.step.id,
        token=held.step.token,
        reason=reason,
    )


def _acknowledge(session: Session, result: messages.TaskResult, *, committed: bool) -> None:
    session.task_acks.append(
        messages.TaskAck(
            execution_id=result.execution_id,
            step_id=result.step_id,
            token=result.token,
            committed=committed,
        )
    )
    session.wake()
