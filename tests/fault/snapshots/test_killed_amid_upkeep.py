"""The service is killed amid transactions that seal or prune, while others record: each does all or nothing.

A lock on the table that such a transaction writes to last holds it up there: so the kill hits it every time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import grpc.aio
import pytest

from tests.fault.snapshots.recording_service import Running, working
from tests.fault.snapshots.service_process import metadata_of
from timeloom.snapshots.v1 import snapshots_service_pb2 as messages
from timeloom.snapshots.v1 import snapshots_service_pb2_grpc as services
from timeloom.snapshots.v1 import time_travel_pb2
from timeloom.snapshots.v1 import time_travel_service_pb2 as travel_messages
from timeloom.snapshots.v1 import time_travel_service_pb2_grpc as travel_services
from timeloom.state import canonical
from timeloom_platform.auth import Scope
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import DATABASE, EmbeddedPostgres
from timeloom_platform.testing import eventually
from timeloom_snapshots import limits
from timeloom_snapshots.sealing import RULES

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

ROUNDS = 3
UNSEALED_MAX = RULES.recent_count + limits.SEGMENT_STEPS_MAX
KEEP_LAST = UNSEALED_MAX + 100
"""So many that some of what is kept is sealed."""

POLICY = time_travel_pb2.RetentionPolicy(keep_last=KEEP_LAST)
OFTEN = {"TIMELOOM_SEALING_SECONDS": "0.1", "TIMELOOM_RETENTION_SECONDS": "0.1"}
CALL_TIMEOUT_SECONDS = 30.0
WAIT_SECONDS = 60

SELECT_HELD_UP = """
SELECT pid
FROM pg_locks
JOIN pg_stat_activity USING (pid)
WHERE NOT granted AND locktype = 'relation' AND relation = $1::text::regclass
    AND ltrim(query, E' \\n') LIKE $2 || '%'
