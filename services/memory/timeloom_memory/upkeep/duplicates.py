"""Near-duplicates in a namespace: groups of memories of which any two say the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from timeloom_memory.sameness import Said

Floats = NDArray[np.float32]

BLOCK: Final = 1024
"""So many rows are compared with all at a time: the cosines of a block are never more than it times their
number.
"""

PAIRS_MAX: Final = 200_000
"""With more pairs than that, near-duplicates are the rule in a namespace, and the likest are taken."""

GROUP_MAX: Final = 100
"""What a merge takes at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A memory that may have duplicates.

    Attributes:
        vector: Its row in the matrix of vectors; None if it has none.
    """

    memory_id: UUID
    content: str
    importance: float
    create_time: datetime
    vector: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Memories that say the same, the one that would go on first, and how alike they are at least."""

    memory_ids: tuple[UUID, ...]
    similarity: float


@dataclass(frozen=True, slots=True)
class _Pair:
    first: int
    second: int
    cosine: float


def groups_of(
    candidates: Sequence[Candidate],
    vectors: Floats,
    *,
    similarity: float,
    apart: Collection[frozenset[UUID]] = (),
) -> list[Group]:
    """Returns groups of which any two members are at least that alike, most alike first; no memory is in two.

    Args:
        candidates: The memories.
        vectors: Those of the candidates, one a row, of unit length.
        similarity: From which cosine on two memories are near-duplicates.
        apart: Sets of memories of which no two may be in a group: somebody has said that they differ.
    """
    said = [Said.of(candidate.content) for candidate in candidates]
    refused = _Refused(apart)
    pairs = [
        pair
        for pair in chain(islice(_equal(said), PAIRS_MAX), _near(candidates, vectors, similarity))
        if said[pair.first].may_match(said[pair.second])
        and not refused.has(candidates[pair.first].memory_id, candidates[pair.second].memory_id)
    ]
    groups = [
        Group(
            memory_ids=tuple(
                each.memory_id for each in sorted((candidates[place] for place in members), key=_precedence)
            ),
            similarity=least,
        )
        for members, least in _joined(pairs)
    ]
    return sorted(groups, key=lambda group: (-group.similarity, group.memory_ids))


class _Refused:
    """Which memories are not to be put together."""

    def __init__(self, apart: Collection[frozenset[UUID]]) -> None:
        self._apart: defaultdict[UUID, list[frozenset[UUID]]] = defaultdict(list)
        for members in apart:
            for member in members:
                self._apart[member].append(members)

    def has(self, first: UUID, second: UUID) -> bool:
        return any(second in members for members in self._apart.get(first, ()))


def _equal(said: Sequence[Said]) -> Iterator[_Pair]:
    same: defaultdict[Said, list[int]] = defaultdict(list)
    for place, each in enumerate(said):
        same[each].append(place)
    for places in same.values():
        for end in range(0, len(places), GROUP_MAX):
            some = places[end : end + GROUP_MAX]
            yield from (
                _Pair(first, second, 1.0) for at, first in enumerate(some) for second in some[at + 1 :]
            )


def _near(candidates: Sequence[Candidate], vectors: Floats, similarity: float) -> Iterator[_Pair]:
    held = [(place, each.vector) for place, each in enumerate(candidates) if each.vector is not None]
    places = [place for place, _ in held]
    rows = vectors[np.asarray([row for _, row in held], dtype=np.intp)]
    found: list[tuple[float, int, int]] = []
    for start in range(0, len(rows), BLOCK):
        cosines = np.triu(rows[start : start + BLOCK] @ rows[start:].T, k=1)
        flat = np.flatnonzero(cosines >= similarity)
        values = cosines.ravel()[flat]
        if len(flat) > PAIRS_MAX:
            likest = np.argpartition(-values, PAIRS_MAX)[:PAIRS_MAX]
            flat, values = flat[likest], values[likest]
        ends = np.divmod(flat, cosines.shape[1])
        found.extend(
            zip(values.tolist(), (ends[0] + start).tolist(), (ends[1] + start).tolist(), strict=True)
        )
        found = sorted(found, key=lambda pair: (-pair[0], pair[1:]))[:PAIRS_MAX]
    for cosine, first, second in found:
        yield _Pair(places[first], places[second], min(1.0, cosine))


def _joined(pairs: Sequence[_Pair]) -> list[tuple[list[int], float]]:
    """Joins pairs, the likest first, as long as any two of a group are a pair: chains are not joined."""
    cosines: dict[tuple[int, int], float] = {}
    for pair in pairs:
        key = (pair.first, pair.second)
        cosines[key] = max(pair.cosine, cosines.get(key, 0.0))
    group_of: dict[int, list[int]] = {}
    for first, second in sorted(cosines, key=lambda key: (-cosines[key], key)):
        one, other = group_of.get(first, [first]), group_of.get(second, [second])
        if one is other or len(one) + len(other) > GROUP_MAX:
            continue
        if all(_key(a, b) in cosines for a in one for b in other):
            members = one + other
            group_of.update(dict.fromkeys(members, members))
    distinct = {id(members): members for members in group_of.values()}
    return [(members, _least(members, cosines)) for members in distinct.values()]


def _least(members: Sequence[int], cosines: dict[tuple[int, int], float]) -> float:
    return min(cosines[_key(a, b)] for at, a in enumerate(members) for b in members[at + 1 :])


def _key(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def _precedence(candidate: Candidate) -> tuple[float, int, float, UUID]:
    """Orders by which memory would go on: the most important, then the fullest, then the newest."""
    return (
        -candidate.importance,
        -len(candidate.content),
        -candidate.create_time.timestamp(),
        candidate.memory_id,
    )
