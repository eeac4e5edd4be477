"""What programs measure, as points."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
    Summary,
    SummaryDataPoint,
)

from tests.helpers.telemetry import RECEIVER, START_NS, as_json, as_protobuf, key_values
from timeloom_observability.limits import BUCKETS_MAX
from timeloom_observability.model import InstrumentKind, MetricPoint
from timeloom_observability.otlp.json_form import JSON
from timeloom_observability.otlp.metrics import read_metrics
from timeloom_observability.otlp.outcome import Outcome
from timeloom_observability.otlp.protobuf import PROTOBUF

CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
TIMES: dict[str, Any] = {"start_time_unix_nano": START_NS - 10, "time_unix_nano": START_NS}


def read(*metrics: Metric) -> Outcome:
    """Reads metrics in both forms, which must come to the same."""
    request = ExportMetricsServiceRequest()
    of_resource = request.resource_metrics.add()
    of_resource.resource.attributes.extend(key_values({"service.name": "shop"}))
    of_resource.scope_metrics.add().metrics.extend(metrics)
    outcome = read_metrics(as_protobuf(request), PROTOBUF, RECEIVER)
    assert read_metrics(as_json(request), JSON, RECEIVER) == outcome
    return outcome


def one(metric: Metric) -> MetricPoint:
    outcome = read(metric)
    assert (outcome.rejected_count, outcome.message) == (0, "")
    (point,) = outcome.points
    return point


def number(**fields: Any) -> NumberDataPoint:
    return NumberDataPoint(**{**TIMES, **fields})


def test_a_sum_has_its_value_and_how_it_counts() -> None:
    attributes = key_values({"b": 2, "a": "x"})
    data = Sum(
        data_points=[number(as_int=7, attributes=attributes)],
        aggregation_temporality=CUMULATIVE,
        is_monotonic=True,
    )

    point = one(Metric(name="requests", unit="{request}", description="How many", sum=data))

    assert point == MetricPoint(
        id=point.id,
        series=point.series,
        name="requests",
        kind=InstrumentKind.SUM,
        unit="{request}",
        description="How many",
        is_cumulative=True,
        is_monotonic=True,
        start_ns=START_NS - 10,
        time_ns=START_NS,
        value=7.0,
        count=1,
        service_name="shop",
        attributes=b'{"a":"x","b":2}',
        resource=b'{"service.name":"shop"}',
    )


def test_a_gauge_may_be_zero_and_one_that_measured_nothing_has_no_point() -> None:
    points = [number(as_double=0.0), number(flags=1), number()]

    outcome = read(Metric(name="load", gauge=Gauge(data_points=points)))

    assert [point.value for point in outcome.points] == [0.0]
    assert outcome.message == "a point of metric 'load' is rejected: it has no value"


def test_a_histogram_has_buckets_and_only_the_extremes_that_were_told() -> None:
    data = HistogramDataPoint(**TIMES, count=3, sum=0.0, max=4.0, bucket_counts=[1, 2], explicit_bounds=[2.5])

    point = one(Metric(name="d", histogram=Histogram(data_points=[data], aggregation_temporality=DELTA)))

    assert (point.kind, point.is_cumulative) == (InstrumentKind.HISTOGRAM, False)
    assert (point.count, point.sum, point.min, point.max) == (3, 0.0, None, 4.0)
    assert (point.bounds, point.counts) == ((2.5,), (1.0, 2.0))


def test_a_summary_has_its_quantiles() -> None:
    quantiles = [SummaryDataPoint.ValueAtQuantile(quantile=q, value=v) for q, v in ((0.99, 9.0), (0.5, 5.0))]
    data = SummaryDataPoint(**TIMES, count=10, sum=50.0, quantile_values=quantiles)

    point = one(Metric(name="s", summary=Summary(data_points=[data])))

    assert (point.kind, point.count, point.sum) == (InstrumentKind.SUMMARY, 10, 50.0)
    assert (point.bounds, point.counts) == ((0.5, 0.99), (5.0, 9.0))


def exponential(**fields: Any) -> Metric:
    point = ExponentialHistogramDataPoint(**{**TIMES, **fields})
    return Metric(name="e", exponential_histogram=ExponentialHistogram(data_points=[point]))


BUCKETS = ExponentialHistogramDataPoint.Buckets


def test_an_exponential_histogram_is_one_with_bounds() -> None:
    point = one(
        exponential(
            count=10,
            scale=0,
            zero_count=1,
            positive=BUCKETS(offset=1, bucket_counts=[2, 3]),
            negative=BUCKETS(offset=0, bucket_counts=[4]),
        )
    )

    assert point.bounds == (-2.0, -1.0, 2.0, 4.0, 8.0)
    assert point.counts == (0.0, 4.0, 1.0, 2.0, 3.0, 0.0)


@given(
    scale=st.integers(-12, 22),
    offset=st.integers(-(2**31), 2**31 - 1) | st.integers(-50, 50),
    positive=st.lists(st.integers(0, 9), max_size=5),
    negative=st.lists(st.integers(0, 9), max_size=5),
)
def test_an_exponential_histogram_loses_no_value_or_is_rejected(
    scale: int, offset: int, positive: list[int], negative: list[int]
) -> None:
    outcome = read(
        exponential(
            scale=scale,
            zero_count=3,
            positive=BUCKETS(offset=offset, bucket_counts=positive),
            negative=BUCKETS(offset=offset, bucket_counts=negative),
        )
    )

    assert len(outcome.points) + outcome.rejected_count == 1
    for point in outcome.points:
        assert len(point.counts) == len(point.bounds) + 1
        assert sum(point.counts) == sum(positive) + sum(negative) + 3
        assert all(low < high for low, high in pairwise(point.bounds))


@pytest.mark.parametrize(
    ("bounds", "counts", "reason"),
    [
        ([1.0], [1], "it has 1 buckets, but 1 bounds"),
        ([2.0, 1.0], [1, 1, 1], "the bounds of its buckets do not increase"),
        ([1.0, float("inf")], [1, 1, 1], "the bounds of its buckets do not increase"),
        ([float("nan")], [1, 1], "the bounds of its buckets do not increase"),
        (
            [float(bound) for bound in range(BUCKETS_MAX)],
            [1] * (BUCKETS_MAX + 1),
            f"it has {BUCKETS_MAX + 1} buckets; at most {BUCKETS_MAX} are taken",
        ),
    ],
)
def test_a_histogram_that_cannot_be_read_is_rejected_and_the_others_are_not(
    bounds: list[float], counts: list[int], reason: str
) -> None:
    points = [
        HistogramDataPoint(**TIMES, bucket_counts=counts, explicit_bounds=bounds),
        HistogramDataPoint(**TIMES, count=1),
    ]

    outcome = read(Metric(name="d", histogram=Histogram(data_points=points)))

    assert (len(outcome.points), outcome.rejected_count) == (1, 1)
    assert outcome.message == f"a point of metric 'd' is rejected: {reason}"


def test_a_count_that_the_database_cannot_hold_is_rejected() -> None:
    data = HistogramDataPoint(**TIMES, count=2**64 - 1)

    outcome = read(Metric(name="d", histogram=Histogram(data_points=[data])))

    assert (outcome.points, outcome.rejected_count) == ([], 1)
    assert f"its count {2**64 - 1} is not from 0 to {2**63 - 1}" in outcome.message


def test_an_instrument_without_a_name_is_rejected_with_all_its_points() -> None:
    outcome = read(Metric(gauge=Gauge(data_points=[number(as_int=1)] * 3)), Metric(name="empty"))

    assert (outcome.points, outcome.rejected_count, outcome.warning_count) == ([], 3, 1)
    assert outcome.message == (
        "metric '' is rejected: a name has from 1 to 500 characters; metric 'empty': it has no points"
    )


def test_a_series_is_told_by_its_attributes_in_whatever_order_and_a_point_by_its_time() -> None:
    sent = [
        number(as_int=1, attributes=key_values({"a": 1, "b": 2})),
        number(as_int=1, attributes=key_values({"b": 2, "a": 1})),
        number(as_int=1, attributes=key_values({"a": 1, "b": 3})),
        number(as_int=1, attributes=key_values({"a": 1, "b": 2}), time_unix_nano=START_NS + 1),
    ]

    first, same, other, later = read(Metric(name="n", gauge=Gauge(data_points=sent))).points

    assert (first.series, first.id) == (same.series, same.id)
    assert first.series != other.series
    assert (first.series == later.series, first.id == later.id) == (True, False)


def test_a_point_far_off_in_time_is_kept_with_a_warning() -> None:
    outcome = read(Metric(name="n", gauge=Gauge(data_points=[number(as_int=1, time_unix_nano=5)])))

    assert len(outcome.points) == 1
    assert "its time is far off" in outcome.message
    assert json.loads(outcome.points[0].attributes) == {}
