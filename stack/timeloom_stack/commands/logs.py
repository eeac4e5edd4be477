"""`timeloom logs`."""

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import click

from timeloom_stack.commands.common import StackFailure, read_settings
from timeloom_stack.directory import DataDirectory
from timeloom_stack.log_reading import Follower, ServiceLine, tail
from timeloom_stack.log_rendering import LogRenderer


@click.command()
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@click.option("--follow", "-f", is_flag=True, help="Go on with what is logged from now on, until Ctrl-C.")
@click.option(
    "--lines", "-n", default=50, show_default=True, type=click.IntRange(min=0), help="How many to begin with."
)
@click.option("--raw", is_flag=True, help="Print the lines as they stand in the files.")
def logs(*, services: tuple[str, ...], follow: bool, lines: int, raw: bool) -> None:
    """Show the logs of the services named, or of all, in the order of their times."""
    files = _choose_files(DataDirectory(read_settings().data_dir), services)
    follower = Follower(files)
    renderer = LogRenderer(colours=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    _print(tail(files, lines_max=lines), renderer, raw=raw)
    if follow:
        with suppress(KeyboardInterrupt):
            _print(follower.follow(), renderer, raw=raw)


def _choose_files(directory: DataDirectory, services: tuple[str, ...]) -> list[Path]:
    known = {file.stem: file for file in sorted(directory.logs.glob("*.log"))}
    if not known:
        raise StackFailure(f"there are no logs in {directory.logs}", ("start Timeloom: timeloom up",))
    unknown = [service for service in services if service not in known]
    if unknown:
        raise StackFailure(f"nothing is called {', '.join(unknown)}", (f"there are: {', '.join(known)}",))
    return [known[service] for service in services or known]


def _print(lines: Iterable[ServiceLine], renderer: LogRenderer, *, raw: bool) -> None:
    for each in lines:
        click.echo(each.raw if raw else renderer.render(each.service, each.line))
