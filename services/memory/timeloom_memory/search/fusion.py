"""One score out of several signals.

The signals are of like measure: a cosine, and BM25 as a share of the most that the query could get. So they
are averaged as they are and not by their ranks: a memory that fits much better than the next one keeps that
lead, and no score depends on what else was found. The boosts that follow are bounded, so that no habit drowns
what was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Final, Self
from uuid import UUID

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

# What a text says and what it means count alike. Its context helps to find it: the words of both count fully,
# as they name things, and their meaning counts half, as it is much the same for neighbours in a conversation.
KEYWORD_WEIGHT: Final = 1.0
CONTEXT_KEYWORD_WEIGHT: Final = 1.0
SEMANTIC_WEIGHT: Final = 1.0
CONTEXT_SEMANTIC_WEIGHT: Final = 0.5

RECENCY_STRENGTH: Final = 0.05
IMPORTANCE_STRENGTH: Final = 0.1
FREQUENCY_STRENGTH: Final = 0.05
TIME_STRENGTH: Final = 0.2
STRENGTH_MAX: Final = 0.2

Numbers = NDArray[np.float64]
Ranks = NDArray[np.int64]


class Ranking(Struct, frozen=True, kw_only=True):
    """What a caller wants to count more or less.

    Attributes:
        semantic: A factor of the weight of the meaning.
        keyword: A factor of the weight of the words.
        context: A factor of the weights of the context's meaning and words.
        recency: How strongly the boost counts, from 0 to `STRENGTH_MAX`; the others likewise.
    """

    semantic: float = 1.0
    keyword: float = 1.0
    context: float = 1.0
    recency: float = RECENCY_STRENGTH
    importance: float = IMPORTANCE_STRENGTH
    frequency: float = FREQUENCY_STRENGTH
    time: float = TIME_STRENGTH


class Signal(Struct, frozen=True):
    """What a signal says of a memory, and what that does to the score.

    Attributes:
        rank: The memory's place by this signal, from 1 on; 0 if it has none.
        contribution: What is added to the score, or what it is multiplied by.
    """

    rank: int = 0
    value: float = 0.0
    contribution: float = 0.0


class Evidence(Struct, frozen=True):
    """What the lists say, by memory; a memory that is not in a list has nothing of that signal.

    A list is None if the search has no such signal at all: then it counts for none.
    """

    semantic: Mapping[UUID, float] | None = None
    keyword: Mapping[UUID, float] | None = None
    context_semantic: Mapping[UUID, float] | None = None
    context_keyword: Mapping[UUID, float] | None = None

    @property
    def lists(self) -> tuple[Mapping[UUID, float] | None, ...]:
        """All of them, in the order of the fields."""
        return self.semantic, self.keyword, self.context_semantic, self.context_keyword

    @property
    def memory_ids(self) -> list[UUID]:
        """All memories that are in any of them, once each."""
        return list({memory_id: None for values in self.lists if values for memory_id in values})

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Puts together what several sources say, of different memories."""
        if len(parts) == 1:
            return parts[0]
        return cls(*(_joined(lists) for lists in zip(*(part.lists for part in parts), strict=True)))


class Fused(Struct, frozen=True):
    """A memory with the sum of what its signals contribute."""

    memory_id: UUID
    score: float
    semantic: Signal
    keyword: Signal
    context_semantic: Signal
    context_keyword: Signal


class Column:
    """What one signal says of each memory."""

    def __init__(self, memory_ids: Sequence[UUID], values: Mapping[UUID, float]) -> None:
        said = np.array([values.get(memory_id, _UNSAID) for memory_id in memory_ids])
        self.is_said = said > _UNSAID
        self.values: Numbers = np.where(self.is_said, said, 0.0)

    @cached_property
    def ranks(self) -> Ranks:
        """The places that it gives them, of equals the better one to the first; 0 where it says nothing."""
        ranks = np.empty(len(self.values), dtype=np.int64)
        order = np.argsort(-np.where(self.is_said, self.values, _UNSAID), kind="stable")
        ranks[order] = np.arange(1, len(ranks) + 1)
        ranks[~self.is_said] = 0
        return ranks


