"""One execution of a definition, as long as this engine owns it.

It goes in rounds: what happened is given to the plan, the driver adds to what follows who does it, all of it
is one commit, and only then is it done. A round begins when something has come: a result, a word from
outside, a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum, auto
from typing import Final

from msgspec.structs import replace

from timeloom_workflows.dag.changes import entry_of
from timeloom_workflows.dag.endings import failed, succeeded
from timeloom_workflows.dag.facts import Facts
from timeloom_workflows.dag.plan import Plan, Work
from timeloom_workflows.dag.progress import Progress
from timeloom_workflows.definitions.model import Definition
from timeloom_workflows.driving.drafts import Draft
from timeloom_workflows.driving.hands import Hands
from timeloom_workflows.driving.losses import is_suspect, poison_of
from timeloom_workflows.driving.mailbox import Arrival, Mailbox
from timeloom_workflows.driving.preparing import Preparation, failed_elsewhere
from timeloom_workflows.driving.surroundings import Surroundings
from timeloom_workflows.engine.commands import Advance, Advanced, Ended, Outcome, Parked, Running
from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.limits import STATE_BYTES_MAX
from timeloom_workflows.model import Failure, Stage, Status, Step, StepStatus, WaitReason
from timeloom_workflows.storage import driving

HOT_SECONDS: Final = 30.0
"""An execution that waits for a time which is not farther away is kept in memory."""

LINGER_SECONDS: Final = 2.0
"""So long an execution is kept in memory that waits for a worker to take its task."""

CLOCK_AHEAD_SECONDS: Final = 0.01
"""The database's time is known to a round trip: by so much later than it seems something is due."""

ROUNDS_OF_PLANNING_MAX: Final = 10_000
"""Plans before a commit: each but the first is made because of what the driver itself found out."""


class Round(Enum):
    """What became of a round.

    Attributes:
        DONE: It is committed.
        AGAIN: Others have decided meanwhile; it is to be gone through again with what they did.
        OVER: The execution has ended, is parked, or is somebody else's.
    """

    DONE = auto()
    AGAIN = auto()
    OVER = auto()


