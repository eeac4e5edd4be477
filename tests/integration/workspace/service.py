"""A running service and a client of it that tests can speak to in few words."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import grpc.aio

from timeloom.events.v1 import events_pb2
from timeloom.workspace.v1 import workspace_service_pb2_grpc as services
from timeloom_platform.auth import Identity, Scope
from timeloom_platform.database import Database
from timeloom_platform.pagination import Cursors
from timeloom_platform.sealing import MasterKeys
from timeloom_platform.testing.grpc_server import InProcessServer, in_process_server
from timeloom_workspace.assembly import ROOM, Assembly, assembled
from timeloom_workspace.parts import ShapeGround, Surroundings

SECRET = "a secret that only the tests' services know"
SEALING_KEY = "a master key that only the tests know"


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service, and a caller of it who may write in one project."""

    server: InProcessServer
    stub: services.WorkspaceServiceAsyncStub
    metadata: tuple[tuple[str, str], ...]
    project_id: UUID
    database: Database
    database_url: str
    assembly: Assembly

    @property
    def channel(self) -> grpc.aio.Channel:
        """For the stubs of the room's other services."""
        return self.server.channel

    def metadata_of(self, project_id: UUID, scope: Scope = Scope.WRITE) -> tuple[tuple[str, str], ...]:
        """The credentials of another caller."""
        return self.server.metadata_of(Identity(project_id=str(project_id), scope=scope))

    async def events(self) -> list[events_pb2.Event]:
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
    master_keys: MasterKeys | None = None,
    shapes: ShapeGround | None = None,
) -> AsyncGenerator[Service]:
    """Runs the service on a migrated database; with a ground for shapes it serves these, too."""
    project_id = project_id or uuid4()
    database = await Database.connect(database_url, room=ROOM)
    assembly = assembled(
        Surroundings(
            database=database,
            cursors=Cursors(SECRET),
            clock=lambda: datetime.now(UTC),
            master_keys=master_keys or MasterKeys(SEALING_KEY),
            shapes=shapes,
        )
    )
    try:
        async with in_process_server(*assembly.bindings) as server:
            yield Service(
                server=server,
                stub=services.WorkspaceServiceStub(server.channel),
                metadata=server.metadata_of(Identity(project_id=str(project_id), scope=Scope.WRITE)),
                project_id=project_id,
                database=database,
                database_url=database_url,
                assembly=assembly,
            )
    finally:
        await database.close()
