"""One supervisor for each data directory, by a lock that the kernel drops with its process.

A file with a process id can be stale, and its number can belong to somebody else by now; a lock cannot.
"""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from timeloom_stack.errors import AlreadyRunningError

# `status` and `down` hold the lock for an instant when they look whether somebody has it.
_ATTEMPTS_MAX = 10
_ATTEMPT_INTERVAL_SECONDS = 0.02


@contextmanager
def supervising(lock_file: Path) -> Generator[None]:
    """Holds the data directory, and says in the file who does; AlreadyRunningError if another one does."""
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _take(descriptor):
            pid = _read_pid(descriptor)
            raise AlreadyRunningError(f"Timeloom is already running here (process {pid or 'unknown'})")
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_held(lock_file: Path) -> bool:
    """Tells whether a supervisor is running."""
    try:
        descriptor = os.open(lock_file, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def holder(lock_file: Path) -> int | None:
    """The process id of the running supervisor; None if there is none, or the file does not say."""
    if not is_held(lock_file):
        return None
    descriptor = os.open(lock_file, os.O_RDONLY)
    try:
        return _read_pid(descriptor)
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    for _ in range(_ATTEMPTS_MAX):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_ATTEMPT_INTERVAL_SECONDS)
        else:
            return True
    return False


def _read_pid(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
    return int(text) if text.isascii() and text.isdigit() else None
