"""One score out of several signals.

The signals are of like measure: a cosine, and BM25 as a share of the most that the query could get. So they
are averaged as they are and not by their ranks: a memory that fits much better than the next one keeps that
lead, and no score depends on what else was found. The boosts that follow are bounded, so that no habit drowns
what was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Final, Self
from uuid import UUID

import numpy as np
from msgspec import Struct

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
        return list(dict.fromkeys(memory_id for values in self.lists for memory_id in values or ()))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Puts together what several sources say, of different memories."""
        return cls(*(_joined(lists) for lists in zip(*(part.lists for part in parts), strict=True)))


class Fused(Struct, frozen=True):
    """A memory with the sum of what its signals contribute."""

    memory_id: UUID
    score: float
    semantic: Signal
    keyword: Signal
    context_semantic: Signal
    context_keyword: Signal


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
_SCORE: Final = attrgetter("score")


def fuse(evidence: Evidence, ranking: Ranking) -> list[Fused]:
    """Returns all memories that the lists name with their scores, best first."""
    memory_ids = sorted(evidence.memory_ids, key=_BY_NUMBER)
    weights = (
        SEMANTIC_WEIGHT * ranking.semantic,
        KEYWORD_WEIGHT * ranking.keyword,
        CONTEXT_SEMANTIC_WEIGHT * ranking.context,
        CONTEXT_KEYWORD_WEIGHT * ranking.context,
    )
    lists = list(zip(evidence.lists, weights, strict=True))
    total = sum(weight for values, weight in lists if values is not None) or 1.0
    columns = [_column(memory_ids, values or {}, weight / total) for values, weight in lists]
    fused = (
        Fused(memory_id, sum(signal.contribution for signal in signals), *signals)
        for memory_id, *signals in zip(memory_ids, *columns, strict=True)
    )
    return sorted(fused, key=_SCORE, reverse=True)


def boost_margin(ranking: Ranking, *, has_time: bool) -> float:
    """Returns the share of another's score below which no boosts can bring a score past it."""
    strengths = [ranking.recency, ranking.importance, ranking.frequency, ranking.time if has_time else 0.0]
    return math.prod((1 - bounded / 2) / (1 + bounded / 2) for bounded in map(_strength, strengths))


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


def _column(memory_ids: Sequence[UUID], values: Mapping[UUID, float], weight: float) -> list[Signal]:
    """Returns what one signal says of each memory; of equals the one that comes first has the better rank."""
    places = [place for place, memory_id in enumerate(memory_ids) if memory_id in values]
    said = np.array([values[memory_ids[place]] for place in places])
    signals = [_NOTHING] * len(memory_ids)
    for rank, at in enumerate(np.argsort(-said, kind="stable").tolist(), 1):
        value = float(said[at])
        signals[places[at]] = Signal(rank, value, weight * value)
    return signals


def _boost(value: float, strength: float) -> Signal:
    bounded = min(max(value, 0.0), 1.0)
    return Signal(value=bounded, contribution=1 + _strength(strength) * (bounded - 0.5))


def _strength(strength: float) -> float:
    return min(strength, STRENGTH_MAX)
