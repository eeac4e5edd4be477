"""The index in memory answers as comparing everything would, whatever is written and however little fits.

Replicas beside the service hear of no events: what they know, they read from PostgreSQL.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import numpy as np
import pytest
from msgspec import structs

from tests.helpers.memory_index import (
    SMALL,
    TOLERANCE,
    Matrix,
    held,
    key_of,
    nearest,
    stored,
    unit_vectors,
)
from tests.integration.memory.service import MemoryClient, refused, running_service
from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom_memory.index.indexing import Indexing
from timeloom_memory.index.settings import BYTES_MIN, IndexSettings
from timeloom_memory.index.shard import Tuning

DIMENSION = 8
OPERATIONS = 120
WRITERS = 8


@asynccontextmanager
async def replica(
    service: MemoryClient, settings: IndexSettings | None = None, *, tuning: Tuning | None = None
) -> AsyncGenerator[Indexing]:
    """Lends another index over the service's database, which looks after its shards and hears no events."""
    indexing = Indexing.of(settings or IndexSettings(), service.database, tuning=tuning)
    looking_after = asyncio.create_task(indexing.vectors.maintenance.run())
    try:
        yield indexing
    finally:
        looking_after.cancel()
        await asyncio.gather(looking_after, return_exceptions=True)
        await indexing.close()


async def write(
    service: MemoryClient, vectors: Matrix, *, namespace: str = "project"
) -> tuple[list[UUID], int]:
    """Creates a memory for each vector; returns their ids and the sequence."""
    answer = await service.batch(
        [
            messages.NewMemory(content="something", namespace=namespace, vector=vector.tolist())
            for vector in vectors
        ]
    )
    return [UUID(memory.id) for memory in answer.memories], answer.sequence


class History:
    """Memories that come, change and go, and the vectors that they have."""

    def __init__(self, service: MemoryClient, seed: int) -> None:
        self._service = service
        self._random = Random(seed)
        self._deleted: dict[UUID, Matrix] = {}
        self.vectors: dict[UUID, Matrix] = {}
        self.sequence = 0

    async def go_on(self) -> None:
        """Does something."""
        kinds = [self._create, self._update, self._touch, self._delete, self._restore, self._purge]
        await self._random.choices(kinds, weights=[30, 20, 5, 25, 15, 5])[0]()

    async def _create(self) -> None:
        vectors = self._draw(self._random.randint(1, 12))
        ids, self.sequence = await write(self._service, vectors)
        self.vectors |= dict(zip(ids, vectors, strict=True))

    async def _update(self) -> None:
        if memory_id := self._choose(self.vectors):
            vector = self._draw(1)[0]
            memory = await self._service.update(str(memory_id), vector=vector.tolist())
            self.vectors[memory_id], self.sequence = vector, memory.sequence

    async def _touch(self) -> None:
        if memory_id := self._choose(self.vectors):
            self.sequence = (await self._service.update(str(memory_id), importance=7)).sequence

    async def _delete(self) -> None:
        if memory_id := self._choose(self.vectors):
            self.sequence = (await self._service.delete(str(memory_id))).sequence
            self._deleted[memory_id] = self.vectors.pop(memory_id)

    async def _restore(self) -> None:
        if memory_id := self._choose(self._deleted):
            self.sequence = (await self._service.restore(str(memory_id))).sequence
            self.vectors[memory_id] = self._deleted.pop(memory_id)

    async def _purge(self) -> None:
        if memory_id := self._choose(self.vectors):
            self.sequence = (await self._service.delete(str(memory_id), purge=True)).sequence
            del self.vectors[memory_id]

    def _choose(self, among: dict[UUID, Matrix]) -> UUID | None:
        return self._random.choice(list(among)) if among else None

    def _draw(self, count: int) -> Matrix:
        return unit_vectors(count, dimension=DIMENSION, seed=self._random.randrange(2**32))


