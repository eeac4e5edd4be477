"""Children of our children: when one dies, its own come to us, and we see them out."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

import psutil

_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE_SECONDS = 2.0
_INTERVAL_SECONDS = 0.02


class Orphanage:
    """Makes this process the parent of all processes that its children leave behind (Linux).

    Only for a process whose every child is supervised or spared: any other counts as an orphan.
    """

    def __init__(self) -> None:
        self._spared: set[int] = set()
        self._expected = 0
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def spare(self, pid: int) -> None:
        """Names a child that somebody else looks after."""
        self._spared.add(pid)

    @contextmanager
    def expecting(self) -> Generator[None]:
        """While a process is being started: nobody knows yet which of our children it is."""
        self._expected += 1
        try:
            yield
        finally:
            self._expected -= 1

    async def see_out(self, supervised: Callable[[], frozenset[int]]) -> None:
        """Waits until no orphan is left, and kills those that linger.

        PostgreSQL's backends notice by themselves that their postmaster is gone, but a new one refuses to
        start while one of them still holds the shared memory.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE_SECONDS
        while True:
            if not self._expected:
                orphans = self._orphans(supervised())
                if not orphans:
                    return
                if loop.time() > deadline:
                    _kill(orphans)
            await asyncio.sleep(_INTERVAL_SECONDS)

    def _orphans(self, supervised: frozenset[int]) -> list[int]:
        """Those that still run; those that have ended are reaped."""
        children = {child.pid for child in psutil.Process().children()}
        return [pid for pid in children - supervised - self._spared if not _reap(pid)]


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _reap(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
