"""Summaries of extracted sentences, and the ranks that they are chosen by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_memory.upkeep import lexrank
from timeloom_memory.upkeep.extraction import Query, Source, Summary, summary_of
from timeloom_memory.upkeep.sentences import split

START = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = [
    "The deployment failed because the database migration timed out. Everyone was nervous.",
    "We fixed the deployment by running the database migration before the rollout.",
    "Ann prefers tea in the morning, and she drinks green tea most of all.",
    "The database migration now runs first, so that no deployment fails again.",
    "Okay!",
    "Ann ordered green tea again for the morning meeting of the team.",
]


def sources(texts: list[str]) -> list[Source]:
    return [
        Source(memory_id=UUID(int=place + 1), content=text, occur_time=START + timedelta(hours=place))
        for place, text in enumerate(texts)
    ]


def tokens(text: str) -> int:
    return len(text.split())


def summarised(texts: list[str], tokens_max: int, query: str = "") -> Summary:
    return summary_of(
        sources(texts),
        tokens_max=tokens_max,
        count_tokens=tokens,
        query=Query(text=query) if query else None,
    )


def test_what_many_say_is_said_once_and_what_is_different_is_not_forgotten() -> None:
    summary = summarised(TEXTS, 32)
    assert "migration" in summary.text
    assert "tea" in summary.text
    assert "Okay" not in summary.text


def test_a_query_says_what_the_summary_is_about() -> None:
    summary = summarised(TEXTS, 16, "what does Ann drink")
    assert "tea" in summary.text
    assert "migration" not in summary.text


def test_sentences_stand_in_the_order_of_time_whatever_their_salience() -> None:
    summary = summarised(TEXTS, 100)
    order = [quotation.source_ids[0].int for quotation in summary.quotations]
    assert order == sorted(order)
    assert len(order) >= 4


def test_what_several_memories_say_word_for_word_is_quoted_once_with_all_its_sources() -> None:
    summary = summarised(["The red server is in Oslo today.", "the red server is in Oslo today"], 50)
    (quotation,) = summary.quotations
    assert quotation.text == "The red server is in Oslo today."
    assert quotation.source_ids == (UUID(int=1), UUID(int=2))
    assert summary.source_ids == quotation.source_ids


def test_there_is_no_summary_of_nothing_nor_within_no_tokens() -> None:
    assert summarised([], 100) == Summary(text="")
    assert summarised(TEXTS, 1) == Summary(text="")


def test_vectors_join_what_has_no_word_in_common() -> None:
    east, north = np.asarray([1, 0], dtype=np.float32), np.asarray([0, 1], dtype=np.float32)
    texts = [
        ("Cats chase small grey mice around houses.", east),
        ("Felines hunt tiny rodents near some dwellings.", east),
        ("Kittens pursue vermin beside old buildings daily.", east),
        ("Quarterly revenue exceeded every analyst forecast published.", north),
    ]
    given_sources = [
        Source(memory_id=UUID(int=place), content=text, occur_time=START, vector=vector)
        for place, (text, vector) in enumerate(texts)
    ]
    (quotation,) = summary_of(given_sources, tokens_max=9, count_tokens=tokens).quotations
    assert quotation.source_ids[0].int < 3


words = st.sampled_from(["alpha", "beta", "gamma", "delta", "rain", "snow", "wind", "river", "stone"])
contents = st.lists(
    st.lists(words, min_size=1, max_size=12).map(lambda some: " ".join(some).capitalize() + "."), max_size=15
)


@given(contents, st.integers(min_value=0, max_value=60))
def test_a_summary_keeps_to_its_budget_and_quotes_its_sources_word_for_word(
    texts: list[str], tokens_max: int
) -> None:
    summary = summarised(texts, tokens_max)
    assert tokens(summary.text) <= tokens_max
    held = {source.memory_id: source.content for source in sources(texts)}
    for quotation in summary.quotations:
        assert quotation.text in split(held[quotation.source_ids[0]])
    assert set(summary.source_ids) == {each for quoted in summary.quotations for each in quoted.source_ids}


@given(st.integers(min_value=1, max_value=12), st.integers(min_value=0, max_value=1000))
def test_ranks_are_the_stationary_distribution(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    half = random.random((count, count))
    cosines = (half + half.T) / 2
    ranks = lexrank.ranks(np.asarray(cosines, dtype=np.float32))
    graph = np.where(cosines >= lexrank.SIMILARITY_MIN, cosines, 0.0)
    np.fill_diagonal(graph, 1.0)
    graph /= graph.sum(axis=1, keepdims=True)
    walk = lexrank.JUMP / count + (1 - lexrank.JUMP) * graph
    values, vectors = np.linalg.eig(walk.T)
    stationary = np.real(vectors[:, np.argmax(np.real(values))])
    assert ranks == pytest.approx(stationary / stationary.sum(), abs=1e-4)


@given(contents)
def test_similarities_are_the_cosines_of_the_weights(texts: list[str]) -> None:
    terms = [text.lower().rstrip(".").split() for text in texts]
    frequencies = lexrank.document_frequencies(terms)
    weighed = [lexrank.weights(each, frequencies, len(terms)) for each in terms]
    expected = [[sum(one[t] * two.get(t, 0.0) for t in one) for two in weighed] for one in weighed]
    assert lexrank.similarities(weighed) == pytest.approx(
        np.asarray(expected, dtype=np.float32).reshape(len(terms), len(terms)), abs=1e-5
    )
