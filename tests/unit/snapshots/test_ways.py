"""The way to a snapshot, as far as it is not the way to another one, too."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from timeloom_snapshots.sequence_ranges import SequenceRange
from timeloom_snapshots.ways import left_behind


@st.composite
def trees(draw: st.DrawFn) -> list[int]:
    """The parents of snapshots 1 to n, most of them the one before."""
    parents: list[int] = []
    for sequence in range(1, draw(st.integers(1, 40)) + 1):
        before = sequence - 1
        parents.append(draw(st.one_of(st.just(before), st.just(before), st.integers(0, before))))
    return parents


def ancestors(sequence: int, parents: list[int]) -> set[int]:
    found = set[int]()
    while sequence:
        found.add(sequence)
        sequence = parents[sequence - 1]
    return found


@given(parents=trees(), data=st.data())
def test_it_is_what_following_every_parent_finds(parents: list[int], data: st.DataObject) -> None:
    sequences = st.integers(0, len(parents))
    old, new = data.draw(sequences), data.draw(sequences)
    turns = {sequence: parent for sequence, parent in enumerate(parents, start=1) if parent != sequence - 1}
    ranges = left_behind(old, new, turns)
    found = [each for first, last in ranges for each in range(first, last + 1)]
    assert len(found) == len(set(found))
    assert set(found) == ancestors(old, parents) - ancestors(new, parents)


def test_a_straight_way_is_one_range_however_long() -> None:
    assert left_behind(2_000_000_000, 5, {}) == [SequenceRange(6, 2_000_000_000)]
