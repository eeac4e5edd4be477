"""Distributions in logarithmic buckets, which can be added up and tell every quantile within one percent.

This is DDSketch (Masson, Rim and Lee, VLDB 2019) with integer buckets and no collapsing: durations in
nanoseconds up to 292 years fall into 2,185 buckets. A sketch is a mapping from bucket to count, so that
merging two of them is adding counts, whoever does it and in whatever order.

As bytes a sketch is a row of words, each a bucket and a count; so merging is joining, which PostgreSQL does.
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final

RELATIVE_ERROR: Final = 0.01
ZERO_BUCKET: Final = -1
"""Of values below one."""

_COUNT_BITS: Final = 20
_COUNT_MAX: Final = (1 << _COUNT_BITS) - 1
_WORD_BYTES: Final = 4
_MANY_BYTES: Final = 2_048

_GAMMA: Final = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
LOG_GAMMA: Final = math.log(_GAMMA)
"""A bucket is the logarithm of its values by this, rounded up."""
_MIDDLE: Final = 2 / (_GAMMA + 1)


def bucket_of(value: float) -> int:
    """Returns the bucket of a value: the i-th holds those above gamma^(i-1), up to gamma^i."""
    if value < 1:
        return ZERO_BUCKET
    return math.ceil(math.log(value) / LOG_GAMMA)


def middle_of(bucket: int) -> float:
    """Returns the value that is within one percent of all those in a bucket."""
    return 0.0 if bucket == ZERO_BUCKET else _MIDDLE * _GAMMA**bucket


def upper_bound_of(bucket: int) -> float:
    """Returns what no value in a bucket is above."""
    return 0.0 if bucket == ZERO_BUCKET else _GAMMA**bucket


def sketch_of(values: Iterable[float]) -> dict[int, int]:
    """Returns the sketch of values, none of which is negative."""
    return dict(Counter(map(bucket_of, values)))


def merged(sketches: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """Returns the sketch of everything that is in any of them."""
    total: dict[int, int] = {}
    for sketch in sketches:
        for bucket, count in sketch.items():
            total[bucket] = total.get(bucket, 0) + count
    return total


def packed(sketch: Mapping[int, int]) -> bytes:
    """Returns a sketch as bytes; a bucket whose count is too large for a word has several."""
    words: list[int] = []
    for bucket, count in sorted(sketch.items()):
        base, left = (bucket - ZERO_BUCKET) << _COUNT_BITS, count
        while left > _COUNT_MAX:
            words.append(base | _COUNT_MAX)
            left -= _COUNT_MAX
        words.append(base | left)
    return struct.pack(f"<{len(words)}I", *words)


def unpacked(data: bytes) -> dict[int, int]:
    """Returns the sketch of everything that is in sketches that were packed, and joined in any order."""
    if len(data) >= _MANY_BYTES:
        return _unpacked_many(data)
    sketch: dict[int, int] = {}
    # Most words occur often where many sketches are joined, and counting them is what costs least.
    for word, times in Counter(struct.unpack(f"<{len(data) // _WORD_BYTES}I", data)).items():
        bucket = (word >> _COUNT_BITS) + ZERO_BUCKET
        sketch[bucket] = sketch.get(bucket, 0) + (word & _COUNT_MAX) * times
    return sketch


def _unpacked_many(data: bytes) -> dict[int, int]:
    """Does the same for many words, in a twentieth of the time."""
    # Loaded with the first of them: a service that nobody asks need not have it.
    import numpy as np  # noqa: PLC0415

    words = np.frombuffer(data, dtype="<u4")
    counts = np.bincount(words >> _COUNT_BITS, weights=words & _COUNT_MAX)
    return {int(bucket) + ZERO_BUCKET: int(counts[bucket]) for bucket in np.flatnonzero(counts)}


def quantile(sketch: Mapping[int, int], share: float) -> float | None:
    """Returns the value below which a share of all values is, as PostgreSQL's `percentile_cont` defines it.

    Args:
        sketch: What to look in; None is returned if it is empty.
        share: From 0 to 1.
    """
    return next(iter(quantiles(sketch, (share,))))


def quantiles(sketch: Mapping[int, int], shares: Iterable[float]) -> list[float | None]:
    """Returns several quantiles in the order of their shares, for one pass over the buckets."""
    buckets = sorted(sketch)
    passed = list(accumulate(map(sketch.__getitem__, buckets)))
    if not passed:
        return [None for _ in shares]
    return [_at_rank(buckets, passed, share * (passed[-1] - 1)) for share in shares]


def _at_rank(buckets: Sequence[int], passed: Sequence[int], rank: float) -> float:
    """Returns the value of a rank, between those of its neighbours if it is not a whole number.

    Args:
        buckets: In their order.
        passed: How many values are in each of them and all before it.
        rank: From 0 on.
    """
    below = math.floor(rank)
    lower = middle_of(buckets[bisect_right(passed, below)])
    if rank == below:
        return lower
    return lower + (middle_of(buckets[bisect_right(passed, below + 1)]) - lower) * (rank - below)
