"""Ranges of sequences, both ends included."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple


class SequenceRange(NamedTuple):
    """All sequences from the first to the last."""

    first: int
    last: int


def merged(ranges: Iterable[tuple[int, int]]) -> list[SequenceRange]:
    """Returns the fewest ranges with the same sequences, in order."""
    result: list[SequenceRange] = []
    for first, last in sorted(ranges):
        if result and first <= result[-1].last + 1:
            result[-1] = SequenceRange(result[-1].first, max(last, result[-1].last))
        else:
            result.append(SequenceRange(first, last))
    return result


def of(sequences: Iterable[int]) -> list[SequenceRange]:
    """Returns the fewest ranges that have these sequences and no others, in order."""
    return merged((each, each) for each in sequences)


def range_of(ranges: Sequence[SequenceRange], sequence: int) -> SequenceRange | None:
    """Returns the one of the ranges, which are in order, that has a sequence; None if none has."""
    place = bisect_left(ranges, sequence, key=attrgetter("last"))
    if place < len(ranges) and ranges[place].first <= sequence:
        return ranges[place]
    return None


def contains(ranges: Sequence[SequenceRange], sequence: int) -> bool:
    """Tells whether one of the ranges, which are in order, has a sequence."""
    return range_of(ranges, sequence) is not None
