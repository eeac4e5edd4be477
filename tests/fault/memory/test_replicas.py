"""NATS goes away, comes back, and loses everything: replicas go on to see what PostgreSQL has."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.helpers.memory_index import Matrix, held, key_of, nearest, stored, unit_vectors
from tests.integration.memory.service import MemoryClient, running_service
from timeloom_memory.assembly import PACKAGE, ROOM
from timeloom_memory.index.indexing import Indexing
from timeloom_memory.index.settings import IndexSettings
from timeloom_platform.bus import Bus
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.outbox import OutboxRelay
from timeloom_platform.testing import eventually
from timeloom_platform.testing.databases import Rooms

pytestmark = [pytest.mark.fault, pytest.mark.timeout(120)]

DIMENSION = 16
REPLICAS = 2
CONVERGENCE_SECONDS_MAX = 30.0


@pytest.fixture
def rooms() -> Rooms:
    return {ROOM: PACKAGE}


@asynccontextmanager
async def following(service: MemoryClient, nats_url: str) -> AsyncGenerator[list[Indexing]]:
    """Lends replicas that listen to NATS, while the service's events are relayed to it."""
    async with AsyncExitStack() as stack:
        bus = await Bus.connect(nats_url, name="test")
        stack.push_async_callback(bus.close)
        replicas = [Indexing.of(IndexSettings(), service.database) for _ in range(REPLICAS)]
        for replica in replicas:
            stack.push_async_callback(replica.close)
        loops = [OutboxRelay(service.database, bus).run(), *(replica.run(bus) for replica in replicas)]
        tasks = [asyncio.ensure_future(loop) for loop in loops]
        try:
            yield replicas
            assert not [task.exception() for task in tasks if task.done()]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def write(service: MemoryClient, vectors: Matrix) -> int:
    """Creates a memory for each vector, one after the other, and returns the last sequence."""
    memories = [await service.create(vector=vector.tolist()) for vector in vectors]
    return memories[-1].sequence


async def converge(service: MemoryClient, replicas: list[Indexing], sequence: int) -> None:
    """Returns when all replicas have seen a change, of which nobody told them but events and PostgreSQL."""
    key = key_of(service.project_id, dimension=DIMENSION)
    for replica in replicas:
        await eventually(
            lambda each=replica: each.following.sequence(service.project_id) >= sequence,  # type: ignore[misc]
            timeout_seconds=CONVERGENCE_SECONDS_MAX,
            describe="the replica has caught up",
        )
        assert held(replica, key) == await stored(service.database, key)


async def test_replicas_converge_whatever_becomes_of_nats(database_url: str, scratch_directory: Path) -> None:
    vectors = unit_vectors(60, dimension=DIMENSION)
    nats_server = EmbeddedNats(scratch_directory / "nats")
    await nats_server.start()
    async with (
        running_service(database_url) as service,
        following(service, nats_server.url) as replicas,
    ):
        await write(service, vectors[:1])
        for replica in replicas:
            await nearest(replica, service.project_id, vectors[0])
        await converge(service, replicas, await write(service, vectors[1:20]))

        await nats_server.stop()
        sequence = await write(service, vectors[20:40])
        for replica in replicas:
            found = await nearest(replica, service.project_id, vectors[39], limit=1, min_sequence=sequence)
            assert found[0][1] == pytest.approx(1)
        await converge(service, replicas, await write(service, vectors[40:45]))

        await nats_server.start()
        await converge(service, replicas, await write(service, vectors[45:50]))

        await nats_server.stop()
        shutil.rmtree(scratch_directory / "nats")
        await nats_server.start()
        await converge(service, replicas, await write(service, vectors[50:]))
    await nats_server.kill()
