"""Summaries without a language model: the sentences that say most, none twice, as they were written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import numpy as np

from timeloom_memory.upkeep import lexrank, sentences, words
from timeloom_memory.upkeep.lexrank import Floats

SENTENCES_MAX: Final = 1500
"""The graph has the square of that many edges. Of more sentences, those that are nearest to all are taken."""

VARIETY: Final = 0.4
"""How much less a sentence is worth for being like one that was chosen: 1 - lambda of MMR."""

MEANING_SHARE: Final = 0.5
"""How much the vectors of memories count beside the words of sentences, where there are vectors."""

INFORMATIVE_WORDS: Final = 6
"""A sentence with fewer words that carry meaning is worth less by the square: `That's great!` says nothing
alone.
"""

QUESTION_WORTH: Final = 0.5
"""What a question is worth beside a statement: it seldom says what was learned."""

SALIENCE_SHARE_MIN: Final = 0.15
"""What is worth less than this share of the best is left out, even where there is room."""

LINE_TOKENS: Final = 1
"""What a line break takes at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A memory to be summarised.

    Attributes:
        occur_time: Where it stands in the order of the summary.
        vector: Of unit length; None if it has none, or none of the model that the others have.
    """

    memory_id: UUID
    content: str
    occur_time: datetime
    vector: Floats | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """A sentence of a summary, and the memories that have it, earliest first."""

    text: str
    source_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What many memories say in short; one line for each memory that is quoted, in the order of time."""

    text: str
    quotations: tuple[Quotation, ...] = ()
    source_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a summary should be about; the vector is of the model of the sources."""

    text: str
    vector: Floats | None = None


@dataclass(slots=True)
class _Sentence:
    text: str
    terms: list[str]
    line: int  # the memory that has it first
    source_ids: list[UUID]
    vector: Floats | None = field(repr=False)


def summary_of(
    sources: Sequence[Source],
    *,
    tokens_max: int,
    count_tokens: Callable[[str], int],
    query: Query | None = None,
) -> Summary:
    """Returns the summary of some memories within a number of tokens; empty if no sentence is that short."""
    ordered = sorted(sources, key=lambda source: (source.occur_time, source.memory_id))
    candidates = _central(_sentences_of(ordered))
    if not candidates:
        return Summary(text="")
    cosines, salience = _graph(candidates, query)
    costs = [count_tokens(candidate.text) + LINE_TOKENS for candidate in candidates]
    chosen = _diverse(salience, cosines, costs, tokens_max)
    while chosen:
        # Chosen best first: what the pieces of a text take apart and together may differ by a token or two.
        summary = _written([candidates[place] for place in sorted(chosen)])
        if count_tokens(summary.text) <= tokens_max:
            return summary
        chosen.pop()
    return Summary(text="")


def _sentences_of(sources: Sequence[Source]) -> list[_Sentence]:
    found: dict[str, _Sentence] = {}
    for line, source in enumerate(sources):
        for text in sentences.split(source.content):
            same = words.normalised(text)
            if same not in found:
                found[same] = _Sentence(text, words.stems(text), line, [source.memory_id], source.vector)
            elif source.memory_id not in found[same].source_ids:
                found[same].source_ids.append(source.memory_id)
    return list(found.values())


def _central(candidates: list[_Sentence]) -> list[_Sentence]:
    """Returns the sentences nearest to the centre of all, in their order, so that the graph stays small."""
    if len(candidates) <= SENTENCES_MAX:
        return candidates
    frequencies = lexrank.document_frequencies([candidate.terms for candidate in candidates])
    weighed = [lexrank.weights(candidate.terms, frequencies, len(candidates)) for candidate in candidates]
    centre: dict[str, float] = {}
    for vector in weighed:
        for term, weight in vector.items():
            centre[term] = centre.get(term, 0.0) + weight
    nearness = [
        sum(weight * centre[term] for term, weight in vector.items()) * _worth(candidate)
        for candidate, vector in zip(candidates, weighed, strict=True)
    ]
    best = sorted(range(len(candidates)), key=lambda place: -nearness[place])[:SENTENCES_MAX]
    return [candidates[place] for place in sorted(best)]


def _graph(candidates: Sequence[_Sentence], query: Query | None) -> tuple[Floats, Floats]:
    frequencies = lexrank.document_frequencies([candidate.terms for candidate in candidates])
    weighed = [lexrank.weights(candidate.terms, frequencies, len(candidates)) for candidate in candidates]
    cosines = lexrank.similarities(weighed)
    meaning = _stacked(candidates)
    if meaning is not None:
        alike = np.clip(meaning @ meaning.T, 0.0, 1.0)
        cosines = ((1 - MEANING_SHARE) * cosines + MEANING_SHARE * alike).astype(np.float32)
    relevance = None
    if query is not None:
        asked = lexrank.weights(words.stems(query.text), frequencies, len(candidates))
        relevance = np.asarray(
            [sum(weight * asked.get(term, 0.0) for term, weight in vector.items()) for vector in weighed],
            dtype=np.float32,
        )
        if meaning is not None and query.vector is not None:
            near = np.clip(meaning @ query.vector, 0.0, 1.0)
            # Squared, because everything is a little like everything.
            relevance = ((1 - MEANING_SHARE) * relevance + MEANING_SHARE * near**2).astype(np.float32)
    worth = np.asarray([_worth(candidate) for candidate in candidates], dtype=np.float32)
    return cosines, (lexrank.ranks(cosines, relevance) * worth).astype(np.float32)


def _stacked(candidates: Sequence[_Sentence]) -> Floats | None:
    vectors = [candidate.vector for candidate in candidates if candidate.vector is not None]
    if not vectors:
        return None
    nothing = np.zeros_like(vectors[0])
    return np.stack([nothing if candidate.vector is None else candidate.vector for candidate in candidates])


def _worth(candidate: _Sentence) -> float:
    informative = min(1.0, len(set(candidate.terms)) / INFORMATIVE_WORDS)
    is_question = candidate.text.rstrip("\"'”’»)").endswith(("?", "？", "؟"))  # noqa: RUF001
    return informative**2 * (QUESTION_WORTH if is_question else 1.0)


def _diverse(salience: Floats, cosines: Floats, costs: Sequence[int], tokens_max: int) -> list[int]:
    """Returns what to take, best first, by maximal marginal relevance (Carbonell & Goldstein 1998)."""
    scale = float(salience.max())
    if scale <= 0:
        return []
    worth = (1 - VARIETY) * salience / scale
    nearest = np.zeros(len(worth), dtype=np.float32)
    prices = np.asarray(costs)
    open_places = salience >= SALIENCE_SHARE_MIN * scale
    chosen: list[int] = []
    left = tokens_max
    while True:
        open_places &= prices <= left
        if not open_places.any():
            return chosen
        place = int(np.argmax(np.where(open_places, worth - VARIETY * nearest, -np.inf)))
        chosen.append(place)
        left -= costs[place]
        open_places[place] = False
        nearest = np.maximum(nearest, cosines[place])


def _written(chosen: Sequence[_Sentence]) -> Summary:
    lines: dict[int, list[str]] = {}
    for sentence in chosen:
        lines.setdefault(sentence.line, []).append(sentence.text)
    return Summary(
        text="\n".join(" ".join(line) for line in lines.values()),
        quotations=tuple(Quotation(text=each.text, source_ids=tuple(each.source_ids)) for each in chosen),
        source_ids=tuple(dict.fromkeys(source for each in chosen for source in each.source_ids)),
    )
