"""Clusters: found where they are, measured as others measure them, and recognised the next time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from timeloom_memory.upkeep import density, kmeans
from timeloom_memory.upkeep.matching import kept_ids
from timeloom_memory.upkeep.silhouette import silhouettes

DIMENSION = 24
Floats = NDArray[np.float32]


def unit(vectors: NDArray[Any]) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def blobs(count: int, each: int, *, seed: int = 7, spread: float = 0.1) -> tuple[Floats, NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    centres = np.linalg.qr(random.normal(size=(DIMENSION, DIMENSION)))[0][:count]
    labels = np.repeat(np.arange(count), each)
    return unit(centres[labels] + spread * random.normal(size=(count * each, DIMENSION))), labels


def same_partition(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    return (
        len(set(zip(one.tolist(), other.tolist(), strict=True)))
        == len(set(one.tolist()))
        == len(set(other.tolist()))
    )


def test_k_means_finds_the_groups_that_are_there() -> None:
    vectors, labels = blobs(6, 30)
    found = kmeans.cluster(vectors, 6, seed=1)
    assert same_partition(found.labels, labels)
    assert np.linalg.norm(found.centres, axis=1) == pytest.approx(np.ones(6), abs=1e-5)


def test_the_number_of_groups_is_found() -> None:
    vectors, _ = blobs(7, 25)
    assert kmeans.choose_count(vectors, seed=1) == 7


def test_few_vectors_are_one_cluster() -> None:
    vectors, _ = blobs(1, 4)
    assert kmeans.choose_count(vectors, seed=1) == 1


def test_the_same_seed_gives_the_same_clusters() -> None:
    vectors, _ = blobs(4, 20, spread=0.6)
    one, other = (kmeans.cluster(vectors, 5, seed=3) for _ in range(2))
    assert np.array_equal(one.labels, other.labels)


def test_vectors_that_are_all_the_same_can_be_clustered() -> None:
    vectors = np.tile(unit(np.ones((1, DIMENSION))), (8, 1))
    found = kmeans.cluster(vectors, 3, seed=1)
    assert np.isfinite(found.centres).all()


def test_more_clusters_than_vectors_are_refused() -> None:
    with pytest.raises(ValueError, match="2 vectors cannot make 3 clusters"):
        kmeans.cluster(blobs(1, 2)[0], 3, seed=1)


@given(
    st.integers(min_value=1, max_value=30),
    st.integers(min_value=1, max_value=8),
    st.integers(min_value=0, max_value=10_000),
)
def test_every_vector_belongs_to_its_nearest_centre(count: int, clusters: int, seed: int) -> None:
    vectors = unit(np.random.default_rng(seed).normal(size=(count, 5)))
    found = kmeans.cluster(vectors, min(clusters, count), seed=seed)
    cosines = vectors @ found.centres.T
    own = cosines[np.arange(count), found.labels]
    assert own == pytest.approx(cosines.max(axis=1), abs=1e-5)


@given(
    st.integers(min_value=3, max_value=40),
    st.integers(min_value=2, max_value=6),
    st.integers(min_value=0, max_value=10_000),
)
def test_silhouettes_are_those_of_their_definition(count: int, clusters: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    vectors = unit(random.normal(size=(count, 6)))
    labels = random.integers(clusters, size=count)
    distances = 1.0 - vectors @ vectors.T
    expected: list[float] = []
    for place in range(count):
        own = [other for other in range(count) if labels[other] == labels[place] and other != place]
        foreign = [
            distances[place, labels == label].mean()
            for label in set(labels.tolist())
            if label != labels[place]
        ]
        if not own or not foreign:
            expected.append(0.0)
            continue
        within, between = float(distances[place, own].mean()), float(min(foreign))
        expected.append((between - within) / max(within, between))
    assert silhouettes(vectors, labels) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_hdbscan_finds_groups_and_leaves_alone_what_fits_nowhere(seed: int) -> None:
    vectors, labels = blobs(4, 40, seed=seed)
    strays = unit(np.random.default_rng(seed).normal(size=(6, DIMENSION)))
    found = density.cluster(np.concatenate([vectors, strays]), seed=1)
    grouped = found.labels[: len(labels)]
    assert same_partition(grouped[grouped >= 0], labels[grouped >= 0])
    assert (grouped >= 0).mean() > 0.9
    assert found.labels[len(labels) :].tolist() == [density.ALONE] * 6


def test_copies_do_not_drive_what_is_like_them_out_of_their_cluster() -> None:
    vectors, labels = blobs(2, 30)
    copied = np.concatenate([vectors, np.repeat(vectors[:1], 12, axis=0)])
    found = density.cluster(copied, seed=1)
    assert same_partition(found.labels[: len(labels)], labels)
    assert set(found.labels[len(labels) :].tolist()) == {found.labels[0]}


def test_what_was_not_sampled_joins_the_cluster_that_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(density, "FITTED_MAX", 80)
    vectors, labels = blobs(3, 60)
    found = density.cluster(vectors, seed=1)
    grouped = found.labels >= 0
    assert same_partition(found.labels[grouped], labels[grouped])
    assert grouped.mean() > 0.75


def test_hdbscan_of_a_handful_leaves_all_alone() -> None:
    found = density.cluster(blobs(1, 3)[0], seed=1)
    assert found.labels.tolist() == [density.ALONE] * 3
    assert len(found.centres) == 0


def test_clusters_keep_their_ids_when_they_move_a_little_and_change_places() -> None:
    vectors, _ = blobs(4, 1)
    known = [(UUID(int=100 + place), centre) for place, centre in enumerate(vectors)]
    moved = unit(vectors[[2, 0, 3, 1]] + 0.02)
    assert kept_ids(moved, known) == [UUID(int=100 + place) for place in (2, 0, 3, 1)]


def test_a_cluster_that_was_not_there_is_new_and_no_id_is_given_twice() -> None:
    vectors, _ = blobs(3, 1)
    known = [(UUID(int=100), vectors[0])]
    near = unit(vectors[[0, 0, 1]] + np.asarray([[0.0], [0.05], [0.0]]))
    assert kept_ids(near, known) == [UUID(int=100), None, None]


def test_centres_of_another_model_are_not_compared() -> None:
    vectors, _ = blobs(1, 1)
    known = [(UUID(int=100), vectors[0][:8])]
    assert kept_ids(vectors, known) == [None]
