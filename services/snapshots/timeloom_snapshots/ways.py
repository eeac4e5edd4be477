"""Ways: from which snapshot each was made, back to the first one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from timeloom_snapshots.sequence_ranges import SequenceRange


def left_behind(old: int, new: int, turns: Mapping[int, int]) -> list[SequenceRange]:
    """Returns the way to one snapshot as far as it is not the way to another one, too; the newest first.

    Args:
        old: The snapshot whose way is wanted.
        new: The snapshot whose way does not count.
        turns: The parents of those snapshots that were not made from the one before them.
    """
    starts = sorted(turns)
    ranges: list[SequenceRange] = []
    while old != new:
        newer, older = max(old, new), min(old, new)
        place = bisect_right(starts, newer)
        first = starts[place - 1] if place else 1
        if older >= first:
            step, parent = SequenceRange(older + 1, newer), older
        else:
            step, parent = SequenceRange(first, newer), turns.get(first, 0)
        if old > new:
            ranges.append(step)
            old = parent
        else:
            new = parent
    return ranges


def way_to(sequence: int, turns: Mapping[int, int]) -> list[SequenceRange]:
    """Returns the whole way to a snapshot, the oldest first.

    Args:
        sequence: The snapshot's.
        turns: The parents of those snapshots that were not made from the one before them.
    """
    return left_behind(sequence, 0, turns)[::-1]
