"""What an execution should be, in the simplest words; no storage, no locks."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.model import Stage, Status, StepStatus


@dataclass(kw_only=True)
class ModelStep:
    """What a step should be.

    Attributes:
        signal: The name of the signal that it waits for, or has taken; empty if it is about none.
        taken: The number of the signal that it has taken.
        required: How many people have to approve; zero if it asks nobody.
        decisions: Who has decided what.
    """

    position: int
    status: StepStatus
    output: bytes | None = None
    signal: str = ""
    taken: int = 0
    required: int = 0
    decisions: dict[str, bool] = field(default_factory=dict[str, bool])

    def succeed(self, output: bytes) -> None:
        self.status, self.output = StepStatus.SUCCEEDED, output


@dataclass(kw_only=True)
class Model:
    """What an execution should be, and what its driver believes of it.

    Attributes:
        pending: Numbers and names of signals that no step has taken.
        known_inbox: What its driver has seen of the inbox; and whether it was told to pause, or to cancel.
    """

    id: UUID
    stage: Stage
    status: Status
    claimed: Claimed | None = None
    cancelling: bool = False
    retry_count: int = 0
    inbox: int = 0
    steps: dict[str, ModelStep] = field(default_factory=dict[str, ModelStep])
    pending: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    positions: int = 0
    known_inbox: int = 0
    told_paused: bool = False
    told_cancelling: bool = False

    @property
    def paused(self) -> bool:
        return self.status == Status.PAUSED

    @property
    def has_ended(self) -> bool:
        return self.stage == Stage.ENDED

    @property
    def may_begin_steps(self) -> bool:
        """Whether its driver has it, and knows nothing that forbids to go on."""
        return self.stage == Stage.OWNED and not self.told_paused and not self.told_cancelling

    def count(self, status: StepStatus) -> int:
        return sum(each.status == status for each in self.steps.values())

    def oldest_waiting(self, *, signal: str = "", asks: bool = False) -> tuple[str, ModelStep] | None:
        """The step that has waited longest, for a signal or for people."""
        waiting = (
            (step_id, each)
            for step_id, each in self.steps.items()
            if each.status == StepStatus.WAITING and each.signal == signal and bool(each.required) == asks
        )
        return min(waiting, key=lambda found: found[1].position, default=None)

    def ended_steps(self) -> list[str]:
        return [step_id for step_id, each in self.steps.items() if each.status.has_ended]

    def wake(self) -> None:
        if self.stage == Stage.PARKED and not self.paused:
            self.stage = Stage.QUEUED

    def go_on(self) -> None:
        self.status = Status.PENDING if self.claimed is None else Status.RUNNING

    def settle(self) -> int:
        """Gives signals that came before to the steps that wait for them by now; returns how many."""
        count = 0
        for each in sorted(self.steps.values(), key=lambda step: step.position):
            if each.status != StepStatus.WAITING or not each.signal:
                continue
            for number, name in self.pending:
                if name == each.signal:
                    self.pending.remove((number, name))
                    each.succeed(b"%d" % number)
                    each.taken = number
                    count += 1
                    break
        return count

    def cancel(self) -> None:
        self.inbox += 1
        self.go_on()
        if self.stage == Stage.OWNED:
            self.cancelling = True
            return
        self.stage, self.status = Stage.ENDED, Status.CANCELLED
        for each in self.steps.values():
            if not each.status.has_ended:
                each.status = StepStatus.CANCELLED

    def retry(self, from_step_id: str) -> None:
        first = self.steps[from_step_id].position if from_step_id else self.positions + 1
        for step_id, each in list(self.steps.items()):
            if each.status == StepStatus.SUCCEEDED and each.position < first:
                continue
            del self.steps[step_id]
            if each.taken:
                self.pending.append((each.taken, each.signal))
        self.pending.sort()
        self.cancelling = False
        self.stage = Stage.QUEUED
        self.go_on()
        self.retry_count += 1
        self.inbox += 1

    def forked(self, fork_id: UUID, step_id: str) -> Model:
        last = self.steps[step_id].position if step_id else 0
        fork = Model(id=fork_id, stage=Stage.QUEUED, status=Status.PENDING, positions=last)
        for had_id, each in self.steps.items():
            if each.position <= last and each.status.has_ended and each.status != StepStatus.CANCELLED:
                fork.steps[had_id] = ModelStep(position=each.position, status=each.status, output=each.output)
        return fork
