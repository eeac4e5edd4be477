"""Bisection asks few questions, and says when the answers make no sense."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom.bisecting import bisected


@given(count=st.integers(1, 300), data=st.data())
async def test_the_first_bad_state_is_found_with_few_questions(count: int, data: st.DataObject) -> None:
    first_bad = data.draw(st.integers(1, count + 1))
    sequences = [10 + 3 * number for number in range(1, count + 1)]
    asked: list[int] = []

    async def is_bad(sequence: int) -> bool:
        asked.append(sequence)
        return sequence >= 10 + 3 * first_bad

    found = await bisected(sequences, is_bad, good=10, exhaustive=False)
    if first_bad > count:
        assert (found.first_bad_sequence, found.last_good_sequence) == (0, sequences[-1])
    else:
        assert found.first_bad_sequence == 10 + 3 * first_bad
        assert found.last_good_sequence == 10 + 3 * (first_bad - 1)
    assert len(asked) == len(set(asked)) <= math.ceil(math.log2(count)) + 1
    assert [evaluation.sequence for evaluation in found.evaluations] == asked
    assert (found.not_monotone, found.flips) == (False, ())


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.booleans())
async def test_asking_of_every_state_tells_whether_the_predicate_is_monotone(
    answers: list[bool],
    good_is_known: bool,  # noqa: FBT001 - hypothesis gives it by place
) -> None:
    async def is_bad(sequence: int) -> bool:
        return answers[sequence - 1]

    first = 2 if good_is_known else 1
    answers = [False, *answers] if good_is_known else answers
    found = await bisected(range(first, len(answers) + 1), is_bad, good=int(good_is_known), exhaustive=True)
    flips = [number for number in range(2, len(answers) + 1) if answers[number - 1] != answers[number - 2]]
    assert list(found.flips) == flips
    assert found.not_monotone == (answers != sorted(answers))
    assert len(found.evaluations) == len(answers)


@given(st.lists(st.booleans(), min_size=1, max_size=70), st.booleans())
async def test_whatever_the_answers_the_search_is_short_and_calls_no_monotone_predicate_otherwise(
    answers: list[bool],
    good_is_named: bool,  # noqa: FBT001 - hypothesis gives it by place
) -> None:
    async def is_bad(sequence: int) -> bool:
        return answers[sequence - 1]

    good = int(good_is_named)
    sequences = range(1 + good, len(answers) + 1)
    found = await bisected(sequences, is_bad, good=good, exhaustive=False)
    assert len(found.evaluations) <= max(len(sequences) - 1, 0).bit_length() + 1
    assert not found.not_monotone or answers != sorted(answers) or (good and answers[0])
    if found.first_bad_sequence:
        assert answers[found.first_bad_sequence - 1]
        assert found.last_good_sequence <= good or not answers[found.last_good_sequence - 1]


@pytest.mark.parametrize(
    ("bad", "good", "asked", "contradicts"),
    [
        # The last is not bad: the other three questions find one that is.
        ({4, 5}, 0, [8, 4, 2, 6], True),
        (set(), 0, [8, 4, 2, 6], False),
        (set(), 1, [8, 1, 4, 6], False),
        # One question is left over: it goes to the state that is said to be good.
        ({1, 7}, 1, [7, 4, 6, 1], True),
        ({7}, 1, [7, 4, 6, 1], False),
        # Or to the middle of the longest stretch that was passed over.
        ({2, 7}, 0, [7, 4, 6, 2], True),
    ],
)
async def test_questions_that_are_left_over_look_for_contradictions(
    bad: set[int], good: int, asked: list[int], *, contradicts: bool
) -> None:
    async def is_bad(sequence: int) -> bool:
        return sequence in bad

    found = await bisected(range(1 + good, asked[0] + 1), is_bad, good=good, exhaustive=False)
    assert [each.sequence for each in found.evaluations] == asked
    assert found.not_monotone == contradicts
