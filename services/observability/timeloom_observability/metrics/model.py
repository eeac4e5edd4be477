"""What is asked of metrics, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from timeloom.observability.v1.observability_pb2 import EventFilter

SERIES_LIMIT_DEFAULT: Final = 20


class Metric(IntEnum):
    """What is reckoned; the numbers are those of the contract."""

    COUNT = 1
    RATE = 2
    ERROR_COUNT = 3
    ERROR_RATE = 4
    DURATION_P50 = 5
    DURATION_P75 = 6
    DURATION_P90 = 7
    DURATION_P95 = 8
    DURATION_P99 = 9
    DURATION_MEAN = 10
    DURATION_MAX = 11
    INPUT_TOKENS = 12
    OUTPUT_TOKENS = 13
    TOTAL_TOKENS = 14
    COST = 15


SHARES: Final[Mapping[Metric, float]] = {
    Metric.DURATION_P50: 0.5,
    Metric.DURATION_P75: 0.75,
    Metric.DURATION_P90: 0.9,
    Metric.DURATION_P95: 0.95,
    Metric.DURATION_P99: 0.99,
}
"""Of all durations, the share that is at most so long."""

TIMED: Final = frozenset((*SHARES, Metric.DURATION_MEAN, Metric.DURATION_MAX))
"""Metrics that are told of events which take time, and not of moments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricQuery:
    """What is asked.

    Attributes:
        event_filter: Of which events; from an hour before its end on, and until now, if it names no times.
        metrics: At least one.
        group_by: Columns of events by which series are told apart.
        step_seconds: The length of a point; zero for one point over the whole time.
        series_limit: So many series have a name of their own; the others are one.
        path: What the request calls the filter.
    """

    event_filter: EventFilter
    metrics: Sequence[Metric]
    group_by: Sequence[str] = ()
    step_seconds: int = 0
    series_limit: int = SERIES_LIMIT_DEFAULT
    path: str = "filter"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSeries:
    """The metrics of one group.

    Attributes:
        group: In the order of `group_by`, enums by their short names; empty for the rest.
        is_rest: Whether it is what the limit of series left over.
        values: Of each metric, of each point; None where there is none.
    """

    group: tuple[str, ...]
    is_rest: bool
    values: Sequence[Sequence[float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricAnswer:
    """What is answered.

    Attributes:
        series: Those with most events first; the rest last. None if there was no event.
        times: The beginnings of the points, multiples of the step. The first and the last point hold what is
            within the time asked for.
        is_exact: Whether percentiles are exact; otherwise they are within one percent.
    """

    series: Sequence[MetricSeries]
    times: Sequence[datetime]
    step_seconds: int
    is_exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetQuery:
    """Which events are counted, and by which fields."""

    event_filter: EventFilter
    fields: Sequence[str]
    value_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """How many events have which value of a field, those of most events first."""

    field: str
    values: Sequence[tuple[str, int]]
    other_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationBin:
    """How many events took from `begin_ms` to below `end_ms`."""

    begin_ms: float
    end_ms: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What counting comes to.

    Attributes:
        durations: From the shortest to the longest, without gaps.
        is_cut: Whether only the newest events were looked at.
    """

    count: int
    facets: Sequence[Facet]
    durations: Sequence[DurationBin]
    is_cut: bool
