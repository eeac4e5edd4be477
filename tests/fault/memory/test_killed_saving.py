"""The process is killed while it saves a graph: the next one has what PostgreSQL has, and no torn file."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.helpers.memory_index import SMALL, held, key_of, nearest, stored, unit_vectors
from tests.integration.memory.service import MemoryClient, running_service
from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom_memory.assembly import PACKAGE, ROOM
from timeloom_memory.index.indexing import Indexing
from timeloom_memory.index.settings import IndexSettings
from timeloom_platform.testing import eventually
from timeloom_platform.testing.databases import Rooms

pytestmark = [pytest.mark.fault, pytest.mark.timeout(120)]

DIMENSION = 256
COUNT = 2_000
KILLS = 4
START_SECONDS_MAX = 30.0


@pytest.fixture
def rooms() -> Rooms:
    return {ROOM: PACKAGE}


async def test_a_kill_amid_saving_costs_nothing(database_url: str, tmp_path: Path) -> None:
    vectors = unit_vectors(COUNT, dimension=DIMENSION)
    torn_count = 0
    async with running_service(database_url) as service:
        answers = [
            await service.batch([messages.NewMemory(content="it", vector=each.tolist()) for each in part])
            for part in (vectors[:1_000], vectors[1_000:])
        ]
        ids = [memory.id for answer in answers for memory in answer.memories]
        for kill in range(KILLS):
            torn_count += await _kill_amid_saving(service, tmp_path)
            await service.delete(ids[kill])
            await service.update(ids[-1 - kill], vector=vectors[0].tolist())
            await _require_equal(service, tmp_path)
    assert torn_count > 0, "no kill came amid a write"


async def _kill_amid_saving(service: MemoryClient, directory: Path) -> bool:
    """Kills a process that saves; whether it left something unfinished."""
    arguments = (service.database_url, str(service.project_id), str(directory), str(DIMENSION))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fault.memory.saver", *arguments, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await eventually(
            lambda: any(directory.glob("*.graph")) and any(directory.glob("*.partial")),
            timeout_seconds=START_SECONDS_MAX,
            describe="a graph is saved, and another one is being saved",
        )
    finally:
        process.kill()
        await process.wait()
    return any(directory.glob("*.partial"))  # noqa: ASYNC240 - a folder with two files


async def _require_equal(service: MemoryClient, directory: Path) -> None:
    """Requires of a replica that starts now that it has what PostgreSQL has, by id and by vector."""
    settings = IndexSettings(index_directory=str(directory))
    indexing = Indexing.of(settings, service.database, tuning=SMALL)
    try:
        key = key_of(service.project_id, dimension=DIMENSION)
        await nearest(indexing, service.project_id, unit_vectors(1, dimension=DIMENSION)[0])
        assert held(indexing, key) == await stored(service.database, key)
        found = indexing.vectors.holdings.peek(key)
        assert found is not None
        assert found.shard.graph is not None, "the last whole file was read"
        assert not any(directory.glob("*.partial"))  # noqa: ASYNC240 - a folder with two files
    finally:
        await indexing.close()
