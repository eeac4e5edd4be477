"""Bisection asks few questions, and says when the answers make no sense."""

from __future__ import annotations

import math

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
    assert len(found.evaluations) == len(answers) - int(good_is_known)
