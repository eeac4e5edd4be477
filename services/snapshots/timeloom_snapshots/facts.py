"""What is known of a snapshot without its state: enough to search and to compare executions."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final, NamedTuple

from timeloom_snapshots.sequence_ranges import SequenceRange
from timeloom_snapshots.ways import way_to

_SEQUENCE: Final = attrgetter("sequence")


class Fact(NamedTuple):
    """What is known of a snapshot without its state."""

    sequence: int
    parent_sequence: int
    kind: int
    step_name: str
    state_hash: bytes
    state_bytes: int
    create_time: datetime


def on_the_way_to(sequence: int, facts: Sequence[Fact], turns: Mapping[int, int]) -> list[Fact]:
    """Returns the facts, which are in order, of those snapshots that lie on the way to one.

    Args:
        sequence: The snapshot's.
        facts: What is known of the snapshots that are there.
        turns: As for `way_to`, also of snapshots that are not there any more.
    """
    found: list[Fact] = []
    for stretch in way_to(sequence, turns):
        found += _within(facts, stretch)
    return found


def _within(facts: Sequence[Fact], stretch: SequenceRange) -> Sequence[Fact]:
    start = bisect_left(facts, stretch.first, key=_SEQUENCE)
    return facts[start : bisect_right(facts, stretch.last, key=_SEQUENCE)]