class Run:
    """An execution that this engine owns."""

    def __init__(self, claimed: Claimed, surroundings: Surroundings) -> None:
        execution = claimed.execution
        self.id = execution.id
        self.token = execution.token
        self._execution = execution
        self._surroundings = surroundings
        self._preparation = Preparation(execution, surroundings)
        self._mailbox = Mailbox()
        self._hands = Hands(execution, surroundings, self._mailbox)
        self._claimed = claimed
        self._has_turn = False
        self._definition: Definition | None = None
        self._progress: Progress | None = None
        self._inbox = execution.inbox
        self._is_paused = execution.paused
        self._is_cancelling = execution.cancelling
        self._open: dict[str, Work] = {}
        self._state_bytes = 0
        self._lingers_until = 0.0
        self._plan = Plan()
        self._planned_for = (False, False)
        self._is_fresh = False

    def poke(self) -> None:
        """Something came from outside."""
        self._mailbox.poke()

    async def drive(self) -> None:
        """Drive the execution until it has ended, is parked, or is somebody else's.

        Raises:
            TimeloomError: Nobody knows whether the last commit was done.
        """
        execution = self._execution
        try:
            self._definition = await self._surroundings.definitions.get(
                execution.project_id, execution.workflow_id, execution.workflow_version
            )
            if self._definition is None:
                await self._fail(_NO_DEFINITION)
                return
            poison = poison_of(self._claimed, deliveries_max=self._surroundings.deliveries_max)
            if poison is not None:
                await self._fail(poison)
                return
            await self._wait_for_turn()
            self._begin_anew(self._claimed.steps)
            arrivals: list[Arrival] = []
            changed: list[Step] = []
            while (goes_on := await self._round(arrivals, changed)) is not Round.OVER:
                if goes_on is Round.DONE:
                    arrivals, changed = await self._next()
                else:
                    changed = []
        except _LostError:
            self._surroundings.engine.give_up(self.id, self.token)
        finally:
            self._end_turn()
            self._mailbox.close()
            await self._hands.close()

    async def _fail(self, failure: Failure) -> None:
        """End an execution that cannot be gone on with."""
        ended = Ended(status=Status.FAILED, failure=failure, knows_cancelling=self._is_cancelling)
        advanced = await self._commit(Draft({}), ended)
        if advanced.stage is Stage.OWNED:
            # It is paused, or to be cancelled, and its end was not taken: whoever has it next ends it.
            raise _LostError

    async def _wait_for_turn(self) -> None:
        """Wait until no other execution goes on that may take the engine down, if this one may, too."""
        if is_suspect(self._claimed):
            self._has_turn = await self._surroundings.suspects.acquire()

    def _end_turn(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._surroundings.suspects.release()

    # -- A round --------------------------------------------------------------------

    async def _round(self, arrivals: Sequence[Arrival], changed: Sequence[Step]) -> Round:
        """Commit what follows from what happened."""
        before = dict(self._open)
        draft = Draft(before)
        try:
            rows = [row for arrival in arrivals if (row := self._row_of(draft, arrival)) is not None]
            rows += [self._decided(draft, row) for row in changed]
            await self._plan_for(draft, rows)
            advanced = await self._commit(draft, self._outcome(draft))
        except BaseException:
            self._hands.forgo(draft)
            _answer(arrivals, committed=False)
            raise
        if not advanced.committed:
            self._hands.forgo(draft)
            if advanced.stage is Stage.OWNED:
                await self._look_at_everything(before, arrivals)
                return Round.AGAIN
        _answer(arrivals, committed=advanced.committed)
        if not advanced.committed:
            return Round.OVER
        self._hands.begin(draft)
        if arrivals or not self._hands:
            self._end_turn()
        if draft.queued:
            self._lingers_until = _monotonic() + LINGER_SECONDS
        await self._hands.cancel_children(draft)
        if advanced.stage is not Stage.OWNED:
            return Round.OVER
        await self._go_on(draft, advanced)
        return Round.DONE

    async def _go_on(self, draft: Draft, advanced: Advanced) -> None:
        """See to what the commit told, and to what had come before steps began to wait for it."""
        self._is_paused, self._is_cancelling = advanced.paused, advanced.cancelling
        if draft.plan.outcome is not None:
            # It is paused, or to be cancelled, and its end was not taken.
            await self._look_at_everything(self._open, ())
        elif advanced.inbox > self._inbox:
            self._mailbox.poke()
        await self._look_back(draft)

    async def _plan_for(self, draft: Draft, changed: Sequence[Step]) -> None:
        """Plan until the driver itself has nothing to add."""
        self._is_fresh, self._planned_for = False, (self._is_paused, self._is_cancelling)
        for _ in range(ROUNDS_OF_PLANNING_MAX):
            now = self._now()
            plan = await self._advance(changed, now)
            draft.add(plan)
            for row in plan.steps:
                self._contest(draft, row)
                self._keep(row)
            for work in (*plan.found, *plan.begun):
                self._open[work.step.id] = work
            changed = await self._preparation.prepare(draft, plan, running=self._hands.busy_with, now=now)
            for row in changed:
                self._contest(draft, row)
                self._keep(row)
            if not changed:
                self._plan = plan
                return
        raise AssertionError("a plan that never comes to rest")

    async def _advance(self, changed: Sequence[Step], now: datetime) -> Plan:
        assert self._progress is not None, "it was begun"
        assert self._definition is not None, "likewise"
        if self._definition.may_take_long:
            return await asyncio.to_thread(
                self._progress.advance,
                changed,
                now,
                paused=self._is_paused,
                cancelling=self._is_cancelling,
            )
        return self._progress.advance(changed, now, paused=self._is_paused, cancelling=self._is_cancelling)

    def _contest(self, draft: Draft, row: Step) -> None:
        """Note whether a row decides about a step that others could decide about, too."""
        work = draft.open.get(row.id)
        if work is not None and _is_open_to_others(work.step) and row.status is not work.step.status:
            draft.is_contested = True
            # Whoever was to decide it is not waited for any more.
            draft.stopped[row.id] = work.step

    def _keep(self, row: Step) -> None:
        """Remember a row that is open, and forget one that is not."""
        work = self._open.get(row.id)
        if row.status.has_ended:
            self._open.pop(row.id, None)
        elif work is not None:
            self._open[row.id] = replace(work, step=row)

    def _outcome(self, draft: Draft) -> Outcome:
        plan = draft.plan
        if plan.outcome is not None:
            return replace(plan.outcome, knows_cancelling=self._is_cancelling)
        if self._stays(draft, plan):
            return Running()
        due_time = None if self._is_paused else plan.due_time
        return Parked(inbox=self._inbox, due_time=due_time, waiting_for=plan.waiting_for)

    def _stays(self, draft: Draft, plan: Plan) -> bool:
        """Tell whether the execution is kept in memory."""
        if self._hands or draft.begins_something or self._mailbox:
            return True
        if self._is_paused:
            return False
        left = self._seconds_until(plan.due_time)
        if left is not None and left <= HOT_SECONDS:
            return True
        return plan.waiting_for is WaitReason.WORKER and self._lingers_until > _monotonic()

    async def _commit(self, draft: Draft, outcome: Outcome) -> Advanced:
        if draft.is_empty and isinstance(outcome, Running):
            return Advanced(
                committed=True,
                stage=Stage.OWNED,
                inbox=self._inbox,
                paused=self._is_paused,
                cancelling=self._is_cancelling,
            )
        return await self._surroundings.engine.advance(
            Advance(
                project_id=self._execution.project_id,
                execution_id=self.id,
                token=self.token,
                seen_inbox=self._inbox if draft.is_contested else None,
                outcome=outcome,
                steps=list(draft.rows.values()),
                entries=draft.entries,
                children=list(draft.children.values()),
            )
        )

    async def _look_back(self, draft: Draft) -> None:
        """Let what had come before steps began to wait for it end them."""
        waiting = draft.looks_back.values()
        project_id, surroundings = self._execution.project_id, self._surroundings
        if any(step.waiting_for is WaitReason.SIGNAL for step in waiting):
            await surroundings.signals.settle(project_id, self.id)
            self._mailbox.poke()
        if surroundings.events is not None:
            for step in waiting:
                if step.waiting_for is WaitReason.EVENT:
                    await surroundings.events.look_back(project_id, self.id, step)
                    self._mailbox.poke()

    # -- What comes -----------------------------------------------------------------

    async def _next(self) -> tuple[list[Arrival], list[Step]]:
        """Wait until there is something to plan for, and return it."""
        while True:
            changed: list[Step] = []
            flags = (self._is_paused, self._is_cancelling)
            if self._mailbox.take_poke():
                changed = await self._look()
            arrivals = self._mailbox.take()
            has_news = arrivals or changed or self._is_fresh or flags != self._planned_for
            seconds = 0.0 if has_news else self._seconds_to_wait()
            if seconds is not None and seconds <= 0:
                return arrivals, changed
            await self._mailbox.wait(seconds)

    def _seconds_to_wait(self) -> float | None:
        """Return how long there is nothing to plan for, as far as is known; 0 if it is to be parked."""
        due = None if self._is_paused else self._seconds_until(self._plan.due_time)
        if self._hands or (due is not None and due <= HOT_SECONDS):
            return due
        if self._plan.waiting_for is WaitReason.WORKER and not self._is_paused:
            return min(max(self._lingers_until - _monotonic(), 0.0), HOT_SECONDS if due is None else due)
        return 0.0

    async def _look(self) -> list[Step]:
        """Return the open steps that others have brought to an end; learn what else they did."""
        project_id = self._execution.project_id
        open_ids = [step_id for step_id, work in self._open.items() if _is_open_to_others(work.step)]
        async with self._surroundings.database.reading(str(project_id)) as connection:
            self._learn(await driving.select_flags(connection, project_id, self.id, token=self.token))
            return await driving.select_changed_steps(connection, project_id, self.id, open_ids)

    async def _look_at_everything(self, open_: Mapping[str, Work], arrivals: Sequence[Arrival]) -> None:
        """Begin to plan anew, from the rows as they are.

        Args:
            open_: What was being done before.
            arrivals: Results that are not committed yet.
        """
        project_id = self._execution.project_id
        async with self._surroundings.database.reading(str(project_id)) as connection:
            self._learn(await driving.select_flags(connection, project_id, self.id, token=self.token))
            steps = await driving.select_all_steps(connection, project_id, self.id)
        kept = self._hands.busy_with | {arrival.result.step_id for arrival in arrivals}
        self._open = {step_id: work for step_id, work in open_.items() if step_id in kept}
        self._begin_anew(steps)

    def _learn(self, flags: driving.Flags | None) -> None:
        if flags is None:
            raise _LostError
        self._inbox = flags.inbox
        self._is_paused, self._is_cancelling = flags.paused, flags.cancelling

    def _begin_anew(self, steps: Sequence[Step]) -> None:
        assert self._definition is not None, "it was read"
        self._progress = Progress(self._definition, Facts.of(self._execution), steps)
        self._state_bytes = sum(len(step.output or b"") for step in steps)
        self._is_fresh = True

    # -- Rows -----------------------------------------------------------------------

    def _row_of(self, draft: Draft, arrival: Arrival) -> Step | None:
        """Return the row of a step after a try; None if it is not waited for any more."""
        result = arrival.result
        work = self._open.get(result.step_id)
        if work is None or work.step.attempt != result.attempt or work.step.status is not StepStatus.RUNNING:
            _answer([arrival], committed=False)
            return None
        now = self._now()
        step = replace(
            work.step,
            worker_id=arrival.worker_id or work.step.worker_id,
            start_time=arrival.start_time or work.step.start_time,
        )
        failure = result.failure or self._too_large(result.output or b"null")
        if failure is None:
            row = succeeded(step, result.output or b"null", now)
        else:
            row = failed(step, work.spec, failure, now, retry_after_seconds=result.retry_after_seconds)
        draft.write(row, entry_of(row))
        self._keep(row)
        return row

    def _too_large(self, output: bytes) -> Failure | None:
        self._state_bytes += len(output)
        if self._state_bytes <= STATE_BYTES_MAX:
            return None
        self._state_bytes -= len(output)
        return Failure(
            type="StateTooLargeError",
            message=f"The outputs of an execution's steps have at most {STATE_BYTES_MAX:,} bytes together",
            is_final=True,
        )

    def _decided(self, draft: Draft, row: Step) -> Step:
        """Return the row of a step that others changed, as it is to be: a failure may be tried again."""
        work = self._open.get(row.id)
        if work is not None and row.status is StepStatus.RETRYING:
            row = failed_elsewhere(row, work.spec, self._now())
            draft.write(row, entry_of(row))
        self._state_bytes += len(row.output or b"")
        self._keep(row)
        return row

    # -- Time -----------------------------------------------------------------------

    def _now(self) -> datetime:
        return self._surroundings.engine.clock.now()

    def _seconds_until(self, time: datetime | None) -> float | None:
        return None if time is None else (time - self._now()).total_seconds() + CLOCK_AHEAD_SECONDS


class _LostError(Exception):
    """The execution is somebody else's by now."""


_NO_DEFINITION: Final = Failure(
    type="NoDefinitionError", message="There is no such version of the workflow", is_final=True
)


def _is_open_to_others(step: Step) -> bool:
    """Tell whether somebody else may bring a step to an end."""
    is_wait = step.status is StepStatus.WAITING and step.waiting_for is not WaitReason.TIME
    is_with_worker = step.task is not None and step.status in (StepStatus.PENDING, StepStatus.RUNNING)
    return is_wait or is_with_worker


def _answer(arrivals: Sequence[Arrival], *, committed: bool) -> None:
    for arrival in arrivals:
        if arrival.answer is not None and not arrival.answer.done():
            arrival.answer.set_result(committed)


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
