"""A service that is told to stop does so at once, whatever its callers hold open."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc.aio
import pytest

from tests.fault.snapshots.service_process import metadata_of, service_process
from timeloom.snapshots.v1 import snapshots_service_pb2 as messages
from timeloom.snapshots.v1 import snapshots_service_pb2_grpc as services
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import EmbeddedPostgres

pytestmark = [pytest.mark.fault, pytest.mark.timeout(60)]

STOP_SECONDS_MAX = 4.5


async def test_open_streams_and_tails_do_not_hold_it_up(
    tmp_path: Path, private_postgres: EmbeddedPostgres, nats_server: EmbeddedNats
) -> None:
    process, address = service_process(tmp_path, database_url=private_postgres.url, nats_url=nats_server.url)
    await process.start()
    metadata = metadata_of(uuid4())
    async with grpc.aio.insecure_channel(address) as channel:
        stub = services.SnapshotsServiceStub(channel)
        request = messages.CreateExecutionRequest(agent_id="tester")
        execution_id = (await stub.CreateExecution(request, metadata=metadata)).execution.id
        stream: Any = stub.StreamSnapshots(metadata=metadata)
        snapshot = messages.RecordSnapshotRequest(execution_id=execution_id, state=b"1")
        await stream.write(messages.StreamSnapshotsRequest(request_id=1, snapshots=[snapshot]))
        assert (await stream.read()).acks[0].committed.sequence == 1
        tail: Any = stub.TailSnapshots(
            messages.TailSnapshotsRequest(execution_id=execution_id), metadata=metadata
        )
        assert (await tail.read()).snapshot.sequence == 1
        async with asyncio.timeout(STOP_SECONDS_MAX):
            await process.stop()
        for call in (stream, tail):
            assert await call.code() is grpc.StatusCode.UNAVAILABLE
