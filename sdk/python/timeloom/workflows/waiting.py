"""What the code of a workflow waits for, and what it may know of the world without asking it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, Final, cast

from timeloom.workflows import _current, _times, documents
from timeloom.workflows._execution import CodeExecution
from timeloom.workflows.durations import Duration, seconds_of
from timeloom.workflows.functions import Function, Shape, Task, Workflow, checked_name
from timeloom.workflows.retries import Retry
from timeloom.workflows.v1 import workflow_worker_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2 as pb

CONCURRENCY_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What people decided.

    Attributes:
        approved: Whether they approved.
        decided_by: Who decided last.
        comment: What they said to it.
        data: Any JSON that they gave.
        decisions: Who decided what, in order, as the API shows it.
    """

    approved: bool
    decided_by: str = ""
    comment: str = ""
    data: Any = None
    decisions: tuple[dict[str, Any], ...] = ()


async def sleep(duration: Duration | datetime, *, name: str = "sleep") -> None:
    """Wait so long, or until then. Nothing runs meanwhile, for however long it is."""
    wait = messages.TimeWait()
    if isinstance(duration, datetime):
        wait.until.FromDatetime(duration.astimezone(UTC))
    else:
        wait.duration.CopyFrom(_times.duration(seconds_of(duration)))
    await _here().wait_for(name, pb.STEP_TYPE_WAIT, lambda: messages.StepWait(time=wait))


async def wait_for_event(
    event: str, *, if_: str = "", timeout: Duration | None = None, name: str | None = None
) -> Any:
    """Wait for an event that is published, also one that came since the execution was created.

    Args:
        event: The event's name.
        if_: An expression over `event` and `input` that must be true, such as
            `event.data.orderId == input.order.id`.
        timeout: After it, the answer is None.
        name: The step's name; `event:` and the event's if None.

    Returns:
        The event, with its `id`, `name` and `data`; None if none came in time.
    """
    wait = messages.EventWait(name=event, condition=if_)
    return await _wait(name or f"event:{event}", pb.STEP_TYPE_WAIT, timeout, event=wait)


async def wait_for_signal(signal: str, *, timeout: Duration | None = None, name: str | None = None) -> Any:
    """Wait for a signal to this execution, and return what it carries; None if none came in time."""
    wait = messages.SignalWait(name=signal)
    return await _wait(name or f"signal:{signal}", pb.STEP_TYPE_WAIT, timeout, signal=wait)


async def approval(
    question: str,
    *,
    approvers: Sequence[str] = (),
    required_count: int = 1,
    timeout: Duration | None = None,
    name: str = "approval",
) -> Approval | None:
    """Ask people, and wait for what they decide; None if they did not in time.

    Args:
        question: For them to read.
        approvers: Who may decide; anybody if empty.
        required_count: How many have to approve. One who rejects is enough.
        timeout: How long to wait for them.
        name: The step's name.
    """
    wait = messages.ApprovalWait(question=question, approvers=approvers, required_count=required_count)
    decided = await _wait(name, pb.STEP_TYPE_HUMAN_APPROVAL, timeout, approval=wait)
    if decided is None:
        return None
    return Approval(
        approved=bool(decided.get("approved")),
        decided_by=decided.get("decidedBy", ""),
        comment=decided.get("comment", ""),
        data=decided.get("data"),
        decisions=tuple(decided.get("decisions", ())),
    )


async def child(
    workflow: Workflow[..., Any] | str,
    input: Any = None,  # noqa: A002 - the workflow's word
    *,
    detached: bool = False,
    timeout: Duration | None = None,
    name: str | None = None,
) -> Any:
    """Execute another workflow, and wait for its output.

    Args:
        workflow: It, or its id.
        input: What it is given.
        detached: Do not wait: return the id of its execution, which goes on whatever becomes of this one.
        timeout: How long to wait for its end.
        name: The step's name; `child:` and the workflow's id if None.

    Raises:
        StepError: It failed, was cancelled, or did not end in time.
    """
    workflow_id = workflow if isinstance(workflow, str) else workflow.id
    wait = messages.ExecutionWait(
        workflow_id=workflow_id, input=documents.written(input), is_detached=detached
    )
    return await _wait(name or f"child:{workflow_id}", pb.STEP_TYPE_WORKFLOW, timeout, execution=wait)


