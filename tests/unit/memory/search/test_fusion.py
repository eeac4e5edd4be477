"""One score out of several signals."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_memory.search.fusion import (
    STRENGTH_MAX,
    Boosts,
    Evidence,
    Ranking,
    Signal,
    boost_margin,
    boosted,
    boosted_scores,
    fuse,
)

A, B, C = (UUID(int=number) for number in (1, 2, 3))
LISTS = st.none() | st.dictionaries(st.integers(0, 9).map(lambda n: UUID(int=n)), st.floats(0, 1))
EVIDENCE = st.builds(Evidence, LISTS, LISTS, LISTS, LISTS)
SHARES = st.floats(0, 1)
BOOSTS = st.builds(Boosts, recency=SHARES, importance=SHARES, frequency=SHARES, time=st.none() | SHARES)
STRENGTHS = st.floats(0, STRENGTH_MAX)
RANKINGS = st.builds(Ranking, recency=STRENGTHS, importance=STRENGTHS, frequency=STRENGTHS, time=STRENGTHS)


def test_a_score_is_the_weighted_mean_of_the_signals() -> None:
    fused = fuse(Evidence({A: 0.9, B: 0.5}, {B: 0.8}, None, None), Ranking(semantic=1, keyword=3))
    assert [one.memory_id for one in fused] == [B, A]
    assert fused[0].score == pytest.approx((1 * 0.5 + 3 * 0.8) / 4)
    assert (fused[0].semantic.rank, fused[0].semantic.value) == (2, 0.5)
    assert (fused[0].keyword.rank, fused[0].keyword.value) == (1, 0.8)
    assert fused[0].semantic.contribution == pytest.approx(0.125)
    assert fused[0].keyword.contribution == pytest.approx(0.6)
    assert fused[1].keyword == Signal()
    assert fused[1].context_semantic == Signal()


def test_a_signal_that_the_search_has_not_takes_nothing_away() -> None:
    fused = fuse(Evidence({A: 0.7}, None, None, None), Ranking())
    assert fused[0].score == pytest.approx(0.7)


def test_nothing_found_is_nothing() -> None:
    assert len(fuse(Evidence(), Ranking())) == 0
    assert len(fuse(Evidence({}, {}, {}, {}), Ranking(semantic=0, keyword=0, context=0))) == 0


def test_sources_are_joined() -> None:
    joined = Evidence.joined([Evidence({A: 0.1}, None), Evidence({B: 0.2}, {C: 0.3})])
    assert joined == Evidence({A: 0.1, B: 0.2}, {C: 0.3}, None, None)


@given(EVIDENCE)
def test_scores_stay_within_what_the_signals_say(evidence: Evidence) -> None:
    fused = fuse(evidence, Ranking())
    assert {one.memory_id for one in fused} == set(evidence.memory_ids)
    assert len(fused) == len(evidence.memory_ids)
    assert [one.score for one in fused] == sorted((one.score for one in fused), reverse=True)
    for one in fused:
        signals = (one.semantic, one.keyword, one.context_semantic, one.context_keyword)
        assert one.score == pytest.approx(sum(signal.contribution for signal in signals))
        assert -1e-9 <= one.score <= max(signal.value for signal in signals) + 1e-9


@given(EVIDENCE)
def test_what_says_more_in_every_list_comes_first(evidence: Evidence) -> None:
    fused = fuse(evidence, Ranking())
    places = {one.memory_id: place for place, one in enumerate(fused)}
    for first in fused:
        for second in fused:
            pairs = [
                (values.get(first.memory_id, 0.0), values.get(second.memory_id, 0.0))
                for values in evidence.lists
                if values is not None
            ]
            if all(one >= other for one, other in pairs) and any(one > other + 1e-6 for one, other in pairs):
                assert places[first.memory_id] < places[second.memory_id]


@given(EVIDENCE, st.floats(0, 1))
def test_those_above_a_score_and_those_alike_are_counted_from_the_top(
    evidence: Evidence, least: float
) -> None:
    fused = fuse(evidence, Ranking())
    assert fused.count_from(least) == sum(one.score >= least for one in fused)
    assert fused.places_alike(least) == [
        place for place, one in enumerate(fused) if one.semantic.rank and one.semantic.value >= least
    ]


@given(st.floats(0, 1), BOOSTS, RANKINGS)
def test_boosts_are_bounded(score: float, boosts: Boosts, ranking: Ranking) -> None:
    after = boosted(score, boosts, ranking)
    for one in (after.recency, after.importance, after.frequency, after.time):
        assert 1 - STRENGTH_MAX / 2 <= one.contribution <= 1 + STRENGTH_MAX / 2
    assert score * 0.9**4 <= after.score + 1e-12
    assert after.score <= score * 1.1**4 + 1e-12


@given(st.lists(st.tuples(st.floats(-1, 1), BOOSTS)), RANKINGS)
def test_many_are_boosted_like_one(pairs: list[tuple[float, Boosts]], ranking: Ranking) -> None:
    scores = boosted_scores(np.array([score for score, _ in pairs]), [one for _, one in pairs], ranking)
    assert scores.tolist() == pytest.approx([boosted(*pair, ranking).score for pair in pairs])


@given(st.floats(0, 1), st.floats(0, 1), BOOSTS, BOOSTS, RANKINGS)
def test_no_boosts_bring_a_score_past_another_that_is_beyond_the_margin(
    better: float, share: float, first: Boosts, second: Boosts, ranking: Ranking
) -> None:
    has_time = first.time is not None or second.time is not None
    worse = better * share * boost_margin(ranking, has_time=has_time)
    after = boosted(worse, second, ranking).score
    assert after <= boosted(better, first, ranking).score + 1e-12


@given(BOOSTS)
def test_no_strength_changes_nothing(boosts: Boosts) -> None:
    assert boosted(0.5, boosts, Ranking(recency=0, importance=0, frequency=0, time=0)).score == 0.5


def test_a_boost_never_makes_a_bad_fit_worse() -> None:
    assert boosted(-0.2, Boosts(recency=1, importance=1, frequency=1), Ranking()).score == -0.2


def test_no_time_in_the_query_is_no_boost_by_time() -> None:
    after = boosted(0.5, Boosts(recency=0.5, importance=0.5, frequency=0.5), Ranking())
    assert after.score == 0.5
    assert after.time == Signal(0, 0.0, 1.0)
