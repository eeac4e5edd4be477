"""The stack in the background: started here, left to itself when it is ready."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from timeloom_stack import locks
from timeloom_stack.directory import DataDirectory
from timeloom_stack.errors import AlreadyRunningError, StackError
from timeloom_stack.files import PRIVATE
from timeloom_stack.state import StackRecord
from timeloom_stack.welcome import welcome

_READY_TIMEOUT_SECONDS = 90.0
_INTERVAL_SECONDS = 0.05
_TAIL_CHARACTERS_MAX = 4_000


def start_detached(directory: DataDirectory) -> str:
    """Starts the supervisor in a session of its own, and returns the words of welcome when all is ready.

    Raises:
        StackError: It ended before it was ready; its last words are in the message.
    """
    directory.prepare()
    pid = locks.holder(directory.lock_file)
    if locks.is_held(directory.lock_file):
        raise AlreadyRunningError(f"Timeloom is already running here (process {pid or 'unknown'})")
    output = directory.logs / "up.out"
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "timeloom_stack"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    record = _wait_until_ready(process, directory, output)
    # It goes on without us.
    process.returncode = 0
    return asyncio.run(welcome(record, directory))


def _wait_until_ready(
    process: "subprocess.Popen[bytes]", directory: DataDirectory, output: Path
) -> StackRecord:
    deadline = time.monotonic() + _READY_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        record = StackRecord.read(directory.state_file)
        if record is not None and record.pid == process.pid and record.start_seconds is not None:
            return record
        if process.poll() is not None:
            raise StackError(output.read_text(errors="replace")[-_TAIL_CHARACTERS_MAX:].strip())
        time.sleep(_INTERVAL_SECONDS)
    process.terminate()
    raise StackError(
        f"Timeloom was not ready within {_READY_TIMEOUT_SECONDS:g} s; its logs are in {directory.logs}"
    )
