"""A process that runs the code of workflows, and tasks."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self

from timeloom._calls import Connection
from timeloom.configuration import resolve
from timeloom.workflows._desk import Desk, Limits
from timeloom.workflows._stream import WorkStream
from timeloom.workflows.durations import Duration, seconds_of
from timeloom.workflows.functions import Task, Workflow

IDLE_POLL_SECONDS: Final = 0.02
FAREWELL_SECONDS_MAX: Final = 5.0
"""How long the engine may take to answer for what was given back."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Worker:
    """Connects to Timeloom, and runs what it is given until it is told to stop.

        async with Worker(workflows=[order], tasks=[resize]) as worker:
            await worker.run()

    SIGTERM and SIGINT, or `stop()`, let it begin nothing more, end the steps that run, and give back what is
    left.
    """

    def __init__(
        self,
        *,
        workflows: Iterable[Workflow[..., Any]] = (),
        tasks: Iterable[Task] = (),
        grpc_address: str | None = None,
        api_key: str | None = None,
        worker_id: str | None = None,
        executions_max: int = 1_000,
        tasks_max: int = 100,
        kept_max: int = 10_000,
        threads_max: int = 32,
        drain: Duration = "30s",
    ) -> None:
        """Make a worker; it connects when it runs.

        Args:
            workflows: Those whose executions it runs. The engine makes a new version of each that changed.
            tasks: Those that steps of any workflow may call.
            grpc_address: `host:port` of Timeloom; from the environment or the credentials file if None.
            api_key: The key of the project to work for; found in the same way.
            worker_id: What people see; made of the host, the process and chance if None.
            executions_max: Executions whose code runs at the same time.
            tasks_max: Tasks that run at the same time.
            kept_max: Executions that wait, and are kept in memory so that they need not begin anew.
            threads_max: Threads for functions that are not asynchronous.
            drain: How long steps and tasks have to end when the worker is told to stop.

        Raises:
            ConfigurationError: There is no API key.
            ValueError: It would have nothing to do, or two workflows or tasks of the same name.
        """
        self.id = worker_id or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._workflows = list(workflows)
        self._tasks = list(tasks)
        self._refuse_nonsense()
        self._limits = Limits(
            executions_max=executions_max, tasks_max=tasks_max, kept_max=kept_max, threads_max=threads_max
        )
        self._drain_seconds = seconds_of(drain)
        configuration = resolve(grpc_address=grpc_address, api_key=api_key)
        self.connection = Connection(configuration, timeout_seconds=30.0)
        self._stream = WorkStream(self.connection)
        self._stopping = asyncio.Event()

    async def run(self, *, handle_signals: bool = True) -> None:
        """Work until told to stop, then give back what is in hand.

        Args:
            handle_signals: Stop at SIGTERM and SIGINT; only in the main thread.

        Raises:
            TimeloomError: Timeloom refuses this worker.
        """
        desk = Desk(
            worker_id=self.id,
            workflows=self._workflows,
            tasks=self._tasks,
            limits=self._limits,
            wake=self._stream.wake,
        )
        conversation = asyncio.create_task(self._stream.run(desk), name="timeloom-work")
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            with self._signals(wanted=handle_signals):
                await asyncio.wait([conversation, stopping], return_when=asyncio.FIRST_COMPLETED)
                if not conversation.done():
                    await self._leave(desk)
        finally:
            desk.close()
            for task in (conversation, stopping):
                task.cancel()
            await asyncio.gather(conversation, stopping, return_exceptions=True)
        if not conversation.cancelled():
            conversation.result()

    def run_blocking(self) -> None:
        """Run in an event loop of its own, as a program does that has none."""

        async def main() -> None:
            async with self:
                await self.run()

        asyncio.run(main())

    def stop(self) -> None:
        """Begin to stop; `run` returns when everything is given back. Threads may not call this."""
        self._stopping.set()

    async def connected(self) -> None:
        """Wait until the engine knows this worker."""
        await self._stream.connected.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        await self.connection.close()

    async def _leave(self, desk: Desk) -> None:
        desk.leave()
        if not await _idle(desk, self._drain_seconds):
            desk.leave(at_once=True)
            await _idle(desk, FAREWELL_SECONDS_MAX)

    @contextmanager
    def _signals(self, *, wanted: bool) -> Generator[None]:
        if not wanted or threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    def _refuse_nonsense(self) -> None:
        if not self._workflows and not self._tasks:
            raise ValueError("a worker needs workflows or tasks")
        for names in ([each.id for each in self._workflows], [each.name for each in self._tasks]):
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"a worker cannot have two of the name {min(twice)!r}")


async def _idle(desk: Desk, seconds: float) -> bool:
    """Wait until a desk has nothing in hand; False if it takes too long."""
    try:
        async with asyncio.timeout(seconds):
            while not desk.is_idle:  # noqa: ASYNC110 - it happens once in the life of a worker
                await asyncio.sleep(IDLE_POLL_SECONDS)
    except TimeoutError:
        return False
    return True
