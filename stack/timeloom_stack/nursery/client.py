"""The supervisor's side of the nursery."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping
from contextlib import suppress

from timeloom_platform.embedded import process as processes
from timeloom_platform.embedded.process import ProcessSpecification, RunningProcess, before_exec
from timeloom_stack.nursery.forked import ForkedProcess
from timeloom_stack.nursery.wire import HEADER, Answer, Birth, message_bytes
from timeloom_stack.orphans import Orphanage
from timeloom_stack.output_pipe import OutputPipe
from timeloom_stack.python import PYTHON_MODULE

ANSWER_TIMEOUT_SECONDS = 5.0
"""How long a birth may take; the first includes the imports of the nursery."""
CLOSE_TIMEOUT_SECONDS = 1.0

_MODULE = "timeloom_stack.nursery"
_OWN_PREFIX = "TIMELOOM_"


class NurseryError(Exception):
    """There is no nursery, it cannot take this process, or it failed; exec can do the same."""


class Nursery:
    """Starts processes: those that run a Python module by a fork of the nursery, all others by exec.

    Args:
        environment: The nursery's. What libraries read of it when they are loaded holds for all that are born
            there, so that they may differ in variables of Timeloom only.
        orphanage: Told of every child of ours that it does not know; this process is a subreaper by it.
        on_output: Given what the nursery writes, which it does only if it fails.
        tell: Given a sentence for the log when exec is used instead.
        answer_timeout_seconds: How long a birth may take.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        orphanage: Orphanage,
        on_output: Callable[[bytes], None],
        tell: Callable[[str], None],
        answer_timeout_seconds: float = ANSWER_TIMEOUT_SECONDS,
    ) -> None:
        self._environment = environment
        self._orphanage = orphanage
        self._on_output = on_output
        self._tell = tell
        self._answer_timeout_seconds = answer_timeout_seconds
        self._turn = asyncio.Lock()
        self._connection: socket.socket | None = None
        self._process: Process | None = None
        self._pipe: OutputPipe | None = None

    async def open(self) -> None:
        """Starts the nursery, if this system can have one; it imports while others do what they have to."""
        if not _can_adopt():
            return
        ours, theirs = socket.socketpair()
        pipe = OutputPipe(self._on_output)
        try:
            with theirs, self._orphanage.expecting():
                self._process = await asyncio.create_subprocess_exec(
                    *(*PYTHON_MODULE, _MODULE, str(theirs.fileno())),
                    stdin=DEVNULL,
                    stdout=pipe.write_end,
                    stderr=pipe.write_end,
                    env={**self._environment},
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                    preexec_fn=before_exec(None, signal.SIGKILL),
                )
                self._orphanage.spare(self._process.pid)
        except OSError as error:
            ours.close()
            pipe.close()
            self._tell(f"there is no nursery: {error}")
            return
        finally:
            pipe.handed_over()
        ours.settimeout(0)
        self._connection, self._pipe = ours, pipe

    async def spawn(self, specification: ProcessSpecification, *, stdout: int, stderr: int) -> RunningProcess:
        """Starts the process; it is a child of ours, however that was done.

        Raises:
            OSError: Exec has failed, too.
        """
        with self._orphanage.expecting():
            if _runs_module(specification):
                try:
                    return await self._fork(specification, stdout, stderr)
                except NurseryError as error:
                    self._tell(f"{specification.name} is started by exec: {error}")
            return await processes.spawn(specification, stdout=stdout, stderr=stderr)

    async def close(self) -> None:
        """Ends the nursery; what was born there goes on."""
        async with self._turn:
            await self._end(CLOSE_TIMEOUT_SECONDS)

    async def _fork(self, specification: ProcessSpecification, stdout: int, stderr: int) -> ForkedProcess:
        message = self._birth_of(specification).to_message()
        async with self._turn:
            if self._connection is None:
                raise NurseryError("there is no nursery, or none any more")
            try:
                async with asyncio.timeout(self._answer_timeout_seconds):
                    return await _ask(self._connection, message, stdout, stderr)
            except TimeoutError as error:
                await self._end(0)
                seconds = self._answer_timeout_seconds
                raise NurseryError(f"the nursery has not answered within {seconds:g} s") from error
            except (OSError, ValueError, TypeError) as error:
                await self._end(0)
                raise NurseryError(f"the nursery has failed: {error or type(error).__name__}") from error
            except asyncio.CancelledError:
                # The answer would be taken for that to the next request.
                await self._end(0)
                raise

    def _birth_of(self, specification: ProcessSpecification) -> Birth:
        if _foreign(specification.environment) != _foreign(self._environment):
            raise NurseryError("its environment differs from the nursery's")
        module, *arguments = specification.command[len(PYTHON_MODULE) :]
        return Birth(
            command=specification.command,
            module=module,
            arguments=tuple(arguments),
            directory=str(specification.directory),
            environment={**specification.environment},
            parent=os.getpid(),
            parent_death_signal=specification.parent_death_signal,
        )

    async def _end(self, patience_seconds: float) -> None:
        """Lets it end by itself for so long, then kills it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            try:
                async with asyncio.timeout(patience_seconds):
                    await self._process.wait()
            except TimeoutError:
                with suppress(ProcessLookupError):
                    self._process.kill()
                await self._process.wait()
            self._process = None
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


def _can_adopt() -> bool:
    """Whether this system has subreapers, and tells of the end of a process that was not started by us."""
    if sys.platform != "linux":
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


def _runs_module(specification: ProcessSpecification) -> bool:
    """Whether it is a Python module, run with our interpreter and account."""
    command = specification.command
    is_module = command[: len(PYTHON_MODULE)] == PYTHON_MODULE and len(command) > len(PYTHON_MODULE)
    return is_module and specification.account is None


def _foreign(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(_OWN_PREFIX)}


async def _ask(connection: socket.socket, message: bytes, stdout: int, stderr: int) -> ForkedProcess:
    """Has a process forked, and gives it the word when it is known here.

    Until then it waits: if anything fails, or this process dies, it ends without having done anything.
    """
    read_end, write_end = os.pipe()
    try:
        try:
            socket.send_fds(connection, [HEADER.pack(len(message))], [stdout, stderr, read_end])
        finally:
            os.close(read_end)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(connection, message)
        answer = Answer.from_message(await _receive(connection))
        if answer.problem:
            raise OSError(answer.problem)
        process = ForkedProcess(answer.pid)
        # Somebody may have killed it already.
        with suppress(BrokenPipeError):
            os.write(write_end, b"!")
        return process
    finally:
        os.close(write_end)


async def _receive(connection: socket.socket) -> bytes:
    header = await _receive_exactly(connection, HEADER.size)
    return await _receive_exactly(connection, message_bytes(header))


async def _receive_exactly(connection: socket.socket, size: int) -> bytes:
    loop = asyncio.get_running_loop()
    message = b""
    while len(message) < size:
        chunk = await loop.sock_recv(connection, size - len(message))
        if not chunk:
            raise ConnectionError("it has ended")
        message += chunk
    return message
