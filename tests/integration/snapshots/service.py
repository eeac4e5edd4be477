"""A running service and a client of it that tests can speak to in few words."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg
import grpc.aio
from google.rpc import error_details_pb2
from grpc_status import rpc_status  # type: ignore[import-untyped]  # it has no stubs

from timeloom.events.v1 import events_pb2
from timeloom.snapshots.v1 import snapshots_pb2
from timeloom.snapshots.v1 import snapshots_service_pb2 as messages
from timeloom.snapshots.v1 import snapshots_service_pb2_grpc as services
from timeloom.snapshots.v1 import time_travel_service_pb2 as travel_messages
from timeloom.snapshots.v1 import time_travel_service_pb2_grpc as travel_services
from timeloom.state import canonical, delta
from timeloom_platform.auth import Identity, Scope
from timeloom_platform.database import Database
from timeloom_platform.pagination import Cursors
from timeloom_platform.testing.grpc_server import in_process_server
from timeloom_snapshots.assembly import ROOM, Assembly, assembled
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.verification import Verifications
from timeloom_snapshots.verify import Damage

SECRET = "a secret that only the tests' services know"
CACHE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service, and a caller of it who may write in one project."""

    channel: grpc.aio.Channel
    stub: services.SnapshotsServiceAsyncStub
    travel: travel_services.TimeTravelServiceAsyncStub
    metadata: tuple[tuple[str, str], ...]
    project_id: UUID
    database: Database
    database_url: str
    assembly: Assembly

    async def create(self, **fields: Any) -> str:
        """Begins an execution and returns its id."""
        request = messages.CreateExecutionRequest(**{"agent_id": "tester", **fields})
        return (await self.stub.CreateExecution(request, metadata=self.metadata)).execution.id

    async def record(self, execution_id: str, **fields: Any) -> snapshots_pb2.Snapshot:
        """Records a snapshot; `state` and `delta` are given as values."""
        request = record_request(execution_id, **fields)
        return (await self.stub.RecordSnapshot(request, metadata=self.metadata)).snapshot

    async def batch(
        self, execution_id: str, requests: Sequence[messages.RecordSnapshotRequest]
    ) -> Sequence[snapshots_pb2.Snapshot]:
        """Records several snapshots at once."""
        request = messages.BatchRecordSnapshotsRequest(execution_id=execution_id, snapshots=requests)
        return (await self.stub.BatchRecordSnapshots(request, metadata=self.metadata)).snapshots

    async def get(
        self, execution_id: str, sequence: int = 0, *, path: str = "", key: str = ""
    ) -> snapshots_pb2.Snapshot:
        """Returns a snapshot with its state."""
        request = messages.GetSnapshotRequest(
            execution_id=execution_id, sequence=sequence, path=path, key=key
        )
        return (await self.stub.GetSnapshot(request, metadata=self.metadata)).snapshot

    async def state(self, execution_id: str, sequence: int = 0, *, path: str = "") -> Any:
        """Returns a state as a value."""
        return canonical.decode((await self.get(execution_id, sequence, path=path)).state)

    async def list_snapshots(self, execution_id: str, **fields: Any) -> messages.ListSnapshotsResponse:
        """Returns a page of snapshots."""
        request = messages.ListSnapshotsRequest(execution_id=execution_id, **fields)
        return await self.stub.ListSnapshots(request, metadata=self.metadata)

    async def execution(self, execution_id: str) -> snapshots_pb2.Execution:
        """Returns an execution."""
        request = messages.GetExecutionRequest(execution_id=execution_id)
        return (await self.stub.GetExecution(request, metadata=self.metadata)).execution

    async def complete(self, execution_id: str, **fields: Any) -> snapshots_pb2.Execution:
        """Ends an execution."""
        fields = {"status": snapshots_pb2.EXECUTION_STATUS_SUCCEEDED, **fields}
        request = messages.CompleteExecutionRequest(execution_id=execution_id, **fields)
        return (await self.stub.CompleteExecution(request, metadata=self.metadata)).execution

    def tail(self, execution_id: str, after_sequence: int = 0) -> Any:
        """Begins to follow an execution."""
        request = messages.TailSnapshotsRequest(execution_id=execution_id, after_sequence=after_sequence)
        return self.stub.TailSnapshots(request, metadata=self.metadata)

    async def stream(
        self, requests: AsyncIterator[messages.StreamSnapshotsRequest]
    ) -> AsyncGenerator[messages.StreamSnapshotsResponse]:
        """Records by a stream."""
        async for answer in self.stub.StreamSnapshots(requests, metadata=self.metadata):
            yield answer

    async def verify(self, execution_id: str) -> Damage | None:
        """Verifies an execution and returns the first thing that is wrong."""
        return next(iter(await self.problems(execution_id)), None)

    async def problems(self, execution_id: str) -> Sequence[Damage]:
        """Verifies an execution and returns what is wrong."""
        verifications = Verifications(database=self.database, codec=Codec.packaged())
        return (await verifications.verify(self.project_id, UUID(execution_id))).problems

    async def fork(self, execution_id: str, sequence: int = 0, **fields: Any) -> snapshots_pb2.Execution:
        """Forks an execution; a `patch` is given as a value."""
        if "patch" in fields:
            fields["patch"] = canonical.encode(fields["patch"])
        request = travel_messages.ForkExecutionRequest(execution_id=execution_id, sequence=sequence, **fields)
        return (await self.travel.ForkExecution(request, metadata=self.metadata)).execution

    async def roll_back(
        self, execution_id: str, sequence: int, expected: int, **fields: Any
    ) -> travel_messages.RollbackExecutionResponse:
        """Moves the head of an execution."""
        request = travel_messages.RollbackExecutionRequest(
            execution_id=execution_id, sequence=sequence, expected_head_sequence=expected, **fields
        )
        return await self.travel.RollbackExecution(request, metadata=self.metadata)

    async def delete(self, execution_id: str) -> None:
        """Deletes an execution."""
        request = messages.DeleteExecutionRequest(execution_id=execution_id)
        await self.stub.DeleteExecution(request, metadata=self.metadata)

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
    database_url: str, *, project_id: UUID | None = None, cache_bytes: int = CACHE_BYTES
) -> AsyncGenerator[Service]:
    """Runs the service on a migrated database."""
    project_id = project_id or uuid4()
    database = await Database.connect(database_url, room=ROOM)
    assembly = assembled(
        database=database,
        cursors=Cursors(SECRET),
        clock=lambda: datetime.now(UTC),
        cache_bytes=cache_bytes,
    )
    identity = Identity(project_id=str(project_id), scope=Scope.WRITE)
    try:
        async with in_process_server(*assembly.bindings) as server:
            yield Service(
                channel=server.channel,
                stub=services.SnapshotsServiceStub(server.channel),
                travel=travel_services.TimeTravelServiceStub(server.channel),
                metadata=server.metadata_of(identity),
                project_id=project_id,
                database=database,
                database_url=database_url,
                assembly=assembly,
            )
            await assembly.committer.close()
    finally:
        await database.close()


