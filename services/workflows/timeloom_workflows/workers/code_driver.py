"""Drives executions of workers' code: the worker runs the function, and the engine commits what it says.

This gives executions to workers and takes them back. What workers say is taken in by `progress`, and what
comes from outside reaches them through `news`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom_platform.database import Database
from timeloom_workflows.engine.commands import Advanced, Ended, Requeued
from timeloom_workflows.engine.drivers import Claimed, Places
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.engine.tasks import TaskDesk
from timeloom_workflows.model import Failure, HistoryEntry, HistoryType, Status, Step
from timeloom_workflows.workers import records
from timeloom_workflows.workers.children import Children
from timeloom_workflows.workers.commits import Commits
from timeloom_workflows.workers.dispatching import dispatched
from timeloom_workflows.workers.errands import Errands
from timeloom_workflows.workers.held import Held
from timeloom_workflows.workers.holding import Holding, Kept
from timeloom_workflows.workers.news import News, is_late, is_to_run
from timeloom_workflows.workers.places import Room
from timeloom_workflows.workers.progress import Events, Progress, Signals
from timeloom_workflows.workers.session import Session
from timeloom_workflows.workers.waits import Waits


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
        self._deliveries_max = deliveries_max
        self._waits = Waits(tasks, engine_id=lambda: engine.id)
        self._held = held = Held()
        self._commits = commits = Commits(engine, self._waits)
        self._errands = errands = Errands(engine, held)
        self._news = News(
            engine=engine, database=database, waits=self._waits, commits=commits, held=held, errands=errands
        )
        self._progress = Progress(
            engine=engine,
            database=database,
            children=children,
            signals=signals,
            events=events,
            commits=commits,
            held=held,
            errands=errands,
            news=self._news,
        )

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
        session, kept = self._held.kept(execution.id)
        key = (execution.project_id, execution.workflow_id)
        taker = self.room.take(key, rather=session)
        if session is not None and session is not taker and kept is not None:
            session.revoke(
                execution_id=str(execution.id), token=kept.token, reason="another worker goes on with it"
            )
        if taker is None:
            self._commits.advance_unheld(execution, Requeued(is_forgiven=True))
            return
        holding = Holding(execution, taker)
        if taker is not session or (kept is not None and kept.token + 1 != execution.token):
            kept = None
        self._held.add(holding)
        self._begin(holding, claimed.steps, kept)

    def poke(self, execution_id: UUID) -> None:
        """Something came from outside for an execution that it drives."""
        holding = self._held.get(execution_id)
        if holding is not None:
            self._news.look_at(holding)

    def drop(self, execution_id: UUID) -> None:
        """Forgets an execution at once: somebody else goes on with it."""
        holding = self._held.get(execution_id)
        if holding is not None:
            self._held.forget(holding)
            holding.session.revoke(execution_id=holding.key, token=holding.token, reason="taken over")

    # -- Workers -----------------------------------------------------------------------------

    def held_by(self, session: Session) -> list[Holding]:
        """Returns what a worker holds."""
        return self._held.by(session)

    def get(self, execution_id: UUID) -> Holding | None:
        """Returns an execution that a worker here holds."""
        return self._held.get(execution_id)

    def adopt(self, claimed: Claimed, session: Session) -> None:
        """Takes an execution that the engine has just taken over, and that the worker has whole."""
        holding = Holding(claimed.execution, session)
        self._held.add(holding)
        self._note_steps(holding, claimed.steps)
        self._news.plan_deadline(holding)
        self._news.look_at(holding)

    def progressed(self, session: Session, progress: messages.ExecutionProgress) -> None:
        """Takes what an execution did."""
        self._progress.progressed(session, progress)

    def lose(self, holding: Holding, *, is_forgiven: bool) -> None:
        """Gives an execution to others whose worker is gone, or does not know it."""
        is_forgiven |= holding.session.suspects.is_waiting(holding.id)
        self._held.forget(holding)
        entries = [] if is_forgiven else [HistoryEntry(type=HistoryType.EXECUTION_TAKEN_OVER)]
        self._commits.advance(holding, Requeued(is_forgiven=is_forgiven), entries=entries)

    def forget_kept(self, session: Session) -> None:
        """A worker keeps nothing any more."""
        self._held.forget_kept(session)

    def room_freed(self, session: Session) -> None:
        """A place is not needed that a worker gave."""
        session.execution_credits += 1
        self._engine.room_grew()

    async def close(self) -> None:
        """Stops what is under way."""
        for holding in self._held.all():
            holding.stop_timers()
        await self._errands.close()

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
            self._errands.spawn(holding, self._settle_then_dispatch(holding, kept))
            return
        self._dispatch(holding, steps, kept, now)

    def _note_steps(self, holding: Holding, steps: Iterable[Step]) -> None:
        for step in steps:
            holding.state_bytes += len(step.output or b"")
            if not step.status.has_ended:
                holding.open[step.id] = step

    def _dispatch(self, holding: Holding, steps: Iterable[Step], kept: Kept | None, now: datetime) -> None:
        """Sends an execution to its worker."""
        holding.is_failing = is_late(holding, now)
        holding.learned_flags()
        self._news.plan_deadline(holding)
        for step in tuple(holding.open.values()):
            if records.is_over(step, now):
                del holding.open[step.id]
                holding.slept[step.id] = records.slept(step)
        holding.session.executions.append(dispatched(holding, steps, kept, now=now))
        holding.session.wake()
        self._news.plan_wake(holding)

    async def _settle_then_dispatch(self, holding: Holding, kept: Kept | None) -> None:
        """Writes what the engine decides about waits, and goes on with how the steps are then."""
        await self._news.settle(holding, holding.execution.update_time)
        claimed = await self._news.whole(holding)
        if claimed is None or not self._held.has(holding):
            return
        look, steps = claimed
        holding.open.clear()
        holding.state_bytes = 0
        self._note_steps(holding, steps)
        news = any(
            step.status.has_ended or records.is_over(step, look.now) or is_to_run(step, look.now)
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
        self._held.forget(holding)
        self.room_freed(holding.session)
        answer = self._commits.advance(holding, holding.parked())
        if kept is not None:
            answer.add_done_callback(lambda done: self._kept_again(holding, done))

    def _kept_again(self, holding: Holding, answer: asyncio.Future[Advanced]) -> None:
        if not answer.cancelled() and answer.exception() is None and answer.result().committed:
            self._held.keep(holding)

    def _give_up(self, holding: Holding) -> None:
        """Ends an execution whose workers are lost again and again."""
        self._held.forget(holding)
        self.room_freed(holding.session)
        failure = Failure(
            type="PoisonError",
            message=f"its workers were lost {self._deliveries_max} times, and no step ended between",
            is_final=True,
        )
        self._commits.advance(
            holding,
            Ended(status=Status.FAILED, failure=failure, knows_cancelling=holding.cancelling),
        )
