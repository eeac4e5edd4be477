from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_observability.sketches import (
    RELATIVE_ERROR,
    ZERO_BUCKET,
    bucket_of,
    merged,
    middle_of,
    packed,
    quantile,
    quantiles,
    sketch_of,
    unpacked,
    upper_bound_of,
)

DURATIONS = st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=200)
SHARES = st.floats(0, 1)


@given(values=DURATIONS, share=SHARES)
def test_a_quantile_is_within_one_percent_of_the_exact_one(values: list[int], share: float) -> None:
    exact = float(np.quantile(np.array(values, dtype=np.float64), share))

    found = quantile(sketch_of(values), share)

    assert found == pytest.approx(exact, rel=RELATIVE_ERROR + 1e-9, abs=1e-6)


@given(parts=st.lists(DURATIONS, max_size=5))
def test_merging_sketches_is_the_sketch_of_everything(parts: list[list[int]]) -> None:
    everything = [value for part in parts for value in part]

    assert merged(map(sketch_of, parts)) == sketch_of(everything)
    assert merged(map(sketch_of, reversed(parts))) == sketch_of(everything)


@given(value=st.integers(1, 2**63 - 1))
def test_a_bucket_is_a_small_integer_whose_middle_is_near(value: int) -> None:
    bucket = bucket_of(value)

    assert 0 <= bucket <= 2_185
    assert middle_of(bucket) == pytest.approx(value, rel=RELATIVE_ERROR + 1e-9)


def test_what_takes_no_time_is_kept_apart() -> None:
    assert sketch_of([0, 0.5, 1]) == {ZERO_BUCKET: 2, 0: 1}
    assert middle_of(ZERO_BUCKET) == 0.0


def test_nothing_has_no_quantiles() -> None:
    assert quantiles({}, (0.5, 0.99)) == [None, None]


def test_several_quantiles_come_in_the_order_of_their_shares() -> None:
    sketch = sketch_of(range(1, 1_001))

    high, low = quantiles(sketch, (0.99, 0.5))

    assert high is not None
    assert low is not None
    assert math.isclose(high, 990, rel_tol=0.011)
    assert math.isclose(low, 500, rel_tol=0.011)


@given(parts=st.lists(DURATIONS, max_size=5))
def test_packed_sketches_that_are_joined_are_the_sketch_of_everything(parts: list[list[int]]) -> None:
    everything = [value for part in parts for value in part]

    assert unpacked(b"".join(packed(sketch_of(part)) for part in parts)) == sketch_of(everything)


@given(counts=st.dictionaries(st.integers(ZERO_BUCKET, 2_185), st.integers(1, 5_000_000), max_size=5))
def test_counts_of_any_size_can_be_packed(counts: dict[int, int]) -> None:
    assert unpacked(packed(counts)) == counts


@given(value=st.integers(0, 2**63 - 1))
def test_a_value_is_between_the_bounds_of_its_bucket(value: int) -> None:
    bucket = bucket_of(value)

    assert value <= upper_bound_of(bucket) * (1 + 1e-9)
    assert bucket == ZERO_BUCKET or value >= upper_bound_of(bucket - 1) * (1 - 1e-9)


def test_many_sketches_are_unpacked_like_few() -> None:
    sketches = [{number % 700 + 1: number, 2_000: 3, ZERO_BUCKET: 1} for number in range(1, 5_000)]

    assert unpacked(b"".join(map(packed, sketches))) == merged(sketches)
