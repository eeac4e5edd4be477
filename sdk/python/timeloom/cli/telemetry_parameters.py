"""The options by which commands say which events they mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final, TypeVar

import click

from timeloom.cli.parameters import TIME, EnumType
from timeloom.telemetry import EventFilter, EventKind, EventStatus, EventType, ScoreSource, Severity
from timeloom.telemetry_figures import Metric

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

EVENT_TYPE: Final = EnumType(EventType)
EVENT_KIND: Final = EnumType(EventKind)
EVENT_STATUS: Final = EnumType(EventStatus)
SEVERITY: Final = EnumType(Severity)
METRIC: Final = EnumType(Metric)
SCORE_SOURCE: Final = EnumType(ScoreSource)

ORDERS: Final = ("start_time", "start_time desc", "duration desc", "cost desc", "tokens desc")

_FILTERS: Final = frozenset(field.name for field in fields(EventFilter))

_OPTIONS: Final = (
    click.option("--type", "types", type=EVENT_TYPE, multiple=True, help="Only of this type; repeatable."),
    click.option("--kind", "kinds", type=EVENT_KIND, multiple=True, help="Only of this kind; repeatable."),
    click.option(
        "--status", "statuses", type=EVENT_STATUS, multiple=True, help="Only those that came out so."
    ),
    click.option("--severity", "severity_min", type=SEVERITY, help="Only as bad as this, or worse."),
    click.option("--name", "names", metavar="NAME", multiple=True, help="Only of this name; repeatable."),
    click.option("--agent", "agent_ids", metavar="ID", multiple=True, help="Only this agent's; repeatable."),
    click.option("--model", "models", metavar="MODEL", multiple=True, help="Only this model's; repeatable."),
    click.option("--provider", "providers", metavar="NAME", multiple=True, help="Only this provider's."),
    click.option("--tool", "tool_names", metavar="NAME", multiple=True, help="Only this tool's."),
    click.option("--service", "service_names", metavar="NAME", multiple=True, help="Only this program's."),
    click.option("--error", "error_types", metavar="TYPE", multiple=True, help="Only these errors."),
    click.option("--trace", "trace_id", metavar="ID", default="", help="Only of this trace."),
    click.option("--execution", "execution_id", metavar="ID", default="", help="Only of this execution."),
    click.option("--session", "session_id", metavar="ID", default="", help="Only of this conversation."),
    click.option("--user", "user_id", metavar="ID", default="", help="Only what was done for this user."),
    click.option("--tag", "tags", metavar="TAG", multiple=True, help="Only with this tag; repeatable."),
    click.option("--roots", "roots_only", is_flag=True, help="Only spans without a parent."),
    click.option(
        "--since", "started_after", type=TIME, help="Only those since then: 30m, 2h, 2026-11-23T14:00."
    ),
    click.option("--until", "started_before", type=TIME, help="Only those before then."),
    click.option(
        "--slower-than",
        "duration_ms_min",
        type=click.FloatRange(min=0),
        default=0.0,
        metavar="MS",
        help="Only those that took at least so many milliseconds.",
    ),
    click.option(
        "--faster-than",
        "duration_ms_max",
        type=click.FloatRange(min=0),
        default=0.0,
        metavar="MS",
        help="Only those that took less.",
    ),
    click.option(
        "--attribute", "attributes", metavar="NAME=VALUE", multiple=True, help="Only with this attribute."
    ),
    click.option("--words", metavar="WORDS", default="", help="Only those in which all of these occur."),
)


def filter_options(command: CommandT) -> CommandT:
    """Add the options by which events are meant; `taken` makes a filter of what they are given."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def taken(given: dict[str, Any]) -> EventFilter:
    """Return the filter, and take its members away from what was given."""
    return EventFilter(**{name: given.pop(name) for name in _FILTERS & given.keys()})
