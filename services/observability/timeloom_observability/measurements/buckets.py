"""Values of which only is known between which bounds they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from timeloom_observability.measurements.model import Point

Buckets: TypeAlias = dict[tuple[float, float], float]
"""How many values are between two bounds, which may be infinite, and may overlap with others."""


def add_buckets(buckets: Buckets, point: Point) -> None:
    """Adds the buckets of a histogram.

    The outermost end where its least and greatest values are, if it tells them. If not, what is below a first
    bound above zero is taken not to be negative.
    """
    if not point.counts or (not point.bounds and (point.min is None or point.max is None)):
        return
    least = point.min
    if least is None:
        least = 0.0 if point.bounds[0] > 0 else -math.inf
    greatest = math.inf if point.max is None else point.max
    bounds = (-math.inf, *point.bounds, math.inf)
    for (low, high), count in zip(pairwise(bounds), point.counts, strict=True):
        if count > 0:
            key = min(max(low, least), high), max(min(high, greatest), low)
            buckets[key] = buckets.get(key, 0.0) + count


def quantiles(buckets: Mapping[tuple[float, float], float], shares: Sequence[float]) -> list[float | None]:
    """Returns the values below which shares of all values are, as if those of a bucket were spread evenly.

    What is known to be beyond all bounds is told as the outermost bound.
    """
    pieces = _pieces(buckets)
    total = sum(count for _, _, count in pieces)
    return [_at(pieces, share * total) if total > 0 else None for share in shares]


def _pieces(buckets: Mapping[tuple[float, float], float]) -> list[tuple[float, float, float]]:
    """Returns how many values are between bounds that do not overlap, in their order."""
    finite = [bound for bounds in buckets for bound in bounds if math.isfinite(bound)] or [0.0]
    low_most, high_most = min(finite), max(finite)
    clipped = [
        (_clipped(low, high_most, low_most), _clipped(high, high_most, low_most), count)
        for (low, high), count in buckets.items()
    ]
    bounds = sorted({bound for low, high, _ in clipped for bound in (low, high)})
    masses: dict[float, float] = {}
    density: dict[float, float] = {}
    for low, high, count in clipped:
        if low == high:
            masses[low] = masses.get(low, 0.0) + count
        else:
            density[low] = density.get(low, 0.0) + count / (high - low)
            density[high] = density.get(high, 0.0) - count / (high - low)
    return list(_swept(bounds, masses, density))


def _swept(
    bounds: Sequence[float], masses: Mapping[float, float], density: Mapping[float, float]
) -> Iterable[tuple[float, float, float]]:
    here = 0.0
    for index, bound in enumerate(bounds):
        if bound in masses:
            yield bound, bound, masses[bound]
        here += density.get(bound, 0.0)
        if index + 1 < len(bounds) and here > 0:
            yield bound, bounds[index + 1], here * (bounds[index + 1] - bound)


def _clipped(bound: float, high_most: float, low_most: float) -> float:
    return min(max(bound, low_most), high_most)


def _at(pieces: Sequence[tuple[float, float, float]], rank: float) -> float:
    passed = 0.0
    for low, high, count in pieces:
        if passed + count >= rank:
            return low + (high - low) * min((rank - passed) / count, 1.0)
        passed += count
    return pieces[-1][1]
