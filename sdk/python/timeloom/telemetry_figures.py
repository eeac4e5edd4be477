"""What events come to: metrics, counts, prices, and what programs measure themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Metric(StrEnum):
    """What is reckoned of events: numbers, rates, durations in milliseconds, tokens, costs in US dollars."""

    COUNT = "COUNT"
    RATE = "RATE"
    ERROR_COUNT = "ERROR_COUNT"
    ERROR_RATE = "ERROR_RATE"
    DURATION_P50 = "DURATION_P50"
    DURATION_P75 = "DURATION_P75"
    DURATION_P90 = "DURATION_P90"
    DURATION_P95 = "DURATION_P95"
    DURATION_P99 = "DURATION_P99"
    DURATION_MEAN = "DURATION_MEAN"
    DURATION_MAX = "DURATION_MAX"
    INPUT_TOKENS = "INPUT_TOKENS"
    OUTPUT_TOKENS = "OUTPUT_TOKENS"
    TOTAL_TOKENS = "TOTAL_TOKENS"
    COST = "COST"


class InstrumentKind(StrEnum):
    """What kind of numbers an instrument yields, as OpenTelemetry has them."""

    GAUGE = "GAUGE"
    SUM = "SUM"
    HISTOGRAM = "HISTOGRAM"
    EXPONENTIAL_HISTOGRAM = "EXPONENTIAL_HISTOGRAM"
    SUMMARY = "SUMMARY"


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetValue:
    """A value of a field, and how many events have it; the value is empty for events without one."""

    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """How many events there are of each of the most frequent values of a field; and how many others."""

    field: str
    values: Sequence[FacetValue]
    other_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationBin:
    """How many events took at least so long, and less than that."""

    duration_ms_min: float
    duration_ms_max: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCounts:
    """How many events there are.

    Attributes:
        count: In all.
        facets: By the values of fields. What a field itself is filtered by leaves its own counts as they are.
        durations: By how long they took.
        is_cut: Whether only the newest 200,000 events were counted, as each had to be looked at.
    """

    count: int
    facets: Sequence[Facet]
    durations: Sequence[DurationBin]
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricValue:
    """A value at a point of time; None where nothing happened."""

    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricValues:
    """A metric's values, one for each point of time."""

    metric: Metric | None
    values: Sequence[MetricValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSeries:
    """The metrics of the events that have the same values of the fields by which they are grouped.

    Attributes:
        group: Those values, in the order of `group_by`.
        is_rest: Whether it is what the limit of series left over.
        metrics: In the order in which they were asked for.
    """

    group: Sequence[str]
    is_rest: bool
    metrics: Sequence[MetricValues]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Metrics of events over time.

    Attributes:
        series: One for each group, those with most events first.
        times: The beginnings of the points.
        step_seconds: How long a point is.
        is_exact: Whether percentiles are exact; otherwise they are within one percent.
    """

    series: Sequence[MetricSeries]
    times: Sequence[datetime]
    step_seconds: int
    is_exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryStats:
    """How much telemetry a project has, and how much of it is searchable yet.

    Attributes:
        stored_bytes: What it takes: the project's share by its events.
        unindexed_count: Events that still have to be made findable by words.
        unembedded_count: Those that still have to be made findable by meaning.
    """

    event_count: int
    trace_count: int
    oldest_time: datetime | None
    newest_time: datetime | None
    stored_bytes: int
    unindexed_count: int
    unembedded_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a model costs from some time on, in US dollars for a million tokens.

    Attributes:
        id: A UUID.
        provider: `*` for any.
        model: A model's name, or the beginning of several with `*` at its end.
        cache_read_per_million: As those of the input if None.
        cache_write_per_million: As those of the input if None.
        effective_time: From then on.
        input_tokens_max: What has a larger input costs something else, which is not known.
        built_in: Whether it comes with Timeloom; a project's own prices go first.
    """

    id: str
    provider: str
    model: str
    input_per_million: float
    output_per_million: float
    cache_read_per_million: float | None
    cache_write_per_million: float | None
    effective_time: datetime | None
    input_tokens_max: int | None
    built_in: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryRetention:
    """How long events, and what programs measure, are kept: whole days; zero keeps them for ever."""

    days: int
    metric_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """Something that programs measure themselves, such as `gen_ai.client.token.usage`."""

    name: str
    kind: InstrumentKind | None
    unit: str
    description: str
    attribute_names: Sequence[str]
    service_names: Sequence[str]
    last_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementPoint:
    """What was measured within one step.

    Attributes:
        count: How many values; for a sum or gauge, how many points were sent.
        sum: Of the increments, or of the values of a histogram; None for a gauge.
        last: The last value of a gauge.
        p50: Of a histogram, by interpolation within its buckets; likewise the others.
    """

    count: int
    sum: float | None
    last: float | None
    min: float | None
    max: float | None
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementSeries:
    """The points of one group."""

    group: Sequence[str]
    points: Sequence[MeasurementPoint]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """What an instrument measured over time; `times` are the beginnings of the points."""

    instrument: Instrument | None
    series: Sequence[MeasurementSeries]
    times: Sequence[datetime]
