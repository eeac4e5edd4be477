"""`timeloom traces` and `timeloom sessions`: what belongs together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import click
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from timeloom.cli import telemetry_wording as words_of
from timeloom.cli import trace_tree, wording
from timeloom.cli.parameters import TIME, json_option, limit_option
from timeloom.cli.session import LAST, Session, current
from timeloom.cli.telemetry_parameters import EVENT_STATUS, ORDERS
from timeloom.telemetry import Trace

SPANS_DEFAULT: Final = 500


@click.group()
def traces() -> None:
    """List traces, and show one as a tree."""


@traces.command("list")
@click.option("--status", "statuses", type=EVENT_STATUS, multiple=True, help="Only those that came out so.")
@click.option("--agent", "agent_ids", metavar="ID", multiple=True, help="Only this agent's; repeatable.")
@click.option("--session", "session_id", metavar="ID", default="", help="Only this conversation's.")
@click.option("--user", "user_id", metavar="ID", default="", help="Only what was done for this user.")
@click.option(
    "--name", "name_contains", metavar="TEXT", default="", help="Only whose name contains this text."
)
@click.option("--since", "started_after", type=TIME, help="Only those since then: 30m, 2h, 2026-11-23T14:00.")
@click.option("--until", "started_before", type=TIME, help="Only those before then.")
@click.option(
    "--slower-than",
    "duration_ms_min",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="MS",
    help="Only those that took at least so many milliseconds.",
)
@click.option("--order", "order_by", type=click.Choice(ORDERS), help="The newest first if left out.")
@limit_option(20)
@json_option("Print a JSON document a line.")
def list_(*, order_by: str | None, limit: int | None, as_json: bool, **filters: Any) -> None:
    """List traces, newest first.

    \b
    Examples:
      timeloom traces list --status error --since 2h
      timeloom traces list --user ann --order "cost desc"
      timeloom traces list --json | jq -r .id
    """
    session = current()
    found = session.client.observability.traces.list(**filters, order_by=order_by or "", limit=limit)
    if as_json:
        session.print_lines(found)
    else:
        _print_table(session, list(found), limit=limit)


def _print_table(session: Session, found: list[Trace], *, limit: int | None) -> None:
    if not found:
        session.console.print("No traces. `timeloom.observe()` sends some; see docs/observability.md.")
        return
    now = datetime.now(UTC)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("trace", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("name", ratio=1)
    table.add_column("agent")
    for name in ("spans", "errors", "tokens", "cost", "took", "began"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found:
        table.add_row(
            one.id,
            words_of.status(one.status),
            Text(one.name or "(the root has not arrived)", style="" if one.has_root else "dim"),
            escape(one.agent_id),
            f"{one.span_count:,}",
            Text(f"{one.error_count:,}", style="red") if one.error_count else "",
            words_of.tokens(one.usage),
            words_of.cost(one.cost),
            words_of.length(one.duration_ms),
            "" if one.start_time is None else wording.ago(one.start_time, now=now),
        )
    session.console.print(table)
    if limit is not None and len(found) == limit:
        session.console.print(f"[dim]The first {limit}; --limit 0 shows all.[/dim]")


@traces.command()
@click.argument("trace_id", metavar="TRACE")
@limit_option(SPANS_DEFAULT)
@json_option("Print one JSON document.")
def show(*, trace_id: str, limit: int | None, as_json: bool) -> None:
    """Show a trace as a tree: where the time went, what it cost, and what failed.

    TRACE is its identifier, or `last`. Spans in bold are those without which it would have been faster.

    \b
    Examples:
      timeloom traces show last
      timeloom traces show 5b8efff798038103d269b633813fc60c --json
    """
    session = current()
    found = session.client.observability.traces.get(_id(session, trace_id), limit=limit)
    if as_json:
        session.print_document(found)
        return
    session.console.print(trace_tree.rendered(found))
    if limit is not None and found.trace.span_count > limit:
        session.console.print(
            f"[dim]The first {limit:,} of {found.trace.span_count:,} spans; --limit 0 shows all.[/dim]"
        )


def _id(session: Session, trace_id: str) -> str:
    if trace_id != LAST:
        return trace_id
    newest = next(iter(session.client.observability.traces.list(limit=1)), None)
    if newest is None:
        raise click.ClickException("There is no trace yet; `timeloom.observe()` sends some")
    return newest.id


@click.group()
def sessions() -> None:
    """List conversations, as traces name them."""


@sessions.command("list")
@click.option("--user", "user_id", metavar="ID", default="", help="Only this user's.")
@click.option("--since", "active_after", type=TIME, help="Only those that went on since then: 30m, 2h, 7d.")
@limit_option(20)
@json_option("Print a JSON document a line.")
def list_sessions(*, user_id: str, active_after: datetime | None, limit: int | None, as_json: bool) -> None:
    """List conversations, the one that went on last first.

    \b
    Examples:
      timeloom sessions list --user ann
      timeloom sessions list --since 24h --json | jq -r .id
    """
    session = current()
    found = session.client.observability.sessions.list(
        user_id=user_id, active_after=active_after, limit=limit
    )
    if as_json:
        session.print_lines(found)
        return
    now = datetime.now(UTC)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("session", "user", "agents"):
        table.add_column(name, overflow="fold")
    for name in ("traces", "errors", "tokens", "cost", "last"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found:
        table.add_row(
            escape(one.id),
            escape(one.user_id),
            escape(", ".join(one.agent_ids)),
            f"{one.trace_count:,}",
            Text(f"{one.error_count:,}", style="red") if one.error_count else "",
            words_of.tokens(one.usage),
            words_of.cost(one.cost),
            "" if one.last_time is None else wording.ago(one.last_time, now=now),
        )
    session.console.print(table if table.row_count else "No conversations.")
