"""What looking after a namespace would do, worked out before anything is done.

A dry run reports the plan; a run reports the same plan and carries it out. So each step reckons with those
before
it: what is merged or put away is in no cluster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Final
from uuid import UUID, uuid5

import numpy as np
from numpy.typing import NDArray

from timeloom_memory.sameness import COSINE_MIN
from timeloom_memory.upkeep import clusters, decay, duplicates, extraction
from timeloom_memory.upkeep.clusters import Clusters, ClusterWish, FoundCluster
from timeloom_memory.upkeep.decay import DecayPolicy, Usage
from timeloom_memory.upkeep.duplicates import Candidate, Group
from timeloom_memory.upkeep.extraction import Source, Summary

SIMILARITY_DEFAULT: Final = COSINE_MIN
SUMMARISED_MEMBERS_MIN: Final = 8
"""Clusters with fewer memories are read sooner than summarised."""

SUMMARIES_MAX: Final = 20
"""The largest clusters that are summarised in one run."""

SUMMARY_TOKENS: Final = 200

Floats = NDArray[np.float32]


class Task(Enum):
    """What looking after a namespace consists of, in this order; the values are the contract's."""

    DUPLICATES = "duplicates"
    ARCHIVE = "archive"
    CLUSTERS = "clusters"
    SUMMARIES = "summaries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A memory that is looked after.

    Attributes:
        vector: Its row in the matrix of vectors; None if it has none.
    """

    memory_id: UUID
    content: str
    importance: float
    create_time: datetime
    occur_time: datetime
    cluster_id: UUID | None
    usage: Usage
    vector: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveRule:
    """What is put away by itself: what is less likely to be recalled, unless it is important."""

    retention_below: float
    importance_below: float
    decay: DecayPolicy

    def applies(self, *, importance: float, usage: Usage, now: datetime) -> bool:
        """Whether a memory is to be put away."""
        return (
            importance < self.importance_below
            and decay.retention(usage, now, self.decay) < self.retention_below
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be done.

    Attributes:
        tasks: Which; in their order whatever the order here.
        similarity: From which cosine on memories are near-duplicates.
        merge: Merge near-duplicates, and do not only propose it.
        rule: What is to be put away.
        cluster: How to cluster.
    """

    tasks: frozenset[Task]
    rule: ArchiveRule
    similarity: float = SIMILARITY_DEFAULT
    merge: bool = False
    cluster: ClusterWish = field(default_factory=ClusterWish)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a plan has to know besides the memories.

    Attributes:
        origin: What ids of this namespace are made from.
        now: For decay.
        apart: Memories that somebody has refused to merge.
        known: The clusters of the last time with their centres.
        count_tokens: For summaries.
    """

    origin: UUID
    now: datetime
    apart: Collection[frozenset[UUID]]
    known: Sequence[tuple[UUID, Floats]]
    count_tokens: Callable[[str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """Near-duplicates under the id of their proposal."""

    id: UUID
    group: Group


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSummary:
    """What a cluster says in short."""

    cluster_id: UUID
    summary: Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done; a task that was not asked for has nothing.

    Attributes:
        clusters: None if clusters were not asked for.
        members: The ids of the memories of each cluster.
        moves: The memories whose cluster is another one than before; None for none.
        merges: Whether the proposals are carried out at once.
    """

    examined: int
    merges: bool
    proposed: tuple[Proposed, ...] = ()
    archived: tuple[UUID, ...] = ()
    clusters: Clusters | None = None
    members: Mapping[UUID, tuple[UUID, ...]] = field(default_factory=dict[UUID, tuple[UUID, ...]])
    moves: Mapping[UUID, UUID | None] = field(default_factory=dict[UUID, UUID | None])
    summaries: tuple[ClusterSummary, ...] = ()


