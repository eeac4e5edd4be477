"""Runs the functions of steps and tasks: asynchronous ones in the worker's loop, plain ones in threads."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from timeloom.workflows import _current, documents
from timeloom.workflows._current import Running
from timeloom.workflows._step_call import StepCall
from timeloom.workflows.errors import WorkflowError, failure_of
from timeloom.workflows.functions import Function
from timeloom.workflows.v1 import workflows_pb2 as pb

Ended = Callable[[bytes, pb.WorkflowError | None], None]
StepEnded = Callable[[StepCall, bytes, pb.WorkflowError | None], None]


class FunctionRunner:
    """Runs functions, each for somebody who may want its result no more."""

    def __init__(self, *, threads_max: int) -> None:
        self._threads = ThreadPoolExecutor(max_workers=threads_max, thread_name_prefix="timeloom-step")
        self._running: dict[Hashable, asyncio.Task[None]] = {}
        self._loop = asyncio.get_running_loop()

    def run_step(self, call: StepCall, ended: StepEnded) -> None:
        """Run the function of a step."""
        step = call.step
        assert step is not None
        self.run(
            call,
            Running(
                execution_id=call.execution.id,
                step_id=call.id,
                attempt=call.attempt,
                workflow_id=call.execution.workflow_id,
            ),
            step.function,
            call.args,
            call.named,
            is_async=step.shape.is_async,
            timeout_seconds=step.timeout_seconds,
            ended=partial(ended, call),
        )

    def run(
        self,
        owner: Hashable,
        running: Running,
        function: Function,
        args: Sequence[Any],
        named: Mapping[str, Any],
        *,
        is_async: bool,
        timeout_seconds: float | None,
        ended: Ended,
    ) -> None:
        """Run a function, and tell by `ended` what it returned, as JSON, or why it failed.

        Args:
            owner: By whom it can be abandoned.
            running: What the function may know of its call.
            function: What runs.
            args: What it is given.
            named: What it is given by name.
            is_async: Whether it is asynchronous; if not, it runs in a thread.
            timeout_seconds: It fails after so long; a thread that cannot be stopped runs on, and is not
            heard.
            ended: Not called if it was abandoned.
        """
        body = partial(self._call, running, function, args, named, is_async=is_async)
        # Named, because the loop that runs now may be that of an execution.
        self._running[owner] = self._loop.create_task(self._run(owner, body, timeout_seconds, ended))

    def abandon(self, owner: Hashable) -> None:
        """Stop a function whose result nobody wants any more."""
        task = self._running.pop(owner, None)
        if task is not None:
            task.cancel()

    def close(self) -> None:
        """Stop everything."""
        for owner in tuple(self._running):
            self.abandon(owner)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _call(
        self,
        running: Running,
        function: Function,
        args: Sequence[Any],
        named: Mapping[str, Any],
        *,
        is_async: bool,
    ) -> Any:
        _current.set_running(running)
        if is_async:
            return await function(*args, **named)
        context = contextvars.copy_context()
        bound = partial(context.run, function, *args, **named)
        return await self._loop.run_in_executor(self._threads, bound)

    async def _run(
        self,
        owner: Hashable,
        body: Callable[[], Coroutine[Any, Any, Any]],
        timeout_seconds: float | None,
        ended: Ended,
    ) -> None:
        output, failure = b"", None
        try:
            if timeout_seconds is None:
                output = documents.written(await body())
            else:
                output = documents.written(await _in_time(body, timeout_seconds))
        except asyncio.CancelledError:
            if self._running.get(owner) is not asyncio.current_task():
                raise
            failure = failure_of(WorkflowError("it cancelled itself", type="CancelledError"))
        except Exception as error:  # noqa: BLE001 - see below
            # Whatever a user's function raises is its result.
            failure = failure_of(error)
        if self._running.get(owner) is asyncio.current_task():
            del self._running[owner]
            ended(output, failure)


async def _in_time(body: Callable[[], Coroutine[Any, Any, Any]], seconds: float) -> Any:
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await body()
    except TimeoutError:
        if limit.expired():
            raise WorkflowError(f"it took longer than {seconds:g} s", type="TimeoutError") from None
        raise
