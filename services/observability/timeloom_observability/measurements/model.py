"""What programs measure, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from timeloom_observability.model import InstrumentKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """Something that is measured; as whoever sent it last describes it."""

    name: str
    kind: InstrumentKind
    unit: str
    description: str
    attribute_names: Sequence[str]
    service_names: Sequence[str]
    last_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSeries:
    """Points that only their time tells apart.

    Attributes:
        is_cumulative: Whether they count from their start on, instead of from the point before.
        is_monotonic: Whether what they count only grows.
        group: Its values of what the query groups by.
    """

    id: UUID
    kind: InstrumentKind
    is_cumulative: bool
    is_monotonic: bool
    group: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What a series had measured at a time.

    Attributes:
        start_time: When counting began; None if nobody said.
        value: Of a gauge or sum.
        bounds: The upper bounds of all buckets but the last, or the quantiles of a summary.
        counts: How many values are in each bucket, or the values of the quantiles.
    """

    time: datetime
    start_time: datetime | None = None
    value: float | None = None
    count: float = 0.0
    sum: float | None = None
    min: float | None = None
    max: float | None = None
    bounds: tuple[float, ...] = ()
    counts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementsQuery:
    """Which points are asked for.

    Attributes:
        after: From then on; an hour before the end if None.
        before: Until before then; now if None.
        step_seconds: The length of a point; zero for one over the whole time.
        group_by: Names of attributes; `service.name` is one.
        attributes: What attributes must be, as texts.
    """

    name: str
    after: datetime | None = None
    before: datetime | None = None
    step_seconds: int = 0
    group_by: Sequence[str] = ()
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a group had measured within a step; None for what its kind of instrument does not tell.

    Attributes:
        count: How many values; of a sum or gauge, how many points were sent.
        sum: Of the increments, or of the values.
        last: The last value of a gauge, or of a sum that goes up and down.
        quantiles: The 50th, 95th and 99th percentile.
    """

    count: float = 0.0
    sum: float | None = None
    last: float | None = None
    min: float | None = None
    max: float | None = None
    quantiles: tuple[float | None, float | None, float | None] = (None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementsAnswer:
    """The points of groups, each with one for each time."""

    instrument: Instrument
    groups: Sequence[tuple[tuple[str, ...], Sequence[Measured]]]
    times: Sequence[datetime]
