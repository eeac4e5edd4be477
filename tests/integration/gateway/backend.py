"""A SnapshotsService in memory: as much of it as the gateway's tests need, and slow where they want it."""

# ruff: noqa: N802, ARG002 - the names and the parameters are gRPC's

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from timeloom.snapshots.v1 import snapshots_pb2, snapshots_service_pb2, snapshots_service_pb2_grpc
from timeloom_platform import ids
from timeloom_platform.auth import current_identity
from timeloom_platform.calls import current_request_id, remaining_seconds
from timeloom_platform.errors import EtagMismatchError, NotFoundError, StaleParentError, UnimplementedError
from timeloom_platform.server import ServiceBinding

pb, service = snapshots_pb2, snapshots_service_pb2


class MemorySnapshots(snapshots_service_pb2_grpc.SnapshotsServiceServicer):
    """Executions of each project in a dictionary."""

    def __init__(self) -> None:
        self.executions: dict[tuple[str, str], pb.Execution] = {}
        self.tails_open = 0
        self.calls: list[str] = []
        self.remaining: list[float | None] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.tail: asyncio.Queue[service.TailSnapshotsResponse | Exception | None] = asyncio.Queue()

    def forget(self) -> None:
        self.calls.clear()
        self.remaining.clear()
        self.gate.set()
        self.tail = asyncio.Queue()

    def binding(self) -> ServiceBinding:
        return ServiceBinding(
            add=snapshots_service_pb2_grpc.add_SnapshotsServiceServicer_to_server,
            servicer=self,
            descriptor=service.DESCRIPTOR.services_by_name["SnapshotsService"],
        )

    async def CreateExecution(self, request: Any, context: Any) -> Any:
        self.calls.append(current_request_id())
        self.remaining.append(remaining_seconds())
        await self.gate.wait()
        execution = pb.Execution(
            id=request.execution_id or str(ids.uuid7()),
            agent_id=request.agent_id,
            name=request.name,
            status=pb.EXECUTION_STATUS_RUNNING,
            input=request.input,
            metadata=request.metadata,
            tags=request.tags,
            etag="1",
        )
        self.executions[current_identity().project_id, execution.id] = execution
        return service.CreateExecutionResponse(execution=execution)

    async def GetExecution(self, request: Any, context: Any) -> Any:
        return service.GetExecutionResponse(execution=self._find(request.execution_id))

    async def ListExecutions(self, request: Any, context: Any) -> Any:
        project = current_identity().project_id
        found = [each for (owner, _), each in self.executions.items() if owner == project]
        return service.ListExecutionsResponse(executions=found)

    async def CountExecutions(self, request: Any, context: Any) -> Any:
        project = current_identity().project_id
        return service.CountExecutionsResponse(count=sum(owner == project for owner, _ in self.executions))

    async def UpdateExecution(self, request: Any, context: Any) -> Any:
        execution = self._find(request.execution_id)
        if request.etag and request.etag != execution.etag:
            raise EtagMismatchError("The execution has changed.")
        if request.HasField("name"):
            execution.name = request.name
        execution.etag = str(int(execution.etag) + 1)
        return service.UpdateExecutionResponse(execution=execution)

    async def RecordSnapshot(self, request: Any, context: Any) -> Any:
        self._find(request.execution_id)
        if request.HasField("parent_sequence"):
            raise StaleParentError("The head has moved.", metadata={"headSequence": "7"})
        return service.RecordSnapshotResponse(
            snapshot=pb.Snapshot(execution_id=request.execution_id, sequence=1, state=request.state)
        )

    async def TailSnapshots(self, request: Any, context: Any) -> AsyncIterator[Any]:
        self._find(request.execution_id)
        self.tails_open += 1
        try:
            if request.after_sequence:
                yield _tailed(request.after_sequence + 1)
            while (item := await self.tail.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.tails_open -= 1

    async def StreamSnapshots(self, request_iterator: Any, context: Any) -> AsyncIterator[Any]:
        async for request in request_iterator:
            yield service.StreamSnapshotsResponse(request_id=request.request_id)

    async def _unimplemented(self, request: Any, context: Any) -> Any:
        raise UnimplementedError("These tests do without it.")

    DeleteExecution = CompleteExecution = BatchRecordSnapshots = RecordEffects = _unimplemented
    ListSnapshots = GetSnapshot = DiffSnapshots = _unimplemented

    def _find(self, execution_id: str) -> pb.Execution:
        execution = self.executions.get((current_identity().project_id, execution_id))
        if execution is None:
            raise NotFoundError("There is no such execution.")
        return execution


def _tailed(sequence: int) -> service.TailSnapshotsResponse:
    return service.TailSnapshotsResponse(snapshot=pb.Snapshot(sequence=sequence))


tailed = _tailed
