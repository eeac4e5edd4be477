"""HDBSCAN: clusters where vectors are dense, and none for those that fit nowhere (Campello et al. 2013)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from timeloom_memory.upkeep.kmeans import Clustering

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]

ALONE: Final = -1
"""The label of what fits nowhere."""

FITTED_MAX: Final = 5000
"""Of more vectors a sample is clustered, and the others join the cluster that is near enough."""

DIRECTIONS: Final = 12
"""Density means little in hundreds of dimensions: so many principal ones are kept."""

MEMBERS_MIN: Final = 5
MEMBERS_SHARE: Final = 0.01
FIT_PERCENTILE: Final = 10
"""A vector outside the sample joins a cluster if it is nearer to its centre than so many percent of the
members.
"""

STRENGTH_MIN: Final = 0.5
"""HDBSCAN gives a vector that is as far from everything to the cluster that it is a hair nearer to. One that
is joined at less than this share of the density of the median member fits nowhere.
"""


def cluster(vectors: Floats, *, seed: int) -> Clustering:
    """Returns the clusters of unit vectors; what fits nowhere has the label `ALONE`."""
    if len(vectors) <= MEMBERS_MIN:
        return _centred(vectors, np.full(len(vectors), ALONE, dtype=np.int64))
    if len(vectors) <= FITTED_MAX:
        return _centred(vectors, _dense(vectors))
    places = np.sort(np.random.default_rng(seed).choice(len(vectors), FITTED_MAX, replace=False))
    labels = np.full(len(vectors), ALONE, dtype=np.int64)
    labels[places] = _dense(vectors[places])
    fitted = _centred(vectors, labels)
    others = np.setdiff1d(np.arange(len(vectors)), places)
    labels[others] = _joined(vectors[others], fitted, vectors)
    return _centred(vectors, labels)


def _dense(vectors: Floats) -> Labels:
    # Copies would be a cluster of endless density, beside which everything else is thin.
    different, places = np.unique(vectors, axis=0, return_inverse=True)
    if len(different) <= MEMBERS_MIN:
        return np.full(len(vectors), ALONE, dtype=np.int64)
    labels: Labels = _dense_of_different(different)[places.ravel()]
    return labels


def _dense_of_different(vectors: Floats) -> Labels:
    # Imported where it is used: it brings a hundred megabytes that searching does not need.
    from sklearn import cluster as library  # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs] - it has none

    centred = vectors - vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    reduced = centred @ directions[:DIRECTIONS].T
    members = max(MEMBERS_MIN, int(len(vectors) * MEMBERS_SHARE))
    untyped: Any = library
    model = untyped.HDBSCAN(min_cluster_size=members, min_samples=MEMBERS_MIN, copy=True)
    model.fit(reduced)
    return _without_strays(
        np.asarray(model.labels_, dtype=np.int64), np.asarray(model.probabilities_, dtype=np.float64)
    )


def _without_strays(labels: Labels, strengths: NDArray[np.float64]) -> Labels:
    """Returns the labels without those that hold by little; `strengths` are shares of the highest density."""
    kept = labels.copy()
    for name in range(labels.max() + 1):
        of_cluster = labels == name
        floor = STRENGTH_MIN * float(np.median(strengths[of_cluster]))
        kept[of_cluster & (strengths < floor)] = ALONE
    return kept


def _centred(vectors: Floats, labels: Labels) -> Clustering:
    names = [name for name in np.unique(labels) if name != ALONE]
    centres = np.zeros((len(names), vectors.shape[1]), dtype=np.float32)
    places = np.full(len(labels), ALONE, dtype=np.int64)
    for place, name in enumerate(names):
        centre = vectors[labels == name].sum(axis=0)
        centres[place] = centre / max(float(np.linalg.norm(centre)), 1e-12)
        places[labels == name] = place
    return Clustering(centres=centres, labels=places)


def _joined(others: Floats, fitted: Clustering, vectors: Floats) -> Labels:
    if len(fitted.centres) == 0:
        return np.full(len(others), ALONE, dtype=np.int64)
    floors = np.asarray(
        [
            np.percentile(vectors[fitted.labels == place] @ centre, FIT_PERCENTILE)
            for place, centre in enumerate(fitted.centres)
        ]
    )
    cosines = others @ fitted.centres.T
    nearest = cosines.argmax(axis=1)
    fits = cosines[np.arange(len(others)), nearest] >= floors[nearest]
    return np.where(fits, nearest, ALONE).astype(np.int64)
