"""A running service and a client of it that tests can speak to in few words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import grpc.aio

from timeloom.events.v1 import events_pb2
from timeloom_observability.assembly import ROOM, Assembly, assembled
from timeloom_observability.ingesting import LANES, Batch
from timeloom_observability.model import Event, MetricPoint
from timeloom_observability.parts import OtlpGround, Surroundings
from timeloom_observability.search.storage import indexing
from timeloom_observability.storage import ingest
from timeloom_platform.auth import Identity, Scope
from timeloom_platform.bus import Bus
from timeloom_platform.channel import open_channel
from timeloom_platform.database import Database
from timeloom_platform.pagination import Cursors
from timeloom_platform.sealing import MasterKeys
from timeloom_platform.testing.grpc_server import InProcessServer, in_process_server

SECRET = "a secret that only the tests' services know"
SEALING_KEY = "a master key that only the tests know"
NOBODY = "127.0.0.1:1"
"""Where no service is."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service, and a caller of it who may write in one project."""

    server: InProcessServer
    metadata: tuple[tuple[str, str], ...]
    project_id: UUID
    database: Database
    database_url: str
    assembly: Assembly

    @property
    def channel(self) -> grpc.aio.Channel:
        """For the stubs of the room's services."""
        return self.server.channel

    def metadata_of(self, project_id: UUID, scope: Scope = Scope.WRITE) -> tuple[tuple[str, str], ...]:
        """The credentials of another caller."""
        return self.server.metadata_of(Identity(project_id=str(project_id), scope=scope))

    async def take(self, events: Sequence[Event], *, project_id: UUID | None = None) -> None:
        """Commits events."""
        await self.assembly.ingestor.take(
            project_id or self.project_id, Batch(events=events), size_bytes=len(events)
        )

    async def measure(self, points: Sequence[MetricPoint], *, project_id: UUID | None = None) -> None:
        """Commits points of instruments."""
        await self.assembly.ingestor.take(
            project_id or self.project_id, Batch(points=points), size_bytes=len(points)
        )

    async def told(self) -> list[events_pb2.Event]:
        """Returns what the service told and nobody has relayed yet."""
        async with self.rows() as connection:
            rows = await connection.fetch("SELECT batch FROM outbox ORDER BY position")
        return [event for row in rows for event in events_pb2.OutboxBatch.FromString(row["batch"]).events]

    @asynccontextmanager
    async def rows(self) -> AsyncGenerator[Any]:
        """Lends a connection that sees all of the project's rows."""
        async with self.database.transaction(str(self.project_id)) as connection:
            yield connection


@asynccontextmanager
async def running_service(
    database_url: str,
    *,
    project_id: UUID | None = None,
    memory: grpc.aio.Channel | None = None,
    snapshots: grpc.aio.Channel | None = None,
    otlp: OtlpGround | None = None,
    trace_quiet_seconds: float | None = None,
    bus: Bus | None = None,
) -> AsyncGenerator[Service]:
    """Runs the service on a migrated database, with its own work; without channels, nobody is there."""
    project_id = project_id or uuid4()
    async with AsyncExitStack() as stack:
        database = await Database.connect(database_url, room=ROOM, prepare=indexing.prepare)
        stack.push_async_callback(database.close)
        ingest_database = await Database.connect(
            database_url, room=ROOM, pool_size=LANES, prepare=ingest.prepare
        )
        stack.push_async_callback(ingest_database.close)
        nobody = await stack.enter_async_context(open_channel(NOBODY))
        assembly = assembled(
            Surroundings(
                database=database,
                ingest_database=ingest_database,
                cursors=Cursors(SECRET),
                clock=lambda: datetime.now(UTC),
                master_keys=MasterKeys(SEALING_KEY),
                memory=memory or nobody,
                snapshots=snapshots or nobody,
                otlp=otlp,
                private_hosts="localhost",
                trace_quiet_seconds=trace_quiet_seconds,
                bus=bus,
            )
        )
        working = asyncio.create_task(assembly.run())
        stack.push_async_callback(_cancelled, working)
        server = await stack.enter_async_context(in_process_server(*assembly.bindings))
        yield Service(
            server=server,
            metadata=server.metadata_of(Identity(project_id=str(project_id), scope=Scope.WRITE)),
            project_id=project_id,
            database=database,
            database_url=database_url,
            assembly=assembly,
        )


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
