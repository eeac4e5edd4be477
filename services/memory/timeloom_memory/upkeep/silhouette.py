"""How well things fit their clusters: Rousseeuw's silhouette (1987) by cosine distances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


def silhouettes(vectors: Floats, labels: Labels) -> Floats:
    """Returns the silhouette of each vector, from -1 to 1; 0 if its cluster has no other, or is the only one.

    The mean distance to a cluster is that to the sum of its members, so that no pair is looked at twice.

    Args:
        vectors: Of unit length.
        labels: Its cluster each, any numbers.
    """
    names, places = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        return np.zeros(len(vectors), dtype=np.float32)
    sums = np.zeros((len(names), vectors.shape[1]), dtype=np.float64)
    np.add.at(sums, places, vectors)
    sizes = np.bincount(places, minlength=len(names))
    distances = sizes - vectors @ sums.T  # the sum of 1 - cosine over the members of each cluster
    rows = np.arange(len(vectors))
    own_size = sizes[places]
    own_self = 1.0 - np.einsum("ij,ij->i", vectors, vectors)
    within = (distances[rows, places] - own_self) / np.maximum(own_size - 1, 1)
    means = distances / sizes
    means[rows, places] = np.inf
    between = means.min(axis=1)
    larger = np.maximum(np.maximum(within, between), 1e-12)
    return np.where(own_size > 1, (between - within) / larger, 0.0).astype(np.float32)
