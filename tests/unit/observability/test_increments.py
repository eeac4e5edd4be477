from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from timeloom_observability.measurements.increments import increments
from timeloom_observability.measurements.model import Point

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=30)
"""What was counted until the next point, and whether the program was started again before."""


def counted(steps: list[tuple[int, bool]], *, tells_start: bool) -> list[Point]:
    """Returns the points of a counter, one a minute."""
    points: list[Point] = []
    total, start = 0, BEGIN
    for index, (increment, is_new) in enumerate(steps):
        time = BEGIN + timedelta(minutes=index + 1)
        if is_new and index:
            total, start = 0, time - timedelta(seconds=30)
        total += increment
        points.append(
            Point(
                time=time,
                start_time=start if tells_start else None,
                value=float(total),
                count=total,
                sum=total * 2.0,
                bounds=(1.0,),
                counts=(float(total), 0.0),
            )
        )
    return points


@given(steps=STEPS, first=st.integers(0, 29))
def test_increments_are_what_was_counted_whenever_a_program_began_again(
    steps: list[tuple[int, bool]], first: int
) -> None:
    points = counted(steps, tells_start=True)
    first = min(first, len(points) - 1)

    found = list(increments(points[max(first - 1, 0) :], after=points[first].time, is_monotonic=True))

    expected = [float(increment) for increment, _ in steps[first:]]
    if first == 0:
        # Counting began before the time asked for, and no point tells how much of it was before.
        expected = expected[1:]
    assert [point.value for point in found] == expected
    assert [point.count for point in found] == expected
    assert [point.sum for point in found] == [2 * value for value in expected]
    assert [point.counts for point in found] == [(value, 0.0) for value in expected]


def test_a_counter_that_began_within_the_time_counts_from_its_start() -> None:
    points = counted([(7, False), (3, False)], tells_start=True)

    found = list(increments(points, after=BEGIN, is_monotonic=True))

    assert [point.value for point in found] == [7.0, 3.0]


def test_without_a_start_a_counter_that_falls_began_again() -> None:
    points = [
        Point(time=BEGIN + timedelta(minutes=index), value=value)
        for index, value in enumerate([5.0, 9.0, 2.0, 4.0])
    ]

    found = list(increments(points, after=BEGIN, is_monotonic=True))

    assert [point.value for point in found] == [4.0, 2.0, 2.0]


def test_what_goes_up_and_down_may_fall() -> None:
    points = [
        Point(time=BEGIN + timedelta(minutes=index), value=value)
        for index, value in enumerate([5.0, 9.0, 2.0])
    ]

    found = list(increments(points, after=BEGIN, is_monotonic=False))

    assert [point.value for point in found] == [4.0, -7.0]


def test_other_buckets_are_another_counting() -> None:
    chance = random.Random(1)
    points = [
        Point(
            time=BEGIN + timedelta(minutes=index),
            count=10 + index,
            bounds=tuple(float(bound) for bound in range(1 + index % 2)),
            counts=tuple(float(chance.randrange(5)) for _ in range(2 + index % 2)),
        )
        for index in range(4)
    ]

    found = list(increments(points, after=BEGIN, is_monotonic=True))

    assert found == points[1:]