def record_request(execution_id: str = "", **fields: Any) -> messages.RecordSnapshotRequest:
    """Makes a request; `state`, `delta` and `metadata` are given as values."""
    if "state" in fields:
        fields["state"] = canonical.encode(fields["state"])
    if "delta" in fields:
        fields["delta"] = delta.encode(fields["delta"])
    if "metadata" in fields:
        fields["metadata"] = canonical.encode(fields["metadata"])
    return messages.RecordSnapshotRequest(execution_id=execution_id, **fields)


@dataclass(frozen=True)
class Refusal:
    """What a caller is told of a call that failed."""

    status: grpc.StatusCode
    reason: str
    message: str
    metadata: dict[str, str]


def refusal_of(error: grpc.aio.AioRpcError) -> Refusal:
    """Reads the details of a failed call."""
    details = rpc_status.from_call(cast("Any", error))  # it has what is needed
    assert details is not None
    info = error_details_pb2.ErrorInfo()
    assert details.details[0].Unpack(info)
    return Refusal(error.code(), info.reason, details.message, dict(info.metadata))


async def refused(call: Any) -> Refusal:
    """Awaits a call that must fail, and returns what its caller is told."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        return refusal_of(error)
    raise AssertionError(f"not refused: {answer}")


async def superuser(url: str) -> asyncpg.Connection[asyncpg.Record]:
    """Connects past the service's roles, to change what nobody should."""
    return await asyncpg.connect(url)
