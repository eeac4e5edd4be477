"""An engine in memory that speaks the worker's protocol: it remembers what it acknowledges, nothing else."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import msgspec

from timeloom.workflows import Task, Workflow
from timeloom.workflows._desk import Desk, Limits
from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2 as pb

RUN_BY_WORKER = (pb.STEP_TYPE_RUN, pb.STEP_TYPE_COMPENSATION)
ENDED = (pb.STEP_STATUS_SUCCEEDED, pb.STEP_STATUS_FAILED, pb.STEP_STATUS_CANCELLED, pb.STEP_STATUS_SKIPPED)
SECOND_US = 1_000_000


@dataclass(kw_only=True, eq=False)
class Remembered:
    """An execution as the engine has it."""

    id: str
    workflow_id: str
    input: bytes
    token: int = 0
    steps: dict[str, messages.StepRecord] = field(default_factory=dict)
    due_us: dict[str, int] = field(default_factory=dict)
    stage: str = "QUEUED"
    kept_token: int = -1
    outcome: messages.ExecutionProgress | None = None
    cancelling: bool = False
    paused: bool = False
    commits: int = 0
    deliveries: int = 0

    @property
    def kind(self) -> str:
        """How it ended; empty if it has not."""
        return "" if self.outcome is None else self.outcome.WhichOneof("outcome") or ""

    @property
    def output(self) -> Any:
        """What it returned."""
        assert self.outcome is not None, "it has not ended"
        assert self.outcome.WhichOneof("outcome") == "succeeded", self.outcome
        return msgspec.json.decode(self.outcome.succeeded.output or b"null")

    @property
    def error(self) -> pb.WorkflowError:
        """Why it failed."""
        assert self.outcome is not None, "it has not ended"
        assert self.outcome.WhichOneof("outcome") == "failed", self.outcome
        return self.outcome.failed.error

    @property
    def ended_steps(self) -> list[str]:
        """The ids of its steps, in the order in which they ended."""
        ended = [each for each in self.steps.values() if each.status in ENDED]
        return [each.id for each in sorted(ended, key=end_of)]


def end_of(step: messages.StepRecord) -> tuple[int, int, int]:
    return step.end_time.seconds, step.end_time.nanos, step.position


class MemoryEngine:
    """Gives executions to one worker at a time, and can lose everything that is not committed."""

    def __init__(self) -> None:
        self.executions: dict[str, Remembered] = {}
        self.clock_us = time.time_ns() // 1000
        self.acks_held = False
        self.keeps = True
        self._desk: Desk | None = None
        self._held_acks: deque[messages.ProgressAck] = deque()
        self._changed = asyncio.Event()
        self._seen: dict[str, dict[str, int]] = {}
        self.credits = 0
        self.messages = 0

    def start(self, workflow: Workflow[..., Any], given: Any = None) -> Remembered:
        """Begins an execution."""
        execution = Remembered(
            id=str(uuid4()),
            workflow_id=workflow.id,
            input=msgspec.json.encode(given) if given is not None else b"",
        )
        self.executions[execution.id] = execution
        self._dispatch(execution)
        return execution

    @asynccontextmanager
    async def worker(
        self, workflows: Iterable[Workflow[..., Any]], tasks: Iterable[Task] = (), **limits: int
    ) -> AsyncIterator[Desk]:
        """Connects a worker; at the end it is gone, with all that it had in memory."""
        desk = Desk(
            worker_id="worker",
            workflows=workflows,
            tasks=tasks,
            limits=Limits(**limits),
            wake=lambda: self._take(desk),
        )
        assert desk.hello().hello.worker_id == "worker"
        self._desk = desk
        desk.receive(messages.WorkResponse(welcome=messages.WorkerWelcome()))
        for execution in self.executions.values():
            execution.kept_token = -1
            if execution.stage == "OWNED":
                execution.stage = "QUEUED"
            self._dispatch(execution)
        try:
            yield desk
        finally:
            self._desk = None
            self.credits = 0
            self._held_acks.clear()
            desk.close()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits for something to be so."""
        async with asyncio.timeout(30):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def ended(self, execution: Remembered) -> Remembered:
        """Waits for the end of an execution."""
        await self.until(lambda: execution.outcome is not None)
        return execution

    async def parked(self, execution: Remembered) -> None:
        """Waits until an execution waits for something."""
        await self.until(lambda: execution.stage == "PARKED")

    def pass_time(self, seconds: float) -> None:
        """Lets the time pass, for all that waits for it."""
        self.clock_us += round(seconds * SECOND_US)
        for execution in self.executions.values():
            for step_id, due_us in sorted(execution.due_us.items(), key=lambda each: each[1]):
                if due_us <= self.clock_us:
                    del execution.due_us[step_id]
                    self._time_has_come(execution, execution.steps[step_id], due_us)
            self._dispatch(execution)

    def end_step(self, execution: Remembered, step_id: str, output: Any) -> None:
        """Ends a step that waits, as an event or a person does."""
        self._end(execution.steps[step_id], output=msgspec.json.encode(output))
        execution.due_us.pop(step_id, None)
        if execution.stage == "OWNED":
            self._push(execution, [execution.steps[step_id]])
        self._dispatch(execution)

    def fail_step(self, execution: Remembered, step_id: str, error: pb.WorkflowError) -> None:
        """Lets a step fail that waits."""
        step = execution.steps[step_id]
        step.error.CopyFrom(error)
        self._end(step, status=pb.STEP_STATUS_FAILED)
        self._dispatch(execution)

    def cancel(self, execution: Remembered) -> None:
        """Asks for the cancellation of an execution."""
        execution.cancelling = True
        if execution.stage == "OWNED":
            self._push(execution, [])
        self._dispatch(execution)

    def pause(self, execution: Remembered) -> None:
        """Pauses an execution."""
        execution.paused = True
        self._push(execution, [], pause=True)

    def resume(self, execution: Remembered) -> None:
        """Lets a paused execution go on."""
        execution.paused = False
        execution.stage = "QUEUED"
        self._dispatch(execution)

    def release_acks(self) -> None:
        """Answers what was held back."""
        self.acks_held = False
        acks = list(self._held_acks)
        self._held_acks.clear()
        self._send_acks(acks)

    # -- The protocol ----------------------------------------------------------------

    def _take(self, desk: Desk) -> None:
        while desk is self._desk and (message := desk.outgoing()) is not None:
            self.messages += 1
            if message.WhichOneof("message") == "progress":
                self._send_acks([self._commit(each) for each in message.progress.executions])
            elif message.WhichOneof("message") == "credits":
                self.credits += message.credits.executions
        self._changed.set()

    def _send_acks(self, acks: list[messages.ProgressAck]) -> None:
        if self.acks_held:
            self._held_acks.extend(acks)
        elif self._desk is not None:
            self._desk.receive(messages.WorkResponse(acks=messages.ProgressAckBatch(acks=acks)))
            for ack in acks:
                self._dispatch(self.executions[ack.execution_id])

    def _push(self, execution: Remembered, steps: list[messages.StepRecord], *, pause: bool = False) -> None:
        ack = messages.ProgressAck(
            execution_id=execution.id,
            token=execution.token,
            committed=True,
            steps=steps,
            cancelling=execution.cancelling,
            pause=pause,
        )
        self._send_acks([ack])

    def _commit(self, progress: messages.ExecutionProgress) -> messages.ProgressAck:
        execution = self.executions[progress.execution_id]
        ack = messages.ProgressAck(
            execution_id=execution.id, token=progress.token, number=progress.number, committed=True
        )
        if progress.token != execution.token or execution.stage != "OWNED":
            ack.committed = False
            return ack
        execution.commits += 1
        for step in progress.steps:
            self._keep(execution, step)
        kind = progress.WhichOneof("outcome")
        if kind == "parked":
            execution.stage = "PARKED"
            execution.kept_token = execution.token if self.keeps else -1
            if any(self._is_ready(step) for step in execution.steps.values()):
                execution.stage = "QUEUED"
        elif kind == "returned":
            execution.stage = "QUEUED"
            execution.kept_token = -1
        elif kind != "running":
            execution.stage = "ENDED"
            execution.outcome = progress
        ack.cancelling = execution.cancelling
        return ack

    def _keep(self, execution: Remembered, step: messages.StepRecord) -> None:
        known = execution.steps.get(step.id)
        if known is not None and known.status in ENDED:
            # Only the order in which the code saw it can still change.
            known.end_time.CopyFrom(step.end_time)
            return
        execution.steps[step.id] = messages.StepRecord.FromString(step.SerializeToString())
        execution.due_us.pop(step.id, None)
        wait = step.wait
        if step.status in ENDED:
            return
        if wait.HasField("time"):
            due = wait.time.duration.seconds * SECOND_US + wait.time.duration.nanos // 1000
            execution.due_us[step.id] = self.clock_us + due
        elif wait.HasField("timeout"):
            execution.due_us[step.id] = self.clock_us + wait.timeout.seconds * SECOND_US

    def _time_has_come(self, execution: Remembered, step: messages.StepRecord, due_us: int) -> None:
        if step.status == pb.STEP_STATUS_RETRYING:
            step.status = pb.STEP_STATUS_PENDING
        else:
            self._end(step, at_us=due_us)
        if execution.stage == "PARKED":
            execution.stage = "QUEUED"

    def _end(
        self,
        step: messages.StepRecord,
        *,
        output: bytes = b"",
        status: pb.StepStatus.ValueType = pb.STEP_STATUS_SUCCEEDED,
        at_us: int | None = None,
    ) -> None:
        self.clock_us += 1
        at_us = self.clock_us if at_us is None else at_us
        step.status = status
        step.output = output
        step.end_time.seconds, step.end_time.nanos = at_us // SECOND_US, at_us % SECOND_US * 1000

    def _is_ready(self, step: messages.StepRecord) -> bool:
        return step.status == pb.STEP_STATUS_PENDING and step.type in RUN_BY_WORKER

    def _dispatch(self, execution: Remembered) -> None:
        if self._desk is None or execution.paused:
            return
        if execution.stage == "PARKED" and self._has_news(execution):
            execution.stage = "QUEUED"
        if execution.stage != "QUEUED":
            return
        execution.stage = "OWNED"
        execution.deliveries += 1
        is_kept = execution.kept_token == execution.token
        execution.token += 1
        steps = sorted(execution.steps.values(), key=end_of)
        if is_kept:
            steps = [step for step in steps if step.id in self._news_of(execution)]
        self._given(execution, steps)
        task = messages.ExecutionTask(
            execution_id=execution.id,
            token=execution.token,
            workflow_id=execution.workflow_id,
            input=execution.input,
            steps=steps,
            is_kept=is_kept,
            cancelling=execution.cancelling,
            next_position=len(execution.steps) + 1,
        )
        task.start_time.FromSeconds(1_700_000_000)
        batch = messages.ExecutionTaskBatch(executions=[task])
        self._desk.receive(messages.WorkResponse(executions=batch))

    def _has_news(self, execution: Remembered) -> bool:
        return bool(self._news_of(execution)) or execution.cancelling

    def _news_of(self, execution: Remembered) -> set[str]:
        given = self._seen.get(execution.id, {})
        return {
            step.id
            for step in execution.steps.values()
            if (step.type not in RUN_BY_WORKER and step.status in ENDED and given.get(step.id) != step.status)
            or self._is_ready(step)
        }

    def _given(self, execution: Remembered, steps: list[messages.StepRecord]) -> None:
        self._seen.setdefault(execution.id, {}).update({step.id: step.status for step in steps})
