"""Whatever is put into a shard, removed and moved about: a search finds what comparing everything finds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from timeloom_memory.index.files import GraphFiles
from timeloom_memory.index.shard import Renewal, Shard, Tuning
from timeloom_memory.model import Part
from timeloom_memory.storage.shards import ShardKey

Matrix = npt.NDArray[np.float32]

DIMENSION = 8
TOLERANCE = 1e-5
MEMORIES = st.integers(0, 40)
SMALL = Tuning(flat_rows_max=12, merge_rows=4, exact_rows_max=4, dead_share_max=0.3)
KEY = ShardKey(
    project_id=UUID(int=1), namespace="project", model="custom", dimension=DIMENSION, part=Part.CONTENT
)


def unit_vectors(count: int, *, dimension: int = DIMENSION, seed: int = 0) -> Matrix:
    vectors = np.random.default_rng(seed).standard_normal((count, dimension), dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def id_of(memory: int) -> bytes:
    return UUID(int=memory).bytes


def put(shard: Shard, memory: int, number: int, vector: Matrix) -> None:
    shard.put(np.array([number]), [id_of(memory)], vector.reshape(1, -1))


class ShardHistory(RuleBasedStateMachine):
    """A shard beside a dictionary of what it must have."""

    tuning = Tuning()

    def __init__(self) -> None:
        super().__init__()
        self.shard = Shard(DIMENSION, self.tuning)
        self.expected: dict[int, tuple[int, Matrix]] = {}
        self.removed: dict[int, tuple[int, Matrix]] = {}
        self.last_number = 0

    @rule(memory=MEMORIES)
    def write(self, memory: int) -> None:
        self.last_number += 1
        vector = unit_vectors(1, seed=self.last_number)[0]
        put(self.shard, memory, self.last_number, vector)
        self.expected[memory] = (self.last_number, vector)
        self.removed.pop(memory, None)

    @rule(memory=MEMORIES)
    def remove(self, memory: int) -> None:
        self.shard.remove(id_of(memory))
        if memory in self.expected:
            self.removed[memory] = self.expected.pop(memory)

    @rule(memory=MEMORIES)
    def restore(self, memory: int) -> None:
        if memory in self.removed:
            number, vector = self.expected[memory] = self.removed.pop(memory)
            put(self.shard, memory, number, vector)

    @precondition(lambda self: self.shard.wants_merge)
    @rule(step=st.integers(1, 9), moved=st.integers(1, 40))
    def merge(self, step: int, moved: int) -> None:
        while self.shard.flat.count and moved > 0:
            self.shard.merge(step)
            moved -= step

    @precondition(lambda self: self.shard.wants_renewal)
    @rule(step=st.integers(1, 9), memory=MEMORIES)
    def renew(self, step: int, memory: int) -> None:
        assert self.shard.graph is not None
        renewal = Renewal(self.shard.graph)
        while not renewal.is_done:
            renewal.step(step)
        self.remove(memory)
        self.shard.replace_graph(renewal)

    @rule(seed=st.integers(1_000_000, 1_000_100), limit=st.integers(1, 50), share=st.none() | st.floats(0, 1))
    def search(self, seed: int, limit: int, share: float | None) -> None:
        query = unit_vectors(1, seed=seed)[0]
        wanted = dict(self.expected)
        among = None
        if share is not None:
            chosen = sorted(number for number, _ in wanted.values())[: int(share * len(wanted)) + 1]
            wanted = {memory: each for memory, each in wanted.items() if each[0] in chosen}
            among = np.array(chosen, dtype=np.int64)
        (hits,) = self.shard.search(query.reshape(1, -1), limit, among)
        found = [UUID(bytes=bytes(memory_id)).int for memory_id in hits.ids]
        cosines = {memory: float(vector @ query) for memory, (_, vector) in wanted.items()}
        assert len(set(found)) == len(found) == min(limit, len(wanted))
        assert hits.scores == pytest.approx([cosines[memory] for memory in found], abs=TOLERANCE)
        assert hits.scores == pytest.approx(
            sorted(cosines.values(), reverse=True)[: len(found)], abs=TOLERANCE
        )

    @invariant()
    def holds_what_was_put(self) -> None:
        assert self.shard.labels() == {id_of(memory): number for memory, (number, _) in self.expected.items()}
        for memory, (_, vector) in self.expected.items():
            assert self.shard.vector_of(id_of(memory)) == pytest.approx(vector)


class GraphHistory(ShardHistory):
    tuning = SMALL


TestFlatShard = ShardHistory.TestCase
TestGraphShard = GraphHistory.TestCase
TestFlatShard.settings = TestGraphShard.settings = settings(max_examples=40, stateful_step_count=60)


@pytest.mark.parametrize(
    ("tuning", "recall_min"),
    [(Tuning(flat_rows_max=1_000), 0.98), (Tuning(flat_rows_max=1_000, is_quantized=True), 0.9)],
)
def test_a_graph_finds_what_comparing_everything_finds(tuning: Tuning, recall_min: float) -> None:
    vectors = unit_vectors(3_000, dimension=32)
    shard = Shard(32, tuning)
    shard.put(np.arange(3_000), [id_of(memory) for memory in range(3_000)], vectors)
    while shard.flat.count:
        shard.merge(500)
    recalls = [
        len(set(nearest(shard, query)) & set(np.argsort(-(vectors @ query))[:10].tolist())) / 10
        for query in unit_vectors(50, dimension=32, seed=1)
    ]
    assert np.mean(recalls) >= recall_min


@pytest.mark.parametrize("share", [0.5, 0.05, 0.005])
def test_a_filter_costs_no_recall_however_selective(share: float) -> None:
    vectors = unit_vectors(3_000, dimension=32)
    shard = Shard(32, Tuning(flat_rows_max=1_000, exact_rows_max=10))
    shard.put(np.arange(3_000), [id_of(memory) for memory in range(3_000)], vectors)
    while shard.flat.count:
        shard.merge(500)
    among = np.sort(np.random.default_rng(2).choice(3_000, int(share * 3_000), replace=False))
    recalls = [
        len(
            set(nearest(shard, query, among))
            & set(among[np.argsort(-(vectors[among] @ query))[:10]].tolist())
        )
        / 10
        for query in unit_vectors(50, dimension=32, seed=1)
    ]
    assert np.mean(recalls) >= 0.98


def nearest(shard: Shard, query: Matrix, among: npt.NDArray[np.int64] | None = None) -> list[int]:
    (hits,) = shard.search(query.reshape(1, -1), 10, among)
    return [UUID(bytes=bytes(memory_id)).int for memory_id in hits.ids]


def test_a_quantized_graph_keeps_its_vectors_when_it_is_renewed() -> None:
    vectors = unit_vectors(100)
    shard = graph_of(vectors, is_quantized=True)
    assert shard.graph is not None
    before = stored(shard, range(50, 100))
    assert before == pytest.approx(vectors[50:], abs=0.01)
    for memory in range(50):
        shard.remove(id_of(memory))
    renewal = Renewal(shard.graph)
    renewal.step(100)
    shard.replace_graph(renewal)
    assert stored(shard, range(50, 100)) == pytest.approx(before, abs=1e-6)
    assert (shard.graph.count, shard.graph.dead_count) == (50, 0)


def stored(shard: Shard, memories: Iterable[int]) -> Matrix:
    vectors = [shard.vector_of(id_of(memory)) for memory in memories]
    return np.stack([vector for vector in vectors if vector is not None])


def test_a_graph_is_read_as_it_was_written(tmp_path: Path) -> None:
    vectors = unit_vectors(60)
    shard = graph_of(vectors)
    assert shard.graph is not None
    files = GraphFiles(tmp_path)
    files.save(KEY, shard.graph, sequence=7)
    graph = files.load(KEY, is_quantized=False, sequence=7)
    assert graph is not None
    read = Shard(DIMENSION, SMALL)
    # What PostgreSQL has by now: memory 1 is gone, and memory 2 has another version.
    numbers = shard.labels() | {id_of(2): 1_000}
    del numbers[id_of(1)]
    read.adopt(graph, numbers)
    del numbers[id_of(2)]
    assert read.labels() == numbers
    assert read.vector_of(id_of(3)) == pytest.approx(vectors[3])


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.999999])
@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, part: float, damage: str) -> None:
    files, path = saved(tmp_path)
    content = bytearray(path.read_bytes())
    place = int(part * len(content))
    if damage == "cut":
        del content[place:]
    else:
        content[place] ^= 1
    path.write_bytes(content)
    assert files.load(KEY, is_quantized=False, sequence=7) is None
    assert not path.exists()


def test_a_file_of_another_form_is_as_good_as_none(tmp_path: Path) -> None:
    files, _ = saved(tmp_path)
    assert files.load(KEY, is_quantized=True, sequence=7) is None


def test_a_file_of_another_history_is_as_good_as_none(tmp_path: Path) -> None:
    files, _ = saved(tmp_path)
    assert files.load(KEY, is_quantized=False, sequence=6) is None


def test_what_was_not_finished_is_tidied_away(tmp_path: Path) -> None:
    files, path = saved(tmp_path)
    partial = path.with_suffix(".partial")
    partial.write_bytes(b"half of it")
    files.tidy()
    assert list(tmp_path.iterdir()) == [path]


def saved(directory: Path) -> tuple[GraphFiles, Path]:
    shard = graph_of(unit_vectors(60))
    assert shard.graph is not None
    files = GraphFiles(directory)
    files.save(KEY, shard.graph, sequence=7)
    return files, files.path_of(KEY)


def graph_of(vectors: Matrix, *, is_quantized: bool = False) -> Shard:
    shard = Shard(DIMENSION, Tuning(flat_rows_max=1, merge_rows=1, is_quantized=is_quantized))
    shard.put(np.arange(len(vectors)), [id_of(memory) for memory in range(len(vectors))], vectors)
    while shard.flat.count:
        shard.merge(1_000)
    return shard
