"""`timeloom events`: what agents did, event by event."""

from __future__ import annotations

import html
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from timeloom.cli import telemetry_wording as words_of
from timeloom.cli import values, wording
from timeloom.cli.parameters import EnumType, json_option, limit_option
from timeloom.cli.session import Session, current
from timeloom.cli.telemetry_parameters import ORDERS, filter_options, taken
from timeloom.telemetry import Event, EventMatch, ExportFormat, SearchMode

STANDARD_STREAM: Final = "-"
_MARK: Final = re.compile(r"<mark>(.*?)</mark>", re.DOTALL)
_PARQUET: Final = ".parquet"


@click.group()
def events() -> None:
    """List, show, follow, search and export what agents did, event by event."""


@events.command("list")
@filter_options
@click.option("--order", "order_by", type=click.Choice(ORDERS), help="The newest first if left out.")
@limit_option(20)
@json_option("Print a JSON document a line.")
def list_(*, order_by: str | None, limit: int | None, as_json: bool, **given: Any) -> None:
    """List events, newest first.

    \b
    Examples:
      timeloom events list --kind llm --status error --since 2h
      timeloom events list --kind tool --order "duration desc" --limit 5
      timeloom events list --trace 5b8efff798038103d269b633813fc60c --json | jq .name
    """
    session = current()
    found = session.client.observability.events.list(taken(given), order_by=order_by or "", limit=limit)
    if as_json:
        session.print_lines(found)
    else:
        _print_table(session, list(found), limit=limit)


def _print_table(session: Session, found: list[Event], *, limit: int | None) -> None:
    if not found:
        session.console.print("No events. `timeloom.observe()` sends some; see docs/observability.md.")
        return
    now = datetime.now(UTC)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("event", "kind", "", "name"):
        table.add_column(name, no_wrap=True)
    for name in ("took", "tokens", "cost", "began"):
        table.add_column(name, no_wrap=True, justify="right")
    table.add_column("what", ratio=1, no_wrap=True)
    for one in found:
        table.add_row(
            one.id,
            words_of.kind(one.kind),
            words_of.status(one.status),
            Text(one.name),
            words_of.length(one.duration_ms) if one.duration_ms else "",
            words_of.tokens(one.usage),
            words_of.cost(one.cost),
            "" if one.start_time is None else wording.ago(one.start_time, now=now),
            words_of.saying(one),
        )
    session.console.print(table)
    if limit is not None and len(found) == limit:
        session.console.print(f"[dim]The first {limit}; --limit 0 shows all.[/dim]")


@events.command()
@click.argument("event_id", metavar="EVENT", type=click.UUID)
@json_option("Print one JSON document.")
def get(*, event_id: Any, as_json: bool) -> None:
    """Show an event with everything that is known of it.

    \b
    Examples:
      timeloom events get 019aaf3c-…
      timeloom events get 019aaf3c-… --json | jq .input
    """
    session = current()
    found = session.client.observability.events.get(str(event_id))
    if as_json:
        session.print_document(found)
        return
    session.console.print(_heading(found))
    for title, value in (
        ("input", found.input),
        ("output", found.output),
        ("attributes", found.attributes),
        ("program", found.resource),
    ):
        if value not in (None, {}, [], ""):
            session.console.print(f"\n[dim]{title}[/dim]")
            values.print_value(session.console, value)


def _heading(found: Event) -> Group:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    facts.add_row("event", found.id)
    facts.add_row("kind", words_of.kind(found.kind))
    for name, value in (
        ("trace", found.trace_id),
        ("span", found.span_id),
        ("execution", found.execution_id),
        ("session", found.session_id),
        ("user", found.user_id),
        ("agent", found.agent_id),
        ("model", " ".join(part for part in (found.provider, found.model) if part)),
        ("tool", found.tool_name),
        ("service", found.service_name),
        ("tags", ", ".join(found.tags)),
        ("tokens", words_of.tokens(found.usage)),
        ("cost", words_of.cost(found.cost)),
        ("began", words_of.clock(found.start_time)),
        ("took", words_of.length(found.duration_ms) if found.duration_ms else ""),
    ):
        if value:
            facts.add_row(name, escape(value))
    title = Text.assemble((found.name, "bold"), "  ", words_of.status(found.status))
    if not found.message and not found.error_type:
        return Group(title, facts)
    said = ": ".join(part for part in (found.error_type, found.message) if part)
    return Group(title, facts, Text(), Text(said, style="red" if found.error_type else ""))


