"""Children of our children: when one dies, its own come to us, and we see them out."""

import asyncio
import ctypes
import os
import signal
import sys
from contextlib import suppress

import psutil

_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE_SECONDS = 2.0
_INTERVAL_SECONDS = 0.02


def adopt() -> None:
    """Makes this process the parent of all processes that our children leave behind (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


async def see_out(known: frozenset[int]) -> None:
    """Waits until no child is left that is not `known`, and kills those that linger.

    PostgreSQL's backends notice by themselves that their postmaster is gone, but a new one refuses to start
    while one of them still holds the shared memory.
    """
    deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while leftover := _leftover(known):
        if asyncio.get_running_loop().time() > deadline:
            for pid in leftover:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(_INTERVAL_SECONDS)


def _leftover(known: frozenset[int]) -> list[int]:
    """The adopted children that still run; those that have ended are reaped."""
    return [
        child.pid for child in psutil.Process().children() if child.pid not in known and not _reap(child.pid)
    ]


def _reap(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
