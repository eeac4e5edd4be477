"""Near-duplicates among two lists of memories: pairs of which both say the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

import numpy as np

from timeloom_memory.model import Memory
from timeloom_memory.sameness import Said
from timeloom_memory.storage.vectors import decoded

ROWS_AT_ONCE: Final = 256
"""The rows of one block of cosines: against ten thousand others it takes ten megabytes."""

NEIGHBOURS_MAX: Final = 32
"""The near-duplicates of one memory that are looked at."""


class Likeness:
    """Knows the vectors of the memories of both sides."""

    def __init__(self, vectors: Mapping[UUID, bytes], *, similarity: float) -> None:
        """Takes vectors in PostgreSQL's form, and from which cosine on memories are near-duplicates."""
        self._vectors = dict(vectors)
        self._similarity = similarity

    def share(self, copy_id: UUID, original_id: UUID) -> None:
        """Notes that a copy has the vector of its original."""
        if original_id in self._vectors:
            self._vectors[copy_id] = self._vectors[original_id]

    def nearest(self, ones: Sequence[Memory], others: Sequence[Memory]) -> Iterable[tuple[float, UUID, UUID]]:
        """Returns the pairs that are near-duplicates, nearest first: the same text counts as 1."""
        said = {each.id: Said.of(each.content) for each in (*ones, *others)}
        found = dict.fromkeys(_equal(ones, others, said), 1.0)
        for group in self._groups(ones).keys() & self._groups(others).keys():
            near = self._near(self._groups(ones)[group], self._groups(others)[group], group[1])
            for pair, cosine in near.items():
                if said[pair[0]].may_match(said[pair[1]]):
                    found.setdefault(pair, cosine)
        return sorted(
            ((cosine, *pair) for pair, cosine in found.items()), key=lambda each: (-each[0], each[1:])
        )

    def _groups(self, memories: Sequence[Memory]) -> dict[tuple[str, int], list[UUID]]:
        """Returns those that have a vector by what it comes from: only such can be compared."""
        groups: dict[tuple[str, int], list[UUID]] = defaultdict(list)
        for memory in memories:
            if memory.id in self._vectors and memory.dimension:
                groups[memory.embedding_model, memory.dimension].append(memory.id)
        return groups

    def _near(self, ones: list[UUID], others: list[UUID], dimension: int) -> dict[tuple[UUID, UUID], float]:
        found: dict[tuple[UUID, UUID], float] = {}
        columns = decoded([self._vectors[each] for each in others], dimension).T
        for start in range(0, len(ones), ROWS_AT_ONCE):
            block = ones[start : start + ROWS_AT_ONCE]
            cosines = decoded([self._vectors[each] for each in block], dimension) @ columns
            for one, row in zip(block, cosines, strict=True):
                for place in np.argsort(-row, kind="stable")[:NEIGHBOURS_MAX]:
                    if row[place] < self._similarity:
                        break
                    found[one, others[place]] = min(float(row[place]), 1.0)
        return found


def _equal(
    ones: Sequence[Memory], others: Sequence[Memory], said: Mapping[UUID, Said]
) -> Iterator[tuple[UUID, UUID]]:
    """Pairs those that say the same without a vector, each with one: first with one of exactly its text."""
    exact = dict(_matched(ones, others, lambda memory: memory.content))
    yield from exact.items()
    taken = set(exact.values())
    left = [one for one in ones if one.id not in exact], [each for each in others if each.id not in taken]
    yield from _matched(*left, lambda memory: said[memory.id])


def _matched(
    ones: Sequence[Memory], others: Sequence[Memory], of: Callable[[Memory], Hashable]
) -> Iterator[tuple[UUID, UUID]]:
    free: dict[Hashable, list[UUID]] = defaultdict(list)
    for other in others:
        free[of(other)].append(other.id)
    for one in ones:
        if same := free.get(of(one)):
            yield one.id, same.pop()