@pytest.mark.parametrize("seed", [1, 2])
async def test_it_finds_what_comparing_everything_finds(memory_service: MemoryClient, seed: int) -> None:
    history = History(memory_service, seed)
    async with (
        replica(memory_service) as flat,
        replica(memory_service, tuning=SMALL) as graphs,
        replica(memory_service, IndexSettings(index_bytes=BYTES_MIN)) as small,
    ):
        for number in range(OPERATIONS):
            await history.go_on()
            query = unit_vectors(1, dimension=DIMENSION, seed=number)[0]
            cosines = {memory_id: float(vector @ query) for memory_id, vector in history.vectors.items()}
            best = sorted(cosines.values(), reverse=True)[:10]
            for index in (flat, graphs, small):
                found = await nearest(index, memory_service.project_id, query, min_sequence=history.sequence)
                assert [cosine for _, cosine in found] == pytest.approx(best, abs=TOLERANCE)
                assert [cosines[memory_id] for memory_id, _ in found] == pytest.approx(best, abs=TOLERANCE)
        key = key_of(memory_service.project_id, dimension=DIMENSION)
        expected = await stored(memory_service.database, key)
        assert held(flat, key) == held(graphs, key) == expected
        shard = graphs.vectors.holdings.peek(key)
        assert shard is not None
        assert shard.shard.graph is not None


@pytest.mark.parametrize(
    "tries", [300, pytest.param(10_000, marks=[pytest.mark.fault, pytest.mark.timeout(300)])]
)
async def test_no_replica_is_stale_once_it_is_told_what_to_see(database_url: str, tries: int) -> None:
    """Many write at the same time, and each asks the other replica for what it wrote, changed or deleted."""
    project_id = uuid4()
    vectors = iter(unit_vectors(tries, dimension=DIMENSION))
    seen = 0

    async def finds(reader: MemoryClient, vector: Matrix, sequence: int) -> list[str]:
        answer = await reader.search(
            vector=vector.tolist(), namespaces=["project"], min_sequence=sequence, limit=1
        )
        assert answer.sequence >= sequence
        return [result.memory.id for result in answer.results]

    async def write_and_look(writer: MemoryClient, reader: MemoryClient) -> None:
        """Creates, changes and deletes one memory after the other, each as a try."""
        nonlocal seen
        for created in vectors:
            memory = await writer.create(vector=created.tolist())
            assert await finds(reader, created, memory.sequence) == [memory.id]
            seen += 1
            if (changed := next(vectors, None)) is not None:
                memory = await reader.update(memory.id, vector=changed.tolist())
                assert await finds(writer, changed, memory.sequence) == [memory.id]
                seen += 1
            if next(vectors, None) is not None:
                deleted = await writer.delete(memory.id)
                last = created if changed is None else changed
                assert memory.id not in await finds(reader, last, deleted.sequence)
                seen += 1
            writer, reader = reader, writer

    async with (
        running_service(database_url, project_id=project_id) as one,
        running_service(database_url, project_id=project_id) as other,
    ):
        await asyncio.gather(*(write_and_look(one, other) for _ in range(WRITERS)))
    assert seen == tries


async def test_a_shard_that_is_loaded_amid_writes_misses_none(memory_service: MemoryClient) -> None:
    vectors = unit_vectors(600, dimension=DIMENSION)
    await write(memory_service, vectors[:300])
    project_id = memory_service.project_id
    key = key_of(project_id, dimension=DIMENSION)
    async with replica(memory_service) as index:
        sequence = 0

        async def write_on() -> None:
            nonlocal sequence
            for start in range(300, 600, 5):
                _, sequence = await write(memory_service, vectors[start : start + 5])

        async def forget_and_search() -> None:
            while not writing.done():
                index.vectors.drop(project_id)
                await nearest(index, project_id, vectors[0], min_sequence=sequence)

        writing = asyncio.create_task(write_on())
        await asyncio.gather(writing, forget_and_search(), forget_and_search())
        await nearest(index, project_id, vectors[0], min_sequence=sequence)
        assert held(index, key) == await stored(memory_service.database, key)


async def test_what_was_not_used_for_longest_gives_way(memory_service: MemoryClient) -> None:
    vectors = {name: unit_vectors(1_000, dimension=64, seed=place) for place, name in enumerate("abcde")}
    for name, matrix in vectors.items():
        await write(memory_service, matrix, namespace=name)
    async with replica(memory_service, IndexSettings(index_bytes=BYTES_MIN)) as index:
        for name, matrix in vectors.items():
            found = await nearest(index, memory_service.project_id, matrix[7], limit=1, namespaces=[name])
            assert found[0][1] == pytest.approx(1, abs=TOLERANCE)
            assert index.vectors.holdings.size_bytes <= BYTES_MIN
        keys = {name: key_of(memory_service.project_id, dimension=64, namespace=name) for name in vectors}
        here = [name for name, key in keys.items() if index.vectors.holdings.peek(key)]
        assert here == ["d", "e"]
        everywhere = np.concatenate(list(vectors.values()))
        query = unit_vectors(1, dimension=64, seed=9)[0]
        found = await nearest(index, memory_service.project_id, query, namespaces=list(vectors))
        assert [cosine for _, cosine in found] == pytest.approx(
            np.sort(everywhere @ query)[::-1][:10].tolist(), abs=TOLERANCE
        )


