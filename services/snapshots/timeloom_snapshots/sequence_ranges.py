"""Ranges of sequences, both ends included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def contains(ranges: Sequence[SequenceRange], sequence: int) -> bool:
    """Tells whether one of the ranges, which are in order, has a sequence."""
    low, high = 0, len(ranges)
    while low < high:
        middle = (low + high) // 2
        if ranges[middle].last < sequence:
            low = middle + 1
        else:
            high = middle
    return low < len(ranges) and ranges[low].first <= sequence
