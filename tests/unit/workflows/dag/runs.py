"""Executions that are driven without an engine: what a driver does, with results that a test decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from timeloom_workflows.dag.endings import failed, succeeded
from timeloom_workflows.dag.facts import Facts
from timeloom_workflows.dag.plan import Plan, Work
from timeloom_workflows.dag.progress import Progress
from timeloom_workflows.definitions.model import Definition
from timeloom_workflows.definitions.parsing import parse_definition
from timeloom_workflows.engine.commands import Ended
from timeloom_workflows.model import Failure, Step, StepStatus, StepType, WaitReason

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
EXECUTION_ID = UUID("018f0000-0000-7000-8000-000000000001")

CALLS = (StepType.ACTION, StepType.COMPENSATION)

Answer = Callable[[Work], Any]
"""What a call comes to: its output, or a `Failure`."""


def definition_of(steps: Sequence[Any], **fields: Any) -> Definition:
    """Reads a definition."""
    return parse_definition(msgspec.json.encode({"id": "tested", "steps": steps, **fields}))


class Run:
    """One execution, its rows, and its clock."""

    def __init__(
        self, definition: Definition, *, given: Any = None, deadline: datetime | None = None
    ) -> None:
        self.definition = definition
        self.facts = Facts(
            execution_id=EXECUTION_ID,
            workflow_id="tested",
            workflow_version=1,
            create_time=START,
            input=msgspec.json.encode(given),
            deadline=deadline,
        )
        self.rows: dict[str, Step] = {}
        self.now = START
        self.open: dict[str, Work] = {}
        self.order: list[str] = []
        self.plan = Plan()
        self.progress = Progress(definition, self.facts, ())

    def advance(self, *changed: Step, paused: bool = False, cancelling: bool = False) -> Plan:
        """Plans, and commits what was planned."""
        for row in changed:
            self.rows[row.id] = row
            if row.status.has_ended:
                self.open.pop(row.id, None)
        self.plan = self.progress.advance(changed, self.now, paused=paused, cancelling=cancelling)
        self._commit()
        return self.plan

    def crash(self, *, cancelling: bool = False) -> Plan:
        """Forgets everything but the rows, and plans anew."""
        self.open = {}
        self.progress = Progress(self.definition, self.facts, list(self.rows.values()))
        return self.advance(cancelling=cancelling)

    def succeed(self, step_id: str, output: Any = None) -> Plan:
        """Ends a step that runs or waits."""
        return self.advance(succeeded(self.rows[step_id], msgspec.json.encode(output), self.now))

    def fail(self, step_id: str, type_: str = "Error", *, is_final: bool = True) -> Plan:
        """Lets a try of a step fail."""
        return self.advance(self.failed_row(step_id, Failure(type=type_, is_final=is_final)))

    def failed_row(self, step_id: str, failure: Failure) -> Step:
        """Returns the row of a step of which a try failed."""
        return failed(self.rows[step_id], self.progress.spec_of(step_id), failure, self.now)

    def pass_time(self) -> Plan:
        """Waits for what is due next."""
        assert self.plan.due_time is not None, "nothing is due"
        self.now = max(self.now, self.plan.due_time)
        return self.advance()

    def complete(self, answer: Answer, *, turns_max: int = 10_000) -> Ended:
        """Answers everything until the execution ends."""
        self.advance()
        for _ in range(turns_max):
            if self.plan.outcome is not None:
                return self.plan.outcome
            work = next(iter(self.open.values()), None)
            if work is None or self.rows[work.step.id].status == StepStatus.RETRYING:
                self.pass_time()
                continue
            self.now += timedelta(milliseconds=1)
            found = answer(work)
            if isinstance(found, Failure):
                self.advance(self.failed_row(work.step.id, found))
            elif self.rows[work.step.id].waiting_for == WaitReason.TIME:
                self.pass_time()
            else:
                self.succeed(work.step.id, found)
        raise AssertionError("it does not end")

    def complete_randomly(self, answer: Answer, random: Random, *, crashes: bool) -> Ended:
        """Answers in any order, several at once or one by one, and forgets all but the rows now and then."""
        self.advance()
        while self.plan.outcome is None:
            if crashes and random.random() < 0.2:
                self.crash()
                continue
            running = sorted(
                row.id
                for row in self.rows.values()
                if row.status in (StepStatus.RUNNING, StepStatus.PENDING) and row.type in CALLS
            )
            if not running or (self.plan.due_time is not None and random.random() < 0.1):
                self.pass_time()
                continue
            self.now += timedelta(milliseconds=1)
            chosen = random.sample(running, random.randint(1, min(3, len(running))))
            self.advance(*(self.answered(step_id, answer) for step_id in chosen))
        return self.plan.outcome

    def answered(self, step_id: str, answer: Answer) -> Step:
        """Returns the row of a step of which a try ended."""
        work = self.open[step_id]
        found = answer(work)
        if isinstance(found, Failure):
            return self.failed_row(step_id, found)
        return succeeded(self.rows[step_id], msgspec.json.encode(found), self.now)

    def status(self) -> dict[str, str]:
        """Returns how the steps stand."""
        return {step_id: row.status.name for step_id, row in self.rows.items()}

    def output(self) -> Any:
        """Returns what the execution came to."""
        assert self.plan.outcome is not None, "it has not ended"
        assert self.plan.outcome.output is not None, f"it failed: {self.plan.outcome.failure}"
        return msgspec.json.decode(self.plan.outcome.output)

    def _commit(self) -> None:
        for row in self.plan.steps:
            before = self.rows.get(row.id)
            assert before is None or not before.status.has_ended, f"{row.id} had ended"
            self.rows[row.id] = row
            if row.status.has_ended:
                self.open.pop(row.id, None)
        for work in (*self.plan.begun, *self.plan.found):
            self.open[work.step.id] = work
            if work in self.plan.begun:
                self.order.append(work.step.id)


def action(step_id: str, **fields: Any) -> dict[str, Any]:
    """Returns a step that calls something."""
    call = {"type": "http", "url": "http://example.test/"}
    return {"id": step_id, "type": "action", "action": call, **fields}
