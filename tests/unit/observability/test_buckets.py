from __future__ import annotations

import math
from bisect import bisect_left
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from timeloom_observability.measurements.buckets import Buckets, add_buckets, quantiles
from timeloom_observability.measurements.model import Point

BOUNDS = st.lists(st.integers(-50, 100), min_size=1, max_size=8, unique=True).map(sorted)
VALUES = st.lists(st.integers(-80, 150), min_size=1, max_size=60)
SHARES = (0.0, 0.25, 0.5, 0.95, 0.99, 1.0)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def histogram(values: list[int], bounds: list[int], *, tells_extremes: bool) -> Point:
    counts = [0.0] * (len(bounds) + 1)
    for value in values:
        counts[bisect_left(bounds, value)] += 1
    return Point(
        time=NOW,
        count=len(values),
        min=float(min(values)) if tells_extremes else None,
        max=float(max(values)) if tells_extremes else None,
        bounds=tuple(map(float, bounds)),
        counts=tuple(counts),
    )


@given(values=VALUES, bounds=BOUNDS, tells_extremes=st.booleans())
def test_a_quantile_is_in_the_bucket_of_the_value_of_its_rank(
    *, values: list[int], bounds: list[int], tells_extremes: bool
) -> None:
    # Without its least value, a histogram with a first bound above zero has no negative ones.
    assume(tells_extremes or bounds[0] <= 0 or min(values) >= 0)
    buckets: Buckets = {}
    add_buckets(buckets, histogram(values, bounds, tells_extremes=tells_extremes))

    found = quantiles(buckets, SHARES)

    for share, value in zip(SHARES, found, strict=True):
        true = sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]
        position = bisect_left(bounds, true)
        low = bounds[position - 1] if position else -math.inf
        high = bounds[position] if position < len(bounds) else math.inf
        assert value is not None
        assert low - 1e-6 <= value <= high + 1e-6
        if tells_extremes:
            assert min(values) - 1e-6 <= value <= max(values) + 1e-6


@given(
    parts=st.lists(st.tuples(VALUES, BOUNDS), min_size=1, max_size=4),
)
def test_histograms_of_other_bounds_can_be_added(parts: list[tuple[list[int], list[int]]]) -> None:
    buckets: Buckets = {}
    for values, bounds in parts:
        add_buckets(buckets, histogram(values, bounds, tells_extremes=True))

    found = [value for value in quantiles(buckets, SHARES) if value is not None]

    everything = [value for values, _ in parts for value in values]
    assert found == sorted(found)
    assert found[0] == pytest.approx(min(everything), abs=1e-6)
    assert found[-1] == pytest.approx(max(everything), abs=1e-6)


def test_values_are_spread_evenly_within_a_bucket() -> None:
    buckets: Buckets = {}
    add_buckets(buckets, Point(time=NOW, count=10, bounds=(10.0, 20.0), counts=(0.0, 10.0, 0.0)))

    assert quantiles(buckets, (0.0, 0.5, 0.9)) == [10.0, 15.0, 19.0]


def test_without_values_or_bounds_there_is_no_quantile() -> None:
    buckets: Buckets = {}
    add_buckets(buckets, Point(time=NOW, bounds=(1.0,), counts=(0.0, 0.0)))
    add_buckets(buckets, Point(time=NOW, count=3, counts=(3.0,)))

    assert quantiles(buckets, (0.5,)) == [None]
