"""What programs measure, as points."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    SummaryDataPoint,
)

from timeloom_observability.limits import BUCKETS_MAX, MESSAGE_LENGTH_MAX, NAME_LENGTH_MAX, WORD_LENGTH_MAX
from timeloom_observability.model import InstrumentKind, MetricPoint
from timeloom_observability.otlp.outcome import Outcome, RejectedError
from timeloom_observability.otlp.receiver import Receiver, Source, check_count, source_of
from timeloom_observability.otlp.wire import Form
from timeloom_observability.semantics.json_text import encoded
from timeloom_observability.semantics.rules import plain

Point: TypeAlias = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint

_LABEL_LENGTH_MAX: Final = 100
_CUMULATIVE: Final = 2
_NO_VALUE: Final = 1
_SCALE_MIN: Final = -10
_SCALE_MAX: Final = 20
"""The range of scales that OpenTelemetry's data model has."""

_COUNT_MAX: Final = (1 << 63) - 1
_SERIES_BYTES: Final = 16


def read_metrics(data: bytes, form: Form, receiver: Receiver) -> Outcome:
    """Returns the points of a request; those that cannot be kept are rejected one by one.

    Raises:
        MalformedTelemetryError: The request cannot be decoded.
    """
    outcome = Outcome()
    for resource_metrics in form.metrics(data).resource_metrics:
        for scope_metrics in resource_metrics.scope_metrics:
            try:
                source = source_of(form, resource_metrics.resource, scope_metrics.scope)
            except RejectedError as error:
                label = f"each point of scope {scope_metrics.scope.name[:_LABEL_LENGTH_MAX]!r}"
                count = sum(len(_points(metric, form)) for metric in scope_metrics.metrics)
                outcome.reject(label, error, count=count)
                continue
            for metric in scope_metrics.metrics:
                _read(metric, form, receiver, source, outcome)
    return outcome


def _read(metric: Metric, form: Form, receiver: Receiver, source: Source, outcome: Outcome) -> None:
    """Adds the points of one instrument."""
    label = f"metric {metric.name[:_LABEL_LENGTH_MAX]!r}"
    which = form.set_in(metric, "data")
    if which is None:
        outcome.warn(label, "it has no points")
        return
    data = getattr(metric, which)
    if not metric.name or len(metric.name) > NAME_LENGTH_MAX:
        reason = f"a name has from 1 to {NAME_LENGTH_MAX} characters"
        outcome.reject(label, reason, count=len(data.data_points))
        return
    kind, read = _KINDS[which]
    shared: dict[str, Any] = {
        "name": plain(metric.name),
        "kind": kind,
        "unit": plain(metric.unit[:WORD_LENGTH_MAX]),
        "description": plain(metric.description[:MESSAGE_LENGTH_MAX]),
        "is_cumulative": getattr(data, "aggregation_temporality", 0) == _CUMULATIVE,
        "is_monotonic": getattr(data, "is_monotonic", False),
        "service_name": source.service_name,
        "scope_name": source.scope_name,
        "resource": source.resource,
    }
    for point in data.data_points:
        if point.flags & _NO_VALUE:
            continue
        try:
            kept = _point(point, read(point, form), shared, form, receiver)
        except RejectedError as error:
            outcome.reject(f"a point of {label}", error)
            continue
        outcome.points.append(kept)
        if kept.time_ns != point.time_unix_nano:
            outcome.warn(f"a point of {label}", "its time is far off, and kept as near as is allowed")


def _points(metric: Metric, form: Form) -> Sequence[Point]:
    """Returns the points of an instrument, whatever they are."""
    which = form.set_in(metric, "data")
    return getattr(metric, which).data_points if which else ()


def _point(
    point: Point, values: dict[str, Any], shared: dict[str, Any], form: Form, receiver: Receiver
) -> MetricPoint:
    check_count(len(point.attributes))
    attributes = form.attributes(point.attributes)
    time_ns = receiver.kept_ns(point.time_unix_nano, {})
    # Attributes are a set: the order in which they are sent does not make another series.
    told = encoded(dict(sorted(attributes.items())))
    named = encoded([shared["name"], shared["kind"], shared["unit"], shared["scope_name"]])
    series = hashlib.sha256(b"\0".join((named, shared["resource"], told))).digest()[:_SERIES_BYTES]
    return MetricPoint(
        id=receiver.names.content(time_ns, b"point", series, time_ns.to_bytes(8, "big")),
        series=series,
        start_ns=max(min(point.start_time_unix_nano, time_ns), 0),
        time_ns=time_ns,
        attributes=told,
        **values,
        **shared,
    )


