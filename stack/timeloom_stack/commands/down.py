"""`timeloom down`."""

import os
import signal
import time
from contextlib import suppress

import click

from timeloom_stack import locks
from timeloom_stack.commands.common import explaining, read_settings
from timeloom_stack.directory import DataDirectory
from timeloom_stack.errors import StackError
from timeloom_stack.state import StackRecord

_TIMEOUT_SECONDS = 30.0
_INTERVAL_SECONDS = 0.02


@click.command()
def down() -> None:
    """Stop the stack that runs in this data directory."""
    directory = DataDirectory(read_settings().data_dir)
    with explaining():
        seconds = stop(directory)
    if seconds is None:
        click.echo(f"Timeloom is not running in {directory.root}")
    else:
        click.echo(f"Timeloom has stopped, in {seconds:.1f} s")


def stop(directory: DataDirectory) -> float | None:
    """Stops the supervisor and all it keeps; returns how long it took, None if nothing ran.

    Raises:
        StackError: It is another user's, or does not end.
    """
    begin = time.monotonic()
    if not locks.is_held(directory.lock_file):
        return None
    _ask_to_end(directory)
    while locks.is_held(directory.lock_file):
        if time.monotonic() - begin > _TIMEOUT_SECONDS:
            raise StackError(
                f"Timeloom has not stopped within {_TIMEOUT_SECONDS:g} s", remedies=("timeloom status",)
            )
        time.sleep(_INTERVAL_SECONDS)
    return time.monotonic() - begin


def _ask_to_end(directory: DataDirectory) -> None:
    record = StackRecord.read(directory.state_file)
    pid = locks.holder(directory.lock_file) or (record.pid if record else None)
    if pid is None:
        raise StackError(
            f"Timeloom is running, but {directory.lock_file} does not say as which process",
            remedies=(f"find it: fuser {directory.lock_file}; then end it with kill",),
        )
    try:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    except PermissionError as error:
        raise StackError(
            f"Timeloom was started by another user (process {pid})", remedies=("stop it as that user",)
        ) from error
