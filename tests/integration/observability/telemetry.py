"""Random telemetry, and what it comes to, reckoned event by event."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from msgspec.structs import replace

from tests.integration.observability.events import span
from timeloom.observability.v1.observability_pb2 import EventFilter
from timeloom_observability.metrics.dimensions import told
from timeloom_observability.metrics.model import SHARES, Metric, MetricQuery
from timeloom_observability.metrics.times import Window
from timeloom_observability.model import (
    EPOCH,
    Cost,
    CostSource,
    Event,
    EventKind,
    EventStatus,
    EventType,
    Severity,
    TokenUsage,
)
from timeloom_observability.showing import message_of
from timeloom_platform.event_filters import matcher
from timeloom_platform.times import timestamp

BEGIN = datetime.fromisoformat("2026-03-01T22:58:47.123456+00:00")
LENGTH = timedelta(days=2, hours=3)
ENUMS = ("type", "kind", "status", "severity")
_MOMENTS = (EventType.SPAN_EVENT, EventType.LOG)


def at(moment: timedelta) -> int:
    """Returns a time after the beginning in nanoseconds."""
    return (BEGIN + moment - EPOCH) // timedelta(microseconds=1) * 1_000


def telemetry(chance: random.Random, project_id: UUID, count: int) -> list[Event]:
    """Returns events of two days, many of them close together."""
    centres = [chance.random() for _ in range(5)]
    return [_event(chance, project_id, number, centres) for number in range(1, count + 1)]


def questions(chance: random.Random) -> MetricQuery:
    """Returns a query of any window, step, filter and groups."""
    begin, end = sorted(chance.random() for _ in range(2))
    grain = chance.choice([timedelta(microseconds=1), timedelta(seconds=10), timedelta(hours=1)])
    after = _rounded(BEGIN + begin * LENGTH, grain)
    before = _rounded(BEGIN + end * LENGTH, grain) + chance.choice([grain, timedelta(seconds=3), LENGTH])
    step_seconds = chance.choice([0, 0, 3_600, 10_800, 86_400, 2_000, 3_607])
    chosen: dict[str, Any] = {
        "kinds": [EventKind.LLM, EventKind.TOOL],
        "statuses": [EventStatus.ERROR],
        "models": ["large"],
        "names": ["work", "chat"],
        "severity_min": Severity.INFO,
        "user_id": "ada",
        "duration_ms_min": 5.0,
        "tags": ["night"],
    }
    names = chance.sample(sorted(chosen), chance.choice([0, 0, 1, 2]))
    return MetricQuery(
        event_filter=EventFilter(
            started_after=timestamp(after),
            started_before=timestamp(before),
            **{name: chosen[name] for name in names},
        ),
        metrics=tuple(Metric),
        group_by=chance.choice([(), (), ("model",), ("kind", "agent_id"), ("user_id",), ("status", "name")]),
        step_seconds=step_seconds,
        series_limit=chance.choice([1, 3, 20]),
    )


def meant(events: Iterable[Event], event_filter: EventFilter) -> list[Event]:
    """Returns the events of a filter."""
    matches = matcher(event_filter)
    return [event for event in events if matches(message_of(event, BEGIN))]


def group_of(event: Event, columns: Sequence[str]) -> tuple[str, ...]:
    """Returns an event's values of columns, as they are told."""
    return tuple(told(column, getattr(event, column)) for column in columns)


def reckoned(events: Sequence[Event], window: Window) -> Mapping[datetime, list[float | None]]:
    """Returns all metrics of events, by the beginnings of steps."""
    by_step: dict[datetime, list[Event]] = defaultdict(list)
    step = timedelta(seconds=window.step_seconds)
    for event in events:
        start = event.start_time
        by_step[EPOCH + (start - EPOCH) // step * step if step else window.after].append(event)
    return {time: _metrics(by_step[time], window.seconds_of(time)) for time in window.times}


def _metrics(events: Sequence[Event], seconds: float) -> list[float | None]:
    count, failed = len(events), sum(event.status is EventStatus.ERROR for event in events)
    lengths = np.array([each.duration_ns for each in events if each.type not in _MOMENTS]) / 1_000_000
    usages = [event.usage for event in events if event.usage]
    found: dict[Metric, float | None] = {
        Metric.COUNT: count,
        Metric.RATE: count / seconds,
        Metric.ERROR_COUNT: failed,
        Metric.ERROR_RATE: failed / count if count else None,
        Metric.DURATION_MEAN: float(lengths.mean()) if lengths.size else None,
        Metric.DURATION_MAX: float(lengths.max()) if lengths.size else None,
        Metric.INPUT_TOKENS: sum(usage.input_tokens for usage in usages),
        Metric.OUTPUT_TOKENS: sum(usage.output_tokens for usage in usages),
        Metric.TOTAL_TOKENS: sum(usage.total_tokens for usage in usages),
        Metric.COST: sum(event.cost.total for event in events if event.cost),
    }
    for metric, share in SHARES.items():
        found[metric] = float(np.quantile(lengths, share)) if lengths.size else None
    return [found[metric] for metric in Metric]


def _event(chance: random.Random, project_id: UUID, number: int, centres: Sequence[float]) -> Event:
    share = (
        chance.random() if chance.random() < 0.3 else min(chance.choice(centres) + chance.random() / 500, 1)
    )
    kind = chance.choice([EventKind.LLM, EventKind.LLM, EventKind.TOOL, EventKind.AGENT])
    usage, cost = None, None
    if kind is EventKind.LLM:
        tokens = chance.randrange(1_000)
        usage = TokenUsage(input_tokens=tokens, output_tokens=7, total_tokens=tokens + 7)
        cost = Cost(total=tokens / 64, source=CostSource.PRICED)
    event_type = chance.choice([EventType.SPAN, EventType.SPAN, EventType.LOG, EventType.CUSTOM])
    made = span(
        project_id,
        number,
        start_ns=at(share * LENGTH),
        kind=kind,
        name=chance.choice(["work", "chat", "search"]),
        status=chance.choice([EventStatus.OK, EventStatus.OK, EventStatus.ERROR]),
        severity=chance.choice(list(Severity)),
        model=chance.choice(["", "small", "large"]),
        agent_id=chance.choice(["planner", "writer"]),
        user_id=chance.choice(["", "ada", "bob"]),
        tags=chance.choice([(), ("night",), ("night", "late")]),
        duration_ms=0 if event_type is EventType.LOG else chance.lognormvariate(3, 2),
        usage=usage,
        cost=cost,
    )
    return replace(made, type=event_type)


def _rounded(time: datetime, grain: timedelta) -> datetime:
    return EPOCH + (time - EPOCH) // grain * grain
