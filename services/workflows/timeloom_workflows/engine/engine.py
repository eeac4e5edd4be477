"""The engine of one replica: what drivers, servicers and sweeps hang on to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from timeloom_platform.database import Database
from timeloom_platform.ids import uuid7
from timeloom_workflows import events
from timeloom_workflows.engine.clock import DatabaseClock
from timeloom_workflows.engine.commands import (
    NOT_COMMITTED,
    Advance,
    Advanced,
    Begun,
    Ended,
    NewExecution,
    Parked,
)
from timeloom_workflows.engine.committer import Committer
from timeloom_workflows.engine.drivers import Claimed, Driver, Places
from timeloom_workflows.engine.held import Held, Holdings
from timeloom_workflows.engine.waiters import Waiters
from timeloom_workflows.model import (
    Execution,
    Stage,
    Status,
    StepStatus,
    WaitReason,
    WorkflowKind,
)

FIRST_TOKEN: Final = 1
"""The token of an execution that begins with the engine that committed it."""


class Engine:
    """Owns executions, gives them to their drivers, and commits what these do.

    It knows what it owns, and refuses by itself what a driver says of anything else; what it does not notice,
    the token in the database refuses.
    """

    def __init__(self, database: Database) -> None:
        self.id = uuid7()
        self.holdings = Holdings()
        self.waiters = Waiters()
        self.committer = Committer(database, engine_id=lambda: self.id)
        self.queue_grew = asyncio.Event()
        """Set when something may be in the queue that there is a place for."""
        self.timer_set = asyncio.Event()
        """Set when something was parked that comes due."""
        self.slots_changed = asyncio.Event()
        """Set when somebody may have begun to wait for a slot, or freed one."""
        self.children_ended = asyncio.Event()
        """Set when parents are to be told."""
        self.to_release: dict[UUID, tuple[UUID, UUID, int]] = {}
        """Project, id and token of what nobody here drives, though the database may say that it is ours."""
        self.is_in_doubt = False
        """The database may say of more than `to_release` that it is ours, though nobody here drives it."""
        self.has_backlog = True
        """Something was in the queue when it was looked into last."""
        self._drivers: dict[WorkflowKind, Driver] = {}
        self.clock = DatabaseClock()
        self._end_listeners: list[Callable[[UUID, UUID, Status], None]] = []
        self._change_listeners: list[Callable[[UUID], None]] = []
        self._owns = False

    # -- Whoever drives -------------------------------------------------------------

    def register(self, kind: WorkflowKind, driver: Driver) -> None:
        """Gives executions of a kind to a driver from now on."""
        self._drivers[kind] = driver

    def driver_of(self, kind: WorkflowKind) -> Driver | None:
        """Returns who drives executions of a kind."""
        return self._drivers.get(kind)

    @property
    def kinds(self) -> Sequence[WorkflowKind]:
        """The kinds that somebody here drives."""
        return tuple(self._drivers)

    def advance(self, advance: Advance) -> asyncio.Future[Advanced]:
        """Commits what became of an execution, and answers after the commit.

        The driver's hold ends when the answer says anything else than committed and OWNED. If it raises,
        nobody knows what was committed: the driver forgets the execution, and the engine queues it again.
        """
        held = self.holdings.get(advance.execution_id)
        if held is None or held.token != advance.token:
            refused: asyncio.Future[Advanced] = asyncio.get_running_loop().create_future()
            refused.set_result(NOT_COMMITTED)
            return refused
        answer = self.committer.advance(advance, self._events_of(advance, held))
        answer.add_done_callback(partial(self._advanced, advance, held))
        return answer

    def give_up(self, execution_id: UUID, token: int) -> None:
        """Queues an execution for somebody else, whose driver cannot go on and cannot say so in a commit."""
        held = self.holdings.remove(execution_id, token)
        if held is not None:
            self.to_release[execution_id] = (held.project_id, held.id, held.token)

    def room_grew(self) -> None:
        """Looks into the queue again, if anything waits there: a driver has places that it had not."""
        if self.has_backlog:
            self.queue_grew.set()

    def poke(self, execution_id: UUID) -> None:
        """Something came from outside for an execution, and is committed."""
        self.told_changed(execution_id)
        held = self.holdings.get(execution_id)
        if held is not None:
            held.driver.poke(execution_id)

    # -- Whoever begins -------------------------------------------------------------

    async def start(self, new: NewExecution) -> Begun:
        """Begins an execution; with a driver here that has a place for it, it runs when this returns.

        Raises:
            OverloadedError: Too much waits for its commit already.
            UnavailableError: Whether it began, nobody knows.
        """
        (begun,) = await self.start_all([new])
        return begun

    async def start_all(self, news: Sequence[NewExecution]) -> Sequence[Begun]:
        """Begins executions, all or none.

        Raises:
            OverloadedError: Too much waits for its commit already.
            UnavailableError: Whether they began, nobody knows.
        """
        reserved = [self._with_place(new) for new in news]
        try:
            answer = self.committer.start(reserved, [self._created(new) for new in reserved])
        except BaseException:
            self._give_back(reserved)
            raise
        # Whoever asked may leave: what was begun has a driver all the same.
        answer.add_done_callback(partial(self._begun, reserved))
        return await asyncio.shield(answer)

    # -- Whoever keeps the lease ------------------------------------------------------

    def take_office(self) -> None:
        """The lease is held: executions may be owned."""
        self._owns = True
        self.queue_grew.set()

    def step_down(self) -> None:
        """The lease may be over: drops everything, and goes on as another engine."""
        self._owns = False
        self.id = uuid7()
        self.to_release.clear()
        for held in self.holdings.clear():
            held.driver.drop(held.id)
        self.committer.refuse_advances()

    @property
    def is_in_office(self) -> bool:
        """Whether executions may be owned."""
        return self._owns

    def hand_over(self, claimed: Iterable[Claimed]) -> None:
        """Gives executions to their drivers, which have kept places for them."""
        for each in claimed:
            driver = self._drivers[each.execution.kind]
            self.holdings.add(Held.of(each.execution, driver))
            driver.drive(each)

    def on_ended(self, listener: Callable[[UUID, UUID, Status], None]) -> None:
        """Calls a listener with project, id and status whenever an execution has ended here."""
        self._end_listeners.append(listener)

    def on_changed(self, listener: Callable[[UUID], None]) -> None:
        """Calls a listener with the id of an execution whenever something of it was committed."""
        self._change_listeners.append(listener)

    def told_changed(self, execution_id: UUID) -> None:
        """Something of an execution is committed."""
        for listener in self._change_listeners:
            listener(execution_id)

    def told_ended(self, execution: Execution) -> None:
        """An execution has ended without its driver, and is committed."""
        self._ended(
            execution.project_id,
            execution.id,
            execution.status,
            has_parent=execution.parent_id is not None,
            holds_slots=True,  # its row, which has ended, does not say any more whether it did
        )

    # -- After commits ----------------------------------------------------------------

    def _advanced(self, advance: Advance, held: Held, answer: asyncio.Future[Advanced]) -> None:
        if answer.cancelled() or answer.exception() is not None:
            self.give_up(advance.execution_id, advance.token)
            return
        advanced = answer.result()
        if advanced.committed and advanced.stage is Stage.OWNED:
            held.inbox = advanced.inbox
            held.history_length = advanced.history_length
        elif advanced.stage is Stage.OWNED:
            return  # its driver looks first
        else:
            self.holdings.remove(advance.execution_id, advance.token)
        if not advanced.committed:
            return
        self.told_changed(held.id)
        if advance.children:
            self.queue_grew.set()
        if advanced.stage is Stage.QUEUED:
            self.queue_grew.set()
        elif advanced.stage is Stage.PARKED and isinstance(advance.outcome, Parked):
            if advance.outcome.due_time is not None:
                self.timer_set.set()
        elif advanced.stage is Stage.ENDED and isinstance(advance.outcome, Ended):
            self._ended(
                held.project_id,
                held.id,
                advance.outcome.status,
                has_parent=held.has_parent,
                holds_slots=held.holds_slots,
            )

    def _ended(
        self, project_id: UUID, execution_id: UUID, status: Status, *, has_parent: bool, holds_slots: bool
    ) -> None:
        self.waiters.tell(execution_id)
        if holds_slots:
            self.slots_changed.set()
        if has_parent:
            self.children_ended.set()
        for listener in self._end_listeners:
            listener(project_id, execution_id, status)

    def _begun(self, news: Sequence[NewExecution], answer: asyncio.Future[Sequence[Begun]]) -> None:
        if answer.cancelled() or answer.exception() is not None:
            self._give_back(news)
            doubtful = (new for new in news if new.owned)
            self.to_release.update((new.id, (new.project_id, new.id, FIRST_TOKEN)) for new in doubtful)
            return
        for new, begun in zip(news, answer.result(), strict=True):
            if begun.is_new and begun.stage is Stage.OWNED and self._owns:
                self.hand_over([Claimed(execution=execution_of_new(new, begun), steps=new.steps)])
                continue
            self._give_back([new])
            if begun.is_new and begun.stage is Stage.QUEUED:
                self.queue_grew.set()
            elif begun.is_new and begun.stage is Stage.PARKED:
                self.timer_set.set()
            elif begun.is_new and begun.stage is Stage.HELD_BACK:
                self.slots_changed.set()

    # -- What is told -------------------------------------------------------------------

    def _events_of(self, advance: Advance, held: Held) -> Sequence[bytes]:
        """What tells of a commit, and of the children that it begins."""
        outcome = advance.outcome
        told = events.batch_of_change(
            held.project_id,
            held.id,
            workflow_id=held.workflow_id,
            status=outcome.status if isinstance(outcome, Ended) else Status.RUNNING,
            history_length=held.history_length + len(advance.entries) + isinstance(outcome, Ended),
            traceparent=held.traceparent,
        )
        if not advance.children:
            return (told,)
        return (told, *(self._created(child) for child in advance.children))

    def _created(self, new: NewExecution) -> bytes:
        return events.batch_of_change(
            new.project_id,
            new.id,
            workflow_id=new.workflow_id,
            status=Status.RUNNING if new.owned else Status.PENDING,
            history_length=2 if new.owned else 1,
            traceparent=new.traceparent,
        )

    # -- Places -------------------------------------------------------------------------

    def _with_place(self, new: NewExecution) -> NewExecution:
        """Marks an execution as owned, if it may run at once and a driver has a place for it."""
        driver = self._drivers.get(new.kind)
        if driver is None or not self._owns or new.held_back or new.start_time is not None:
            return new
        if new.flow is not None and new.flow.slots:
            return new
        if not driver.reserve(new.project_id, new.workflow_id):
            return new
        return replace(new, owned=True)

    def _give_back(self, news: Sequence[NewExecution]) -> None:
        for new in news:
            if new.owned:
                places = Places(count=1, project_id=new.project_id, workflow_id=new.workflow_id)
                self._drivers[new.kind].give_back(places)


def execution_of_new(new: NewExecution, begun: Begun) -> Execution:
    """Returns an execution as its row is right after it began."""
    owned = begun.stage is Stage.OWNED
    waiting_for = WaitReason.NONE
    if begun.stage is Stage.HELD_BACK:
        waiting_for = WaitReason.SLOT
    elif begun.stage is Stage.PARKED:
        waiting_for = WaitReason.TIME
    elif begun.stage is Stage.QUEUED and new.kind is WorkflowKind.CODE:
        waiting_for = WaitReason.WORKER
    return Execution(
        project_id=new.project_id,
        id=new.id,
        workflow_id=new.workflow_id,
        workflow_version=new.workflow_version,
        kind=new.kind,
        status=Status.RUNNING if owned else Status.PENDING,
        stage=begun.stage,
        priority=new.priority,
        trigger=new.trigger,
        waiting_for=waiting_for,
        paused=False,
        cancelling=False,
        token=FIRST_TOKEN if owned else 0,
        inbox=0,
        delivery=1 if owned else 0,
        retry_count=0,
        history_length=2 if owned else 1,
        step_count=len(new.steps),
        succeeded_step_count=sum(step.status is StepStatus.SUCCEEDED for step in new.steps),
        failed_step_count=sum(step.status is StepStatus.FAILED for step in new.steps),
        owner=None,
        ready_time=max(begun.create_time, new.start_time or begun.create_time),
        due_time=new.start_time if begun.stage is Stage.PARKED else None,
        deadline=_deadline_of(new, begun.create_time),
        create_time=begun.create_time,
        start_time=begun.create_time if owned else None,
        update_time=begun.create_time,
        end_time=None,
        parent_id=new.parent.execution_id if new.parent else None,
        parent_step_id=new.parent.step_id if new.parent else None,
        forked_from_id=new.forked_from.execution_id if new.forked_from else None,
        forked_from_step_id=new.forked_from.step_id if new.forked_from else None,
        trigger_id=new.trigger_id,
        idempotency_key=new.idempotency_key,
        traceparent=new.traceparent,
        holds_slots=False,
        tags=new.tags,
        attributes=new.attributes,
        input=new.input,
        output=None,
        error=None,
    )


def _deadline_of(new: NewExecution, create_time: datetime) -> datetime | None:
    if new.deadline is not None or new.time_allowed is None:
        return new.deadline
    return max(create_time, new.start_time or create_time) + new.time_allowed
