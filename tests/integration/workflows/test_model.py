"""Whatever is done to executions, in whatever order, they stand as a simple model says.

Their driver is a bare one: it commits steps, parks and ends, and obeys what its commits tell it. Executions
are taken from the queue only when the model says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.integration.workflows.hand import approval, signal_wait, types_of
from tests.integration.workflows.model import Model, ModelStep
from tests.integration.workflows.service import Replica, running_replica, step
from timeloom_platform.testing import eventually
from timeloom_workflows.control.approvals import Verdict
from timeloom_workflows.control.forking import ForkChanges
from timeloom_workflows.control.hand import Hand
from timeloom_workflows.engine.commands import (
    Advance,
    Advanced,
    Ended,
    Outcome,
    Parked,
    Requeued,
    Running,
)
from timeloom_workflows.errors import WrongStatusError
from timeloom_workflows.model import Stage, Status, Step, StepStatus, StepType, WaitReason
from timeloom_workflows.settings import EngineSettings

T = TypeVar("T")

EXAMPLES = 25
STEPS_PER_EXAMPLE = 30
EXECUTIONS_MAX = 4
SIGNALS = st.sampled_from(["go", "stop"])


class Executions(RuleBasedStateMachine):
    """Everything that can be done to executions."""

    runner: ClassVar[asyncio.Runner]
    replica: ClassVar[Replica]

    ids = Bundle[UUID]("ids")

    def __init__(self) -> None:
        super().__init__()
        self.models: dict[UUID, Model] = {}
        self.signals_sent = 0

    @property
    def hand(self) -> Hand:
        return self.replica.assembly.hand

    @property
    def project_id(self) -> UUID:
        return self.replica.project_id

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def attempt(self, coroutine: Coroutine[Any, Any, object], *, allowed: bool) -> bool:
        """Does what the model allows, or is refused as it says; returns which."""
        if allowed:
            self.run(coroutine)
        else:
            with pytest.raises(WrongStatusError):
                self.run(coroutine)
        return allowed

    def teardown(self) -> None:
        """Leaves nothing that another example would find in the queue."""
        self.run(self._clear())

    async def _clear(self) -> None:
        self.replica.engine.holdings.clear()
        async with self.replica.rows() as connection:
            await connection.execute(
                "UPDATE executions SET stage = 5, status = 6, paused = false, owner = NULL WHERE stage <> 5"
            )

    # -- The driver ---------------------------------------------------------------

    @initialize(target=ids)
    def begin(self) -> UUID:
        self.replica.ping.places = 1
        claimed = self.run(self.replica.owned())
        model = Model(id=claimed.execution.id, stage=Stage.OWNED, status=Status.RUNNING, claimed=claimed)
        self.models[model.id] = model
        return model.id

    @rule()
    def claim(self) -> None:
        queued = [each for each in self.models.values() if each.stage == Stage.QUEUED]
        self.run(self._claim(queued))

    async def _claim(self, queued: list[Model]) -> None:
        ping = self.replica.ping
        ping.places = len(queued)
        self.replica.engine.room_grew()
        await eventually(
            lambda: all(
                each.id in ping.claimed and ping.claimed[each.id] is not each.claimed for each in queued
            ),
            describe="what is queued is claimed",
        )
        for model in queued:
            model.claimed = ping.claimed[model.id]
            model.stage, model.status = Stage.OWNED, Status.RUNNING
            model.known_inbox = model.claimed.execution.inbox
            model.told_paused = model.claimed.execution.paused
            model.told_cancelling = model.claimed.execution.cancelling
            assert {each.id for each in model.claimed.steps} == model.steps.keys()

    @rule(execution_id=ids, status=st.sampled_from([StepStatus.SUCCEEDED, StepStatus.FAILED]))
    def run_step(self, execution_id: UUID, status: StepStatus) -> None:
        model = self.models[execution_id]
        if model.may_begin_steps:
            output = b"%d" % (model.positions + 1)
            self._add(model, ModelStep(position=0, status=status, output=output), {})

    @rule(execution_id=ids, name=SIGNALS)
    def wait_for_signal(self, execution_id: UUID, name: str) -> None:
        model = self.models[execution_id]
        if model.may_begin_steps:
            self._add(model, ModelStep(position=0, status=StepStatus.WAITING, signal=name), signal_wait(name))
            settled = self.run(self.hand.signals.settle(self.project_id, model.id))
            assert len(settled) == model.settle()

    @rule(execution_id=ids, required=st.integers(1, 2))
    def ask(self, execution_id: UUID, required: int) -> None:
        model = self.models[execution_id]
        if model.may_begin_steps:
            asking = ModelStep(position=0, status=StepStatus.WAITING, required=required)
            self._add(model, asking, approval(requiredCount=required))

    @rule(execution_id=ids)
    def look(self, execution_id: UUID) -> None:
        model = self.models[execution_id]
        if model.stage == Stage.OWNED:
            self._advance(model, Running())

    @rule(execution_id=ids)
    def park(self, execution_id: UUID) -> None:
        model = self.models[execution_id]
        if model.stage == Stage.OWNED:
            grew = model.inbox > model.known_inbox and not model.paused
            outcome = Parked(inbox=model.known_inbox, due_time=None, waiting_for=WaitReason.SIGNAL)
            advanced = self._advance(model, outcome)
            model.stage = Stage.QUEUED if grew else Stage.PARKED
            assert advanced.stage == model.stage

    @rule(execution_id=ids)
    def requeue(self, execution_id: UUID) -> None:
        model = self.models[execution_id]
        if model.stage == Stage.OWNED:
            advanced = self._advance(model, Requeued())
            model.stage = Stage.PARKED if model.paused else Stage.QUEUED
            assert advanced.stage == model.stage

    @rule(execution_id=ids, status=st.sampled_from([Status.SUCCEEDED, Status.FAILED]))
    def end(self, execution_id: UUID, status: Status) -> None:
        model = self.models[execution_id]
        if model.stage != Stage.OWNED or model.told_paused:
            return
        assert model.claimed is not None
        if model.told_cancelling:
            status = Status.CANCELLED
        is_taken = not model.paused and (not model.cancelling or model.told_cancelling)
        stopped = [
            step(model.claimed, step_id, position=each.position, status=StepStatus.CANCELLED)
            for step_id, each in model.steps.items()
            if not each.status.has_ended
        ]
        advanced = self._advance(model, Ended(status=status), *stopped)
        for each in stopped:
            model.steps[each.id].status = StepStatus.CANCELLED
        if is_taken:
            model.stage, model.status = Stage.ENDED, status
        assert advanced.stage == model.stage

    @rule(execution_id=ids)
    def advance_past_the_fence(self, execution_id: UUID) -> None:
        model = self.models[execution_id]
        if model.claimed is None:
            return
        token = model.claimed.execution.token
        advance = Advance(
            project_id=self.project_id,
            execution_id=model.id,
            token=token - 1 if model.stage == Stage.OWNED else token,
            outcome=Ended(status=Status.SUCCEEDED),
            steps=[step(model.claimed, "stale")],
        )
        assert not self.run(self._commit(advance)).committed

    async def _commit(self, advance: Advance) -> Advanced:
        """Commits what the engine would have refused by itself."""
        return await self.replica.engine.committer.advance(advance, [b""])

    def _add(self, model: Model, new: ModelStep, fields: dict[str, Any]) -> None:
        assert model.claimed is not None
        model.positions += 1
        new.position = model.positions
        step_id = f"s{new.position}"
        fields = {"status": new.status, "output": new.output, **fields}
        self._advance(model, Running(), step(model.claimed, step_id, position=new.position, **fields))
        model.steps[step_id] = new

    def _advance(self, model: Model, outcome: Outcome, *steps: Step) -> Advanced:
        assert model.claimed is not None
        advanced = self.run(self.replica.advance(model.claimed, outcome, steps=steps))
        assert (advanced.committed, advanced.paused, advanced.cancelling, advanced.inbox) == (
            True,
            model.paused,
            model.cancelling,
            model.inbox,
        )
        model.known_inbox = advanced.inbox
        model.told_paused, model.told_cancelling = advanced.paused, advanced.cancelling
        return advanced

    # -- The hand -----------------------------------------------------------------

    @rule(execution_id=ids)
    def pause(self, execution_id: UUID) -> None:
        model = self.models[execution_id]
        pausing = self.hand.controls.pause(self.project_id, model.id)
        if self.attempt(pausing, allowed=not model.has_ended and not model.cancelling) and not model.paused:
            model.status = Status.PAUSED
            model.inbox += 1
            model.stage = Stage.PARKED if model.stage == Stage.QUEUED else model.stage

    @rule(execution_id=ids)
    def resume(self, execution_id: UUID) -> None:
        model = self.models[execution_id]
        resuming = self.hand.controls.resume(self.project_id, model.id)
        if self.attempt(resuming, allowed=not model.has_ended) and model.paused:
            model.go_on()
            model.inbox += 1
            model.wake()

    @rule(execution_id=ids)
    def cancel(self, execution_id: UUID) -> None:
        model = self.models[execution_id]
        is_done = model.cancelling or model.status == Status.CANCELLED
        cancelling = self.hand.controls.cancel(self.project_id, model.id)
        if self.attempt(cancelling, allowed=is_done or not model.has_ended) and not is_done:
            model.cancel()

    @rule(execution_id=ids, data=st.data())
    def retry(self, execution_id: UUID, data: st.DataObject) -> None:
        model = self.models[execution_id]
        from_step_id = data.draw(st.sampled_from(["", *model.steps]))
        retrying = self.hand.controls.retry(self.project_id, model.id, from_step_id=from_step_id)
        if self.attempt(retrying, allowed=model.status in (Status.FAILED, Status.CANCELLED)):
            model.retry(from_step_id)

    @rule(target=ids, execution_id=ids, data=st.data())
    def fork(self, execution_id: UUID, data: st.DataObject) -> UUID:
        model = self.models[execution_id]
        if len(self.models) == EXECUTIONS_MAX:
            return execution_id
        step_id = data.draw(st.sampled_from(["", *model.ended_steps()]))
        fork = self.run(
            self.hand.forking.fork(self.project_id, model.id, step_id=step_id, changes=ForkChanges())
        )
        self.models[fork.id] = model.forked(fork.id, step_id)
        return fork.id

    @rule(execution_id=ids, name=SIGNALS)
    def signal(self, execution_id: UUID, name: str) -> None:
        model = self.models[execution_id]
        self.signals_sent += 1
        number = self.signals_sent
        sending = self.hand.signals.send(self.project_id, model.id, name=name, data=b"%d" % number)
        if not self.attempt(sending, allowed=not model.has_ended):
            return
        model.inbox += 1
        if found := model.oldest_waiting(signal=name):
            found[1].succeed(b"%d" % number)
            found[1].taken = number
            model.wake()
        else:
            model.pending.append((number, name))

    @rule(execution_id=ids, who=st.sampled_from(["Ada", "Bob"]), verdict=st.sampled_from(Verdict))
    def approve(self, execution_id: UUID, who: str, verdict: Verdict) -> None:
        approves = verdict == Verdict.APPROVED
        model = self.models[execution_id]
        found = None if model.has_ended else model.oldest_waiting(asks=True)
        step_id, asking = found or ("", None)
        before = None if asking is None else asking.decisions.get(who)
        deciding = self.hand.approving.decide(
            self.project_id,
            model.id,
            step_id=step_id,
            verdict=verdict,
            decided_by=who,
        )
        if not self.attempt(deciding, allowed=asking is not None and before in (None, approves)):
            return
        assert asking is not None
        if before is None:
            asking.decisions[who] = approves
            model.inbox += 1
            if not approves or len(asking.decisions) == asking.required:
                asking.succeed(",".join([str(approves), *asking.decisions]).encode())
                model.wake()

    # -- What always holds --------------------------------------------------------

    @invariant()
    def executions_stand_as_the_model_says(self) -> None:
        for model in self.models.values():
            self.run(self._check(model))

    async def _check(self, model: Model) -> None:
        execution = await self.replica.execution(model.id)
        assert (
            execution.stage,
            execution.status,
            execution.paused,
            execution.cancelling,
            execution.retry_count,
            execution.inbox,
        ) == (model.stage, model.status, model.paused, model.cancelling, model.retry_count, model.inbox)
        steps = await self.replica.steps(model.id)
        assert {each.id: (each.position, each.status, _output(each)) for each in steps} == {
            step_id: (each.position, each.status, each.output) for step_id, each in model.steps.items()
        }
        assert (execution.step_count, execution.succeeded_step_count, execution.failed_step_count) == (
            len(model.steps),
            model.count(StepStatus.SUCCEEDED),
            model.count(StepStatus.FAILED),
        )
        await types_of(self.replica, model.id)
        assert await self._pending(model.id) == model.pending

    async def _pending(self, execution_id: UUID) -> list[tuple[int, str]]:
        async with self.replica.rows() as connection:
            rows = await connection.fetch(
                "SELECT data, name FROM signals WHERE execution_id = $1 AND step_id IS NULL ORDER BY number",
                execution_id,
            )
        return [(int(row["data"]), row["name"]) for row in rows]


def _output(found: Step) -> bytes | None:
    """What a step came to; of a decision, what was decided and by whom."""
    if found.type != StepType.HUMAN_APPROVAL or found.output is None:
        return found.output
    answer = msgspec.json.decode(found.output)
    return ",".join([str(answer["approved"]), *(each["decidedBy"] for each in answer["decisions"])]).encode()


def test_executions_stand_as_their_model_says_whatever_is_done_to_them(database_url: str) -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        replica = runner.run(
            stack.enter_async_context(running_replica(database_url, engine=EngineSettings()))
        )
        try:
            Executions.runner, Executions.replica = runner, replica
            run_state_machine_as_test(
                Executions,
                settings=settings(max_examples=EXAMPLES, stateful_step_count=STEPS_PER_EXAMPLE),
            )
        finally:
            runner.run(stack.aclose())
