"""`timeloom console`."""

import asyncio

import click

from timeloom_stack import locks
from timeloom_stack.commands.common import StackFailure, explaining, read_settings
from timeloom_stack.console_link import request_link
from timeloom_stack.directory import DataDirectory
from timeloom_stack.state import StackRecord


@click.command()
def console() -> None:
    """Print a link that logs a browser into the console, once and within ten minutes."""
    directory = DataDirectory(read_settings().data_dir)
    record = StackRecord.read(directory.state_file)
    if record is None or not locks.is_held(directory.lock_file):
        raise StackFailure(f"Timeloom is not running in {directory.root}", ("start it: timeloom up",))
    with explaining():
        click.echo(asyncio.run(request_link(record.http_url, directory)))
