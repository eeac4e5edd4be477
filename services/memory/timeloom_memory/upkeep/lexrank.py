"""LexRank: the sentences that say most are those that many like sentences agree with.

Erkan & Radev, "LexRank: Graph-based Lexical Centrality as Salience in Text Summarization" (JAIR 22, 2004): p
= d r + (1 - d) M^T p, where M is the row-normalised graph of how alike sentences are. `r` is even, or favours
what a query asks for (Otterbacher, Erkan & Radev 2009).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

SIMILARITY_MIN: Final = 0.1
"""Sentences that are less alike are not joined: the threshold of the paper."""

JUMP: Final = 0.15
"""The share `d` of a sentence's rank that does not come from its neighbours."""
QUERY_JUMP: Final = 0.7
"""That share where a query says what is wanted."""

ROUNDS_MAX: Final = 100
TOLERANCE: Final = 1e-6

Floats = NDArray[np.float32]
Terms = Sequence[str]


def document_frequencies(sentences: Sequence[Terms]) -> Counter[str]:
    """Returns in how many sentences each term stands."""
    return Counter(term for sentence in sentences for term in set(sentence))


def weights(sentence: Terms, frequencies: Mapping[str, int], count: int) -> dict[str, float]:
    """Returns the TF-IDF weights of a sentence's terms, as a vector of unit length."""
    weighed = {
        term: occurrences * math.log(1 + count / (1 + frequencies.get(term, 0)))
        for term, occurrences in Counter(sentence).items()
    }
    length = math.sqrt(sum(weight * weight for weight in weighed.values()))
    return {term: weight / length for term, weight in weighed.items()} if length else {}


def similarities(vectors: Sequence[Mapping[str, float]]) -> Floats:
    """Returns the cosines of all pairs, by way of the terms that they share."""
    cosines = np.zeros((len(vectors), len(vectors)), dtype=np.float32)
    postings: dict[str, tuple[list[int], list[float]]] = {}
    for place, vector in enumerate(vectors):
        for term, weight in vector.items():
            places, values = postings.setdefault(term, ([], []))
            places.append(place)
            values.append(weight)
    for places, values in postings.values():
        held = np.asarray(values, dtype=np.float32)
        cosines[np.ix_(places, places)] += np.outer(held, held)
    return cosines


def ranks(cosines: Floats, relevance: Floats | None = None) -> Floats:
    """Returns the salience of each sentence; they add up to 1.

    Args:
        cosines: How alike sentences are, symmetric.
        relevance: How much each is what was asked for, none below zero; all the same if None.
    """
    count = len(cosines)
    if count == 0:
        return np.zeros(0, dtype=np.float32)
    graph = np.where(cosines >= SIMILARITY_MIN, cosines, 0.0).astype(np.float32)
    np.fill_diagonal(graph, 1.0)
    graph /= graph.sum(axis=1, keepdims=True)
    wanted = np.full(count, 1.0 / count, dtype=np.float32)
    jump = JUMP
    if relevance is not None and (total := float(relevance.sum())) > 0:
        wanted, jump = (relevance / total).astype(np.float32), QUERY_JUMP
    rank = wanted.copy()
    for _ in range(ROUNDS_MAX):
        following = jump * wanted + (1 - jump) * (graph.T @ rank)
        settled = float(np.abs(following - rank).sum()) < TOLERANCE
        rank = following.astype(np.float32)
        if settled:
            break
    return rank
