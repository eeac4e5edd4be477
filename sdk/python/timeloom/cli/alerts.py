"""`timeloom alerts`: rules over metrics of events, and what they found."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import click
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from timeloom.alerts import (
    Alert,
    AlertAction,
    AlertComparison,
    AlertEvent,
    AlertRule,
    AlertStatus,
    AlertWebhook,
)
from timeloom.cli import telemetry_wording as words_of
from timeloom.cli import wording
from timeloom.cli.parameters import SPAN, TIME, EnumType, json_option, limit_option
from timeloom.cli.session import Session, current
from timeloom.cli.telemetry_parameters import METRIC, SEVERITY, filter_options, taken
from timeloom.telemetry import Severity
from timeloom.telemetry_figures import Metric

_STYLES: Final = {
    AlertStatus.PENDING: "yellow",
    AlertStatus.FIRING: "bold red",
    AlertStatus.RESOLVED: "green",
}
_COMPARISONS: Final = {
    AlertComparison.ABOVE: ">",
    AlertComparison.BELOW: "<",
    AlertComparison.RISES_BY: "rises by",
    AlertComparison.FALLS_BY: "falls by",
}
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_TIMES: Final = ("started_after", "started_before")


@click.group()
def alerts() -> None:
    """List alerts, and look after the rules that raise them."""


@alerts.command("list")
@click.option("--rule", "rule_id", metavar="ID", default="", help="Only this rule's.")
@click.option(
    "--status", "statuses", type=EnumType(AlertStatus), multiple=True, help="Only those that stand so."
)
@limit_option(20)
@json_option("Print a JSON document a line.")
def list_(*, rule_id: str, statuses: tuple[AlertStatus, ...], limit: int | None, as_json: bool) -> None:
    """List alerts, newest first.

    \b
    Examples:
      timeloom alerts list --status firing
    """
    session = current()
    found = session.client.alerts.list(rule_id=rule_id, statuses=statuses, limit=limit)
    if as_json:
        session.print_lines(found)
    else:
        _print_alerts(session, found)


@alerts.command("acknowledge")
@click.argument("alert_ids", metavar="ALERT…", nargs=-1, required=True, type=click.UUID)
def acknowledge(*, alert_ids: tuple[UUID, ...]) -> None:
    """Note that somebody has seen alerts."""
    session = current()
    for each in alert_ids:
        session.client.alerts.acknowledge(str(each))
    session.console.print(f"{wording.plural(len(alert_ids), 'alert')} acknowledged.")


@alerts.command("rules")
@limit_option(50)
@json_option("Print a JSON document a line.")
def rules(*, limit: int | None, as_json: bool) -> None:
    """List rules by name.

    \b
    Examples:
      timeloom alerts rules --json | jq -r .id
    """
    session = current()
    found = session.client.alerts.rules(limit=limit)
    if as_json:
        session.print_lines(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("rule", "name", "when", "for each", "then", "checked", "problem"):
        table.add_column(column, overflow="fold")
    now = datetime.now(UTC)
    for each in found:
        table.add_row(
            each.id,
            escape(each.name) if each.enabled else f"[dim]{escape(each.name)} (off)[/dim]",
            _condition(each),
            ", ".join(each.group_by),
            escape(", ".join(_action(one) for one in each.actions)),
            "" if each.check_time is None else wording.ago(each.check_time, now=now),
            Text(each.check_error, style="red"),
        )
    session.console.print(table if table.row_count else "No rules. `timeloom alerts add --help` shows some.")


def _rule_options(command: Any) -> Any:
    """Add the options that make a rule."""
    options = (
        click.argument("name", metavar="NAME"),
        click.option("--metric", type=METRIC, required=True, help="What is reckoned."),
        click.option("--above", type=float, help="It is above this."),
        click.option("--below", type=float, help="It is below this."),
        click.option("--rises-by", type=float, help="It grew by this share against the window before: 0.5."),
        click.option("--falls-by", type=float, help="It shrank by this share."),
        click.option("--window", type=SPAN, default="5m", show_default=True, help="How far back it looks."),
        click.option("--for", "lasting", type=SPAN, default="0s", help="For how long it has to hold."),
        click.option(
            "--recovery", "recovery_threshold", type=float, help="Resolved on the other side of this."
        ),
        click.option("--at-least", "event_count_min", type=int, default=0, help="Fewer events say nothing."),
        click.option("--each", "group_by", metavar="FIELD", multiple=True, help="An alert for each value."),
        click.option("--level", type=SEVERITY, default="warn", show_default=True, help="How bad that is."),
        click.option(
            "--webhook", "urls", metavar="URL", multiple=True, help="Tell this address; repeatable."
        ),
        click.option(
            "--secret",
            metavar="SECRET",
            default="",
            envvar="TIMELOOM_WEBHOOK_SECRET",
            help="Signs what is told.",
        ),
        click.option(
            "--event", "events", metavar="NAME", multiple=True, help="Publish an event for workflows."
        ),
        filter_options,
    )
    for option in reversed(options):
        command = option(command)
    return command


@alerts.command("add")
@_rule_options
@json_option("Print one JSON document.")
def add(*, as_json: bool, **given: Any) -> None:
    """Add a rule.

    \b
    Examples:
      timeloom alerts add "Many errors" --metric error-rate --above 0.05 --at-least 20
      timeloom alerts add "Dear user" --metric cost --above 10 --window 1d --each user_id --event spent
      timeloom alerts add "Slow model" --metric duration-p95 --rises-by 0.5 --webhook https://example.org
    """
    session = current()
    made = session.client.alerts.create_rule(_rule(given))
    if as_json:
        session.print_document(made)
    else:
        session.console.print(f"[bold]{made.id}[/bold]  {escape(made.name)}: {_condition(made)}")


@alerts.command("test")
@_rule_options
@click.option("--from", "started_after", type=TIME, help="From then on, at most a week; a day if left out.")
@json_option("Print a JSON document a line.")
def test(*, as_json: bool, **given: Any) -> None:
    """Tell which alerts a rule would have raised; nothing is kept or sent.

    \b
    Examples:
      timeloom alerts test "Many errors" --metric error-rate --above 0.05 --from 3d
    """
    session = current()
    since: datetime | None = given.pop("started_after", None)
    found = session.client.alerts.test_rule(_rule(given), started_after=since)
    if as_json:
        session.print_lines(found)
    else:
        _print_alerts(session, found)


@alerts.command("delete")
@click.argument("rule_id", metavar="RULE", type=click.UUID)
def delete(*, rule_id: UUID) -> None:
    """Delete a rule with its alerts."""
    session = current()
    session.client.alerts.delete_rule(str(rule_id))
    session.console.print(f"The rule {rule_id} is gone.")


def _rule(given: dict[str, Any]) -> AlertRule:
    comparisons = {
        AlertComparison.ABOVE: given.pop("above"),
        AlertComparison.BELOW: given.pop("below"),
        AlertComparison.RISES_BY: given.pop("rises_by"),
        AlertComparison.FALLS_BY: given.pop("falls_by"),
    }
    chosen = [(comparison, value) for comparison, value in comparisons.items() if value is not None]
    if len(chosen) != 1:
        raise click.UsageError("Give one of --above, --below, --rises-by and --falls-by")
    ((comparison, threshold),) = chosen
    if any(given.get(name) is not None for name in _TIMES):
        raise click.UsageError("A rule looks at its --window: --since and --until do not belong to it")
    level: Severity = given.pop("level")
    metric: Metric = given.pop("metric")
    window: timedelta = given.pop("window")
    lasting: timedelta = given.pop("lasting")
    return AlertRule(
        name=given.pop("name"),
        metric=metric,
        comparison=comparison,
        threshold=threshold,
        window_seconds=int(window.total_seconds()),
        for_seconds=int(lasting.total_seconds()),
        recovery_threshold=given.pop("recovery_threshold"),
        event_count_min=given.pop("event_count_min"),
        group_by=given.pop("group_by"),
        severity=level,
        actions=_actions(given.pop("urls"), given.pop("secret"), given.pop("events")),
        filter=taken(given),
    )


def _actions(urls: Iterable[str], secret: str, events: Iterable[str]) -> tuple[AlertAction, ...]:
    return (
        *(AlertAction(webhook=AlertWebhook(url=url, secret=secret)) for url in urls),
        *(AlertAction(event=AlertEvent(name=name)) for name in events),
    )


def _action(action: AlertAction) -> str:
    if action.webhook is not None:
        return action.webhook.url
    return f"event {action.event.name}" if action.event is not None else ""


def _condition(rule: AlertRule) -> str:
    if rule.metric is None or rule.comparison is None:
        return ""
    metric = rule.metric.lower().replace("_", "-")
    return f"{metric} {_COMPARISONS[rule.comparison]} {rule.threshold:g} in {_window(rule.window_seconds)}"


def _window(seconds: int) -> str:
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size} {unit}"


def _print_alerts(session: Session, found: Iterable[Alert]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("alert", "status", "level", "rule", "of", "value", "threshold", "since"):
        table.add_column(column, overflow="fold")
    for each in found:
        since = each.resolve_time or each.fire_time or each.pending_time
        seen = " (seen)" if each.acknowledge_time is not None else ""
        table.add_row(
            each.id,
            Text(f"{each.status.lower()}{seen}", style=_STYLES[each.status]) if each.status else "",
            words_of.severity(each.severity),
            escape(each.rule_name),
            escape(", ".join(each.group)),
            f"{each.last_value:g}",
            f"{each.threshold:g}",
            words_of.clock(since),
        )
    session.console.print(table if table.row_count else "No alerts.")