class Fusion:
    """All memories that the lists name, best first: told in full only of those that are asked for."""

    def __init__(
        self,
        memory_ids: Sequence[UUID],
        columns: Sequence[Column | None],
        weights: Sequence[float],
    ) -> None:
        """Orders them; of equals, those that come first here come first.

        Args:
            memory_ids: The memories.
            columns: What each signal says of them; None for those that the search does not have.
            weights: What the signals count; together one, or nothing.
        """
        scores = np.zeros(len(memory_ids))
        for column, weight in zip(columns, weights, strict=True):
            if column is not None:
                scores += weight * column.values
        self._order = np.argsort(-scores, kind="stable")
        self._columns = columns
        self._weights = weights
        self.memory_ids: Sequence[UUID] = [memory_ids[at] for at in self._order.tolist()]
        self.scores: Numbers = scores[self._order]

    def __len__(self) -> int:
        return len(self.memory_ids)

    def __getitem__(self, place: int) -> Fused:
        at = int(self._order[place])
        signals = (
            _NOTHING if column is None else _signal(column, at, weight)
            for column, weight in zip(self._columns, self._weights, strict=True)
        )
        return Fused(self.memory_ids[place], float(self.scores[place]), *signals)

    def __iter__(self) -> Iterator[Fused]:
        return map(self.__getitem__, range(len(self)))

    def count_from(self, score: float) -> int:
        """Returns how many have at least this score."""
        return int(np.searchsorted(-self.scores, -score, side="right"))

    def places_alike(self, similarity_min: float) -> list[int]:
        """Returns the places of those whose meaning is known to be so much alike."""
        meaning = self._columns[0]
        if meaning is None:
            return []
        is_alike = meaning.is_said & (meaning.values >= similarity_min)
        return np.flatnonzero(is_alike[self._order]).tolist()


class Boosts(Struct, frozen=True, kw_only=True):
    """How a memory stands by the signals that have nothing to do with its text, from 0 to 1 each."""

    recency: float
    importance: float
    frequency: float
    time: float | None = None
    """None if the query names no time."""


class Boosted(Struct, frozen=True):
    """A score after the boosts, with what each of them did."""

    score: float
    recency: Signal
    importance: Signal
    frequency: Signal
    time: Signal


_NOTHING: Final = Signal()
_BY_NUMBER: Final = attrgetter("int")
# Below all that is ever said.
_UNSAID: Final = -math.inf


def fuse(evidence: Evidence, ranking: Ranking) -> Fusion:
    """Returns all memories that the lists name with their scores, best first."""
    memory_ids = sorted(evidence.memory_ids, key=_BY_NUMBER)
    weights = (
        SEMANTIC_WEIGHT * ranking.semantic,
        KEYWORD_WEIGHT * ranking.keyword,
        CONTEXT_SEMANTIC_WEIGHT * ranking.context,
        CONTEXT_KEYWORD_WEIGHT * ranking.context,
    )
    total = sum(weight for values, weight in zip(evidence.lists, weights, strict=True) if values is not None)
    columns = [None if values is None else Column(memory_ids, values) for values in evidence.lists]
    return Fusion(memory_ids, columns, [weight / (total or 1.0) for weight in weights])


def boost_margin(ranking: Ranking, *, has_time: bool) -> float:
    """Returns the share of another's score below which no boosts can bring a score past it."""
    strengths = [ranking.recency, ranking.importance, ranking.frequency, ranking.time if has_time else 0.0]
    return math.prod((1 - bounded / 2) / (1 + bounded / 2) for bounded in map(_strength, strengths))


def boosted_scores(scores: Numbers, boosts: Sequence[Boosts], ranking: Ranking) -> Numbers:
    """Returns many scores after the boosts, as `boosted` does one by one."""
    strengths = np.array(
        [_strength(one) for one in (ranking.recency, ranking.importance, ranking.frequency, ranking.time)]
    )
    # In the middle a boost does nothing.
    values = np.array(
        [
            (one.recency, one.importance, one.frequency, 0.5 if one.time is None else one.time)
            for one in boosts
        ]
    ).reshape(-1, len(strengths))
    products = (1 + strengths * (values.clip(0.0, 1.0) - 0.5)).prod(axis=1)
    return np.where(scores > 0, scores * products, scores)


def boosted(score: float, boosts: Boosts, ranking: Ranking) -> Boosted:
    """Returns a score after the boosts; one below zero is left as it is, as a boost would make it worse."""
    recency = _boost(boosts.recency, ranking.recency)
    importance = _boost(boosts.importance, ranking.importance)
    frequency = _boost(boosts.frequency, ranking.frequency)
    time = Signal(contribution=1.0) if boosts.time is None else _boost(boosts.time, ranking.time)
    product = (
        recency.contribution * importance.contribution * frequency.contribution * time.contribution
        if score > 0
        else 1.0
    )
    return Boosted(score * product, recency, importance, frequency, time)


def _joined(lists: Sequence[Mapping[UUID, float] | None]) -> Mapping[UUID, float] | None:
    there = [values for values in lists if values is not None]
    return {memory_id: value for values in there for memory_id, value in values.items()} if there else None


def _signal(column: Column, at: int, weight: float) -> Signal:
    if not column.is_said[at]:
        return _NOTHING
    value = float(column.values[at])
    return Signal(int(column.ranks[at]), value, weight * value)


def _boost(value: float, strength: float) -> Signal:
    bounded = min(max(value, 0.0), 1.0)
    return Signal(value=bounded, contribution=1 + _strength(strength) * (bounded - 0.5))


def _strength(strength: float) -> float:
    return min(strength, STRENGTH_MAX)
