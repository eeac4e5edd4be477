"""`timeloom executions`: list, show and follow runs of agents, and travel through them."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from timeloom.cli import transfers, travel, values, wording
from timeloom.cli.parameters import EXECUTION, STATUS, TIME, json_option, limit_option
from timeloom.cli.session import Session, current
from timeloom.cli.timeline import Timeline
from timeloom.resources import Execution, ExecutionStatus

TIMELINE_LIMIT = 200


@click.group()
def executions() -> None:
    """List, show and follow runs of agents, and travel through them."""


for _command in (*travel.COMMANDS, *transfers.COMMANDS):
    executions.add_command(_command)


@executions.command("list")
@click.option("--agent", metavar="ID", default="", help="Only this agent's.")
@click.option("--session", "session_id", metavar="ID", default="", help="Only this conversation's.")
@click.option(
    "--status", "statuses", type=STATUS, multiple=True, help="Only those in this status; repeatable."
)
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="Only those with this tag; repeatable.")
@click.option("--name", metavar="TEXT", default="", help="Only those whose name contains this text.")
@click.option("--since", type=TIME, help="Only those created since then: 2026-11-23T14:00, 30m, 2h, 7d.")
@click.option("--until", type=TIME, help="Only those created before then.")
@limit_option(20)
@json_option("Print a JSON document a line.")
def list_(
    *,
    agent: str,
    session_id: str,
    statuses: tuple[ExecutionStatus, ...],
    tags: tuple[str, ...],
    name: str,
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List executions, newest first.

    \b
    Examples:
      timeloom executions list --status failed --since 2h
      timeloom executions list --agent researcher --limit 0
      timeloom executions list --json | jq -r .id
    """
    session = current()
    found = session.client.executions.list(
        agent_id=agent,
        session_id=session_id,
        statuses=statuses,
        tags=tags,
        name_contains=name,
        created_after=since,
        created_before=until,
        limit=limit,
    )
    if as_json:
        session.print_lines(found)
    else:
        _print_table(session, list(found), limit=limit)


def _print_table(session: Session, found: list[Execution], *, limit: int | None) -> None:
    if not found:
        session.console.print(
            "No executions. Record one with `make demo`, or see `timeloom executions list --help`."
        )
        return
    now = datetime.now(UTC)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("execution", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("steps", justify="right")
    table.add_column("agent")
    table.add_column("name", ratio=1)
    table.add_column("started", justify="right", no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True)
    for one in found:
        took = wording.duration((one.end_time - one.create_time).total_seconds()) if one.end_time else ""
        table.add_row(
            one.id,
            wording.status(one.status),
            str(one.snapshot_count),
            escape(one.agent_id),
            escape(one.name),
            wording.ago(one.create_time, now=now),
            took,
        )
    session.console.print(table)
    if limit is not None and len(found) == limit:
        session.console.print(f"[dim]The newest {limit}; --limit 0 shows all.[/dim]")


@executions.command()
@click.argument("execution", metavar="EXECUTION", type=EXECUTION)
@limit_option(TIMELINE_LIMIT)
@json_option("Print one JSON document.")
def show(*, execution: str, limit: int | None, as_json: bool) -> None:
    """Show an execution and its timeline. EXECUTION is an identifier, or `last`.

    \b
    Examples:
      timeloom executions show last
      timeloom executions show 01931f3c-… --json
    """
    session = current()
    found = session.execution(execution)
    if as_json:
        session.print_document(found)
        return
    session.console.print(_heading(found, session.client.configuration.http_url))
    timeline = Timeline(head_sequence=found.head_sequence)
    session.console.print(timeline.table(session.client.snapshots.list(found.id, limit=limit)))
    if limit is not None and found.snapshot_count > limit:
        session.console.print(
            f"[dim]The first {limit} of {found.snapshot_count:,}; --limit 0 shows all.[/dim]"
        )
    _print_ending(session, found)


def _heading(found: Execution, url: str) -> Group:
    now = datetime.now(UTC)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    facts.add_row("execution", found.id)
    facts.add_row("status", wording.status(found.status))
    facts.add_row("agent", escape(found.agent_id))
    for name, value in (
        ("session", found.session_id),
        ("tags", ", ".join(found.tags)),
        ("trace", found.trace_id),
    ):
        if value:
            facts.add_row(name, escape(value))
    facts.add_row("started", wording.ago(found.create_time, now=now))
    if found.end_time is None:
        facts.add_row("changed", wording.ago(found.update_time, now=now))
    else:
        facts.add_row("took", wording.duration((found.end_time - found.create_time).total_seconds()))
    facts.add_row("REST", f"{url}/api/agent-executions/{found.id}")
    if found.input is not None:
        facts.add_row("input", Text(values.text(found.input)))
    title = Text(found.name or found.id, style="bold")
    return Group(title, facts, Text())


def _print_ending(session: Session, found: Execution) -> None:
    if found.output is not None:
        session.console.print("\n[dim]output[/dim]")
        values.print_value(session.console, found.output)
    if found.error is not None:
        session.console.print(f"\n[red bold]{escape(found.error.type)}[/]: {escape(found.error.message)}")
        if found.error.stack:
            session.console.print(Text(found.error.stack.rstrip(), style="dim"))


@executions.command()
@click.argument("execution", metavar="EXECUTION", type=EXECUTION)
@click.option(
    "--after", "after_sequence", type=click.IntRange(min=0), default=0, help="Only snapshots after this one."
)
@json_option("Print a JSON document a line.")
def tail(*, execution: str, after_sequence: int, as_json: bool) -> None:
    """Follow an execution: print its snapshots, then each new one, until it ends.

    \b
    Examples:
      timeloom executions tail last
      timeloom executions tail last --json | jq .stepName
    """
    session = current()
    execution_id = session.execution_id(execution)
    found = session.client.snapshots.tail(execution_id, after_sequence=after_sequence)
    if as_json:
        session.print_lines(found)
        return
    timeline = Timeline(head_sequence=0)
    for snapshot in found:
        session.console.print(timeline.line(snapshot))
    ended = session.client.executions.get(execution_id)
    session.console.print(wording.status(ended.status))
    _print_ending(session, ended)
