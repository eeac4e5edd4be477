"""Bisection against asking everything."""

from __future__ import annotations

import asyncio
from math import ceil, log2

from hypothesis import given
from hypothesis import strategies as st

from timeloom_snapshots.bisection import Bisection, Finding

candidates = st.sets(st.integers(1, 10_000), max_size=200).map(sorted)


def bisected(answers: dict[int, bool], *, known_good: int = 0, asks_all: bool = False) -> tuple[Finding, int]:
    """Bisects, and returns how often the predicate was asked."""
    asked: list[int] = []

    async def ask(sequence: int) -> bool:
        asked.append(sequence)
        return answers[sequence]

    async def run() -> Finding:
        bisection = Bisection(list(answers), ask, known_good=known_good)
        finding = await bisection.search()
        if not asks_all:
            return finding
        for each in bisection.unasked():
            await bisection.ask(each)
        return bisection.completed(finding)

    finding = asyncio.run(run())
    assert len(asked) == len(set(asked)), "nothing is asked twice"
    assert [each.sequence for each in finding.evaluations] == asked
    return finding, len(asked)


@given(candidates, st.data())
def test_finds_where_a_monotone_predicate_turns(sequences: list[int], data: st.DataObject) -> None:
    first_bad = data.draw(st.integers(0, len(sequences)))
    answers = {each: place >= first_bad for place, each in enumerate(sequences)}
    finding, count = bisected(answers)
    bad = [each for each in sequences if answers[each]]
    good = [each for each in sequences if not answers[each]]
    assert finding.first_bad == (bad[0] if bad else 0)
    assert finding.last_good == (good[-1] if good else 0)
    assert not finding.is_not_monotone
    if sequences:
        assert count <= ceil(log2(len(sequences))) + 1


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.booleans())
def test_asking_all_tells_every_flip(answers: list[bool], knows_good: bool) -> None:  # noqa: FBT001 - drawn
    known_good = 1 if knows_good else 0
    by_sequence = {place + 2: answer for place, answer in enumerate(answers)}
    finding, count = bisected(by_sequence, known_good=known_good, asks_all=True)
    sequence = [False, *answers] if knows_good else answers
    offset = 1 if knows_good else 2
    assert count == len(answers)
    assert list(finding.flips) == [
        place + offset for place in range(1, len(sequence)) if sequence[place] != sequence[place - 1]
    ]
    assert finding.is_not_monotone == (sorted(answers) != answers)
    if answers[-1]:
        assert by_sequence[finding.first_bad]
        assert not by_sequence.get(finding.last_good, False)
