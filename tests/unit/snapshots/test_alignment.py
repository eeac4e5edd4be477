"""Alignment: complete, in order, and as long as it can be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_snapshots import alignment
from timeloom_snapshots.alignment import AlignmentKind, align_steps
from timeloom_snapshots.facts import Fact

NOW = datetime(2026, 11, 1, tzinfo=UTC)

steps = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(2, 3), st.sampled_from([b"x", b"y"])), max_size=25
)


def facts_of(drawn: list[tuple[str, int, bytes]]) -> list[Fact]:
    return [
        Fact(place + 1, place, kind, name, state_hash, 1, NOW)
        for place, (name, kind, state_hash) in enumerate(drawn)
    ]


def longest_common(one: list[Any], other: list[Any]) -> int:
    """The length of a longest common subsequence, by the textbook's table."""
    row = [0] * (len(other) + 1)
    for each in one:
        before = row
        row = [0]
        for place, another in enumerate(other):
            longest = before[place] + 1 if each == another else max(before[place + 1], row[place])
            row.append(longest)
    return row[-1]


@pytest.mark.parametrize("edits_max", [2, alignment.EDITS_MAX], ids=["in stretches", "at once"])
@given(steps, steps)
def test_aligns(
    edits_max: int, one: list[tuple[str, int, bytes]], other: list[tuple[str, int, bytes]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alignment, "EDITS_MAX", edits_max)
        aligned = align_steps(facts_of(one), facts_of(other))
    assert [each.sequence for each in aligned if each.sequence] == list(range(1, len(one) + 1))
    assert [each.other_sequence for each in aligned if each.other_sequence] == list(range(1, len(other) + 1))
    for each in aligned:
        step = one[each.sequence - 1] if each.sequence else None
        counterpart = other[each.other_sequence - 1] if each.other_sequence else None
        if step is None or counterpart is None:
            assert each.kind is (AlignmentKind.MISSING if step else AlignmentKind.EXTRA)
            continue
        assert step[:2] == counterpart[:2]
        is_same = step[2] == counterpart[2]
        assert each.kind is (AlignmentKind.SAME if is_same else AlignmentKind.DIFFERENT)
    if edits_max == alignment.EDITS_MAX:
        paired = [each for each in aligned if each.sequence and each.other_sequence]
        names = [[step[:2] for step in drawn] for drawn in (one, other)]
        assert len(paired) == longest_common(*names)
