"""Keeps one process running: start, wait until ready, restart with backoff, stop."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from timeloom_platform.embedded import process as processes
from timeloom_platform.embedded.errors import EmbeddedError, NotReadyError
from timeloom_platform.embedded.process import ProcessSpecification, RunningProcess
from timeloom_stack.backoff import Backoff
from timeloom_stack.errors import StartFailedError
from timeloom_stack.output_pipe import OutputPipe
from timeloom_stack.state import ProcessRecord, ProcessState


class Spawn(Protocol):
    """Starts a process that writes to the descriptors; an OSError if it cannot."""

    async def __call__(
        self, specification: ProcessSpecification, /, *, stdout: int, stderr: int
    ) -> RunningProcess:
        """Returns it once it is our child."""
        ...


class ProcessKeeper:
    """The life of one specified process, from the supervisor's point of view.

    Args:
        specification: What to run.
        address: Where it listens, for the record.
        backoff: The pauses between restarts.
        on_change: Told each new record.
        on_output: Given what the process writes, as it comes.
        tell: Given sentences for the person at the terminal.
        see_out_orphans: Awaited after the process has died unexpectedly.
        spawn: Starts the process.
    """

    def __init__(
        self,
        specification: ProcessSpecification,
        *,
        address: str,
        backoff: Backoff,
        on_change: Callable[[ProcessRecord], None],
        on_output: Callable[[bytes], None],
        tell: Callable[[str], None],
        see_out_orphans: Callable[[], Awaitable[None]],
        spawn: Spawn = processes.spawn,
    ) -> None:
        self.specification = specification
        self.record = ProcessRecord(name=specification.name, address=address)
        self.ready = asyncio.Event()
        self._backoff = backoff
        self._on_change = on_change
        self._on_output = on_output
        self._tell = tell
        self._see_out_orphans = see_out_orphans
        self._spawn = spawn
        self._stopping = asyncio.Event()
        self._process: RunningProcess | None = None
        self._was_ready = False
        self._ready_time: float | None = None

    @property
    def pid(self) -> int | None:
        """The running process, or the last one."""
        return self._process.pid if self._process is not None else None

    async def run(self, dependencies: list["ProcessKeeper"]) -> None:
        """Runs the process until `stop`.

        Raises:
            StartFailedError: It cannot be prepared; or it was never ready, and ended or was too slow as often
                as the backoff allows.
        """
        failures = 0
        while not self._stopping.is_set():
            if not await self._dependencies_are_ready(dependencies):
                break
            cause = await self._run_once()
            if self._stopping.is_set():
                break
            failures = 1 if self._ran_steadily() else failures + 1
            if not self._was_ready and failures >= self._backoff.attempts_max:
                raise self._failure(cause)
            await self._pause(cause, self._backoff.delay_seconds(failures))
        self._change(state=ProcessState.STOPPED, pid=None)

    async def stop(self) -> None:
        """Ends the process, by force if it takes longer than its specification allows, and `run` with it."""
        self._stopping.set()
        if self._process is not None and self._process.returncode is None:
            self._change(state=ProcessState.STOPPING)
            await processes.stop(self.specification, self._process)

    def kill(self) -> None:
        """Ends the process at once."""
        self._stopping.set()
        if self._process is not None and self._process.returncode is None:
            processes.send(self._process, signal.SIGKILL)

    async def _dependencies_are_ready(self, dependencies: list["ProcessKeeper"]) -> bool:
        """Waits for them; False if we are stopped meanwhile."""
        for dependency in dependencies:
            await self._unless_stopping(dependency.ready.wait())
        return not self._stopping.is_set()

    async def _run_once(self) -> str:
        """Runs the process to its end, and returns what it died of."""
        self._ready_time = None
        self._change(state=ProcessState.STARTING, pid=None)
        try:
            await self.specification.prepare()
        except EmbeddedError as error:
            if not self._was_ready:
                # Another attempt would find the same.
                raise self._failure(str(error)) from error
            return str(error)
        except OSError as error:
            return str(error)
        if self._stopping.is_set():
            return "stopped"
        pipe = OutputPipe(self._on_output)
        try:
            return await self._run_with(pipe)
        finally:
            pipe.close()

    async def _run_with(self, pipe: OutputPipe) -> str:
        try:
            self._process = await self._spawn(
                self.specification, stdout=pipe.write_end, stderr=pipe.write_end
            )
        except OSError as error:
            return str(error)
        finally:
            pipe.handed_over()
        try:
            if self._stopping.is_set():
                # Whoever stops us has found no process yet.
                return "stopped"
            self._change(pid=self._process.pid, start_time=time.time())
            return await self._watch(self._process)
        finally:
            self.ready.clear()
            await processes.stop(self.specification, self._process)

    async def _watch(self, process: RunningProcess) -> str:
        try:
            await processes.wait_until_ready(self.specification, process)
        except NotReadyError:
            if process.returncode is None:
                return f"was not ready within {self.specification.ready_timeout_seconds:g} s"
            return f"{_describe_exit(process.returncode)} before it was ready"
        if not self._stopping.is_set():
            self._was_ready = True
            self._ready_time = time.monotonic()
            self.ready.set()
            self._change(state=ProcessState.READY)
        cause = _describe_exit(await process.wait())
        if not self._stopping.is_set():
            await self._see_out_orphans()
        return cause

    def _ran_steadily(self) -> bool:
        """Whether the last run, which has just ended, was long enough to forget those before it."""
        if self._ready_time is None:
            return False
        return time.monotonic() - self._ready_time > self._backoff.steady_after_seconds

    def _failure(self, cause: str) -> StartFailedError:
        self._change(state=ProcessState.FAILED, pid=None, last_exit=cause)
        name = self.specification.name
        return StartFailedError(
            f"{name} does not start: {cause}", remedies=(f"see why: timeloom logs {name}",)
        )

    async def _pause(self, cause: str, seconds: float) -> None:
        name = self.specification.name
        self._change(
            state=ProcessState.RESTARTING, pid=None, restarts=self.record.restarts + 1, last_exit=cause
        )
        self._tell(f"{name}: {cause}; starting it again in {seconds:g} s")
        await self._unless_stopping(asyncio.sleep(seconds))

    async def _unless_stopping(self, waiting: Awaitable[object]) -> None:
        """Awaits it, but no longer than until we are stopped."""
        tasks = {asyncio.ensure_future(waiting), asyncio.ensure_future(self._stopping.wait())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def _change(self, **changes: Any) -> None:
        self.record = replace(self.record, **changes)
        self._on_change(self.record)


def _describe_exit(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
