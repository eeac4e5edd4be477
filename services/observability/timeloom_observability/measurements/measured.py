"""What the points of several series come to within a step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from timeloom_observability.measurements.buckets import Buckets, add_buckets, quantiles
from timeloom_observability.measurements.model import Measured, MeasuredSeries, Point
from timeloom_observability.model import InstrumentKind

SHARES: Final = (0.5, 0.95, 0.99)
_HISTOGRAMS: Final = (InstrumentKind.HISTOGRAM, InstrumentKind.EXPONENTIAL_HISTOGRAM)


@dataclass(slots=True)
class Tally:
    """Adds up the points of a group within a step.

    What counts since a start is to be added as what came in between, and as it was sent, too: that tells
    where something stands that goes up and down.
    """

    _count: float = 0.0
    _sum: float | None = None
    _least: float | None = None
    _greatest: float | None = None
    _latest: Point | None = None
    _levels: dict[UUID, float] = field(default_factory=dict[UUID, float])
    _buckets: Buckets = field(default_factory=Buckets)
    _summary: Point | None = None

    def add(self, series: MeasuredSeries, point: Point) -> None:
        """Adds a point that stands for itself, or what came between two that do not."""
        if series.kind is InstrumentKind.GAUGE:
            self._add_level(point)
        elif series.kind is InstrumentKind.SUM:
            self._count += 1
            self._sum = _added(self._sum, point.value)
        else:
            self._count += point.count
            self._sum = _added(self._sum, point.sum)
            if series.kind in _HISTOGRAMS:
                self._add_extremes(point.min, point.max)
                add_buckets(self._buckets, point)

    def add_sent(self, series: MeasuredSeries, point: Point) -> None:
        """Notes a point that counts since a start as it was sent."""
        if series.kind is InstrumentKind.SUM and not series.is_monotonic and point.value is not None:
            self._levels[series.id] = point.value
        elif series.kind is InstrumentKind.SUMMARY and (
            self._summary is None or point.time >= self._summary.time
        ):
            self._summary = point

    @property
    def measured(self) -> Measured:
        """What they come to."""
        last = self._latest.value if self._latest is not None else None
        return Measured(
            count=self._count,
            sum=self._sum,
            last=sum(self._levels.values()) if self._levels else last,
            min=self._least,
            max=self._greatest,
            quantiles=self._quantiles,
        )

    @property
    def _quantiles(self) -> tuple[float | None, float | None, float | None]:
        if self._summary is not None:
            told = dict(zip(self._summary.bounds, self._summary.counts, strict=True))
            found: Sequence[float | None] = [told.get(share) for share in SHARES]
        else:
            found = quantiles(self._buckets, SHARES)
        p50, p95, p99 = found
        return p50, p95, p99

    def _add_level(self, point: Point) -> None:
        """Adds a gauge's point; one without a number tells nothing."""
        if point.value is None or not math.isfinite(point.value):
            return
        self._count += 1
        self._add_extremes(point.value, point.value)
        if self._latest is None or point.time >= self._latest.time:
            self._latest = point

    def _add_extremes(self, least: float | None, greatest: float | None) -> None:
        if least is not None:
            self._least = least if self._least is None else min(self._least, least)
        if greatest is not None:
            self._greatest = greatest if self._greatest is None else max(self._greatest, greatest)


def _added(total: float | None, number: float | None) -> float | None:
    """Returns a sum; what is no number is left out."""
    if number is None or not math.isfinite(number):
        return total
    return (total or 0.0) + number
