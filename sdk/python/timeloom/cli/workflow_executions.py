"""`timeloom workflows executions`, `history` and `delete`, and what `show` says of an execution."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import click
from rich.markup import escape
from rich.table import Table

from timeloom.cli import documents, values, wording
from timeloom.cli.parameters import EXECUTION, json_option, limit_option
from timeloom.cli.session import Session, current
from timeloom.cli.workflow_parameters import execution_id, filter_of, where_option
from timeloom.cli.workflow_running import print_ending
from timeloom.cli.workflow_tree import StepTree, status
from timeloom.workflow_resources import WorkflowExecution


@click.command()
@click.argument("workflow_id", metavar="[WORKFLOW]", default="")
@where_option
@click.option("--order", default="", metavar="FIELD", help="createTime, endTime or priority, + ' desc'.")
@limit_option(20)
@json_option("Print a JSON document a line.")
def executions(
    *, workflow_id: str, conditions: tuple[str, ...], order: str, limit: int | None, as_json: bool
) -> None:
    """List executions, newest first: all, or those of WORKFLOW.

    \b
    Examples:
      timeloom workflows executions order --where status=failed --where since=2h
      timeloom workflows executions --where waiting=approval
      timeloom workflows executions --where attribute.customer=ann --json | jq -r .id
    """
    session = current()
    mine = (f"workflow={workflow_id}",) if workflow_id else ()
    wanted = filter_of((*mine, *conditions))
    found = session.client.workflows.executions.list(wanted, order_by=order, limit=limit)
    if as_json:
        session.print_lines(found)
        return
    table = _table(found)
    session.console.print(table if table.row_count else "No executions.")
    if limit is not None and table.row_count == limit:
        session.console.print(f"[dim]At most {limit}; --limit 0 shows all.[/dim]")


@click.command()
@click.argument("name", metavar="EXECUTION", type=EXECUTION)
@click.option(
    "--after", "after_sequence", type=click.IntRange(min=0), default=0, help="Only what came after it."
)
@limit_option(0)
@json_option("Print a JSON document a line.")
def history(*, name: str, after_sequence: int, limit: int | None, as_json: bool) -> None:
    """List what happened to an execution, in order.

    \b
    Examples:
      timeloom workflows history last
    """
    session = current()
    found = session.client.workflows.executions.history(
        execution_id(session, name), after_sequence=after_sequence, limit=limit
    )
    if as_json:
        session.print_lines(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("#", justify="right")
    table.add_column("time", no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("step")
    table.add_column("more", overflow="fold")
    for each in found:
        step = f"{each.step_id} (try {each.attempt})" if each.attempt > 1 else each.step_id
        more = "" if each.attributes is None else documents.compact(each.attributes)
        what = each.type.lower().replace("_", " ")
        table.add_row(
            str(each.sequence), f"{each.time.astimezone():%H:%M:%S.%f}"[:-3], what, escape(step), escape(more)
        )
    session.console.print(table)


@click.command()
@click.argument("name", metavar="EXECUTION", type=EXECUTION)
@click.argument("step_id", metavar="STEP")
@json_option("Print one JSON document.")
def step(*, name: str, step_id: str, as_json: bool) -> None:
    """Show a step of an execution with its input and output."""
    session = current()
    found = session.client.workflows.executions.step(execution_id(session, name), step_id)
    if as_json:
        session.print_document(found)
        return
    session.console.print(f"[bold]{escape(found.id)}[/bold]  {found.type.lower()}, {found.status.lower()}")
    for title, value in (("input", found.input), ("output", found.output), ("progress", found.progress)):
        if value is not None:
            _print_part(session, title, value)
    if found.error is not None:
        session.console.print(f"[red]{escape(str(found.error))}[/red]")
        if found.error.stack:
            session.console.print(f"[dim]{escape(found.error.stack.rstrip())}[/dim]")


def print_execution(session: Session, name: str, *, as_json: bool) -> None:
    """Print an execution with its steps."""
    client = session.client.workflows.executions
    found = client.get(execution_id(session, name))
    if as_json:
        steps = documents.document(tuple(client.steps(found.id)))
        session.print_document({**documents.document(found), "steps": steps})
        return
    session.console.print(StepTree(found, client.steps(found.id)).render())
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    for title, value in _facts(found):
        facts.add_row(title, escape(value))
    session.console.print(facts)
    if found.input is not None:
        _print_part(session, "input", found.input)
    print_ending(session, found)


def _facts(found: WorkflowExecution) -> list[tuple[str, str]]:
    facts = [
        ("began by", f"{found.trigger.lower()} {found.trigger_id}".strip()),
        ("tags", ", ".join(found.tags)),
    ]
    if found.attributes:
        facts.append(("attributes", documents.compact(found.attributes)))
    if found.parent is not None:
        facts.append(("within", f"{found.parent.execution_id}, step {found.parent.step_id}"))
    if found.forked_from is not None:
        facts.append(("forked from", f"{found.forked_from.execution_id}, step {found.forked_from.step_id}"))
    if found.deadline is not None:
        facts.append(("deadline", f"{found.deadline.astimezone():%Y-%m-%d %H:%M:%S}"))
    facts.append(("time travel", f"timeloom executions show {found.id}"))
    return [(title, value) for title, value in facts if value]


def _print_part(session: Session, title: str, value: Any) -> None:
    session.console.print(f"[dim]{title}[/dim]")
    values.print_value(session.console, value)


def _table(found: Any) -> Table:
    now = datetime.now(UTC)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("execution", no_wrap=True)
    table.add_column("workflow", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("waits for", no_wrap=True)
    table.add_column("steps", justify="right", no_wrap=True)
    table.add_column("began", justify="right", no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("error", overflow="ellipsis", no_wrap=True)
    for one in found:
        began = one.start_time or one.create_time
        table.add_row(
            one.id,
            f"{escape(one.workflow_id)} v{one.workflow_version}",
            status(one),
            one.waiting_for.lower() if one.waiting_for else "",
            str(one.step_count),
            wording.ago(began, now=now),
            wording.duration((one.end_time - began).total_seconds()) if one.end_time else "",
            escape(str(one.error)) if one.error else "",
        )
    return table


COMMANDS: Final = (executions, history, step)