LIMIT 1
"""
IS_THERE = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)"
SELECT_STORED = """
SELECT sequence, chain_hash, tableoid = 'sealed_snapshots'::regclass AS is_sealed
FROM snapshots
WHERE execution_id = $1
ORDER BY sequence
"""


class HeldUp(NamedTuple):
    """A statement, as it begins, and the table that it writes to: what a lock on that table holds up."""

    table: str
    statement: str


SEALING = HeldUp("segments", "INSERT INTO segments")
PRUNING = HeldUp("deleted_snapshots", "DELETE FROM deleted_snapshots")


@dataclass(frozen=True)
class Service:
    """Calls of the service at work."""

    running: Running
    acknowledged: dict[int, str] = field(default_factory=dict[int, str])
    """Of the execution that gets many at once, so that there is always something to seal and to prune."""

    async def fill(self, execution_id: str) -> None:
        """Records as many as a segment takes, by one call: recording is not held up half-way."""
        first = len(self.acknowledged)
        states = ({"n": first + each, "text": "x" * 3000} for each in range(limits.SEGMENT_STEPS_MAX))
        request = messages.BatchRecordSnapshotsRequest(
            execution_id=execution_id,
            snapshots=[messages.RecordSnapshotRequest(state=canonical.encode(state)) for state in states],
        )
        answer = await self._snapshots.BatchRecordSnapshots(request, **self._options)
        self.acknowledged.update({each.sequence: each.chain_hash for each in answer.snapshots})

    async def create(self) -> str:
        """Begins an execution."""
        request = messages.CreateExecutionRequest(agent_id="killed")
        return (await self._snapshots.CreateExecution(request, **self._options)).execution.id

    async def prune(self) -> None:
        """Prunes by a call."""
        request = travel_messages.PruneExecutionsRequest(policy=POLICY)
        await self._travel.PruneExecutions(request, **self._options)

    async def set_policy(self, policy: time_travel_pb2.RetentionPolicy | None) -> None:
        """Sets the policy by which the service prunes by itself."""
        request = travel_messages.UpdateRetentionPolicyRequest(policy=policy)
        await self._travel.UpdateRetentionPolicy(request, **self._options)

    async def is_intact(self, execution_id: str) -> bool:
        """Verifies an execution."""
        request = travel_messages.VerifyExecutionRequest(execution_id=execution_id)
        return (await self._travel.VerifyExecution(request, **self._options)).intact

    @property
    def _snapshots(self) -> services.SnapshotsServiceAsyncStub:
        return services.SnapshotsServiceStub(self.running.channel)

    @property
    def _travel(self) -> travel_services.TimeTravelServiceAsyncStub:
        return travel_services.TimeTravelServiceStub(self.running.channel)

    @property
    def _options(self) -> dict[str, Any]:
        metadata = metadata_of(self.running.project_id, Scope.ADMIN)
        return {"metadata": metadata, "timeout": CALL_TIMEOUT_SECONDS, "wait_for_ready": True}


@dataclass(frozen=True)
class Fault:
    """Holds transactions up, and kills the service meanwhile."""

    running: Running
    connection: asyncpg.Connection[asyncpg.Record]

    async def kill_amid(self, held_up: HeldUp, work: Callable[[], Awaitable[object]]) -> None:
        """Kills the service while a transaction waits to write to a table; nothing of that is there then."""
        async with self._locked(held_up.table):
            # Who wrote to it before has committed by now.
            before = await self._ranges(held_up.table)
            working = asyncio.ensure_future(work())
            pid = await self._held_up_process(held_up)
            await self.running.until_more_is_acknowledged()
            await self.running.process.kill()
        with suppress(grpc.aio.AioRpcError):
            await working
        await eventually(lambda: self._is_gone(pid), timeout_seconds=WAIT_SECONDS)
        assert await self._ranges(held_up.table) == before, "it was killed before its commit"
        await self.running.process.start()

    @asynccontextmanager
    async def _locked(self, table: str) -> AsyncGenerator[None]:
        async with self.connection.transaction():
            await self.connection.execute(f"LOCK TABLE {table} IN SHARE MODE")
            yield

    async def _held_up_process(self, held_up: HeldUp) -> int:
        found: list[int] = []

        async def is_held_up() -> bool:
            rows = await self.connection.fetch(SELECT_HELD_UP, held_up.table, held_up.statement)
            found.extend(row["pid"] for row in rows)
            return bool(found)

        await eventually(is_held_up, timeout_seconds=WAIT_SECONDS)
        return found[0]

    async def _is_gone(self, pid: int) -> bool:
        return not await self.connection.fetchval(IS_THERE, pid)

    async def _ranges(self, table: str) -> list[tuple[Any, ...]]:
        rows = await self.connection.fetch(
            f"SELECT execution_id, first_sequence, last_sequence FROM {table} ORDER BY 1, 2"
        )
        return [tuple(row) for row in rows]


@asynccontextmanager
async def superuser(postgres: EmbeddedPostgres) -> AsyncGenerator[asyncpg.Connection[asyncpg.Record]]:
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
        postgres.url_of(DATABASE, superuser=True), server_settings={"search_path": "snapshots"}
    )
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_service_that_is_killed_while_it_seals_or_prunes_does_all_or_nothing(
    tmp_path: Path, private_postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> None:
    async with superuser(private_postgres) as connection:
        async with working(tmp_path, private_postgres, nats_server, OFTEN) as running:
            service, fault = Service(running), Fault(running, connection)
            execution_id = await service.create()
            for _ in range(KEEP_LAST // limits.SEGMENT_STEPS_MAX):
                await service.fill(execution_id)
            for _ in range(ROUNDS):
                await fault.kill_amid(SEALING, lambda: service.fill(execution_id))
                await service.fill(execution_id)
                await fault.kill_amid(PRUNING, service.prune)
                await service.fill(execution_id)
                await fault.kill_amid(PRUNING, lambda: service.set_policy(POLICY))
                await service.set_policy(None)
            await service.fill(execution_id)
            await service.set_policy(POLICY)
            await _until_completed(connection, execution_id)
            for each in (execution_id, *(writer.execution_id for writer in running.writers)):
                assert await service.is_intact(each)
        await _check_kept(connection, execution_id, service.acknowledged)
        for writer in running.writers:
            acknowledged = {each.sequence: each.chain_hash for each in writer.acknowledged}
            await _check_kept(connection, writer.execution_id, acknowledged)


async def _until_completed(connection: asyncpg.Connection[asyncpg.Record], execution_id: str) -> None:
    """Waits until everything is done that was interrupted."""

    async def is_completed() -> bool:
        rows = await connection.fetch(SELECT_STORED, UUID(execution_id))
        unsealed = sum(not row["is_sealed"] for row in rows)
        return len(rows) == KEEP_LAST and unsealed < UNSEALED_MAX

    await eventually(is_completed, timeout_seconds=WAIT_SECONDS)


async def _check_kept(
    connection: asyncpg.Connection[asyncpg.Record], execution_id: str, acknowledged: Mapping[int, str]
) -> None:
    """What the policy keeps is there as it was acknowledged."""
    rows = await connection.fetch(SELECT_STORED, UUID(execution_id))
    stored = [(row["sequence"], row["chain_hash"].hex()) for row in rows]
    assert stored[-KEEP_LAST:] == sorted(acknowledged.items())[-KEEP_LAST:]
