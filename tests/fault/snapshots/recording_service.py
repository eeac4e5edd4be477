"""A service process, and writers that record into it through whatever happens to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import grpc.aio

from tests.fault.snapshots.service_process import metadata_of, service_process
from timeloom.snapshots.v1 import snapshots_pb2
from timeloom.snapshots.v1 import snapshots_service_pb2 as messages
from timeloom.snapshots.v1 import snapshots_service_pb2_grpc as services
from timeloom.state import delta
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_platform.embedded.process import EmbeddedServer
from timeloom_platform.testing import eventually

T = TypeVar("T")

WRITERS = 12
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
    acknowledged: list[snapshots_pb2.Snapshot] = field(default_factory=list[snapshots_pb2.Snapshot])

    async def run(self, stop: asyncio.Event) -> None:
        """Records until told to stop."""
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
    channel: grpc.aio.Channel
    writers: list[Writer]
    project_id: UUID

    @property
    def acknowledged(self) -> int:
        """How many snapshots are surely there."""
        return sum(len(writer.acknowledged) for writer in self.writers)

    async def until_more_is_acknowledged(self) -> None:
        """Waits while the writers get on."""
        enough = self.acknowledged + ACKNOWLEDGED_BETWEEN_KILLS
        await eventually(lambda: self.acknowledged >= enough)


@asynccontextmanager
async def working(
    tmp_path: Path,
    postgres: EmbeddedPostgres,
    nats: EmbeddedNats,
) -> AsyncGenerator[Running]:
    """Lends a service at work."""
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
                yield Running(process, channel, writers, project_id)
                stop.set()
    finally:
        await process.kill()
