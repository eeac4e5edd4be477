"""Near-duplicates among results: what says the same as a better one is shown by that one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import numpy as np
from msgspec import Struct

from timeloom_memory.model import Matrix, Memory
from timeloom_memory.sameness import COSINE_MIN, Said
from timeloom_memory.storage import vectors


class _Kept(Struct, frozen=True):
    """A result that others may say again."""

    id: UUID
    said: Said
    model: str
    vector: Matrix | None


class Groups:
    """Results, each with those that say the same."""

    def __init__(self) -> None:
        self._kept: list[_Kept] = []
        self._duplicates: dict[UUID, list[UUID]] = {}

    def add(self, memory: Memory, vector: bytes | None) -> bool:
        """Adds the next best result, and returns whether a better one says the same."""
        one = _Kept(
            id=memory.id,
            said=Said.of(memory.content),
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
    if first.said == second.said:
        return True
    if first.vector is None or second.vector is None or first.model != second.model:
        return False
    if not first.said.may_match(second.said) or len(first.vector) != len(second.vector):
        return False
    return float(np.dot(first.vector, second.vector)) >= COSINE_MIN