@events.command()
@filter_options
@click.option("--after", "position", metavar="POSITION", default="", help="Go on after this position.")
@json_option("Print a JSON document a line.")
def tail(*, position: str, as_json: bool, **given: Any) -> None:
    """Follow events: print each one as it is committed, until Ctrl-C.

    \b
    Examples:
      timeloom events tail --status error
      timeloom events tail --agent researcher --json | jq .name
    """
    session = current()
    found = session.client.observability.events.tail_batches(taken(given), position=position)
    for batch in found:
        if as_json:
            session.print_lines(batch.events)
        else:
            for event in batch.events:
                session.console.print(words_of.line(event), soft_wrap=True)
        if batch.skipped_count:
            click.secho(f"{wording.plural(batch.skipped_count, 'event')} left out", err=True, fg="yellow")


@events.command()
@click.argument("query", metavar="QUERY")
@filter_options
@click.option(
    "--mode", type=EnumType(SearchMode), help="By words only or by meaning only; by both if left out."
)
@click.option(
    "--limit", type=click.IntRange(min=1, max=200), default=10, show_default=True, help="At most this many."
)
@json_option("Print one JSON document.")
def search(*, query: str, mode: SearchMode | None, limit: int, as_json: bool, **given: Any) -> None:
    """Find events by words and by meaning, and say why each was found.

    \b
    Examples:
      timeloom events search "refund was refused"
      timeloom events search "rate limit" --kind llm --since 7d --mode words
    """
    session = current()
    found = session.client.observability.events.search(query, taken(given), mode=mode, limit=limit)
    if as_json:
        session.print_document(found)
        return
    for match in found.matches:
        session.console.print(words_of.line(match.event), soft_wrap=True)
        session.console.print(Text("  ").append_text(_excerpt(match)), soft_wrap=True)
        session.console.print(Text(f"  {match.event.id}  {_reasons(match)}", style="dim"), soft_wrap=True)
    if not found.matches:
        session.console.print("Nothing was found.")
    if not found.by_meaning and mode is not SearchMode.WORDS:
        click.secho("By words only: the model cannot be reached right now.", err=True, fg="yellow")


def _excerpt(match: EventMatch) -> Text:
    text = Text()
    for index, part in enumerate(_MARK.split(match.excerpt.replace("\n", " "))):
        text.append(html.unescape(part), style="bold yellow" if index % 2 else "")
    return text


def _reasons(match: EventMatch) -> str:
    reasons: list[str] = []
    if match.word_rank:
        reasons.append(f"words {', '.join(match.words)} (#{match.word_rank})")
    if match.meaning_rank:
        reasons.append(f"meaning {match.similarity:.2f} (#{match.meaning_rank})")
    return "; ".join(reasons)


@events.command()
@filter_options
@click.option(
    "--by", "fields", metavar="FIELD", multiple=True, help="Such as model; repeatable; all if left out."
)
@json_option("Print one JSON document.")
def count(*, fields: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Count events by the values of fields.

    \b
    Examples:
      timeloom events count --since 24h
      timeloom events count --by model --by error_type --status error
    """
    session = current()
    found = session.client.observability.events.count(taken(given), fields=fields)
    if as_json:
        session.print_document(found)
        return
    cut = " [dim]counted: the newest ones, as each has to be looked at[/dim]" if found.is_cut else ""
    session.console.print(f"[bold]{wording.plural(found.count, 'event')}[/bold]{cut}")
    for facet in found.facets:
        shown = [each for each in facet.values if each.value]
        if not shown:
            continue
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(justify="right", style="bold")
        table.add_column(overflow="fold")
        for each in shown:
            table.add_row(f"{each.count:,}", escape(each.value))
        session.console.print(f"\n[dim]{facet.field}[/dim]", table)


@events.command()
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, writable=True, allow_dash=True))
@filter_options
@click.option("--parquet", is_flag=True, help="As Apache Parquet, as if FILE ended in .parquet.")
def export(*, file: str, parquet: bool, **given: Any) -> None:
    """Write events to a file, oldest first, a JSON document a line; `-` is standard output.

    \b
    Examples:
      timeloom events export errors.jsonl --status error --since 7d
      timeloom events export november.parquet --since 2026-11-01
      timeloom events export - --kind llm | jq .model
    """
    session = current()
    form = ExportFormat.PARQUET if parquet or file.endswith(_PARQUET) else ExportFormat.JSONL
    to: BinaryIO | Path = sys.stdout.buffer if file == STANDARD_STREAM else Path(file)
    with session.progress("Exporting") as progress:
        size = session.client.observability.events.export(to, taken(given), format=form, progress=progress)
    click.echo(f"{wording.size(size)} written to {file}", err=True)