class _Called:
    """`task("name", …)`: awaited it calls the task; called with a function it makes the task of it."""

    def __init__(self, task_name: str, options: dict[str, Any]) -> None:
        self._task_name = task_name
        self._options = options

    def __call__(self, function: Function) -> Task:
        return Task(name=self._task_name, function=function, shape=Shape.of(function))

    def __await__(self) -> Generator[Any, None, Any]:
        return _call_task(self._task_name, **self._options).__await__()


def task(
    name: str,
    input: Any = None,  # noqa: A002 - the step's word
    *,
    retry: Retry | None = None,
    timeout: Duration | None = None,
    step_name: str | None = None,
) -> _Called:
    """Name a task of any worker, to call it or to make it.

    `await task("resize", {"width": 100})` calls one; `@task("resize")` makes one of a function.

    Args:
        name: The task's.
        input: What its function is given.
        retry: When it is tried again after an error; four tries if None.
        timeout: For one try.
        step_name: The step's; `task:` and the task's if None.

    Raises:
        StepError: It failed for good.
    """
    options = {"input": input, "retry": retry, "timeout": timeout, "step_name": step_name}
    return _Called(checked_name(name), options)


async def _call_task(
    task_name: str,
    *,
    input: Any,  # noqa: A002
    retry: Retry | None,
    timeout: Duration | None,
    step_name: str | None,
) -> Any:
    wait = messages.TaskWait(task=task_name, input=documents.written(input))
    wait.retry.CopyFrom((retry or Retry()).message())
    if timeout is not None:
        wait.timeout.CopyFrom(_times.duration(seconds_of(timeout)))
    return await _wait(step_name or f"task:{task_name}", pb.STEP_TYPE_ACTION, None, task=wait)


async def gather(
    *steps: Awaitable[Any], concurrency: int | None = None, return_exceptions: bool = False
) -> list[Any]:
    """Wait for several steps at once, as `asyncio.gather` does, which may be used as well.

    Args:
        steps: Steps, waits, or any awaitables that are made of them.
        concurrency: So many at a time; all if None.
        return_exceptions: Return errors beside results, instead of raising the first.
    """
    if concurrency is None:
        return cast("list[Any]", await asyncio.gather(*steps, return_exceptions=return_exceptions))
    if not 1 <= concurrency <= CONCURRENCY_MAX:
        raise ValueError(f"concurrency must be between 1 and {CONCURRENCY_MAX:,}, not {concurrency}")
    slots = asyncio.Semaphore(concurrency)

    async def one(step: Awaitable[Any]) -> Any:
        async with slots:
            return await step

    return cast("list[Any]", await asyncio.gather(*map(one, steps), return_exceptions=return_exceptions))


def now() -> datetime:
    """Return the time, in UTC: that of the last step's end, and so the same whenever the code runs again."""
    return _times.moment(_here().now_us())


def random() -> float:
    """Return a number from 0 to 1 that is the same whenever the code runs again."""
    return _here().random.random()


def generator() -> Random:
    """Return a generator of numbers that are the same whenever the code runs again."""
    return _here().random


def uuid4() -> uuid.UUID:
    """Return a new UUID that is the same whenever the code runs again."""
    return uuid.UUID(int=_here().random.getrandbits(128), version=4)


def patched(patch: str) -> bool:
    """Tell whether this execution follows code that was changed: ask where old and new part ways.

    True for executions that come here for the first time, and for ever after in those; false for those
    that had gone on from here before the change.
    """
    return _here().patched(checked_name(patch))


def execution_id() -> str:
    """Return the id of the execution whose code this is."""
    return _here().id


async def _wait(name: str, step_type: pb.StepType.ValueType, timeout: Duration | None, **wait: Any) -> Any:
    return await _here().wait_for(checked_name(name), step_type, _made(timeout, wait))


def _made(timeout: Duration | None, wait: dict[str, Any]) -> Callable[[], messages.StepWait]:
    def make() -> messages.StepWait:
        message = messages.StepWait(**wait)
        if timeout is not None:
            message.timeout.CopyFrom(_times.duration(seconds_of(timeout)))
        return message

    return make


def _here() -> CodeExecution:
    execution = _current.execution()
    if execution is None:
        raise RuntimeError("this is for the code of a workflow that a worker runs, outside of its steps")
    return execution
