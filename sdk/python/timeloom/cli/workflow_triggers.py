"""`timeloom workflows publish`, `events`, `triggers`, `webhook`, `stats` and `dead-letters`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import click
from rich.markup import escape
from rich.table import Table

from timeloom.cli import wording
from timeloom.cli.parameters import JSON, TIME, json_option, limit_option
from timeloom.cli.session import current
from timeloom.workflow_resources import WorkflowStats


@click.command()
@click.argument("name", metavar="EVENT")
@click.argument("data", metavar="[JSON]", type=JSON, required=False)
@click.option("--id", "event_id", default="", help="Of your own: the same event again counts once.")
@json_option("Print one JSON document.")
def publish(*, name: str, data: Any, event_id: str, as_json: bool) -> None:
    """Publish an event: workflows that it triggers begin, and steps that wait for it go on.

    \b
    Examples:
      timeloom workflows publish document/uploaded '{"id": 7}'
      timeloom workflows publish order/paid @paid.json --id order-7-paid
    """
    session = current()
    made = session.client.workflows.publish(name, data, event_id=event_id)
    if as_json:
        session.print_document(made)
        return
    began, woke = len(made.started_execution_ids), len(made.woken_execution_ids)
    session.console.print(f"[bold]{escape(made.id)}[/bold]  [dim]began {began}, woke {woke}[/dim]")


@click.command()
@click.argument("name", metavar="[EVENT]", default="")
@click.option("--since", type=TIME, help="Only those published since then: 30m, 2h, 2026-11-23T14:00.")
@limit_option(20)
@json_option("Print a JSON document a line.")
def events(*, name: str, since: datetime | None, limit: int | None, as_json: bool) -> None:
    """List events, newest first: all, or those of a name."""
    session = current()
    found = session.client.workflows.events(name, created_after=since, limit=limit)
    if as_json:
        session.print_lines(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("event", "name", "published", "began", "woke"):
        table.add_column(column, no_wrap=True)
    for each in found:
        published = "" if each.create_time is None else wording.ago(each.create_time, now=datetime.now(UTC))
        began, woke = len(each.started_execution_ids), len(each.woken_execution_ids)
        table.add_row(escape(each.id), escape(each.name), published, str(began), str(woke))
    session.console.print(table if table.row_count else "No events.")


@click.command()
@click.argument("workflow_id", metavar="[WORKFLOW]", default="")
@limit_option(50)
@json_option("Print a JSON document a line.")
def triggers(*, workflow_id: str, limit: int | None, as_json: bool) -> None:
    """List what makes workflows begin by themselves."""
    session = current()
    found = session.client.workflows.triggers(workflow_id, limit=limit)
    if as_json:
        session.print_lines(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("workflow", "#", "type", "what", "next", "last", "problem"):
        table.add_column(column, overflow="fold")
    for each in found:
        what = each.path or " ".join(filter(None, (each.expression, each.time_zone)))
        table.add_row(
            escape(each.workflow_id),
            str(each.index),
            each.type.lower(),
            escape(what),
            _moment(each.next_fire_time),
            _moment(each.last_fire_time),
            escape(each.problem),
        )
    session.console.print(table if table.row_count else "No triggers.")


@click.command()
@click.argument("workflow_id", metavar="WORKFLOW")
@click.argument("index", type=click.IntRange(min=0), default=0)
@click.option("--rotate", is_flag=True, help="Give it another secret; the old one is refused from then on.")
@json_option("Print one JSON document.")
def webhook(*, workflow_id: str, index: int, rotate: bool, as_json: bool) -> None:
    """Show where a workflow's webhook is called, and what its callers sign with.

    INDEX is its place in the definition's triggers. It takes the key of an administrator.

    \b
    Examples:
      timeloom workflows webhook order
      timeloom workflows webhook order 1 --rotate
    """
    session = current()
    if rotate:
        session.client.workflows.rotate_webhook_secret(workflow_id, index)
    found = session.client.workflows.webhook_secret(workflow_id, index)
    if as_json:
        session.print_document(found)
        return
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_row("URL", f"{session.client.configuration.http_url}{found.path}")
    facts.add_row("secret", escape(found.secret))
    session.console.print(facts)


@click.command()
@click.argument("workflow_ids", metavar="[WORKFLOW…]", nargs=-1)
@click.option("--since", type=TIME, help="Executions created since then; the last day if left out.")
@click.option("--by-version", is_flag=True, help="A line for each version.")
@click.option("--steps", "include_steps", is_flag=True, help="Lines for the steps, too.")
@json_option("Print one JSON document.")
def stats(
    *,
    workflow_ids: tuple[str, ...],
    since: datetime | None,
    by_version: bool,
    include_steps: bool,
    as_json: bool,
) -> None:
    """Count executions, and tell how long they took and how many failed.

    \b
    Examples:
      timeloom workflows stats --since 7d
      timeloom workflows stats order --by-version --steps
    """
    session = current()
    found = session.client.workflows.stats(
        workflow_ids, created_after=since, by_version=by_version, include_steps=include_steps
    )
    if as_json:
        session.print_document(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("workflow", no_wrap=True)
    for column in ("pending", "running", "paused", "succeeded", "failed", "cancelled", "retries"):
        table.add_column(column, justify="right")
    for column in ("fail %", "p50", "p95", "p99", "queue p99"):
        table.add_column(column, justify="right", no_wrap=True)
    for each in (*found.workflows, *found.steps):
        table.add_row(*_stats_row(each, _name(each)))
    if found.total is not None:
        table.add_row(*_stats_row(found.total, "all"), style="bold")
    session.console.print(table)
    count = len(found.worker_ids)
    session.console.print(f"[dim]{wording.plural(count, 'worker')} connected[/dim]")


def _name(line: WorkflowStats) -> str:
    version = f" v{line.workflow_version}" if line.workflow_version else ""
    step = f" / {line.step_id}" if line.step_id else ""
    return escape(f"{line.workflow_id}{version}{step}")


def _stats_row(line: WorkflowStats, name: str) -> list[str]:
    counts = (
        line.pending_count,
        line.running_count,
        line.paused_count,
        line.succeeded_count,
        line.failed_count,
        line.cancelled_count,
        line.retry_count,
    )
    times = (line.duration_p50_ms, line.duration_p95_ms, line.duration_p99_ms, line.queue_p99_ms)
    return [
        name,
        *(f"{count:,}" for count in counts),
        f"{line.failure_rate * 100:.1f}",
        *(wording.duration(each / 1000) if each else "-" for each in times),
    ]


@click.group("dead-letters", invoke_without_command=True)
@click.option("--workflow", "workflow_id", metavar="ID", default="", help="Only those of this workflow.")
@click.option("--redriven", is_flag=True, help="Also those that were tried again.")
@limit_option(20)
@json_option("Print a JSON document a line.")
@click.pass_context
def dead_letters(
    context: click.Context, *, workflow_id: str, redriven: bool, limit: int | None, as_json: bool
) -> None:
    """List work that was given up, newest first.

    \b
    Examples:
      timeloom workflows dead-letters
      timeloom workflows dead-letters redrive 01931f3c-…
    """
    if context.invoked_subcommand is not None:
        return
    session = current()
    found = session.client.workflows.dead_letters(workflow_id, include_redriven=redriven, limit=limit)
    if as_json:
        session.print_lines(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("dead letter", "workflow", "execution or event", "given up", "why"):
        table.add_column(column, overflow="fold" if column == "why" else "ellipsis", no_wrap=column != "why")
    for each in found:
        table.add_row(
            each.id,
            escape(each.workflow_id),
            escape(each.execution_id or each.event_id),
            wording.ago(each.create_time, now=datetime.now(UTC)),
            escape(str(each.error)) if each.error else "",
        )
    session.console.print(table if table.row_count else "No dead letters.")


@dead_letters.command()
@click.argument("dead_letter_ids", metavar="DEAD_LETTER…", nargs=-1, required=True)
def redrive(*, dead_letter_ids: tuple[str, ...]) -> None:
    """Try work again that was given up."""
    session = current()
    for each in dead_letter_ids:
        session.client.workflows.redrive(each)
    session.console.print(f"{wording.plural(len(dead_letter_ids), 'dead letter')} tried again.")


@dead_letters.command("delete")
@click.argument("dead_letter_ids", metavar="DEAD_LETTER…", nargs=-1, required=True)
def delete_dead_letters(*, dead_letter_ids: tuple[str, ...]) -> None:
    """Forget work that was given up."""
    session = current()
    for each in dead_letter_ids:
        session.client.workflows.delete_dead_letter(each)
    session.console.print(f"{wording.plural(len(dead_letter_ids), 'dead letter')} forgotten.")


def _moment(value: datetime | None) -> str:
    return "" if value is None else f"{value.astimezone():%Y-%m-%d %H:%M:%S}"


COMMANDS: Final = (publish, events, triggers, webhook, stats, dead_letters)
