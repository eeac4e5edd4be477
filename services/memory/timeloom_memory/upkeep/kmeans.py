"""Spherical k-means: clusters of unit vectors by cosine (Dhillon & Modha 2001), seeded by k-means++."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from timeloom_memory.upkeep.silhouette import silhouettes

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]

STARTS: Final = 4
ROUNDS_MAX: Final = 50
SAMPLE_MAX: Final = 1500
"""On a sample of this size the number of clusters is chosen; the silhouette takes the square of it."""

COUNTS: Final = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 24, 28, 32, 40, 48, 56, 64)
"""The numbers of clusters that are tried where none is given."""

MEMBERS_MIN: Final = 5
"""No number is tried that would leave clusters with fewer members than this on average."""

USEFUL_SHARE: Final = 0.1
"""No number below the root of this share of the vectors is tried: texts that are all somewhat alike split
best in two, which tells nobody anything.
"""

INDIFFERENCE: Final = 0.97
"""Of the numbers that come this near to the best quality the smallest is taken: fewer clusters say more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """Centres of unit length, and to which of them each vector belongs."""

    centres: Floats
    labels: Labels


def cluster(vectors: Floats, count: int, *, seed: int, known_centres: Floats | None = None) -> Clustering:
    """Returns the best of several starts: the one whose vectors are nearest to their centres.

    Args:
        vectors: Of unit length.
        count: How many clusters; no more than there are vectors.
        seed: The same one gives the same clusters.
        known_centres: Centres to begin one more start with, such as those of the last time.

    Raises:
        ValueError: There are fewer vectors than clusters.
    """
    if not 1 <= count <= len(vectors):
        raise ValueError(f"{len(vectors)} vectors cannot make {count} clusters")
    random = np.random.default_rng(seed)
    starts = [_seeded(vectors, count, random) for _ in range(STARTS)]
    if known_centres is not None and len(known_centres) == count:
        starts.append(known_centres)
    fitted = [_fitted(vectors, centres) for centres in starts]
    return max(fitted, key=lambda clustering: _tightness(vectors, clustering))


def choose_count(vectors: Floats, *, seed: int, counts: Sequence[int] = COUNTS) -> int:
    """Returns how many clusters fit best: the smallest number near the best mean silhouette of a sample."""
    random = np.random.default_rng(seed)
    sample = vectors
    if len(vectors) > SAMPLE_MAX:
        sample = vectors[np.sort(random.choice(len(vectors), SAMPLE_MAX, replace=False))]
    least = round((USEFUL_SHARE * len(sample)) ** 0.5)
    tried = [count for count in counts if count * MEMBERS_MIN <= len(sample) and count >= least]
    if not tried:
        return 1
    quality = {
        count: float(silhouettes(sample, cluster(sample, count, seed=seed).labels).mean()) for count in tried
    }
    best = max(quality.values())
    near = best * INDIFFERENCE if best > 0 else best
    return next(count for count in tried if quality[count] >= near)


def assign(vectors: Floats, centres: Floats) -> Labels:
    """Returns the nearest centre of each vector."""
    return np.asarray((vectors @ centres.T).argmax(axis=1), dtype=np.int64)


def _seeded(vectors: Floats, count: int, random: np.random.Generator) -> Floats:
    """Returns vectors to begin with: the farther from those before, the likelier (k-means++)."""
    chosen = [int(random.integers(len(vectors)))]
    distance = np.maximum(0.0, 1.0 - vectors @ vectors[chosen[0]]).astype(np.float64)
    while len(chosen) < count:
        total = distance.sum()
        if total <= 1e-9:
            free = np.setdiff1d(np.arange(len(vectors)), chosen)
            following = int(random.choice(free))
        else:
            following = int(random.choice(len(vectors), p=distance / total))
        chosen.append(following)
        distance = np.minimum(distance, np.maximum(0.0, 1.0 - vectors @ vectors[following]))
        distance[chosen] = 0.0
    return vectors[chosen].astype(np.float32)


def _fitted(vectors: Floats, centres: Floats) -> Clustering:
    labels = assign(vectors, centres)
    for _ in range(ROUNDS_MAX):
        centres = _centres_of(vectors, labels, centres)
        following = assign(vectors, centres)
        if np.array_equal(following, labels):
            break
        labels = following
    return Clustering(centres=centres, labels=labels)


def _centres_of(vectors: Floats, labels: Labels, before: Floats) -> Floats:
    """Returns the directions of the means; a cluster without members takes what fits worst."""
    members = np.zeros((len(before), len(labels)), dtype=np.float32)
    members[labels, np.arange(len(labels))] = 1.0
    sums = members @ vectors
    lengths = np.linalg.norm(sums, axis=1)
    fit = np.einsum("ij,ij->i", vectors, before[labels])
    worst = iter(np.argsort(fit))
    for empty in np.flatnonzero(lengths < 1e-6):
        sums[empty] = vectors[next(worst)]
    return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True), dtype=np.float32)


def _tightness(vectors: Floats, clustering: Clustering) -> float:
    return float(np.einsum("ij,ij->", vectors, clustering.centres[clustering.labels]))
