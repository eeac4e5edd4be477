"""Everything that a worker has in hand: executions whose code it runs, tasks, and what is to be sent.

The desk knows no network: the stream hands in what the engine says, and takes what there is to say. Whatever
becomes ready within one turn of the event loop is worked off together, so that it goes in one message.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from timeloom.workflows import _times
from timeloom.workflows._execution import CodeExecution
from timeloom.workflows._functions_running import FunctionRunner
from timeloom.workflows._step_call import StepCall
from timeloom.workflows._tasks import TaskDesk
from timeloom.workflows.definitions import definition_document
from timeloom.workflows.errors import WorkflowError, failure_of
from timeloom.workflows.functions import Task, Workflow
from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2 as pb

MESSAGE_BYTES_MAX: Final = 4 * 1024 * 1024
"""What goes into one message, unless one execution's progress is larger."""

TICK_SECONDS: Final = 0.25
REPORT_RUNNING_SECONDS: Final = 1.0
"""A step that runs for longer than this is shown as running."""

_logger = logging.getLogger("timeloom.workflows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a worker takes at once.

    Attributes:
        executions_max: Executions whose code runs.
        tasks_max: Tasks that run.
        kept_max: Executions that wait and are kept in memory, so that they go on without beginning again.
        threads_max: Threads for functions that are not asynchronous.
    """

    executions_max: int = 1_000
    tasks_max: int = 100
    kept_max: int = 10_000
    threads_max: int = 32


class Desk:
    """Works off what comes; its methods are called within the event loop that it was made in."""

    def __init__(
        self,
        *,
        worker_id: str,
        workflows: Iterable[Workflow[..., Any]],
        tasks: Iterable[Task],
        limits: Limits,
        wake: Callable[[], None],
    ) -> None:
        """Make a desk.

        Args:
            worker_id: Unique among the workers that are connected.
            workflows: Those whose code it has.
            tasks: Those that it runs.
            limits: How much it takes.
            wake: Called when there is something to send.
        """
        self._worker_id = worker_id
        self._workflows = {each.id: each for each in workflows}
        self._limits = limits
        self._wake = wake
        self._runner = FunctionRunner(threads_max=limits.threads_max)
        self._tasks = TaskDesk(tasks, runner=self._runner, room=limits.tasks_max, changed=self._plan_turn)
        self._executions: dict[str, CodeExecution] = {}
        self._kept: OrderedDict[str, CodeExecution] = OrderedDict()
        self._changed: dict[CodeExecution, None] = {}
        self._inbox: deque[messages.WorkResponse] = deque()
        self._ended: deque[tuple[StepCall, bytes, pb.WorkflowError | None]] = deque()
        self._outbox: deque[messages.WorkRequest] = deque()
        self._timers: dict[StepCall, asyncio.TimerHandle] = {}
        self._loop = asyncio.get_running_loop()
        self._is_turn_planned = False
        self._is_connected = False
        self._is_leaving = False
        self._credits_owed = 0
        self._ticker: asyncio.TimerHandle | None = None
        self._clock_base_us = _times.now_us() - time.monotonic_ns() // 1000

    # -- The stream ----------------------------------------------------------------------

    def hello(self) -> messages.WorkRequest:
        """Return the first message of a stream; nothing but its answer may come before it."""
        hello = messages.WorkerHello(
            worker_id=self._worker_id,
            sdk="timeloom-python",
            workflows=[
                messages.CodeWorkflow(definition=definition_document(each))
                for each in self._workflows.values()
            ],
            tasks=self._tasks.names,
            held_executions=[
                messages.HeldExecution(execution_id=each.id, token=each.token)
                for each in self._executions.values()
            ],
            held_tasks=self._tasks.held(),
        )
        return messages.WorkRequest(hello=hello)

    def receive(self, response: messages.WorkResponse) -> None:
        """Take what the engine says; it is worked off in the next turn."""
        self._inbox.append(response)
        self._plan_turn()

    def outgoing(self) -> messages.WorkRequest | None:
        """Return what is to be sent next; None if there is nothing."""
        if not self._is_connected:
            return None
        return self._outbox.popleft() if self._outbox else None

    def disconnected(self) -> None:
        """Keep what is in hand until there is another stream: what was not answered is sent again."""
        self._is_connected = False
        self._inbox.clear()
        self._outbox.clear()
        while self._kept:  # who gives them next knows nothing of what is kept here
            self._kept.popitem()[1].close()

    def heartbeat(self) -> messages.WorkRequest:
        """Return the message that says that all this is alive."""
        return messages.WorkRequest(heartbeat=messages.WorkerHeartbeat(tasks=self._tasks.progress()))

    # -- Its own end ----------------------------------------------------------------------

    def leave(self, *, at_once: bool = False) -> None:
        """Begin nothing more, and give back what is in hand as soon as its steps have ended, or at once."""
        if not self._is_leaving:
            self._outbox.append(messages.WorkRequest(drain=messages.WorkerDrain()))
            self._is_leaving = True
        for execution in tuple(self._executions.values()):
            if at_once:
                execution.leave_now()
            else:
                execution.leave()
            self._changed[execution] = None
        if at_once:
            self._tasks.abandon()
        self._plan_turn()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in hand, and everything is sent and answered."""
        return not (self._executions or self._tasks.is_busy or self._outbox or self._inbox)

    def close(self) -> None:
        """Stop everything that still runs."""
        if self._ticker is not None:
            self._ticker.cancel()
        for execution in [*self._executions.values(), *self._kept.values()]:
            execution.close()
        self._executions.clear()
        self._kept.clear()
        self._tasks.abandon()
        self._runner.close()

    # -- What executions need (their `Host`) -------------------------------------------------

    def clock_us(self) -> int:
        """Return the time of this machine when the worker began, and how long ago that is: it never jumps."""
        return self._clock_base_us + time.monotonic_ns() // 1000

    def begin(self, call: StepCall) -> None:
        """Run a step's function."""
        self._runner.run_step(call, self._step_ended)

    def begin_later(self, call: StepCall, seconds: float) -> None:
        """Try a step again after so long."""
        self._timers[call] = self._loop.call_later(seconds, self._back_off_over, call)

    def abandon(self, call: StepCall) -> None:
        """Stop a step's function, or the wait for its next try."""
        timer = self._timers.pop(call, None)
        if timer is not None:
            timer.cancel()
        self._runner.abandon(call)

    def _step_ended(self, call: StepCall, output: bytes, failure: pb.WorkflowError | None) -> None:
        self._ended.append((call, output, failure))
        self._plan_turn()

    def _back_off_over(self, call: StepCall) -> None:
        del self._timers[call]
        call.execution.back_off_over(call)

    # -- A turn ----------------------------------------------------------------------------

    def _plan_turn(self) -> None:
        if not self._is_turn_planned:
            self._is_turn_planned = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Work off all that is ready; never within a task, for executions have tasks of their own."""
        self._is_turn_planned = False
        while self._inbox:
            self._take(self._inbox.popleft())
        while self._ended:
            call, output, failure = self._ended.popleft()
            execution = call.execution
            self._guard(execution, lambda: execution.step_ended(call, output, failure))  # noqa: B023 - called at once
        self._collect()
        if self._outbox:
            self._wake()
        if self._ticker is None and self._executions:
            self._ticker = self._loop.call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        """Look for what has waited long enough."""
        self._ticker = None
        before = self.clock_us() - int(REPORT_RUNNING_SECONDS * _times.SECOND_US)
        for execution in self._executions.values():
            if execution.is_running:
                execution.report_running(before)
            if execution.reports.unsent:
                self._changed[execution] = None
        self._turn()

    def _take(self, response: messages.WorkResponse) -> None:
        kind = response.WhichOneof("message")
        if kind == "acks":
            for ack in response.acks.acks:
                self._acked(ack)
        elif kind == "executions":
            for execution in response.executions.executions:
                self._begin_execution(execution)
        elif kind == "welcome":
            self._connected(response.welcome)
        elif kind == "revocations":
            for revocation in response.revocations.revocations:
                self._revoke(revocation)
        elif kind == "tasks":
            self._tasks.begin(response.tasks.tasks)
        elif kind == "task_acks":
            self._tasks.acked(response.task_acks.acks)

    def _connected(self, welcome: messages.WorkerWelcome) -> None:
        self._is_connected = True
        for held in welcome.lost_executions:
            self._drop(held.execution_id, held.token)
        for adopted in welcome.adopted_executions:
            execution = self._executions.get(adopted.execution_id)
            if execution is not None and execution.token == adopted.token:
                execution.renumber(adopted.new_token)
        for execution in self._executions.values():
            resent = [message for message, _ in execution.reports.unacked]
            if resent:
                self._send_progress(resent)
            self._changed[execution] = None
        self._tasks.connected(welcome.lost_tasks)
        self._credits_owed = self._limits.executions_max - len(self._executions)
        if self._is_leaving:
            self._outbox.append(messages.WorkRequest(drain=messages.WorkerDrain()))

    # -- Executions ------------------------------------------------------------------------

    def _begin_execution(self, task: messages.ExecutionTask) -> None:
        self._drop(task.execution_id)
        kept = self._kept.pop(task.execution_id, None)
        if task.is_kept:
            if kept is None or kept.token >= task.token:
                self._give_back(task, "it is no longer kept")
                return
            self._executions[task.execution_id] = kept
            self._guard(kept, lambda: kept.resume(task))
            return
        if kept is not None:
            kept.close()
        workflow = self._workflows.get(task.workflow_id)
        if workflow is None:
            self._give_back(task, f"the worker has no workflow {task.workflow_id!r}")
            return
        execution = self._executions[task.execution_id] = CodeExecution(task, workflow, self)
        self._guard(execution, execution.go_on)
        if self._is_leaving:
            execution.leave()

    def _acked(self, ack: messages.ProgressAck) -> None:
        execution = self._executions.get(ack.execution_id)
        if execution is None or execution.token != ack.token:
            return
        if ack.stop or not ack.committed:
            if ack.HasField("refusal"):
                _logger.error(
                    "The engine refused the progress of execution %s: %s",
                    ack.execution_id,
                    ack.refusal.message,
                )
            self._drop(ack.execution_id)
            return
        self._guard(execution, lambda: execution.acked(ack))
        if execution.reports.unacked:
            return
        if execution.is_parked:
            self._keep(execution)
        elif execution.is_over:
            self._drop(ack.execution_id)

    def _keep(self, execution: CodeExecution) -> None:
        del self._executions[execution.id]
        self._credits_owed += 1
        self._kept[execution.id] = execution
        while len(self._kept) > self._limits.kept_max:
            self._kept.popitem(last=False)[1].close()

    def _drop(self, execution_id: str, token: int | None = None) -> None:
        execution = self._executions.get(execution_id)
        if execution is None or (token is not None and execution.token != token):
            return
        del self._executions[execution_id]
        self._changed.pop(execution, None)
        self._credits_owed += 1
        execution.close()

    def _revoke(self, revocation: messages.Revocation) -> None:
        if revocation.step_id:
            self._tasks.revoke(revocation)
            return
        self._drop(revocation.execution_id, revocation.token)
        kept = self._kept.get(revocation.execution_id)
        if kept is not None and kept.token <= revocation.token:
            del self._kept[revocation.execution_id]
            kept.close()

    def _give_back(self, task: messages.ExecutionTask, reason: str) -> None:
        self._credits_owed += 1
        returned = messages.ExecutionReturned(reason=reason)
        self._send_progress(
            [
                messages.ExecutionProgress(
                    execution_id=task.execution_id, token=task.token, number=1, returned=returned
                )
            ]
        )

    def _guard(self, execution: CodeExecution, do: Callable[[], None]) -> None:
        """Let one execution get on; a defect in how it is run ends this one, and no other."""
        self._changed[execution] = None
        try:
            do()
        except Exception as error:
            # Whatever it is, the others have to go on.
            _logger.exception("Execution %s of %s cannot go on", execution.id, execution.workflow_id)
            defect = WorkflowError(f"the worker failed: {error}", type=type(error).__name__)
            execution.break_off(failure_of(defect))

    # -- What is to be sent ------------------------------------------------------------------

    def _collect(self) -> None:
        if not self._is_connected:
            return
        now_us = self.clock_us()
        progress: list[messages.ExecutionProgress] = []
        size = 0
        for execution in self._changed:
            execution_bytes = execution.reports.unsent_bytes
            message = execution.message(now_us)
            if message is None:
                continue
            if size + execution_bytes > MESSAGE_BYTES_MAX and progress:
                self._send_progress(progress)
                progress, size = [], 0
            progress.append(message)
            size += execution_bytes
        self._changed.clear()
        if progress:
            self._send_progress(progress)
        self._outbox.extend(self._tasks.outgoing())
        self._give_credits()

    def _give_credits(self) -> None:
        executions, self._credits_owed = self._credits_owed, 0
        tasks = self._tasks.take_credits()
        if (executions or tasks) and not self._is_leaving:
            granted = messages.WorkerCredits(executions=executions if self._workflows else 0, tasks=tasks)
            self._outbox.append(messages.WorkRequest(credits=granted))

    def _send_progress(self, progress: Sequence[messages.ExecutionProgress]) -> None:
        batch = messages.ExecutionProgressBatch(executions=progress)
        self._outbox.append(messages.WorkRequest(progress=batch))
