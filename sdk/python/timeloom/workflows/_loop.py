"""The event loop of one execution: nothing but answers to its steps makes the code go on.

The code of a workflow must do the same whenever it is run again. On this loop it cannot do otherwise by
mistake: callbacks run in the order in which they were made ready, there is no input or output, and time is
what the execution remembers. `asyncio.gather`, `wait`, `timeout`, `TaskGroup` and locks work as they do
elsewhere.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final, NoReturn, Protocol, TypeVar

from timeloom.workflows.errors import NonDeterminismError

T = TypeVar("T")

TURNS_MAX: Final = 1_000_000
"""Callbacks between two answers: code that makes more of them goes round in circles."""

_logger = logging.getLogger("timeloom.workflows")


class Timers(Protocol):
    """Who keeps a loop's time."""

    def time(self) -> float:
        """Return the time, in seconds."""
        ...

    def set_timer(self, seconds: float, handle: asyncio.TimerHandle) -> None:
        """Hand `handle` to `WorkflowLoop.fire` after so long."""
        ...

    def clear_timer(self, handle: asyncio.TimerHandle) -> None:
        """Forget a timer."""
        ...


class WorkflowLoop(asyncio.AbstractEventLoop):
    """Runs callbacks until none is ready, when it is told to, and never waits."""

    def __init__(self, timers: Timers) -> None:
        self.timers = timers
        self.tasks: dict[asyncio.Task[Any], None] = {}
        self._ready: deque[asyncio.Handle] = deque()

    def run_until_idle(self) -> None:
        """Run callbacks until none is ready.

        Raises:
            NonDeterminismError: There is no end of them.
        """
        outside = asyncio._get_running_loop()  # noqa: SLF001 - the hook for event loops
        asyncio._set_running_loop(self)  # noqa: SLF001
        try:
            for _ in range(TURNS_MAX):
                if not self._ready:
                    return
                handle = self._ready.popleft()
                if not handle.cancelled():
                    handle._run()  # noqa: SLF001 - it is this loop's own
        finally:
            asyncio._set_running_loop(outside)  # noqa: SLF001
        raise NonDeterminismError("the code goes on and on without a step")

    def fire(self, handle: asyncio.TimerHandle) -> None:
        """Make the callback of a timer ready: its time has come."""
        if not handle.cancelled():
            self._ready.append(handle)

    # -- What asyncio needs ----------------------------------------------------------

    def call_soon(  # type: ignore[override]  # the stubs' form needs Python 3.11's star syntax at run time
        self,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(  # type: ignore[override]  # as above
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(self.time() + delay, callback, args, self, context)
        self.timers.set_timer(max(delay, 0.0), handle)
        return handle

    def call_at(  # type: ignore[override]  # as above
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_later(when - self.time(), callback, *args, context=context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self.timers.clear_timer(handle)

    def time(self) -> float:
        return self.timers.time()

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Coroutine[Any, Any, T] | Generator[Any, None, T], **options: Any
    ) -> asyncio.Task[T]:
        options.pop("eager_start", None)  # which task begins first must not depend on Python's version
        task: asyncio.Task[T] = asyncio.Task(coro, loop=self, **options)
        self.tasks[task] = None
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self.tasks.pop(task, None)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        _logger.error(
            "A task of a workflow failed, and nobody waited for it: %s",
            context.get("message"),
            exc_info=context.get("exception"),
        )

    async def shutdown_asyncgens(self) -> None:
        """Do nothing: asynchronous generators belong to the worker's own loop."""


def _refusing(name: str) -> Callable[..., NoReturn]:
    def refuse(self: WorkflowLoop, *_args: Any, **_named: Any) -> NoReturn:
        del self
        raise NonDeterminismError(
            f"the code of a workflow called {name} of the event loop outside of a step: do in a step what "
            "reads, writes, or runs in a thread"
        )

    return refuse


for _name in (
    "call_soon_threadsafe",
    "run_in_executor",
    "getaddrinfo",
    "getnameinfo",
    "create_connection",
    "create_server",
    "create_unix_connection",
    "create_unix_server",
    "create_datagram_endpoint",
    "connect_read_pipe",
    "connect_write_pipe",
    "connect_accepted_socket",
    "subprocess_exec",
    "subprocess_shell",
    "sendfile",
    "start_tls",
    "add_reader",
    "add_writer",
    "add_signal_handler",
    "sock_recv",
    "sock_sendall",
    "sock_connect",
    "sock_accept",
):
    setattr(WorkflowLoop, _name, _refusing(_name))
