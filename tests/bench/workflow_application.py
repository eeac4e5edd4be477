"""An application that begins workflows and runs their code, in one process, as that of the peer does."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import grpc.aio

from tests.bench.installation import Installation
from timeloom.workflows import Durability, Worker, sleep, step, task, workflow
from timeloom.workflows.v1 import workflow_executions_service_pb2 as messages
from timeloom.workflows.v1 import workflow_executions_service_pb2_grpc as services
from timeloom.workflows.v1 import workflows_pb2 as pb
from timeloom.workflows.v1 import workflows_service_pb2, workflows_service_pb2_grpc

STEPS: Final = 5
WAIT_SECONDS: Final = 300
BATCH: Final = 1_000


@step
async def count_up(number: int) -> int:
    """Does nothing that takes time."""
    return number + 1


@workflow
async def five_steps(number: int) -> int:
    """Has five steps, one after the other, each committed before the next one begins."""
    for _ in range(STEPS):
        number = await count_up(number)
    return number


@workflow(durability=Durability.GROUP)
async def five_grouped_steps(number: int) -> int:
    """Has five steps, up to three of which go into one commit."""
    for _ in range(STEPS):
        number = await count_up(number)
    return number


class Tally:
    """How many executions of `one_step` this process has been given."""

    count = 0


@step
async def tallied(number: int) -> int:
    """Does nothing but to count that it was called."""
    Tally.count += 1
    return number + 1


@workflow
async def one_step(number: int) -> int:
    """Has one step."""
    return await tallied(number)


@workflow
async def sleeper(until: datetime) -> None:
    """Sleeps until a time."""
    await sleep(until)


@task("count")
async def count(given: dict[str, int]) -> int:
    """Does nothing that takes time."""
    return given["number"] + 1


def _transform(source: str) -> dict[str, Any]:
    return {"type": "transform", "value": f"${{ {source} + 1 }}"}


def _call(source: str) -> dict[str, Any]:
    given = {"number": f"${{ {source} }}"}
    return {"type": "action", "action": {"type": "task", "task": "count", "input": given}}


def _definition(workflow_id: str, make: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Five steps, each of which takes what the one before it returned."""
    names = ["a", "b", "c", "d", "e"]
    sources = ["input", *(f"steps.{name}.output" for name in names)]
    steps = [{"id": name, **make(source)} for name, source in zip(names, sources, strict=False)]
    return {"id": workflow_id, "steps": steps, "output": "${ steps.e.output }"}


TRANSFORMS: Final = _definition("five-transforms", _transform)
TASKS: Final = _definition("five-tasks", _call)


class Application:
    """Begins executions, and waits for their ends."""

    def __init__(self, installation: Installation, channel: grpc.aio.Channel) -> None:
        self._executions = services.WorkflowExecutionsServiceStub(channel)
        self._workflows = workflows_service_pb2_grpc.WorkflowsServiceStub(channel)
        self._metadata: Any = None
        self._installation = installation

    @classmethod
    @asynccontextmanager
    async def open(
        cls, installation: Installation, api_key: str, *, address: str, has_worker: bool = True
    ) -> AsyncGenerator[Application]:
        """Lends an application that calls an address, with a worker if asked for."""
        options = [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.insecure_channel(address, options=options) as channel:
            application = cls(installation, channel)
            application._metadata = (("authorization", f"Bearer {api_key}"),)
            if not has_worker:
                yield application
                return
            async with working(api_key, address):
                yield application

    async def define(self, definition: dict[str, Any]) -> None:
        """Makes a workflow of a definition."""
        request = workflows_service_pb2.CreateWorkflowRequest(definition=json.dumps(definition).encode())
        await self._workflows.CreateWorkflow(request, metadata=self._metadata)

    async def run(self, workflow_id: str, number: int) -> float:
        """Runs an execution to its end, checks what it returned, and returns how long it took."""
        begin = time.perf_counter()
        request = messages.ExecuteWorkflowRequest(
            workflow_id=workflow_id, input=str(number).encode(), wait_seconds=WAIT_SECONDS
        )
        answer = await self._executions.ExecuteWorkflow(
            request, metadata=self._metadata, timeout=WAIT_SECONDS
        )
        seconds = time.perf_counter() - begin
        execution = answer.execution
        if (
            execution.status != pb.WORKFLOW_EXECUTION_STATUS_SUCCEEDED
            or json.loads(execution.output) <= number
        ):
            raise RuntimeError(f"the execution ended otherwise: {execution}")
        return seconds

    async def run_many(self, workflow_id: str, *, count: int, at_once: int) -> tuple[float, list[float]]:
        """Runs executions, as many at a time; returns how long all of them took, and each."""
        numbers = iter(range(count))
        durations: list[float] = []

        async def one_after_the_other() -> None:
            for number in numbers:
                seconds = await self.run(workflow_id, number)
                durations.append(seconds)

        begin = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(at_once):
                tasks.create_task(one_after_the_other())
        return time.perf_counter() - begin, durations

    async def begin_many(self, workflow_id: str, inputs: Sequence[Any]) -> list[str]:
        """Begins executions, without waiting for their ends."""
        begun: list[str] = []
        for some in _batches(inputs):
            request = messages.BatchExecuteWorkflowRequest(
                workflow_id=workflow_id, inputs=json.dumps(some).encode()
            )
            answer = await self._executions.BatchExecuteWorkflow(
                request, metadata=self._metadata, timeout=WAIT_SECONDS
            )
            begun += answer.execution_ids
        return begun


@asynccontextmanager
async def working(api_key: str, address: str) -> AsyncGenerator[Worker]:
    """Lends a worker that is connected."""
    worker = Worker(
        workflows=[five_steps, five_grouped_steps, one_step, sleeper],
        tasks=[count],
        grpc_address=address,
        api_key=api_key,
    )
    async with worker:
        running = asyncio.create_task(worker.run(handle_signals=False))
        connected = asyncio.create_task(worker.connected())
        await asyncio.wait([running, connected], return_when=asyncio.FIRST_COMPLETED)
        try:
            yield worker
        finally:
            connected.cancel()
            worker.stop()
            await running


def _batches(inputs: Sequence[Any]) -> Sequence[Sequence[Any]]:
    return [inputs[start : start + BATCH] for start in range(0, len(inputs), BATCH)]
