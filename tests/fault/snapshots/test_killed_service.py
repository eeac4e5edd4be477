"""The service or PostgreSQL is killed amid group commits: what was acknowledged is there, and once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import grpc.aio
import pytest

from tests.fault.snapshots.service_process import metadata_of, service_process
from timeloom.snapshots.v1 import snapshots_pb2
from timeloom.snapshots.v1 import snapshots_service_pb2 as messages
from timeloom.snapshots.v1 import snapshots_service_pb2_grpc as services
from timeloom.state import delta
from timeloom_platform.database import Database
from timeloom_platform.embedded.errors import NotReadyError
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_platform.embedded.process import EmbeddedServer
from timeloom_platform.testing import eventually
from timeloom_snapshots.assembly import ROOM
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.verification import Verifications

T = TypeVar("T")

pytestmark = [pytest.mark.fault, pytest.mark.timeout(180)]

WRITERS = 12
KILLS = 6
ACKNOWLEDGED_BETWEEN_KILLS = 150
CALL_TIMEOUT_SECONDS = 5.0
RETRY_SECONDS = 0.05
UNKNOWN_OUTCOME = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.INTERNAL,
}


@dataclass
class Writer:
    """Records a state after the other, each by a key, and tries again until it is acknowledged."""

    stub: services.SnapshotsServiceAsyncStub
    metadata: tuple[tuple[str, str], ...]
    execution_id: str = field(default_factory=lambda: str(uuid4()))
    acknowledged: list[snapshots_pb2.Snapshot] = field(default_factory=list)

    async def run(self, stop: asyncio.Event) -> None:
        begin = messages.CreateExecutionRequest(execution_id=self.execution_id, agent_id="killed")
        await self._until_done(partial(self.stub.CreateExecution, begin, **self._options))
        number = 0
        while not stop.is_set():
            number += 1
            request = messages.RecordSnapshotRequest(
                execution_id=self.execution_id,
                key=f"step {number}",
                parent_sequence=number - 1,
                delta=delta.encode([delta.Set((), {"n": 1, "padding": "x" * 2000})])
                if number == 1
                else delta.encode([delta.Set(("n",), number)]),
            )
            response = await self._until_done(partial(self.stub.RecordSnapshot, request, **self._options))
            self.acknowledged.append(response.snapshot)

    @property
    def _options(self) -> dict[str, Any]:
        return {"metadata": self.metadata, "timeout": CALL_TIMEOUT_SECONDS}

    async def _until_done(self, call: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await call()
            except grpc.aio.AioRpcError as error:
                if error.code() not in UNKNOWN_OUTCOME:
                    raise
                await asyncio.sleep(RETRY_SECONDS)


@dataclass(frozen=True)
class Running:
    """A service process, and writers at work."""

    process: EmbeddedServer
    writers: list[Writer]
    project_id: UUID

    @property
    def acknowledged(self) -> int:
        return sum(len(writer.acknowledged) for writer in self.writers)

    async def until_more_is_acknowledged(self) -> None:
        enough = self.acknowledged + ACKNOWLEDGED_BETWEEN_KILLS
        await eventually(lambda: self.acknowledged >= enough, timeout_seconds=30)


@asynccontextmanager
async def _working(tmp_path: Path, postgres: EmbeddedPostgres, nats: EmbeddedNats) -> AsyncGenerator[Running]:
    process, address = service_process(tmp_path, database_url=postgres.url, nats_url=nats.url)
    project_id, stop = uuid4(), asyncio.Event()
    await process.start()
    options = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200)]
    try:
        async with grpc.aio.insecure_channel(address, options=options) as channel:
            stub = services.SnapshotsServiceStub(channel)
            writers = [Writer(stub, metadata_of(project_id)) for _ in range(WRITERS)]
            async with asyncio.TaskGroup() as tasks:
                for writer in writers:
                    tasks.create_task(writer.run(stop))
                yield Running(process, writers, project_id)
                stop.set()
    finally:
        await process.kill()


async def _has_started(postgres: EmbeddedPostgres) -> bool:
    """Starts it again; that fails while a process of the killed one is still there."""
    try:
        await postgres.start()
    except NotReadyError:
        return False
    return True


async def _check(running: Running, postgres: EmbeddedPostgres) -> None:
    """Everything acknowledged is there exactly as it was acknowledged, once, and every chain holds."""
    database = await Database.connect(postgres.url, room=ROOM)
    try:
        for writer in running.writers:
            execution_id = UUID(writer.execution_id)
            async with database.transaction(str(running.project_id)) as connection:
                rows = await connection.fetch(
                    "SELECT sequence, key, state_hash, chain_hash FROM snapshots WHERE execution_id = $1",
                    execution_id,
                )
            stored = {
                row["key"]: (row["sequence"], row["state_hash"].hex(), row["chain_hash"].hex())
                for row in rows
            }
            acknowledged = {
                each.key: (each.sequence, each.state_hash, each.chain_hash) for each in writer.acknowledged
            }
            assert len(stored) == len(rows)
            assert stored == acknowledged
            verifications = Verifications(database=database, codec=Codec.packaged())
            assert (await verifications.verify(running.project_id, execution_id)).problems == []
    finally:
        await database.close()


async def test_a_killed_service_keeps_every_acknowledged_snapshot(
    tmp_path: Path, private_postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> None:
    rng = random.Random(1)
    async with _working(tmp_path, private_postgres, nats_server) as running:
        for _ in range(KILLS):
            await running.until_more_is_acknowledged()
            await asyncio.sleep(rng.random() / 100)  # not always at the same point of a commit
            await running.process.kill()
            await running.process.start()
        await running.until_more_is_acknowledged()
    await _check(running, private_postgres)


async def test_a_killed_database_keeps_every_acknowledged_snapshot(
    tmp_path: Path, private_postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> None:
    async with _working(tmp_path, private_postgres, nats_server) as running:
        for _ in range(KILLS // 2):
            await running.until_more_is_acknowledged()
            await private_postgres.kill()
            await eventually(lambda: _has_started(private_postgres), timeout_seconds=10)
        await running.until_more_is_acknowledged()
    await _check(running, private_postgres)


async def test_recording_goes_on_without_the_bus(
    tmp_path: Path, private_postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> None:
    async with _working(tmp_path, private_postgres, nats_server) as running:
        await running.until_more_is_acknowledged()
        await nats_server.kill()
        await running.until_more_is_acknowledged()
        await nats_server.start()
        await running.until_more_is_acknowledged()
    await _check(running, private_postgres)
    database = await Database.connect(private_postgres.url, room=ROOM)

    async def is_told() -> bool:
        async with database.system_transaction() as connection:
            return not await connection.fetchval("SELECT EXISTS (SELECT FROM outbox)")

    running_again, _ = service_process(tmp_path, database_url=private_postgres.url, nats_url=nats_server.url)
    await running_again.start()
    try:
        await eventually(is_told, timeout_seconds=20)
    finally:
        await running_again.kill()
        await database.close()
