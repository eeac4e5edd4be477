"""Near-duplicates among results: what says the same as a better one is shown by that one.

A high cosine is not enough: "the meeting is at 3" and "the meeting is at 4" are as alike as two texts can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import numpy as np
from msgspec import Struct

from timeloom_memory.model import Matrix, Memory
from timeloom_memory.search import words
from timeloom_memory.storage import vectors

COSINE_MIN: Final = 0.95
DENIALS: Final = frozenset(
    words.terms(
        "no not never none nothing nobody neither nor without cannot cant dont doesnt didnt isnt arent wasnt"
        " werent wont wouldnt couldnt shouldnt hasnt havent hadnt"
    )
)


class _Kept(Struct, frozen=True):
    """A result that others may say again."""

    id: UUID
    terms: tuple[str, ...]
    facts: tuple[frozenset[str], bool]
    model: str
    vector: Matrix | None


class Groups:
    """Results, each with those that say the same."""

    def __init__(self) -> None:
        self._kept: list[_Kept] = []
        self._duplicates: dict[UUID, list[UUID]] = {}

    def add(self, memory: Memory, vector: bytes | None) -> bool:
        """Adds the next best result, and returns whether a better one says the same."""
        terms = tuple(words.terms(memory.content))
        one = _Kept(
            id=memory.id,
            terms=terms,
            facts=_facts(terms),
            model=memory.embedding_model,
            vector=None if vector is None else vectors.decoded([vector], memory.dimension)[0],
        )
        for better in self._kept:
            if _say_the_same(better, one):
                self._duplicates.setdefault(better.id, []).append(one.id)
                return True
        self._kept.append(one)
        return False

    def duplicates(self, memory_id: UUID) -> Sequence[UUID]:
        """Returns the results that a kept one stands for."""
        return tuple(self._duplicates.get(memory_id, ()))


def _say_the_same(first: _Kept, second: _Kept) -> bool:
    if first.terms == second.terms and first.terms:
        return True
    if first.vector is None or second.vector is None or first.model != second.model:
        return False
    if first.facts != second.facts or len(first.vector) != len(second.vector):
        return False
    return float(np.dot(first.vector, second.vector)) >= COSINE_MIN


def _facts(terms: Sequence[str]) -> tuple[frozenset[str], bool]:
    """Returns the numbers of a text, and whether it denies something: what a vector tells badly."""
    numbers = frozenset(term for term in terms if any(character.isdecimal() for character in term))
    denials = sum(term in DENIALS for term in terms)
    return numbers, denials % 2 == 1
