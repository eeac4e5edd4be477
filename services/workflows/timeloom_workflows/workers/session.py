"""A worker as the engine knows it: what it takes, and what it is to be told next.

It outlives its stream for as long as its lease: a worker that comes back goes on with what it holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar
from uuid import UUID

from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom_workflows.workers.suspects import Suspects

TaskT = TypeVar("TaskT", messages.ExecutionTask, messages.StepTask)

MESSAGE_BYTES_MAX: Final = 4 * 1024 * 1024
"""What goes into one message, unless one execution is larger."""

CREDITS_MAX: Final = 100_000
"""What one worker may have at once, whatever it says."""


class Session:
    """A worker, with what waits to be sent to it.

    Everything that becomes ready within one turn of the event loop goes in one message, and what a slow
    worker has not taken yet is bounded by its credits.
    """

    def __init__(self, project_id: UUID, worker_id: str, *, clock: Callable[[], float]) -> None:
        self.project_id = project_id
        self.worker_id = worker_id
        self.workflows: frozenset[str] = frozenset()
        self.tasks: frozenset[str] = frozenset()
        self.execution_credits = 0
        self.task_credits = 0
        self.stream = 0
        """Which of its streams it has; a stream that is not this one is over."""
        self.is_attached = False
        self.is_leaving = False
        self.is_gone = False
        self.suspects = Suspects()
        self.acks: list[messages.ProgressAck] = []
        self.executions: list[messages.ExecutionTask] = []
        self.step_tasks: list[messages.StepTask] = []
        self.task_acks: list[messages.TaskAck] = []
        self.revocations: list[messages.Revocation] = []
        self._first: list[messages.WorkResponse] = []
        self._wake = asyncio.Event()
        self._clock = clock
        self._heard_at = clock()

    # -- Its stream --------------------------------------------------------------------

    def attach(self, hello: messages.WorkerHello) -> int:
        """Begins a stream, and returns its number; one that it had before is over."""
        self.stream += 1
        self.workflows = frozenset()
        self.tasks = frozenset(hello.tasks)
        self.is_attached = True
        self.is_leaving = False
        self.execution_credits = self.task_credits = 0
        for waiting in (self.acks, self.executions, self.step_tasks, self.task_acks, self.revocations):
            waiting.clear()
        self._first.clear()
        self.heard()
        self.wake()
        return self.stream

    def detach(self, stream: int) -> bool:
        """Ends a stream; False if it had been replaced before."""
        if stream != self.stream or not self.is_attached:
            return False
        self.is_attached = False
        self.execution_credits = self.task_credits = 0
        return True

    def heard(self) -> None:
        """It has said something."""
        self._heard_at = self._clock()

    @property
    def silent_seconds(self) -> float:
        """For how long it has said nothing."""
        return self._clock() - self._heard_at

    # -- What it takes -------------------------------------------------------------------

    def add_credits(self, granted: messages.WorkerCredits) -> None:
        """Takes note of how much more it takes."""
        self.execution_credits = min(self.execution_credits + granted.executions, CREDITS_MAX)
        self.task_credits = min(self.task_credits + granted.tasks, CREDITS_MAX)

    def takes(self, name: str, *, of_tasks: bool) -> bool:
        """Whether it takes work of a name now."""
        if not self.is_attached or self.is_leaving:
            return False
        return name in (self.tasks if of_tasks else self.workflows)

    # -- What it is told -----------------------------------------------------------------

    def wake(self) -> None:
        """There is something to send."""
        self._wake.set()

    def tell_first(self, response: messages.WorkResponse) -> None:
        """Sends something before everything else."""
        self._first.append(response)
        self.wake()

    def revoke(self, *, execution_id: str, token: int, reason: str, step_id: str = "") -> None:
        """Tells it to stop something, and to forget it."""
        self.revocations.append(
            messages.Revocation(execution_id=execution_id, step_id=step_id, token=token, reason=reason)
        )
        self.wake()

    async def something(self) -> None:
        """Returns when there is something to send, or the stream is over."""
        await self._wake.wait()
        self._wake.clear()

    def take(self) -> Iterator[messages.WorkResponse]:
        """Returns what is to be sent now, what was ready at the same time in one message."""
        yield from self._first
        self._first.clear()
        if self.acks:
            acks, self.acks = self.acks, []
            yield messages.WorkResponse(acks=messages.ProgressAckBatch(acks=acks))
        if self.task_acks:
            task_acks, self.task_acks = self.task_acks, []
            yield messages.WorkResponse(task_acks=messages.TaskAckBatch(acks=task_acks))
        if self.revocations:
            revocations, self.revocations = self.revocations, []
            yield messages.WorkResponse(revocations=messages.RevocationBatch(revocations=revocations))
        if self.executions:
            executions, self.executions = self.executions, []
            for batch in _in_messages(executions):
                yield messages.WorkResponse(executions=messages.ExecutionTaskBatch(executions=batch))
        if self.step_tasks:
            step_tasks, self.step_tasks = self.step_tasks, []
            for tasks in _in_messages(step_tasks):
                yield messages.WorkResponse(tasks=messages.StepTaskBatch(tasks=tasks))


def _in_messages(tasks: Iterable[TaskT]) -> Iterator[list[TaskT]]:
    batch: list[TaskT] = []
    size = 0
    for task in tasks:
        task_bytes = task.ByteSize()
        if batch and size + task_bytes > MESSAGE_BYTES_MAX:
            yield batch
            batch, size = [], 0
        batch.append(task)
        size += task_bytes
    if batch:
        yield batch