def _number(point: NumberDataPoint, form: Form) -> dict[str, Any]:
    which = form.set_in(point, "value")
    if which is None:
        raise RejectedError("it has no value")
    return {"value": float(getattr(point, which)), "count": 1}


def _histogram(point: HistogramDataPoint, form: Form) -> dict[str, Any]:
    bounds, counts = list(point.explicit_bounds), list(map(float, point.bucket_counts))
    if counts and len(counts) != len(bounds) + 1:
        raise RejectedError(f"it has {len(counts)} buckets, but {len(bounds)} bounds")
    return {**_buckets(bounds, counts), "count": _count(point.count), **_extremes(point, form)}


def _exponential(point: ExponentialHistogramDataPoint, form: Form) -> dict[str, Any]:
    """Returns an exponential histogram as one with bounds, from the most negative to the largest."""
    if not _SCALE_MIN <= point.scale <= _SCALE_MAX:
        raise RejectedError(f"its scale {point.scale} is not from {_SCALE_MIN} to {_SCALE_MAX}")
    above, below = point.positive, point.negative
    bounds = _powers(point.scale, above.offset, len(above.bucket_counts))
    counts = [float(point.zero_count), *map(float, above.bucket_counts), 0.0]
    if below.bucket_counts:
        negative = _powers(point.scale, below.offset, len(below.bucket_counts))
        bounds = [*(-bound for bound in reversed(negative)), *bounds]
        counts = [0.0, *map(float, reversed(below.bucket_counts)), *counts]
    return {**_buckets(bounds, counts), "count": _count(point.count), **_extremes(point, form)}


def _count(sent: int) -> int:
    """Returns how many values were measured."""
    if not 0 <= sent <= _COUNT_MAX:
        raise RejectedError(f"its count {sent} is not from 0 to {_COUNT_MAX}")
    return sent


def _powers(scale: int, offset: int, count: int) -> list[float]:
    """Returns the bounds of buckets that begin at an offset, one more than there are buckets."""
    _check_bucket_count(count)
    try:
        return [2.0 ** ((offset + step) * 2.0**-scale) for step in range(count + 1)]
    except OverflowError as error:
        raise RejectedError("its buckets are beyond all numbers") from error


def _buckets(bounds: list[float], counts: list[float]) -> dict[str, Any]:
    _check_bucket_count(len(counts))
    if any(low >= high for low, high in itertools.pairwise(bounds)) or not all(map(math.isfinite, bounds)):
        raise RejectedError("the bounds of its buckets do not increase")
    return {"bounds": tuple(bounds), "counts": tuple(counts)}


def _check_bucket_count(count: int) -> None:
    if count > BUCKETS_MAX:
        raise RejectedError(f"it has {count} buckets; at most {BUCKETS_MAX} are taken")


def _summary(point: SummaryDataPoint, form: Form) -> dict[str, Any]:
    del form
    _check_bucket_count(len(point.quantile_values))
    found = sorted((entry.quantile, entry.value) for entry in point.quantile_values)
    return {
        "count": _count(point.count),
        "sum": point.sum,
        "bounds": tuple(quantile for quantile, _ in found),
        "counts": tuple(value for _, value in found),
    }


def _extremes(point: HistogramDataPoint | ExponentialHistogramDataPoint, form: Form) -> dict[str, Any]:
    """Returns what a histogram may leave out."""
    return {name: getattr(point, name) for name in ("sum", "min", "max") if form.set_in(point, f"_{name}")}


_KINDS: Final[dict[str, tuple[InstrumentKind, Callable[[Any, Form], dict[str, Any]]]]] = {
    "gauge": (InstrumentKind.GAUGE, _number),
    "sum": (InstrumentKind.SUM, _number),
    "histogram": (InstrumentKind.HISTOGRAM, _histogram),
    "exponential_histogram": (InstrumentKind.EXPONENTIAL_HISTOGRAM, _exponential),
    "summary": (InstrumentKind.SUMMARY, _summary),
}
