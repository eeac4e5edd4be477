"""From what was counted since a start to what came in between, for one series.

A counter may begin anew at any point: its program was started again. Then its point is what came since that
start, and nothing is lost but what was counted after the last point before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from timeloom_observability.measurements.model import Point


def increments(points: Iterable[Point], *, after: datetime, is_monotonic: bool) -> Iterator[Point]:
    """Yields what came in between points that count from a start on.

    Args:
        points: In the order of their times, from the last one before `after` on, if there is one.
        after: What was counted before is left out.
        is_monotonic: Whether what is counted only grows.
    """
    last: Point | None = None
    for point in points:
        if point.time >= after:
            if last is None:
                # Without a point before, what was counted before the time asked for cannot be told apart.
                if point.start_time is not None and point.start_time >= after:
                    yield point
            elif _is_anew(last, point, is_monotonic=is_monotonic):
                yield point
            else:
                yield _difference(last, point)
        last = point


def _is_anew(last: Point, point: Point, *, is_monotonic: bool) -> bool:
    """Whether counting began again between two points."""
    if point.start_time is not None and point.start_time >= last.time:
        return True
    if point.bounds != last.bounds or len(point.counts) != len(last.counts):
        return True
    if point.count < last.count:
        return True
    if any(new < old for old, new in zip(last.counts, point.counts, strict=True)):
        return True
    return is_monotonic and (point.value or 0.0) < (last.value or 0.0)


def _difference(last: Point, point: Point) -> Point:
    """Returns what came between two points; of what, nobody knows the least and the greatest."""
    return replace(
        point,
        value=_less(point.value, last.value),
        count=point.count - last.count,
        sum=_less(point.sum, last.sum),
        min=None,
        max=None,
        counts=tuple(new - old for old, new in zip(last.counts, point.counts, strict=True)),
    )


def _less(value: float | None, other: float | None) -> float | None:
    return None if value is None else value - (other or 0.0)
