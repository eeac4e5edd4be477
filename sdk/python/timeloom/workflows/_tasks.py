"""The tasks that a worker runs for steps of any workflow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from timeloom.workflows import _times, documents
from timeloom.workflows._current import Running
from timeloom.workflows._functions_running import FunctionRunner
from timeloom.workflows.errors import failure_of
from timeloom.workflows.functions import Task
from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2 as pb

_Key = tuple[str, str, int]


@dataclass(slots=True, kw_only=True, eq=False)
class _TaskRun:
    """A task that runs, or whose result is not acknowledged."""

    message: messages.StepTask
    running: Running
    start_us: int
    result: messages.TaskResult | None = None


class TaskDesk:
    """Runs tasks; keeps their results until the engine has them."""

    def __init__(
        self, tasks: Iterable[Task], *, runner: FunctionRunner, room: int, changed: Callable[[], None]
    ) -> None:
        self._tasks = {each.name: each for each in tasks}
        self._runner = runner
        self._room = room
        self._changed = changed
        self._runs: dict[_Key, _TaskRun] = {}
        self._results: list[messages.TaskResult] = []
        self._credits_owed = 0

    @property
    def names(self) -> Sequence[str]:
        """The tasks that it runs."""
        return list(self._tasks)

    @property
    def is_busy(self) -> bool:
        """Whether a task runs, or a result is not acknowledged."""
        return bool(self._runs)

    def held(self) -> list[messages.HeldTask]:
        """Return what it holds, for a new stream."""
        return [
            messages.HeldTask(execution_id=execution_id, step_id=step_id, token=token)
            for execution_id, step_id, token in self._runs
        ]

    def connected(self, lost: Iterable[messages.HeldTask]) -> None:
        """Go on with a new stream."""
        for held in lost:
            self._forget((held.execution_id, held.step_id, held.token))
        self._results = [run.result for run in self._runs.values() if run.result is not None]
        self._credits_owed = self._room - len(self._runs) if self._tasks else 0

    def begin(self, tasks: Iterable[messages.StepTask]) -> None:
        """Run tasks."""
        for message in tasks:
            key = (message.execution_id, message.step_id, message.token)
            running = Running(
                execution_id=message.execution_id,
                step_id=message.step_id,
                attempt=message.attempt,
                workflow_id=message.workflow_id,
                progress=documents.parsed(message.progress),
            )
            run = self._runs[key] = _TaskRun(message=message, running=running, start_us=_times.now_us())
            self._begin(run)

    def acked(self, acks: Iterable[messages.TaskAck]) -> None:
        """Forget results that the engine has, or does not want."""
        for ack in acks:
            self._forget((ack.execution_id, ack.step_id, ack.token))

    def revoke(self, revocation: messages.Revocation) -> None:
        """Stop a task."""
        self._forget((revocation.execution_id, revocation.step_id, revocation.token))

    def abandon(self) -> None:
        """Stop all tasks: the engine gives them to others."""
        for key, run in tuple(self._runs.items()):
            if run.result is None:
                self._forget(key)

    def progress(self) -> list[messages.TaskProgress]:
        """Return what tasks said about their progress since they were asked last."""
        said: list[messages.TaskProgress] = []
        for (execution_id, step_id, token), run in self._runs.items():
            if run.running.said is not None:
                said.append(
                    messages.TaskProgress(
                        execution_id=execution_id, step_id=step_id, token=token, progress=run.running.said
                    )
                )
                run.running.said = None
        return said

    def outgoing(self) -> list[messages.WorkRequest]:
        """Return the results that are to be sent."""
        if not self._results:
            return []
        results, self._results = self._results, []
        return [messages.WorkRequest(results=messages.TaskResultBatch(results=results))]

    def take_credits(self) -> int:
        """Return how many more tasks may come."""
        owed, self._credits_owed = self._credits_owed, 0
        return owed

    def _begin(self, run: _TaskRun) -> None:
        task = self._tasks.get(run.message.task)
        if task is None:
            self._ended(run, b"", pb.WorkflowError(type="UnknownTask", message="the worker has no such task"))
            return
        try:
            args = (task.shape.read_input(run.message.input),) if task.shape.parameters else ()
        except ValueError as error:
            self._ended(run, b"", failure_of(error))
            return
        timeout = run.message.timeout
        self._runner.run(
            run,
            run.running,
            task.function,
            args,
            {},
            is_async=task.shape.is_async,
            timeout_seconds=_times.seconds_of(timeout) if run.message.HasField("timeout") else None,
            ended=partial(self._ended, run),
        )

    def _ended(self, run: _TaskRun, output: bytes, failure: pb.WorkflowError | None) -> None:
        message = run.message
        result = messages.TaskResult(
            execution_id=message.execution_id,
            step_id=message.step_id,
            token=message.token,
            start_time=_times.timestamp(run.start_us),
        )
        if failure is None:
            result.output = output
        else:
            failure.step_id = message.step_id
            result.error.CopyFrom(failure)
        run.result = result
        self._results.append(result)
        self._changed()

    def _forget(self, key: _Key) -> None:
        run = self._runs.pop(key, None)
        if run is not None:
            self._runner.abandon(run)
            self._credits_owed += 1
            self._changed()
