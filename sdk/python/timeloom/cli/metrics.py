"""`timeloom metrics`: what events come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from timeloom.cli import documents
from timeloom.cli import telemetry_wording as words_of
from timeloom.cli.parameters import SPAN, json_option
from timeloom.cli.session import current
from timeloom.cli.telemetry_parameters import METRIC, filter_options, taken
from timeloom.telemetry_figures import Metric, Metrics, MetricSeries

METRICS_DEFAULT: Final = (
    Metric.COUNT,
    Metric.ERROR_RATE,
    Metric.DURATION_P50,
    Metric.DURATION_P95,
    Metric.TOTAL_TOKENS,
    Metric.COST,
)
POINTS_DEFAULT: Final = 40
"""So many points a sparkline has if no step is given."""

PERIOD_DEFAULT: Final = timedelta(days=1)

_TITLES: Final = {
    Metric.COUNT: "events",
    Metric.RATE: "a second",
    Metric.ERROR_COUNT: "errors",
    Metric.ERROR_RATE: "errors %",
    Metric.INPUT_TOKENS: "tokens in",
    Metric.OUTPUT_TOKENS: "tokens out",
    Metric.TOTAL_TOKENS: "tokens",
    Metric.COST: "cost",
}
_DURATION: Final = "DURATION_"


@click.command()
@click.argument("metrics", metavar="[METRIC…]", nargs=-1, type=METRIC)
@filter_options
@click.option("--by", "group_by", metavar="FIELD", multiple=True, help="A line for each value; repeatable.")
@click.option("--step", type=SPAN, help="How long a point of the line at the end is: 5m, 1h.")
@click.option("--series", "series_limit", type=click.IntRange(1, 200), default=20, show_default=True)
@json_option("Print one JSON document.")
def metrics(
    *,
    metrics: tuple[Metric, ...],
    group_by: tuple[str, ...],
    step: timedelta | None,
    series_limit: int,
    as_json: bool,
    **given: Any,
) -> None:
    """Reckon what events came to in the last day, or in the time that is given.

    METRIC is count, rate, error-count, error-rate, duration-p50, -p75, -p90, -p95, -p99, -mean or -max,
    input-tokens, output-tokens, total-tokens or cost. The line at the end shows the first one over time.

    \b
    Examples:
      timeloom metrics --by model --kind llm
      timeloom metrics duration-p95 error-rate --by agent_id --since 7d --step 6h
      timeloom metrics cost --by user_id --since 30d --json
    """
    session = current()
    filter_, now = taken(given), datetime.now(UTC)
    asked = metrics or METRICS_DEFAULT
    begin, end = filter_.started_after or now - PERIOD_DEFAULT, filter_.started_before or now
    if begin >= end:
        raise click.UsageError("--since must be before --until")
    filter_ = replace(filter_, started_after=begin, started_before=end)
    events = session.client.observability.events
    whole = events.metrics(asked, filter_, group_by=group_by, series_limit=series_limit)
    step = step or timedelta(seconds=max(1, int((end - begin).total_seconds() / POINTS_DEFAULT)))
    over_time = events.metrics(asked[:1], filter_, group_by=group_by, step=step, series_limit=series_limit)
    if as_json:
        told = {"whole": documents.document(whole), "overTime": documents.document(over_time)}
        session.print_document(told)
        return
    if not whole.series:
        session.console.print("No events in this time.")
        return
    session.console.print(_table(whole, over_time, asked, group_by))
    if not whole.is_exact and any(each.name.startswith(_DURATION) for each in asked):
        session.console.print("[dim]Percentiles are within one percent.[/dim]")


def _table(whole: Metrics, over_time: Metrics, asked: Sequence[Metric], group_by: Sequence[str]) -> Table:
    lines = {(tuple(each.group), each.is_rest): each for each in over_time.series}
    table = Table(box=None, pad_edge=False, header_style="dim")
    for field in group_by:
        table.add_column(field, overflow="fold")
    for metric in asked:
        table.add_column(_title(metric), justify="right", no_wrap=True)
    table.add_column(f"{_title(asked[0])} over time", no_wrap=True)
    for series in whole.series:
        line = lines.get((tuple(series.group), series.is_rest))
        table.add_row(*_names(series, len(group_by)), *_values(series, asked), _line(line))
    return table


def _names(series: MetricSeries, count: int) -> list[str]:
    if series.is_rest:
        return ["[dim]all others[/dim]", *[""] * (count - 1)][:count]
    return [escape(each) or "[dim]-[/dim]" for each in series.group]


def _values(series: MetricSeries, asked: Sequence[Metric]) -> list[str]:
    return [
        shown(metric, each.values[0].value if each.values else None)
        for metric, each in zip(asked, series.metrics, strict=True)
    ]


def _line(series: MetricSeries | None) -> Text:
    if series is None or not series.metrics:
        return Text()
    return Text(words_of.sparkline([each.value for each in series.metrics[0].values]), style="green")


def _title(metric: Metric) -> str:
    return _TITLES.get(metric) or metric.value.removeprefix(_DURATION).lower()


def shown(metric: Metric, value: float | None) -> str:
    """Return a metric's value in its unit."""
    if value is None:
        return "-"
    if metric.name.startswith(_DURATION):
        return words_of.length(value)
    if metric is Metric.COST:
        return words_of.dollars(value)
    if metric is Metric.ERROR_RATE:
        return f"{value * 100:.1f}"
    return f"{value:.2f}" if metric is Metric.RATE else f"{value:,.0f}"
