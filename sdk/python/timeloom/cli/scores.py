"""`timeloom scores` and `timeloom prices`: how good the work was, and what models cost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click
from rich.markup import escape
from rich.table import Table

from timeloom.cli import wording
from timeloom.cli.parameters import JSON, TIME, json_option, limit_option
from timeloom.cli.session import current
from timeloom.cli.telemetry_parameters import SCORE_SOURCE


@click.group()
def scores() -> None:
    """Give scores, and list them: how good agents' work was."""


@scores.command()
@click.argument("name", metavar="NAME")
@click.argument("value", metavar="[VALUE]", type=float, required=False)
@click.option("--label", metavar="TEXT", default="", help="Such as good, instead of a value or besides it.")
@click.option("--comment", metavar="TEXT", default="", help="Why.")
@click.option("--trace", "trace_id", metavar="ID", default="", help="The trace that is judged.")
@click.option("--span", "span_id", metavar="ID", default="", help="The span in it.")
@click.option("--execution", "execution_id", metavar="ID", default="", help="The execution that is judged.")
@click.option("--session", "session_id", metavar="ID", default="", help="The conversation that is judged.")
@click.option("--author", "author_id", metavar="ID", default="", help="Who judges.")
@click.option("--source", type=SCORE_SOURCE, help="Who judges: a person if left out.")
@click.option("--metadata", metavar="JSON", type=JSON, help="Whatever is kept with it.")
@click.option(
    "--id", "score_id", metavar="UUID", default="", help="Of your own: it replaces the one that is there."
)
@json_option("Print one JSON document.")
def add(*, name: str, value: float | None, as_json: bool, **given: Any) -> None:
    """Give a score to a trace, a span in it, an execution or a conversation.

    \b
    Examples:
      timeloom scores add helpfulness 0.9 --trace 5b8efff798038103d269b633813fc60c
      timeloom scores add tone --label friendly --session talk-7 --author ann
    """
    if value is None and not given["label"]:
        raise click.UsageError("Give a value, or a --label")
    session = current()
    made = session.client.scores.create(name, value, **given)
    if as_json:
        session.print_document(made)
    else:
        session.console.print(f"[bold]{made.id}[/bold]  {escape(made.name)}")


@scores.command("list")
@click.option("--name", metavar="NAME", default="", help="Only of this name.")
@click.option("--trace", "trace_id", metavar="ID", default="", help="Only of this trace.")
@click.option("--execution", "execution_id", metavar="ID", default="", help="Only of this execution.")
@click.option("--session", "session_id", metavar="ID", default="", help="Only of this conversation.")
@click.option("--source", type=SCORE_SOURCE, help="Only those that were given so.")
@limit_option(20)
@json_option("Print a JSON document a line.")
def list_scores(*, limit: int | None, as_json: bool, **filters: Any) -> None:
    """List scores, newest first.

    \b
    Examples:
      timeloom scores list --name helpfulness
      timeloom scores list --trace 5b8efff798038103d269b633813fc60c
    """
    session = current()
    found = session.client.scores.list(**filters, limit=limit)
    if as_json:
        session.print_lines(found)
        return
    now = datetime.now(UTC)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("score", "name", "value", "label", "of", "by", "given", "comment"):
        table.add_column(column, overflow="fold" if column == "comment" else "ellipsis")
    for each in found:
        of = each.trace_id or each.execution_id or each.session_id
        table.add_row(
            each.id,
            escape(each.name),
            "" if each.value is None else f"{each.value:g}",
            escape(each.label),
            escape(f"{of} {each.span_id}".strip()),
            escape(each.author_id or (each.source.lower() if each.source else "")),
            "" if each.create_time is None else wording.ago(each.create_time, now=now),
            escape(each.comment),
        )
    session.console.print(table if table.row_count else "No scores.")


@scores.command("delete")
@click.argument("score_id", metavar="SCORE", type=click.UUID)
def delete_score(*, score_id: UUID) -> None:
    """Take a score back."""
    session = current()
    session.client.scores.delete(str(score_id))
    session.console.print(f"The score {score_id} is gone.")


@click.group()
def prices() -> None:
    """List what models cost, and say what they cost you."""


@prices.command("list")
@click.argument("model", metavar="[MODEL]", default="")
@limit_option(50)
@json_option("Print a JSON document a line.")
def list_prices(*, model: str, limit: int | None, as_json: bool) -> None:
    """List prices, the project's own first: all, or those of a model.

    \b
    Examples:
      timeloom prices list gpt-4o
      timeloom prices list --limit 0 --json
    """
    session = current()
    found = session.client.observability.prices.list(model, limit=limit)
    if as_json:
        session.print_lines(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("provider", "model", "from"):
        table.add_column(column, no_wrap=True)
    for column in ("input", "output", "cache read", "cache write"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("price", no_wrap=True)
    for each in found:
        since = "" if each.effective_time is None else f"{each.effective_time:%Y-%m-%d}"
        rates = (
            each.input_per_million,
            each.output_per_million,
            each.cache_read_per_million,
            each.cache_write_per_million,
        )
        table.add_row(
            escape(each.provider),
            escape(each.model),
            since,
            *("" if rate is None else f"${rate:,g}" for rate in rates),
            "[dim]built in[/dim]" if each.built_in else each.id,
        )
    session.console.print(table if table.row_count else "No prices.")
    if table.row_count:
        session.console.print("[dim]US dollars for a million tokens.[/dim]")


@prices.command("add")
@click.argument("model", metavar="MODEL")
@click.option("--input", "input_per_million", type=click.FloatRange(min=0), required=True, metavar="USD")
@click.option("--output", "output_per_million", type=click.FloatRange(min=0), required=True, metavar="USD")
@click.option("--cache-read", "cache_read_per_million", type=click.FloatRange(min=0), metavar="USD")
@click.option("--cache-write", "cache_write_per_million", type=click.FloatRange(min=0), metavar="USD")
@click.option("--provider", metavar="NAME", default="", help="Only this one's; any if left out.")
@click.option("--from", "effective_time", type=TIME, help="From then on; always if left out.")
@json_option("Print one JSON document.")
def add_price(*, model: str, as_json: bool, **given: Any) -> None:
    """Add a price of your own, in US dollars for a million tokens. It takes an administrator's key.

    MODEL may end in `*`. What was reckoned before stays as it is.

    \b
    Examples:
      timeloom prices add house-model --input 0.2 --output 0.8
      timeloom prices add 'gpt-4o*' --provider azure --input 2 --output 8 --from 2026-12-01
    """
    session = current()
    made = session.client.observability.prices.create(model, **given)
    if as_json:
        session.print_document(made)
    else:
        session.console.print(f"[bold]{made.id}[/bold]  {escape(made.model)}")


@prices.command("delete")
@click.argument("price_id", metavar="PRICE", type=click.UUID)
def delete_price(*, price_id: UUID) -> None:
    """Take a price of your own away."""
    session = current()
    session.client.observability.prices.delete(str(price_id))
    session.console.print(f"The price {price_id} is gone.")
