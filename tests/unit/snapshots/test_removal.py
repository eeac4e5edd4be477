"""Whatever goes, what stays can be read from what is stored anew."""

from __future__ import annotations

from itertools import groupby, pairwise

from hypothesis import given
from hypothesis import strategies as st

from timeloom_snapshots import removal, sequence_ranges
from timeloom_snapshots.removal import Heir, Placed, RunChange
from timeloom_snapshots.sequence_ranges import SequenceRange

sequence_sets = st.sets(st.integers(min_value=1, max_value=60))


@st.composite
def layouts(draw: st.DrawFn) -> list[Placed]:
    """Runs of snapshots, some of which are not there any more."""
    count = draw(st.integers(min_value=1, max_value=40))
    bases = {1, *draw(st.sets(st.integers(min_value=1, max_value=count), max_size=6))}
    absent = draw(st.sets(st.integers(min_value=1, max_value=count), max_size=10)) - bases
    base = 1
    layout: list[Placed] = []
    for sequence in range(1, count + 1):
        base = sequence if sequence in bases else base
        if sequence not in absent:
            layout.append(Placed(sequence=sequence, base_sequence=base))
    return layout


def test_a_gap_is_bridged() -> None:
    layout = [Placed(sequence=sequence, base_sequence=1) for sequence in range(1, 7)]
    assert removal.plan(layout, {2, 3, 5}) == [
        RunChange(
            base_sequence=1,
            run=[1, 2, 3, 4, 5, 6],
            heirs=[Heir(sequence=4, previous_sequence=1), Heir(sequence=6, previous_sequence=4)],
            new_base_sequence=1,
            staying=[],
        )
    ]


def test_where_the_base_goes_the_next_becomes_one() -> None:
    layout = [Placed(sequence=sequence, base_sequence=1) for sequence in range(1, 6)]
    (change,) = removal.plan(layout, {1, 2})
    assert change.heirs == [Heir(sequence=3, previous_sequence=None)]
    assert (change.new_base_sequence, change.staying) == (3, [4, 5])


@given(layouts(), sequence_sets)
def test_every_state_that_stays_can_be_told(layout: list[Placed], wanted: set[int]) -> None:
    """Reads as the service does: a base, and one step after the other, each from the one before it."""
    going = wanted & {each.sequence for each in layout}
    bases = {each.sequence: each.base_sequence for each in layout}
    runs = [
        [each.sequence for each in run] for _, run in groupby(layout, key=lambda each: each.base_sequence)
    ]
    before = {each: run[place - 1] if place else None for run in runs for place, each in enumerate(run)}
    for change in removal.plan(layout, going):
        for heir in change.heirs:
            before[heir.sequence] = heir.previous_sequence
        for sequence in (*change.staying, *(heir.sequence for heir in change.heirs)):
            bases[sequence] = change.new_base_sequence or 0
    left = [each.sequence for each in layout if each.sequence not in going]
    for sequence in left:
        steps = [each for each in left if bases[sequence] < each <= sequence]
        at = bases[sequence]
        assert at in left
        assert before[at] is None
        for step in steps:
            assert before[step] == at
            at = step
        assert at == sequence


@given(st.lists(sequence_sets, max_size=4))
def test_ranges_have_the_same_sequences(sets: list[set[int]]) -> None:
    ranges = sequence_ranges.merged(each for some in sets for each in sequence_ranges.of(some))
    everything = set().union(*sets)
    assert {each for first, last in ranges for each in range(first, last + 1)} == everything
    assert all(one.last + 1 < two.first for one, two in pairwise(ranges))
    for sequence in range(1, 62):
        assert sequence_ranges.contains(ranges, sequence) == (sequence in everything)


def test_the_range_of_a_sequence() -> None:
    ranges = [SequenceRange(2, 4), SequenceRange(7, 7)]
    assert sequence_ranges.range_of(ranges, 3) == SequenceRange(2, 4)
    assert sequence_ranges.range_of(ranges, 5) is None
