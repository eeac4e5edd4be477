"""BM25 (Robertson and Zaragoza, 2009) over one collection of texts or several that count as one.

A score is given as a share of the most that any text could get for the query, so that scores of different
queries and fields can be compared and added.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from timeloom_memory.search.postings import Counts, Occurrences, Postings, Totals

# Texts of memories are short and of like lengths: a repeated word says little, and so does the length.
SATURATION: Final = 0.9
LENGTH_NORMALISATION: Final = 0.4

Scores = NDArray[np.float32]

# A score turned round, so that the best comes first, and the number and id of the text.
_Scored = tuple[float, int, UUID]


class WordScores(Struct, frozen=True):
    """What BM25 says of one text: of its content, and of its content with its context."""

    content: float
    whole: float


class Field(Struct, frozen=True):
    """What a field of a collection weighs a query's terms by.

    Attributes:
        mean_length: Of the field in all texts.
        weights: The inverse document frequency of each term of the query that occurs.
        most: What a text could get at most.
    """

    mean_length: float
    weights: Mapping[str, float]
    most: float

    def shares(self, term: str, counts: Counts, lengths: Counts) -> Scores:
        """Returns what a term adds to the scores of texts."""
        relative = lengths / self.mean_length if self.mean_length else lengths
        saturation = SATURATION * (1 - LENGTH_NORMALISATION + LENGTH_NORMALISATION * relative)
        factor = self.weights[term] * (SATURATION + 1) / self.most
        shares: Scores = (factor * counts / (counts + saturation)).astype(np.float32)
        return shares


class Query:
    """A query over collections that count as one; it stands until one of them changes."""

    def __init__(self, terms: Sequence[str], collections: Sequence[Postings]) -> None:
        self._collections = collections
        self._found = [
            {term: found for term in terms if (found := collection.occurrences(term)) is not None}
            for collection in collections
        ]
        totals = sum((collection.totals for collection in collections), Totals())
        self._content = self._field(terms, totals.count, totals.content_length, whole=False)
        self._whole = self._field(terms, totals.count, totals.whole_length, whole=True)
        self._scores = [self._scored(place) for place in range(len(collections))]

    def best(self, limit: int, *, among: Collection[UUID] | None = None) -> tuple[list[UUID], list[UUID]]:
        """Returns the texts that score best, by content and by content with context."""
        by_content: list[_Scored] = []
        by_whole: list[_Scored] = []
        for collection, (content, whole) in zip(self._collections, self._scores, strict=True):
            allowed = None if among is None else collection.slots(among)
            by_content += _top(collection, content, limit, allowed)
            by_whole += _top(collection, whole, limit, allowed)
        return _ids(by_content, limit), _ids(by_whole, limit)

    def scores(self, memory_ids: Collection[UUID]) -> dict[UUID, WordScores]:
        """Returns the scores of those texts that are there."""
        found: dict[UUID, WordScores] = {}
        for collection, (content, whole) in zip(self._collections, self._scores, strict=True):
            slots = collection.slots(memory_ids)
            values = map(WordScores, content[slots].tolist(), whole[slots].tolist())
            found.update(zip(collection.ids(slots.tolist()), values, strict=True))
        return found

    def _scored(self, place: int) -> tuple[Scores, Scores]:
        """Scores the texts of a collection, by their slots."""
        collection = self._collections[place]
        content = np.zeros(collection.slot_count, dtype=np.float32)
        whole = np.zeros(collection.slot_count, dtype=np.float32)
        for term, found in self._found[place].items():
            content_lengths, whole_lengths = collection.lengths(found.slots)
            content[found.slots] += self._content.shares(term, found.content, content_lengths)
            whole[found.slots] += self._whole.shares(term, found.whole, whole_lengths)
        return content, whole

    def _field(self, terms: Sequence[str], count: int, total_length: int, *, whole: bool) -> Field:
        weights = {
            term: _weight(count, sum(_frequency(found.get(term), whole=whole) for found in self._found))
            for term in terms
        }
        return Field(
            mean_length=total_length / count if count else 0.0,
            weights=weights,
            most=(SATURATION + 1) * sum(weights.values()) or 1.0,
        )


def _frequency(found: Occurrences | None, *, whole: bool) -> int:
    """Returns how many texts have a term in the field."""
    if found is None:
        return 0
    return int(np.count_nonzero(found.whole if whole else found.content))


def _weight(count: int, frequency: int) -> float:
    """The inverse document frequency, in the form that is never negative."""
    return math.log1p((count - frequency + 0.5) / (frequency + 0.5))


def _top(
    collection: Postings, scores: Scores, limit: int, allowed: NDArray[np.int64] | None
) -> list[_Scored]:
    """Returns the texts of a collection that score best, of equals the older ones."""
    slots = np.flatnonzero(scores > 0) if allowed is None else allowed[scores[allowed] > 0]
    if len(slots) > limit:
        least = np.partition(scores[slots], len(slots) - limit)[len(slots) - limit]
        slots = slots[scores[slots] >= least]
    numbers = collection.numbers(slots)
    order = np.lexsort((numbers, -scores[slots]))[:limit]
    slots, numbers = slots[order], numbers[order]
    return list(zip((-scores[slots]).tolist(), numbers.tolist(), collection.ids(slots.tolist()), strict=True))


def _ids(scored: list[_Scored], limit: int) -> list[UUID]:
    return [memory_id for _, _, memory_id in sorted(scored)[:limit]]
