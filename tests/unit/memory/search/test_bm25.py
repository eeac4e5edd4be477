"""BM25 over postings, compared with a plain reference."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from timeloom_memory.search import postings, words
from timeloom_memory.search.bm25 import LENGTH_NORMALISATION, SATURATION, Query, WordScores
from timeloom_memory.search.postings import Postings, text_of

VOCABULARY = ["ship", "harbour", "storm", "cat", "the", "of", "東京", "rust"]
CONTENTS = st.lists(st.sampled_from(VOCABULARY), max_size=8).map(" ".join)
QUERIES = st.lists(st.sampled_from([*VOCABULARY, "unknown"]), min_size=1, max_size=5, unique=True).map(
    " ".join
)
PAIRS = st.lists(st.tuples(CONTENTS, CONTENTS), max_size=12)


@dataclass(frozen=True)
class Reference:
    """BM25 as the books have it, one text after the other."""

    texts: Mapping[UUID, Sequence[str]]

    def share(self, terms: Sequence[str], memory_id: UUID) -> float:
        """Returns the score of a text as a share of the most that there can be."""
        most = sum(self.weight(term) * (SATURATION + 1) for term in terms)
        return sum(self.part(term, self.texts[memory_id]) for term in terms) / most

    def weight(self, term: str) -> float:
        """The inverse document frequency."""
        frequency = sum(term in text for text in self.texts.values())
        return math.log(1 + (len(self.texts) - frequency + 0.5) / (frequency + 0.5))

    def part(self, term: str, text: Sequence[str]) -> float:
        """What a term adds to the score of a text."""
        count = text.count(term)
        if not count:
            return 0.0
        mean = sum(map(content_words, self.texts.values())) / len(self.texts)
        length = content_words(text) / mean if mean else 0.0
        saturation = SATURATION * (1 - LENGTH_NORMALISATION + LENGTH_NORMALISATION * length)
        return self.weight(term) * count * (SATURATION + 1) / (count + saturation)


def content_words(text: Sequence[str]) -> int:
    return sum(term not in words.STOP_TERMS for term in text)


def filled(pairs: Sequence[tuple[str, str]], *, start: int = 0) -> Postings:
    collection = Postings()
    for number, (content, context) in enumerate(pairs, start):
        collection.put(text_of(UUID(int=number), number + 1, content, context))
    return collection


@given(PAIRS, QUERIES)
def test_scores_are_those_of_the_reference(pairs: list[tuple[str, str]], query: str) -> None:
    terms = words.query_terms(query)
    contents = {UUID(int=n): words.terms(content) for n, (content, _) in enumerate(pairs)}
    wholes = {UUID(int=n): words.terms(f"{context} {content}") for n, (content, context) in enumerate(pairs)}
    scores = Query(terms, [filled(pairs)]).scores(contents)
    assert scores.keys() == contents.keys()
    for memory_id, score in scores.items():
        assert score.content == pytest.approx(Reference(contents).share(terms, memory_id), abs=1e-5)
        assert score.whole == pytest.approx(Reference(wholes).share(terms, memory_id), abs=1e-5)
        assert 0 <= score.content < 1
        assert 0 <= score.whole < 1


@given(PAIRS, PAIRS, QUERIES)
def test_several_collections_count_as_one(
    first: list[tuple[str, str]], second: list[tuple[str, str]], query: str
) -> None:
    terms = words.query_terms(query)
    apart = Query(terms, [filled(first), filled(second, start=len(first))])
    together = Query(terms, [filled([*first, *second])])
    every = [UUID(int=number) for number in range(len(first) + len(second))]
    assert rounded(apart.scores(every)) == rounded(together.scores(every))
    assert apart.best(5) == together.best(5)


@given(PAIRS, QUERIES, st.sets(st.integers(0, 15)), st.integers(1, 5))
def test_the_best_among_some_are_the_best_of_all_that_are_among_them(
    pairs: list[tuple[str, str]], query: str, some: set[int], limit: int
) -> None:
    asked = Query(words.query_terms(query), [filled(pairs)])
    among = {UUID(int=number) for number in some}
    everything = asked.best(len(pairs) + 1)
    assert asked.best(limit, among=among) == tuple(
        [memory_id for memory_id in ranked if memory_id in among][:limit] for ranked in everything
    )


def test_what_has_none_of_the_words_is_not_found() -> None:
    asked = Query(["ship"], [filled([("a storm", "a ship"), ("a cat", "")])])
    assert asked.best(10) == ([], [UUID(int=0)])


def rounded(scores: Mapping[UUID, WordScores]) -> dict[UUID, tuple[float, float]]:
    return {one: (round(score.content, 5), round(score.whole, 5)) for one, score in scores.items()}


class ChangingPostings(RuleBasedStateMachine):
    """Whatever is added, replaced, removed and swept, the postings are those of what is there."""

    def __init__(self) -> None:
        super().__init__()
        self.collection = Postings()
        self.texts: dict[UUID, tuple[int, str, str]] = {}
        self.number = 0

    @rule(name=st.integers(0, 9), content=CONTENTS, context=CONTENTS)
    def put(self, name: int, content: str, context: str) -> None:
        self.number += 1
        self.texts[UUID(int=name)] = (self.number, content, context)
        self.collection.put(text_of(UUID(int=name), self.number, content, context))

    @rule(name=st.integers(0, 9), content=CONTENTS)
    def put_an_older_version(self, name: int, content: str) -> None:
        held = self.texts.get(UUID(int=name))
        if held is not None:
            self.collection.put(text_of(UUID(int=name), held[0], content, ""))

    @rule(name=st.integers(0, 9))
    def remove(self, name: int) -> None:
        self.texts.pop(UUID(int=name), None)
        self.collection.remove(UUID(int=name))

    @rule()
    def sweep(self) -> None:
        self.collection.sweep()
        assert self.collection.slot_count == len(self.texts)

    @invariant()
    def equals_a_fresh_build(self) -> None:
        fresh = Postings()
        for memory_id, (number, content, context) in self.texts.items():
            fresh.put(text_of(memory_id, number, content, context))
        assert self.collection.totals == fresh.totals
        assert set(self.collection.memory_ids) == set(self.texts)
        for name, (number, _, _) in self.texts.items():
            assert self.collection.number(name) == number
        terms = words.query_terms(" ".join(VOCABULARY))
        of_both = [Query(terms, [one]) for one in (self.collection, fresh)]
        assert of_both[0].scores(self.texts) == of_both[1].scores(self.texts)
        assert of_both[0].best(20) == of_both[1].best(20)


TestChangingPostings = ChangingPostings.TestCase


def test_much_that_is_gone_is_swept_out() -> None:
    count = 2 * postings.GONE_COUNT_MIN
    collection = filled([(string.ascii_lowercase[n % 26] * 3, "") for n in range(count)])
    size = collection.bytes
    for number in range(0, count, 2):
        collection.remove(UUID(int=number))
    assert len(collection) == count // 2
    assert collection.slot_count < count
    assert collection.bytes < size
    assert Query(["bbb"], [collection]).best(1) == ([UUID(int=1)], [UUID(int=1)])