async def test_postgresql_answers_for_what_is_too_large(memory_service: MemoryClient) -> None:
    vectors = unit_vectors(1_000, dimension=512)
    ids, sequence = await write(memory_service, vectors)
    numbers = {
        UUID(bytes=memory_id): number
        for memory_id, (number, _) in (
            await stored(memory_service.database, key_of(memory_service.project_id, dimension=512))
        ).items()
    }
    async with replica(memory_service, IndexSettings(index_bytes=BYTES_MIN)) as index:
        project_id = memory_service.project_id
        found = await nearest(index, project_id, vectors[3], limit=1, min_sequence=sequence)
        assert [memory_id for memory_id, _ in found] == [ids[3]]
        among = [numbers[ids[4]], numbers[ids[5]]]
        found = await nearest(index, project_id, vectors[3], among=among)
        assert {memory_id for memory_id, _ in found} == {ids[4], ids[5]}
        assert len(index.vectors.holdings) == 0


async def test_rounded_numbers_change_no_answer(memory_service: MemoryClient) -> None:
    vectors = unit_vectors(400, dimension=64)
    project_id = memory_service.project_id
    ids, sequence = await write(memory_service, vectors)
    tuning = structs.replace(SMALL, is_quantized=True)
    async with replica(memory_service, tuning=tuning) as index:
        await nearest(index, project_id, vectors[0], min_sequence=sequence)
        await index.vectors.maintenance.settled()
        shard = index.vectors.holdings.peek(key_of(project_id, dimension=64))
        assert shard is not None
        for query in unit_vectors(20, dimension=64, seed=1):
            order = np.argsort(-(vectors @ query))[:10]
            exact = (vectors @ query)[order].tolist()
            found = await nearest(index, project_id, query)
            assert [memory_id for memory_id, _ in found] == [ids[place] for place in order]
            assert [cosine for _, cosine in found] == pytest.approx(exact, abs=TOLERANCE)
            (rounded,) = shard.shard.search(query.reshape(1, -1), 10, None)
            assert rounded.scores.tolist() != pytest.approx(exact, abs=TOLERANCE)


async def test_a_change_that_never_was_cannot_be_waited_for(memory_service: MemoryClient) -> None:
    memory = await memory_service.create(vector=[1, 0, 0])
    call = memory_service.search(vector=[1, 0, 0], min_sequence=memory.sequence + 1)
    assert (await refused(call)).reason == "INVALID_FIELD"


async def test_projects_do_not_meet(memory_service: MemoryClient) -> None:
    vector = unit_vectors(1, dimension=DIMENSION)[0]
    other = memory_service.of_project(uuid4())
    await write(memory_service, vector.reshape(1, -1))
    async with replica(memory_service) as index:
        assert len(await nearest(index, memory_service.project_id, vector)) == 1
        assert await nearest(index, other.project_id, vector) == []


async def test_a_graph_comes_back_from_its_file(memory_service: MemoryClient, tmp_path: Path) -> None:
    settings = IndexSettings(index_directory=str(tmp_path))
    project_id, key = memory_service.project_id, key_of(memory_service.project_id, dimension=DIMENSION)
    vectors = unit_vectors(200, dimension=DIMENSION)
    ids, sequence = await write(memory_service, vectors)
    async with replica(memory_service, settings, tuning=SMALL) as first:
        await nearest(first, project_id, vectors[0], min_sequence=sequence)
        await first.vectors.maintenance.settled()
    assert [name for name in os.listdir(tmp_path) if not name.endswith(".graph")] == []  # noqa: PTH208 - async
    await memory_service.delete(str(ids[0]))
    await memory_service.update(str(ids[1]), vector=vectors[2].tolist())
    _, sequence = await write(memory_service, unit_vectors(3, dimension=DIMENSION, seed=1))
    async with replica(memory_service, settings, tuning=SMALL) as second:
        await nearest(second, project_id, vectors[0], min_sequence=sequence)
        shard = second.vectors.holdings.peek(key)
        assert shard is not None
        assert shard.shard.graph is not None
        assert shard.shard.graph.count >= 200
        assert held(second, key) == await stored(memory_service.database, key)
