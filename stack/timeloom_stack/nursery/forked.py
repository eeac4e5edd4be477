"""A child of this process that it has not started itself."""

import asyncio
import os
import signal
import sys

_EXIT_UNKNOWN = 255
"""What asyncio takes, too, for the exit code of a process that somebody else has reaped."""


class ForkedProcess:
    """Looks from outside like asyncio's `Process`; needs `pidfd_open` (Linux 5.3).

    Args:
        pid: A child of this process, running or not yet reaped.

    Raises:
        OSError: It is no child of ours.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._descriptor = _open_child(pid)
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._reap)

    async def wait(self) -> int:
        """Waits until it has ended; its exit code, or the negative number of the signal that ended it."""
        await self._ended.wait()
        assert self.returncode is not None, "it has ended"
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Sends a signal; a ProcessLookupError if it has ended."""
        if self.returncode is not None or sys.platform != "linux":
            raise ProcessLookupError
        signal.pidfd_send_signal(self._descriptor, number)

    def _reap(self) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        try:
            _, status = os.waitpid(self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)
        except ChildProcessError:
            self.returncode = _EXIT_UNKNOWN
        self._ended.set()


def _open_child(pid: int) -> int:
    if sys.platform != "linux":
        raise OSError("only Linux makes us the parent of processes that we have not started")
    # Fails where it is no child of ours, even if there is such a process.
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return os.pidfd_open(pid)
