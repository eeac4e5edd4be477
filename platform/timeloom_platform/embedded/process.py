"""Child processes that are described before they are started, and that never outlive their parent."""

import asyncio
import ctypes
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from timeloom_platform.embedded.accounts import Account
from timeloom_platform.embedded.errors import NotReadyError

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_LOG_TAIL_BYTES = 4_000
READINESS_INTERVAL_SECONDS = 0.01

# Resolved before any fork: between fork and exec nothing may be loaded.
_libc = ctypes.CDLL(None)


async def _nothing() -> None:
    """Stands for a preparation that is not needed."""


async def _at_once(_pid: int) -> bool:
    """Stands for a process that nobody has to wait for."""
    return True


class RunningProcess(Protocol):
    """What we need of a process that was started; asyncio's `Process` is one."""

    @property
    def pid(self) -> int:
        """Its id."""
        ...

    @property
    def returncode(self) -> int | None:
        """Its exit code, or the negative number of the signal that ended it; None while it runs."""
        ...

    async def wait(self) -> int:
        """Waits until it has ended; what `returncode` is then."""
        ...

    def send_signal(self, number: int, /) -> None:
        """Sends a signal; a ProcessLookupError if it has ended."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpecification:
    """All that is needed to run a process: how to start it, to tell that it is ready, and to stop it."""

    name: str
    command: tuple[str, ...]
    directory: Path
    is_ready: Callable[[int], Awaitable[bool]] = _at_once
    """Asked with the process's id, again and again until it says yes."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    account: Account | None = None
    """Who runs it; ourselves if None."""
    prepare: Callable[[], Awaitable[None]] = _nothing
    """Awaited before each start."""
    depends_on: frozenset[str] = frozenset()
    """Names of the processes that must be ready before this one is started, and are stopped after it."""
    uses: frozenset[str] = frozenset()
    """Names of those that it waits for by itself, and that are stopped after it."""
    stop_signal: signal.Signals = signal.SIGTERM
    parent_death_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends it when our process is gone, however that came about."""
    ready_timeout_seconds: float = 15.0
    stop_timeout_seconds: float = 5.0


async def spawn(
    specification: ProcessSpecification,
    *,
    stdout: int | IO[bytes] = DEVNULL,
    stderr: int | IO[bytes] = DEVNULL,
) -> Process:
    """Starts the process in its own session (a terminal's Ctrl-C reaches us, and we decide the order)."""
    return await asyncio.create_subprocess_exec(
        *specification.command,
        stdin=DEVNULL,
        stdout=stdout,
        stderr=stderr,
        cwd=specification.directory,
        env={**specification.environment},
        start_new_session=True,
        preexec_fn=before_exec(specification.account, specification.parent_death_signal),
    )


def before_exec(account: Account | None, parent_death_signal: signal.Signals) -> Callable[[], None]:
    """Makes a `preexec_fn`: the child changes its account, then binds its life to that of our process."""
    parent = os.getpid()

    def prepare_child() -> None:
        if account is not None:
            account.assume()
        # After the change of account, which clears it.
        bind_life_to(parent, parent_death_signal)

    return prepare_child


def bind_life_to(parent: int, parent_death_signal: signal.Signals) -> None:
    """Has the kernel send the calling process a signal when its parent is gone; ends it if that is so now."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, int(parent_death_signal), 0, 0, 0)
    if os.getppid() != parent:
        # The parent died before the signal was set: nobody would ever end us.
        os._exit(1)


def name_process(name: str) -> None:
    """Gives the calling process the name that `top` shows, of which Linux keeps 15 bytes."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


async def wait_until_ready(specification: ProcessSpecification, process: RunningProcess) -> None:
    """Returns when the process is ready; a NotReadyError if it ends first or takes too long."""
    try:
        async with asyncio.timeout(specification.ready_timeout_seconds):
            while not await specification.is_ready(process.pid):
                if process.returncode is not None:
                    raise NotReadyError(
                        f"{specification.name} ended with {process.returncode} before it was ready"
                    )
                await asyncio.sleep(READINESS_INTERVAL_SECONDS)
    except TimeoutError as error:
        seconds = specification.ready_timeout_seconds
        raise NotReadyError(f"{specification.name} was not ready within {seconds:g} s") from error


async def stop(specification: ProcessSpecification, process: RunningProcess) -> None:
    """Asks the process to end, and kills it when it takes too long."""
    if process.returncode is not None:
        return
    send(process, specification.stop_signal)
    try:
        async with asyncio.timeout(specification.stop_timeout_seconds):
            await process.wait()
    except TimeoutError:
        send(process, signal.SIGKILL)
        await process.wait()


def send(process: RunningProcess, number: signal.Signals) -> None:
    """Sends a signal to a process that may have ended already."""
    try:
        process.send_signal(number)
    except ProcessLookupError:
        return


class EmbeddedServer:
    """One server run by hand, as the tests do; `timeloom up` gives its specification to a supervisor."""

    def __init__(self, specification: ProcessSpecification, *, log_file: Path) -> None:
        self.specification = specification
        self._log_file = log_file
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self._process is not None, f"{self.specification.name} is not running"
        return self._process.pid

    async def start(self) -> None:
        """Starts the server and waits until it is ready."""
        await self.specification.prepare()
        with self._log_file.open("ab") as log:
            self._process = await spawn(self.specification, stdout=log, stderr=log)
        try:
            await wait_until_ready(self.specification, self._process)
        except NotReadyError as error:
            await self.stop()
            raise NotReadyError(f"{error}. The end of {self._log_file}:\n{self._log_tail()}") from error

    async def stop(self) -> None:
        """Stops the server and waits until it is gone."""
        if self._process is not None:
            await stop(self.specification, self._process)

    async def kill(self) -> None:
        """Ends the server as a power failure would (SIGKILL)."""
        if self._process is not None:
            send(self._process, signal.SIGKILL)
            await self._process.wait()

    def _log_tail(self) -> str:
        return self._log_file.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace")
