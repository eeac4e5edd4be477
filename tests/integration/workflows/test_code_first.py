"""Workflows as code, end to end: a real worker, a real engine, a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest_asyncio

from tests.integration.workflows.service import Replica, running_replica
from timeloom.workflows import Worker, step, workflow
from timeloom.workflows.v1 import workflow_executions_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2 as pb

ran: list[Any] = []


@pytest_asyncio.fixture
async def replica(database_url: str) -> AsyncIterator[Replica]:
    ran.clear()
    async with running_replica(database_url, with_ping=False) as running:
        yield running


@asynccontextmanager
async def working(replica: Replica, **fields: Any) -> AsyncIterator[Worker]:
    """Runs a worker of the replica's project; it leaves at the end."""
    async with Worker(grpc_address=replica.address, api_key="tl_test", **fields) as worker:
        worker.connection.metadata = replica.metadata
        running = asyncio.create_task(worker.run(handle_signals=False))
        try:
            await worker.connected()
            yield worker
        finally:
            worker.stop()
            await running


async def execute(replica: Replica, workflow_id: str, input: Any = None, **fields: Any) -> pb.WorkflowExecution:
    request = messages.ExecuteWorkflowRequest(
        workflow_id=workflow_id, input=msgspec.json.encode(input), wait_seconds=10, **fields
    )
    response = await replica.executions.ExecuteWorkflow(request, metadata=replica.metadata)
    return response.execution


@step
async def add(a: int, b: int) -> int:
    ran.append((a, b))
    return a + b


@workflow(id="sum")
async def summing(numbers: list[int]) -> int:
    total = 0
    for number in numbers:
        total = await add(total, number)
    return total


async def test_it_runs(replica: Replica) -> None:
    async with working(replica, workflows=[summing]):
        execution = await execute(replica, "sum", [1, 2, 3])
    assert execution.status == pb.WORKFLOW_EXECUTION_STATUS_SUCCEEDED
    assert execution.output == b"6"
    assert execution.succeeded_step_count == 3
