"""What clusters a namespace has: found, recognised, named and measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from uuid import UUID, uuid5

import numpy as np
from numpy.typing import NDArray

from timeloom_memory.upkeep import density, kmeans, naming
from timeloom_memory.upkeep.matching import kept_ids
from timeloom_memory.upkeep.silhouette import silhouettes

FITTED_MAX: Final = 10_000
"""So many vectors, at most, decide where the centres are; the others join the nearest one."""

REPRESENTATIVES: Final = 5
SEED: Final = 20_090_214
"""Any number: with a constant one the same memories have the same clusters."""

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


class ClusterMethod(IntEnum):
    """How clusters are found; the numbers are the contract's."""

    KMEANS = 1
    HDBSCAN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterWish:
    """How to cluster.

    Attributes:
        count: How many clusters; chosen by their quality if zero.
    """

    method: ClusterMethod = ClusterMethod.KMEANS
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCluster:
    """A cluster, its centre, and the rows that belong to it, nearest to the centre first."""

    id: UUID
    name: str
    terms: tuple[str, ...]
    silhouette: float
    centre: Floats
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """All clusters of a namespace, largest first.

    Attributes:
        silhouette: The mean over all that belong to a cluster.
        random_silhouette: The same, had clusters of the same sizes been drawn by lot.
    """

    found: tuple[FoundCluster, ...]
    silhouette: float
    random_silhouette: float


def find(
    texts: Sequence[str],
    vectors: Floats,
    wish: ClusterWish,
    *,
    known: Sequence[tuple[UUID, Floats]],
    origin: UUID,
) -> Clusters:
    """Returns the clusters of memories.

    Args:
        texts: What they say.
        vectors: Their vectors, of unit length, one a row.
        wish: How to find them.
        known: The clusters of the last time with their centres; what is about the same keeps its id.
        origin: New ids are made from it and the cluster's centre, so that the same run gives the same ids.
    """
    if len(vectors) == 0:
        return Clusters(found=(), silhouette=0.0, random_silhouette=0.0)
    clustering = _clustered(vectors, wish, known)
    places = [place for place in range(len(clustering.centres)) if (clustering.labels == place).any()]
    centres = clustering.centres[places]
    kept = kept_ids(centres, known)
    ids = [
        identity or uuid5(origin, centre.tobytes().hex())
        for identity, centre in zip(kept, centres, strict=True)
    ]
    grouped = clustering.labels != density.ALONE
    fits = np.zeros(len(vectors), dtype=np.float32)
    fits[grouped] = silhouettes(vectors[grouped], clustering.labels[grouped])
    members = [_members(vectors, clustering, place) for place in places]
    names = naming.names_of([[texts[row] for row in rows] for rows in members])
    found = [
        FoundCluster(
            id=ids[at],
            name=names[at].name,
            terms=names[at].terms,
            silhouette=float(fits[list(members[at])].mean()),
            centre=centres[at],
            rows=members[at],
        )
        for at in range(len(places))
    ]
    return Clusters(
        found=tuple(sorted(found, key=lambda cluster: (-len(cluster.rows), cluster.id))),
        silhouette=float(fits[grouped].mean()) if grouped.any() else 0.0,
        random_silhouette=_by_lot(vectors[grouped], clustering.labels[grouped]),
    )


def _clustered(vectors: Floats, wish: ClusterWish, known: Sequence[tuple[UUID, Floats]]) -> kmeans.Clustering:
    if wish.method is ClusterMethod.HDBSCAN:
        return density.cluster(vectors, seed=SEED)
    fitted = vectors
    if len(vectors) > FITTED_MAX:
        chosen = np.random.default_rng(SEED).choice(len(vectors), FITTED_MAX, replace=False)
        fitted = vectors[np.sort(chosen)]
    count = min(wish.count, len(fitted)) or kmeans.choose_count(fitted, seed=SEED)
    centres = [centre for _, centre in known if len(centre) == vectors.shape[1]]
    found = kmeans.cluster(
        fitted, count, seed=SEED, known_centres=np.stack(centres) if len(centres) == count else None
    )
    return kmeans.Clustering(centres=found.centres, labels=kmeans.assign(vectors, found.centres))


def _members(vectors: Floats, clustering: kmeans.Clustering, place: int) -> tuple[int, ...]:
    rows = np.flatnonzero(clustering.labels == place)
    nearness = vectors[rows] @ clustering.centres[place]
    return tuple(rows[np.argsort(-nearness, kind="stable")].tolist())


def _by_lot(vectors: Floats, labels: Labels) -> float:
    if len(labels) == 0:
        return 0.0
    drawn = np.random.default_rng(SEED).permutation(labels)
    return float(silhouettes(vectors, drawn).mean())
