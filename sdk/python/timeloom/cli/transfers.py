"""`timeloom executions export`, `import` and `prune`."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, cast

import click
from rich.table import Table

from timeloom.cli import wording
from timeloom.cli.parameters import EXECUTION, KIND, SPAN, json_option
from timeloom.cli.session import current
from timeloom.resources import SnapshotKind
from timeloom.time_travel import RetentionPolicy

STANDARD_STREAM = "-"


@click.command("export")
@click.argument("execution", metavar="EXECUTION", type=EXECUTION)
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, writable=True, allow_dash=True))
def export(*, execution: str, file: str) -> None:
    """Write an execution to a file that another installation can import; `-` is standard output.

    \b
    Examples:
      timeloom executions export last run.timeloom
      timeloom executions export last - | ssh elsewhere timeloom executions import -
    """
    session = current()
    to: BinaryIO | Path = sys.stdout.buffer if file == STANDARD_STREAM else Path(file)
    with session.progress("Exporting") as progress:
        size = session.client.executions.export(session.execution_id(execution), to, progress=progress)
    click.echo(f"{wording.size(size)} written to {file}", err=True)


@click.command("import")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@json_option("Print one JSON document.")
def import_(*, file: str, as_json: bool) -> None:
    """Make an execution from a file that was exported; every hash in it is checked.

    \b
    Examples:
      timeloom executions import run.timeloom
    """
    session = current()
    from_stream = file == STANDARD_STREAM
    source: BinaryIO | Path = cast("BinaryIO", sys.stdin.buffer) if from_stream else Path(file)
    total = None if from_stream else os.stat(file).st_size  # noqa: PTH116 - a name, as click gives it
    with session.progress("Importing", total=total) as progress:
        made = session.client.executions.import_(source, progress=progress)
    if as_json:
        session.print_document(made)
    else:
        session.console.print(f"[bold]{made.id}[/bold]  {wording.plural(made.snapshot_count, 'snapshot')}")


@click.command()
@click.option("--execution", "executions", type=EXECUTION, multiple=True, help="Only this one; repeatable.")
@click.option("--agent", metavar="ID", default="", help="Only this agent's.")
@click.option("--session", "session_id", metavar="ID", default="", help="Only this conversation's.")
@click.option("--keep-last", type=click.IntRange(min=0), help="Keep the newest so many of each execution.")
@click.option("--keep-tagged", is_flag=True, help="Keep those with a tag or label.")
@click.option("--keep-younger-than", type=SPAN, help="Keep those younger than this: 12h, 30d.")
@click.option("--keep-kind", "kinds", type=KIND, multiple=True, help="Keep this kind; repeatable.")
@click.option("--delete-ended-after", type=SPAN, help="Delete whole executions that ended longer ago.")
@click.option("--yes", is_flag=True, help="Do it; without this, only tell what would go.")
@json_option("Print one JSON document.")
def prune(
    *,
    executions: tuple[str, ...],
    agent: str,
    session_id: str,
    keep_last: int | None,
    keep_tagged: bool,
    keep_younger_than: timedelta | None,
    kinds: tuple[SnapshotKind, ...],
    delete_ended_after: timedelta | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete the snapshots that no rule keeps; by the project's policy, if no rule is given.

    \b
    Examples:
      timeloom executions prune
      timeloom executions prune --keep-last 100 --keep-tagged --yes
    """
    session = current()
    policy = RetentionPolicy(
        keep_last=keep_last or 0,
        keep_tagged=keep_tagged,
        keep_younger_than=keep_younger_than,
        keep_kinds=kinds,
        delete_ended_after=delete_ended_after,
    )
    done = session.client.executions.prune(
        None if policy == RetentionPolicy() and keep_last is None else policy,
        execution_ids=[session.execution_id(each) for each in executions],
        agent_id=agent,
        session_id=session_id,
        dry_run=not yes,
    )
    if as_json:
        session.print_document(done)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("execution", no_wrap=True)
    table.add_column("snapshots", justify="right")
    table.add_column("stored", justify="right")
    for each in done.executions:
        count = "all" if each.deleted else f"{each.snapshot_count:,}"
        table.add_row(each.execution_id, count, wording.size(each.stored_bytes))
    if done.executions:
        session.console.print(table)
    verb = "deleted" if yes else "would be deleted; --yes does it"
    session.console.print(
        f"{wording.plural(done.snapshot_count, 'snapshot')}, {wording.size(done.stored_bytes)} {verb}"
    )
    if done.truncated:
        session.console.print("[dim]There is more: call it again.[/dim]")


COMMANDS = (export, import_, prune)