def plan(pieces: Sequence[Piece], vectors: Floats, wish: Wish, around: Surroundings) -> Plan:
    """Works out what is to be done.

    Args:
        pieces: The memories, in an order that is the same each time.
        vectors: Theirs, of unit length, one a row.
        wish: What is asked for.
        around: What else counts.
    """
    left = list(pieces)
    proposed: tuple[Proposed, ...] = ()
    archived: tuple[UUID, ...] = ()
    if Task.DUPLICATES in wish.tasks:
        proposed = _duplicates(left, vectors, wish, around)
        if wish.merge:
            gone = {each for proposal in proposed for each in proposal.group.memory_ids[1:]}
            left = [piece for piece in left if piece.memory_id not in gone]
    if Task.ARCHIVE in wish.tasks:
        archived = tuple(
            piece.memory_id
            for piece in left
            if wish.rule.applies(importance=piece.importance, usage=piece.usage, now=around.now)
        )
        put_away = set(archived)
        left = [piece for piece in left if piece.memory_id not in put_away]
    made = Plan(examined=len(pieces), merges=wish.merge, proposed=proposed, archived=archived)
    if not wish.tasks & {Task.CLUSTERS, Task.SUMMARIES}:
        return made
    return _with_clusters(made, left, vectors, wish, around)


def _duplicates(
    pieces: Sequence[Piece], vectors: Floats, wish: Wish, around: Surroundings
) -> tuple[Proposed, ...]:
    candidates = [
        Candidate(
            memory_id=piece.memory_id,
            content=piece.content,
            importance=piece.importance,
            create_time=piece.create_time,
            vector=piece.vector,
        )
        for piece in pieces
    ]
    groups = duplicates.groups_of(candidates, vectors, similarity=wish.similarity, apart=around.apart)
    return tuple(Proposed(id=proposal_id(around.origin, group.memory_ids), group=group) for group in groups)


def proposal_id(origin: UUID, memory_ids: Collection[UUID]) -> UUID:
    """Returns the id of the proposal to merge some memories."""
    return uuid5(origin, " ".join(sorted(str(each) for each in memory_ids)))


def _with_clusters(
    made: Plan, pieces: Sequence[Piece], vectors: Floats, wish: Wish, around: Surroundings
) -> Plan:
    held = [(piece, piece.vector) for piece in pieces if piece.vector is not None]
    rows = vectors[np.asarray([row for _, row in held], dtype=np.intp)]
    found = clusters.find(
        [piece.content for piece, _ in held], rows, wish.cluster, known=around.known, origin=around.origin
    )
    members = {each.id: [held[row][0] for row in each.rows] for each in found.found}
    made = replace(
        made, members={name: tuple(piece.memory_id for piece in some) for name, some in members.items()}
    )
    if Task.CLUSTERS in wish.tasks:
        made = replace(made, clusters=found, moves=_moves(pieces, members))
    if Task.SUMMARIES not in wish.tasks:
        return made
    return replace(made, summaries=tuple(_summaries(found.found, members, vectors, around)))


def _moves(pieces: Sequence[Piece], members: Mapping[UUID, Sequence[Piece]]) -> dict[UUID, UUID | None]:
    wanted = {piece.memory_id: name for name, some in members.items() for piece in some}
    return {
        piece.memory_id: wanted.get(piece.memory_id)
        for piece in pieces
        if piece.cluster_id != wanted.get(piece.memory_id)
    }


def _summaries(
    found: Sequence[FoundCluster],
    members: Mapping[UUID, Sequence[Piece]],
    vectors: Floats,
    around: Surroundings,
) -> list[ClusterSummary]:
    summaries: list[ClusterSummary] = []
    for cluster in found[:SUMMARIES_MAX]:
        if len(cluster.rows) < SUMMARISED_MEMBERS_MIN:
            break
        sources = [
            Source(
                memory_id=piece.memory_id,
                content=piece.content,
                occur_time=piece.occur_time,
                vector=None if piece.vector is None else vectors[piece.vector],
            )
            for piece in members[cluster.id]
        ]
        summary = extraction.summary_of(sources, tokens_max=SUMMARY_TOKENS, count_tokens=around.count_tokens)
        if summary.text:
            summaries.append(ClusterSummary(cluster_id=cluster.id, summary=summary))
    return summaries


def main_model(models: Collection[tuple[str, int]]) -> tuple[str, int] | None:
    """Returns the model, with its dimension, that most memories have vectors of; None if none has any."""
    counted = Counter(each for each in models if each[0])
    return max(counted, key=lambda each: (counted[each], each)) if counted else None
